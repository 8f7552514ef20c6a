import type { Decision } from '../domain/decision.ts';
import { asHeadgateError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { Change, Clock, Events, OutboxItem, Random, Store } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import { type EpochMs, MINUTE, SECOND } from '../domain/time.ts';
import { workGate } from '../engine/act.ts';
import { Engine } from '../engine/engine.ts';
import type { Jobs } from '../engine/jobs.ts';
import { createJournal, type Journal } from '../engine/journal.ts';
import type { Outcome } from '../engine/ledger.ts';
import { createOutbox, type Outbox } from '../engine/outbox.ts';
import { createSampler, type Sampler } from '../engine/sample.ts';
import { createSchedule, type Schedule } from '../engine/schedule.ts';
import { spread } from '../kit/abort.ts';
import { breaths, inSlices } from '../kit/breath.ts';
import type { Traced } from '../telemetry/tracing.ts';
import { Keeping } from './keeping.ts';
import { recallLearned, recallSettings, SEQUENCE_KEY } from './recall.ts';
import { beginSeeded } from './seed.ts';
import { Telling } from './telling.ts';
import type { World } from './world.ts';

export interface DaemonOptions {
  readonly world: World;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  readonly traced: Traced;
  /** Who does the long work of detectors; left out, it is done in place. */
  readonly jobs?: Jobs;
}

const OUTBOX_TIMEOUT = 20 * SECOND;
/** Leases that ended this recently still cool their policies down after a restart. */
const RECENT_LEASES = 500;

/**
 * The straight line in motion: every stage is sampled in its slots, the engine judges, and what follows is made durable before it
 * is done. Everything that can fail is caught here; nothing that a watched system does brings the daemon down.
 */
export class Daemon {
  readonly engine: Engine;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly #options: DaemonOptions;
  readonly #schedule: Schedule;
  readonly #stop = new AbortController();
  /** For each stage one of a few, all of which fire with `#stop`. */
  readonly #signalForStage = spread(this.#stop.signal, 64);
  readonly #stopping = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve()));
  readonly #telling: Telling;
  readonly #keeping: Keeping;
  #world: World;
  /** The one that stages are made for: the same, but for the time of a reload. */
  #coming: World;
  #stepSeconds = 0;
  #cancelDeadline: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: DaemonOptions, sequence: number) {
    this.#options = options;
    const { clock, random, events } = options;
    this.#world = options.world;
    this.#coming = options.world;
    this.engine = new Engine({
      plan: options.world.plan,
      detectors: (stage) => this.#coming.detectors(stage),
      reversibility: options.world.reversibility,
      inMaintenance: (stage, now) => this.#world.inMaintenance(stage, now),
      mayRetrain: (stage, now) => this.#world.mayRetrain?.(stage, now) ?? true,
      sequence,
      ...(options.jobs ? { jobs: options.jobs } : {}),
    });
    this.#keeping = new Keeping({ engine: this.engine, store: options.store, clock, events });
    this.#telling = new Telling({
      clock,
      events,
      traced: options.traced,
      engine: this.engine,
      world: () => this.#world,
      pending: () => this.outbox.pending(),
    });
    this.journal = createJournal(options.store, clock, events);
    this.outbox = createOutbox({
      clock,
      random,
      journal: this.journal,
      timeout: OUTBOX_TIMEOUT,
      handlers: {
        notifier: (item, abort) => this.#telling.deliver(item, abort),
        gate: (item, abort) => this.#workGate(item, abort),
      },
      failed: (item, error, gaveUp) => this.#telling.undelivered(item, error, gaveUp),
      changed: (pending, oldestAt) => events.outbox({ pending, oldestAt }),
      threadOf: this.#telling.threadOf,
      collapse: this.#telling.collapse,
      atOnce: this.#telling.atOnce,
    });
    this.#schedule = createSchedule(clock, (stage, count) => events.slotsSkipped({ stage: stage as StageId, count }));
  }

  /** Loads what the process before left, undoes what expired, and begins to sample. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { store, clock } = options;
    const sequence = await store.setting(SEQUENCE_KEY);
    const daemon = new Daemon(options, typeof sequence === 'number' ? sequence : 0);
    const { trying } = daemon.#keeping;
    const { order } = daemon.engine.plan.graph;
    const learned = await recallLearned(daemon.engine, store, trying, options.events, clock, order);
    await trying('loading settings', () => recallSettings(daemon.engine, store));
    const [incidents, leases, recent, owed] = await Promise.all([
      store.openIncidents(),
      store.leasesInForce(),
      store.leases({ limit: RECENT_LEASES }),
      store.outbox(),
    ]);
    await trying('loading who was told of what', () => daemon.#telling.recall(store, incidents, owed));
    daemon.outbox.add(owed);
    const ended = recent.filter((lease) => lease.state === 'released');
    await daemon.carry(daemon.engine.resume(incidents, leases, ended, clock.now()));
    daemon.#keeping.start();
    await daemon.#begin(order, learned);
    daemon.#telling.start();
    return daemon;
  }

  get world(): World {
    return this.#world;
  }

  /**
   * Takes a new world: unchanged stages keep what they learned, probing goes on without a missed slot. Ticks go on in between.
   */
  async reload(world: World): Promise<void> {
    const before = new Set(this.engine.plan.graph.order);
    const { order } = world.plan.graph;
    const breathe = breaths();
    this.#coming = world;
    const prepared = await inSlices(this.engine.prepare(world.plan));
    this.#world = world;
    const outcome = this.engine.reload(prepared, this.#options.clock.now());
    const watched = new Set<StageId>();
    for (const id of order) {
      if (before.has(id) && this.#watch(id)) watched.add(id);
      await breathe();
    }
    for (const id of before) if (!watched.has(id)) this.#schedule.remove(id);
    await this.carry(outcome);
    // A stage that comes back goes on with what it knew when it left.
    const added = order.filter((id) => !before.has(id));
    const { store, events, clock } = this.#options;
    const learned = await recallLearned(this.engine, store, this.#keeping.trying, events, clock, added);
    await this.#begin(added, learned);
  }

  /** Samples stages that are new from now on; those that learn their past first a little later. */
  #begin(stages: readonly StageId[], learned: ReadonlySet<StageId>): Promise<void> {
    const { store, clock, events, jobs } = this.#options;
    const flush = () => this.#keeping.flush();
    const parts = { engine: this.engine, world: this.#world, store, clock, jobs, events, flush };
    return beginSeeded(parts, { stages, learned, begin: (id) => this.#watch(id) }, this.#stop.signal);
  }

  /** Makes an outcome durable, then announces it and does what is owed. Never rejects. */
  async carry(outcome: Outcome, more: readonly Change[] = []): Promise<void> {
    const now = this.#options.clock.now();
    this.#keeping.note(outcome.steps);
    const changes = [...this.#telling.changesOf(outcome, now), ...more];
    if (changes.length > 0) {
      const sequence: Change = { put: 'setting', key: SEQUENCE_KEY, value: this.engine.sequence };
      await this.journal.commit([...changes, sequence]);
      this.outbox.drop(changes.flatMap((change) => ('drop' in change ? [change.id] : [])));
      this.outbox.add(changes.flatMap((change) => ('put' in change && change.put === 'outbox' ? [change.item] : [])));
    }
    this.#announce(outcome, now);
    this.#armDeadline();
  }

  /** The latest "no" of each policy on an incident that is open. */
  withheldFor(incident: string): readonly Decision[] {
    return this.#telling.withheldFor(incident);
  }

  lastDecision(policy: string): Decision | undefined {
    return this.#telling.lastDecision(policy);
  }

  /** Lets every gate go, waits for that as long as `abort` allows, writes state and stops. Calling twice is the same as once. */
  close(abort: AbortSignal): Promise<void> {
    this.#closed ??= this.#close(abort);
    return this.#closed;
  }

  async #close(abort: AbortSignal): Promise<void> {
    this.#keeping.pause();
    const stopped = this.#schedule.stop();
    this.#stop.abort();
    await stopped;
    await this.#telling.stop();
    await this.carry(this.engine.release(() => true, 'shutdown', 'the daemon is stopping', this.#options.clock.now()));
    await this.outbox.drained(abort, (item) => item.lane.startsWith('gate:'));
    await this.#keeping.stop();
    this.#cancelDeadline?.();
    await this.outbox.close();
    await this.journal.close();
  }

  /** Samples the stage in its slots from now on; false where there is nothing to ask. */
  #watch(id: StageId): boolean {
    const line = this.engine.line(id);
    const probes = this.#world.probes.get(id) ?? [];
    if (!line || probes.length === 0) return false;
    const { clock, events } = this.#options;
    const sampler = createSampler(id, line.plan.every, probes, clock, events);
    const abort = this.#signalForStage();
    this.#schedule.add(id, line.plan.every, () => this.#tick(id, sampler, abort));
    return true;
  }

  async #tick(id: StageId, sampler: Sampler, abort: AbortSignal): Promise<void> {
    const { traced, events } = this.#options;
    try {
      await traced('tick', { stage: id }, async () => {
        const snapshot = await traced('probe', { stage: id }, () => sampler.sample(abort));
        const due = this.engine.resultsDue(id);
        if (due) await Promise.race([due, this.#stopping]);
        if (this.#stop.signal.aborted) return;
        const began = this.#options.clock.monotonic();
        const outcome = traced('score', { stage: id }, () => this.engine.observe([snapshot], snapshot.at));
        this.#stepSeconds = (this.#options.clock.monotonic() - began) / 1_000;
        await traced('decide', { stage: id, decisions: outcome.decisions.length }, () => this.carry(outcome));
      });
    } catch (thrown) {
      events.failed({ what: `tick of ${id}`, error: asHeadgateError(thrown) });
    }
  }
  #workGate(item: OutboxItem, abort: AbortSignal): Promise<readonly Change[]> {
    const { clock, events, traced } = this.#options;
    return traced('act', { work: item.id }, () =>
      workGate(
        item,
        {
          clock,
          events,
          actuator: (name) => this.#world.actuators.get(name),
          reversibility: (name) => this.#world.reversibility.get(name),
          lease: (id) => this.engine.lease(id),
          report: (report) => this.carry(this.engine.report(report, clock.now())),
          isDurable: () => !this.journal.degraded,
        },
        abort,
      ),
    );
  }

  #announce(outcome: Outcome, at: EpochMs): void {
    const { events } = this.#options;
    for (const { snapshot, scores, verdict, previous, frozen, standings } of outcome.steps) {
      const outlooks = this.engine.line(verdict.stage)?.outlooks(1) ?? [];
      events.judged({ snapshot, scores, verdict, previous, frozen, outlooks, seconds: this.#stepSeconds });
      for (const standing of standings) events.standingChanged({ stage: verdict.stage, ...standing, at: verdict.at });
    }
    for (const { incident, changes } of outcome.incidents)
      for (const change of changes) events.incidentChanged({ incident, change, at });
    for (const decision of outcome.decisions) events.decided({ decision });
    for (const lease of outcome.leases) events.leaseChanged({ lease, at });
  }

  #armDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    const next = this.engine.deadline();
    if (next === undefined || this.#closed) return;
    const { clock } = this.#options;
    const wait = Math.min(Math.max(0, next - clock.now()), MINUTE);
    this.#cancelDeadline = clock.timer(wait, () => void this.carry(this.engine.observe([], clock.now())));
  }

  /** An incident with what a person did to it; durable and announced like everything else. */
  async amend(incident: Incident, change: Parameters<Engine['amend']>[1], more: readonly Change[]): Promise<void> {
    await this.carry(this.engine.amend(incident, change), more);
  }
}
