import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { defaultDetectors, offlineEngine, openStore } from '../app/offline.ts';
import { HeadgateError } from '../domain/error.ts';
import type { GateRequest, Lease } from '../domain/lease.ts';
import type { Store } from '../domain/ports.ts';
import { stageNameOf } from '../domain/stage.ts';
import { type EpochMs, SECOND } from '../domain/time.ts';
import { changesOf } from '../engine/changes.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { type CommandIo, write } from './command.ts';
import { type Hello, type Observation, planOf, snapshotsOf } from './engine-plan.ts';

export const summary = 'Runs the engine over standard input and output, one JSON line in, one out.';
export const usage = `headgate engine [--state DIR]

First line in: {"hello": {...}} with the pipeline and its limits; no answer. Every further line is an observation, and is answered by
exactly one line {"actions":[...],"causes":[...]}. Throttles and pauses carry a ttl in seconds after which the gate opens by itself.
With --state what is open survives the process.`;

/** State of the detectors is written after this many observations. */
const SAVE_EVERY = 40;

/** One action on a gate, as the protocol spells it. */
interface Action {
  readonly gate: string;
  readonly do: 'throttle' | 'pause' | 'resume' | 'scale';
  readonly value?: number | null;
  readonly ttl?: number;
  readonly because?: string;
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { state: { type: 'string' } } });
  const store = await (values.state === undefined
    ? openStore('memory', {})
    : openStore('sqlite', { path: join(values.state, 'engine.db') }));
  try {
    await converse(io, store);
  } finally {
    await store.close();
  }
  return 0;
}

async function converse(io: CommandIo, store: Store): Promise<void> {
  let session: Session | undefined;
  let number = 0;
  for await (const line of createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    const message = messageOf(line, number);
    if ('hello' in message) session = await Session.open(message.hello, store);
    else if (session) await write(io.stdout, `${JSON.stringify(await session.observe(message))}\n`);
    else throw new HeadgateError('malformed', `line ${number}: the first line must be a hello`);
  }
}

/** @throws HeadgateError `malformed` where the line is neither a greeting nor an observation. */
function messageOf(line: string, number: number): { readonly hello: Hello } | Observation {
  try {
    const message = JSON.parse(line) as { readonly hello: Hello } | Observation;
    if ('hello' in message ? isHello(message.hello) : isObservation(message)) return message;
  } catch {
    // Said below; where in the line it stops being JSON helps nobody.
  }
  throw new HeadgateError('malformed', `line ${number} is neither a hello nor an observation in JSON`);
}

const isHello = ({ slo_seconds, every_seconds, sources, stages }: Hello): boolean =>
  Number.isFinite(slo_seconds) && every_seconds > 0 && Array.isArray(sources) && Array.isArray(stages);

const isObservation = ({ t, gap, sources, stages }: Observation): boolean =>
  Number.isFinite(t) && (gap === true || (typeof sources === 'object' && typeof stages === 'object'));

/** An engine whose gates are at the other end of the line: what it asks is taken as done. */
class Session {
  readonly #engine: Engine;
  readonly #store: Store;
  #resumed: Outcome | undefined;
  #incidents: Awaited<ReturnType<Store['openIncidents']>> = [];
  #leases: readonly Lease[] = [];
  #count = 0;

  private constructor(engine: Engine, store: Store) {
    this.#engine = engine;
    this.#store = store;
  }

  static async open(hello: Hello, store: Store): Promise<Session> {
    const sequence = await store.setting('sequence');
    const engine = offlineEngine(planOf(hello, defaultDetectors()), {
      sequence: typeof sequence === 'number' ? sequence : 0,
    });
    const session = new Session(engine, store);
    for (const id of engine.plan.graph.order) {
      const blob = await store.loadState(`stage/${id}`);
      if (blob) engine.line(id)?.restore(blob.bytes);
    }
    session.#incidents = await store.openIncidents();
    session.#leases = await store.leasesInForce();
    return session;
  }

  async observe(seen: Observation): Promise<{ actions: Action[]; causes: { cause: string; at: string }[] }> {
    const now = seen.t * SECOND;
    const actions: Action[] = [];
    if (this.#resumed === undefined && (this.#incidents.length > 0 || this.#leases.length > 0)) {
      this.#resumed = this.#engine.resume(this.#incidents, this.#leases, [], now);
      actions.push(...(await this.#carry(this.#resumed, now)));
    }
    actions.push(...(await this.#carry(this.#engine.observe(snapshotsOf(seen, now), now), now)));
    if (++this.#count % SAVE_EVERY === 0) await this.#save(now);
    const causes = this.#engine
      .openIncidents()
      .filter((incident) => incident.cause !== 'unknown' && incident.state === 'open')
      .map((incident) => ({ cause: incident.cause, at: stageNameOf(incident.root) }));
    return { actions, causes };
  }

  /** Durable first, then said; the other end is taken to obey. */
  async #carry(outcome: Outcome, now: EpochMs): Promise<readonly Action[]> {
    const changes = changesOf(outcome, [], [], now).filter(
      (change) => !('put' in change && change.put === 'outbox') && !('drop' in change),
    );
    const actions = outcome.work.flatMap(({ lease, step }) => {
      const held = this.#engine.lease(lease);
      return held ? [actionOf(held, step, now)] : [];
    });
    const reported: Lease[] = [];
    for (const { lease, step } of outcome.work) {
      if (step === 'apply' && this.#engine.lease(lease)?.preImage === undefined)
        reported.push(...this.#engine.report({ lease, kind: 'captured', preImage: this.#workers(lease) }, now).leases);
      const done =
        step === 'apply' ? ({ lease, kind: 'applied', left: null } as const) : ({ lease, kind: 'reverted' } as const);
      reported.push(...this.#engine.report(done, now).leases);
    }
    const after = reported.map((lease) => ({ put: 'lease' as const, lease }));
    if (changes.length + after.length > 0)
      await this.#store.commit([
        ...changes,
        ...after,
        { put: 'setting', key: 'sequence', value: this.#engine.sequence },
      ]);
    return actions;
  }

  #workers(id: string): number | null {
    const lease = this.#engine.lease(id);
    return (lease && this.#engine.line(lease.stage)?.last?.snapshot.values.get('workers_desired')) ?? null;
  }

  async #save(at: EpochMs): Promise<void> {
    const blobs = this.#engine.plan.graph.order.flatMap((id) => {
      const line = this.#engine.line(id);
      return line ? [{ key: `stage/${id}`, at, bytes: line.save() }] : [];
    });
    await this.#store.saveState(blobs);
  }
}

function actionOf(lease: Lease, step: 'apply' | 'revert', now: EpochMs): Action {
  const gate = stageNameOf(lease.stage);
  const { request } = lease;
  if (step === 'revert') return { ...undo(request, lease), gate, because: lease.why ?? 'released' };
  const ttl = Math.max(1, (lease.expiresAt - now) / SECOND);
  return { ...requestOf(request), gate, because: lease.because, ...(request.kind === 'scale' ? {} : { ttl }) };
}

function requestOf(request: GateRequest): Pick<Action, 'do' | 'value'> {
  if (request.kind === 'throttle') return { do: 'throttle', value: request.rate };
  return request.kind === 'pause' ? { do: 'pause' } : { do: 'scale', value: request.replicas };
}

function undo(request: GateRequest, lease: Lease): Pick<Action, 'do' | 'value'> {
  if (request.kind === 'throttle') return { do: 'throttle', value: null };
  if (request.kind === 'pause') return { do: 'resume' };
  return { do: 'scale', value: typeof lease.preImage === 'number' ? lease.preImage : null };
}
