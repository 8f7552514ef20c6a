import type { Incident, IncidentChange } from '../domain/incident.ts';
import { isInForce, type Lease, type LeaseId, type ReleaseReason, type Reversibility } from '../domain/lease.ts';
import type { Budget, Plan, PolicyMode, StagePlan } from '../domain/plan.ts';
import { stagesOf } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import { type Subject, stageOfSubject } from '../domain/subject.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { nameCause } from './cause.ts';
import { decide, type PolicyMemory } from './decide.ts';
import { type IncidentStep, stepIncidents } from './incident.ts';
import type { LeaseReport } from './lease.ts';
import { type Draft, isApplied, type JudgedStage, Ledger, newDraft, type Outcome, outcomeOf } from './ledger.ts';
import { withKeptLimits } from './plan.ts';
import { createStageLine, type StageDetector, type StageLine } from './stage.ts';

export interface EngineOptions {
  readonly plan: Plan;
  readonly detectors: (stage: StagePlan) => readonly StageDetector[];
  /** What each configured actuator declares, by name. */
  readonly reversibility: ReadonlyMap<string, Reversibility>;
  readonly inMaintenance: (stage: StageId, now: EpochMs) => boolean;
  /** From this time on nothing is learned any more; left out, learning never ends. */
  readonly learnUntil?: EpochMs;
  /** How many numbers have been given to incidents and leases so far. */
  readonly sequence: number;
}

/** A stage without a snapshot for this many of its intervals is unknown. */
const UNKNOWN_AFTER = 3;
/** After a lease has ended its traces are still in what is seen for this many intervals. */
const SETTLE_INTERVALS = 3;
/** The cause of an incident may still be named better for this many intervals. */
const NAMING_INTERVALS = 20;

/**
 * The one engine behind daemon, backtest, score and simulation: snapshots in, outcomes out. It knows no clock and does no IO;
 * the same calls with the same arguments give the same outcomes, byte for byte.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #ledger: Ledger;
  #plan: Plan;
  #lines = new Map<StageId, StageLine>();
  #verdicts = new Map<StageId, Verdict>();
  #latest = new Map<StageId, Snapshot>();
  #settling = new Map<StageId, EpochMs>();
  #accepted = new Set<StageId>();
  #restarting = new Set<StageId>();
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#plan = withKeptLimits(options.plan);
    this.#ledger = new Ledger(options.sequence, (lease, now) => this.#settle(lease, now));
    this.#ledger.setPolicies(this.#plan.policies);
    for (const stage of stagesOf(this.#plan))
      this.#lines.set(stage.id, createStageLine(stage, options.detectors(stage)));
  }

  /**
   * One step with the snapshots that are new, all of the same moment; none is a step too (a lease may be due).
   * Snapshots of stages that are not in the plan are ignored.
   */
  observe(snapshots: readonly Snapshot[], now: EpochMs): Outcome {
    const draft = newDraft();
    const seen = new Map(snapshots.map((snapshot) => [snapshot.stage, snapshot]));
    const steps = this.#plan.graph.order.flatMap((id) => this.#judge(seen.get(id)) ?? []);
    this.#age(now);
    const accepted = steps.flatMap((step) => step.accepted);
    for (const subject of accepted) this.accept(subject, now);
    this.#stepIncidents(now, draft);
    this.#ledger.expire(now, draft);
    this.#decide(new Set(steps.map((step) => step.snapshot.stage)), now, draft);
    for (const { snapshot } of steps) {
      const frozen = this.isFrozen(snapshot.stage);
      const calm = !frozen && this.#verdicts.get(snapshot.stage)?.state === 'ok';
      const done = now >= (this.#options.learnUntil ?? Number.POSITIVE_INFINITY);
      this.#lines.get(snapshot.stage)?.advance(frozen || done, calm);
      this.#restarting.delete(snapshot.stage);
    }
    return outcomeOf(draft, steps, accepted);
  }

  /** Learns from a sample that was judged before a restart: nothing is opened, decided or told. */
  relearn(snapshot: Snapshot): void {
    const line = this.#lines.get(snapshot.stage);
    if (!line) return;
    line.judge(snapshot, this.#latest, { share: this.#share(line.plan), distorted: true });
    line.advance(this.isFrozen(snapshot.stage), false);
    this.#latest.set(snapshot.stage, snapshot);
  }

  /** Takes in what has become of work on a gate. */
  report(report: LeaseReport, now: EpochMs): Outcome {
    const draft = newDraft();
    this.#ledger.report(report, now, draft);
    return outcomeOf(draft);
  }

  /** Ends leases for a reason from outside. Their policies stay away from the gates for `holdOff` at least. */
  release(
    which: (lease: Lease) => boolean,
    why: ReleaseReason,
    because: string,
    now: EpochMs,
    holdOff: DurationMs = 0,
  ): Outcome {
    const draft = newDraft();
    const policies = this.leases()
      .filter(which)
      .map((lease) => lease.policy);
    this.#ledger.release(which, why, because, now, draft);
    this.#ledger.retryFailed(now, draft);
    for (const policy of policies) {
      const memory = this.#ledger.memories.get(policy);
      if (memory) memory.cooldownUntil = Math.max(memory.cooldownUntil, now + holdOff);
    }
    return outcomeOf(draft);
  }

  /** Replaces an incident by what a person made of it (acknowledged, muted, labelled, noted). */
  amend(incident: Incident, change: IncidentChange): Outcome {
    const draft = newDraft();
    if (this.#ledger.incidents.has(incident.id)) this.#ledger.incidents.set(incident.id, incident);
    draft.incidents.push({ incident, changes: [change] });
    return outcomeOf(draft);
  }

  /** What is strange about the subject becomes normal. False where there is no such stage. */
  accept(subject: Subject, now: EpochMs): boolean {
    const stage = stageOfSubject(subject);
    const line = this.#lines.get(stage);
    line?.accept(subject, now);
    if (line) this.#accepted.add(stage);
    return line !== undefined;
  }

  setMode(policy: string, mode: PolicyMode): boolean {
    const memory = this.#ledger.memories.get(policy);
    if (memory) memory.mode = mode;
    return memory !== undefined;
  }

  /** While stopped, every lease is let go at the next step and nothing is engaged. */
  stopActing(stopped: boolean): void {
    this.#stopped = stopped;
  }

  /** Takes back what was open when the process before ended. Each stage gets one blind tick before anything is decided for it. */
  resume(incidents: readonly Incident[], leases: readonly Lease[], ended: readonly Lease[], now: EpochMs): Outcome {
    const draft = newDraft();
    for (const incident of incidents) this.#ledger.incidents.set(incident.id, incident);
    for (const id of this.#lines.keys()) this.#restarting.add(id);
    this.#ledger.resume(leases, ended, now, draft);
    return outcomeOf(draft);
  }

  /** Takes a new plan: stages whose fingerprint is unchanged keep all they have learned; leases of changed policies end. */
  reload(plan: Plan, now: EpochMs): Outcome {
    this.#plan = withKeptLimits(plan);
    const lines = new Map<StageId, StageLine>();
    for (const stage of stagesOf(this.#plan)) {
      const old = this.#lines.get(stage.id);
      const keep = old !== undefined && old.plan.fingerprint === stage.fingerprint;
      lines.set(stage.id, keep ? old : createStageLine(stage, this.#options.detectors(stage)));
      if (!keep) this.#forget(stage.id);
    }
    for (const id of this.#lines.keys()) if (!lines.has(id)) this.#forget(id);
    this.#lines = lines;
    const same = this.#ledger.setPolicies(this.#plan.policies);
    return this.release((lease) => !same.has(lease.policy), 'policy-changed', 'its policy was changed or removed', now);
  }

  /** When the engine wants to be called next though nothing new is seen; `undefined` where nothing is due. */
  deadline(): EpochMs | undefined {
    const leases = this.leases()
      .filter(isApplied)
      .map((lease) => lease.expiresAt);
    const stages = [...this.#verdicts].flatMap(([id, verdict]) =>
      verdict.state === 'unknown' ? [] : [this.#unknownAt(id)],
    );
    const next = Math.min(...leases, ...stages);
    return Number.isFinite(next) ? next : undefined;
  }

  /** References of the stage do not move: an incident is open on it, or a lease distorts it. */
  isFrozen(id: StageId): boolean {
    return this.openIncidents().some((incident) => incident.affected.includes(id)) || this.#isDistorted(id);
  }

  /** Leases in force on the stage, above it or below it. */
  leasesOver(id: StageId): readonly Lease[] {
    const { graph } = this.#plan;
    return this.leases().filter(
      (lease) => lease.state !== 'pending' && isInForce(lease) && graph.onOnePath(lease.stage, id),
    );
  }

  get plan(): Plan {
    return this.#plan;
  }
  get sequence(): number {
    return this.#ledger.sequence;
  }
  get isStopped(): boolean {
    return this.#stopped;
  }
  line(id: StageId): StageLine | undefined {
    return this.#lines.get(id);
  }
  verdict(id: StageId): Verdict | undefined {
    return this.#verdicts.get(id);
  }
  lease(id: LeaseId): Lease | undefined {
    return this.#ledger.leases.get(id);
  }
  incident(id: string): Incident | undefined {
    return this.#ledger.incidents.get(id);
  }
  openIncidents(): readonly Incident[] {
    return [...this.#ledger.incidents.values()];
  }
  /** All leases that are not over. */
  leases(): readonly Lease[] {
    return [...this.#ledger.leases.values()];
  }
  memory(policy: string): PolicyMemory | undefined {
    return this.#ledger.memories.get(policy);
  }

  #judge(seen: Snapshot | undefined): JudgedStage | undefined {
    const line = seen && this.#lines.get(seen.stage);
    if (!line) return undefined;
    const id = seen.stage;
    const snapshot = { ...seen, held: this.leasesOver(id).map((lease) => lease.id) };
    const standing = { share: this.#share(line.plan), distorted: this.#isDistorted(id, seen.at) };
    const step = line.judge(snapshot, this.#latest, standing);
    const previous = this.#verdicts.get(id);
    this.#verdicts.set(id, step.verdict);
    this.#latest.set(id, step.snapshot);
    return { ...step, previous, frozen: this.isFrozen(id) };
  }

  /** Stages that have not been seen for too long become unknown. */
  #age(now: EpochMs): void {
    for (const [id, verdict] of this.#verdicts)
      if (verdict.state !== 'unknown' && now >= this.#unknownAt(id))
        this.#verdicts.set(id, { ...verdict, at: now, state: 'unknown', since: now, because: [] });
  }

  #unknownAt(id: StageId): EpochMs {
    return (this.#latest.get(id)?.at ?? 0) + UNKNOWN_AFTER * this.#every(id) + 1;
  }

  #stepIncidents(now: EpochMs, draft: Draft): void {
    const { incidents, leases } = this.#ledger;
    const steps = stepIncidents([...incidents.values()], {
      plan: this.#plan,
      stages: new Map([...this.#lines].map(([id, line]) => [id, line.plan])),
      verdicts: this.#verdicts,
      leased: new Set([...leases.values()].map((lease) => lease.incident)),
      accepted: this.#accepted,
      now,
      nextId: () => this.#ledger.nextId(),
    });
    const changed = new Map(steps.map((step) => [step.incident.id, step]));
    for (const step of steps) incidents.set(step.incident.id, step.incident);
    for (const incident of [...incidents.values()]) {
      const step = this.#name(changed.get(incident.id) ?? { incident, changes: [] }, now);
      if (step.changes.length > 0) draft.incidents.push(step);
      if (step.incident.state === 'resolved') this.#close(step.incident);
      else incidents.set(incident.id, step.incident);
    }
  }

  #close(incident: Incident): void {
    this.#ledger.incidents.delete(incident.id);
    for (const id of incident.affected) this.#accepted.delete(id);
  }

  /** Names the cause as soon as the facts do, and better while the incident is young. */
  #name(step: IncidentStep, now: EpochMs): IncidentStep {
    const { incident } = step;
    const line = this.#lines.get(incident.root);
    const young = now - incident.openedAt <= NAMING_INTERVALS * this.#every(incident.root);
    if (!line?.last || incident.state !== 'open' || (!young && incident.cause !== 'unknown')) return step;
    const { snapshot, scores } = line.last;
    const isOrigin = this.#plan.graph.upstream(incident.root).length === 0;
    const cause = nameCause({ snapshot, before: line.previous, scores, estimate: line.estimate, isOrigin });
    if (cause === 'unknown' || cause === incident.cause) return step;
    return {
      incident: { ...incident, cause },
      changes: [...step.changes, { kind: 'cause-named', from: incident.cause }],
    };
  }

  #decide(fresh: ReadonlySet<StageId>, now: EpochMs, draft: Draft): void {
    const decisions = decide(this.#plan.policies, this.#ledger.memories, {
      now,
      fresh,
      verdicts: this.#verdicts,
      latest: this.#latest,
      estimates: new Map([...this.#lines].map(([id, line]) => [id, line.estimate])),
      incidents: this.openIncidents(),
      leases: this.leases(),
      reversibility: this.#options.reversibility,
      restarting: this.#restarting,
      stoppedByHand: this.#stopped,
      inMaintenance: (stage) => this.#options.inMaintenance(stage, now),
    });
    this.#ledger.carryOut(decisions, draft);
  }

  /** An equal share of the budget for each ready subject of the pipeline. */
  #share(plan: StagePlan): Budget {
    let ready = 0;
    for (const [id, line] of this.#lines) if (pipelineOf(id) === pipelineOf(plan.id)) ready += line.readySubjects();
    const { pagesPerWeek, ticketsPerWeek } = plan.budget;
    return { pagesPerWeek: pagesPerWeek / Math.max(1, ready), ticketsPerWeek: ticketsPerWeek / Math.max(1, ready) };
  }

  #isDistorted(id: StageId, at = this.#latest.get(id)?.at ?? 0): boolean {
    return at < (this.#settling.get(id) ?? 0) || this.leasesOver(id).length > 0;
  }

  #settle(lease: Lease, now: EpochMs): void {
    for (const id of this.#lines.keys())
      if (this.#plan.graph.onOnePath(lease.stage, id)) this.#settling.set(id, now + SETTLE_INTERVALS * this.#every(id));
  }

  #every(id: StageId): DurationMs {
    return this.#lines.get(id)?.plan.every ?? 0;
  }

  #forget(id: StageId): void {
    for (const map of [this.#verdicts, this.#latest, this.#settling]) map.delete(id);
    this.#restarting.delete(id);
  }
}
