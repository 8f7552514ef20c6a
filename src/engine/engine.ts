import { isWholeExcluded } from '../domain/excluded.ts';
import type { Incident, IncidentChange } from '../domain/incident.ts';
import type { Lease, LeaseId, ReleaseReason, Reversibility } from '../domain/lease.ts';
import { OUTLOOK_POINTS } from '../domain/outlook.ts';
import type { PipelinePlan, Plan, PolicyMode, StagePlan } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import { type Subject, stageOfSubject } from '../domain/subject.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { inOneGo } from '../kit/breath.ts';
import { decide } from './decide.ts';
import { endToEnd, pseudoStageOf, withPseudoStages } from './end-to-end.ts';
import { NO_ESTIMATE } from './estimate.ts';
import { Incidents } from './incidents.ts';
import type { Jobs } from './jobs.ts';
import type { LeaseReport } from './lease.ts';
import { type Draft, isApplied, type JudgedStage, Ledger, newDraft, type Outcome, outcomeOf } from './ledger.ts';
import { withKeptLimits } from './plan.ts';
import type { PolicyMemory } from './policy-scene.ts';
import { Reach } from './reach.ts';
import { arrivalsAfter } from './request.ts';
import type { Footing, StageDetector, StageLine } from './stage.ts';
import { type PreparedPlan, Stages } from './stages.ts';

export interface EngineOptions {
  readonly plan: Plan;
  readonly detectors: (stage: StagePlan) => readonly StageDetector[];
  /** What each configured actuator declares, by name. */
  readonly reversibility: ReadonlyMap<string, Reversibility>;
  readonly inMaintenance: (stage: StageId, now: EpochMs) => boolean;
  /** Whether detectors of the stage may train anew now; left out, whenever they find it due. */
  readonly mayRetrain?: (stage: StageId, now: EpochMs) => boolean;
  /** From this time on nothing is learned any more; left out, learning never ends. */
  readonly learnUntil?: EpochMs;
  /** How many numbers have been given to incidents and leases so far. */
  readonly sequence: number;
  /** Who does the long work of detectors; left out, it is done at once and in place. */
  readonly jobs?: Jobs;
  /** Whether a detector that overspends is demoted to tickets; false where nobody labels what was right. Left out, it is. */
  readonly demotes?: boolean;
}

/**
 * The one engine behind daemon, backtest, score and simulation: snapshots in, outcomes out. It knows no clock and does no IO;
 * the same calls with the same arguments give the same outcomes, byte for byte.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #ledger: Ledger;
  #plan: Plan;
  readonly #stages: Stages;
  readonly #reach: Reach;
  readonly #incidents: Incidents;
  #pipelines: ReadonlyMap<string, PipelinePlan>;
  #restarting = new Set<StageId>();
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#plan = withKeptLimits(withPseudoStages(options.plan));
    this.#stages = new Stages(this.#plan, options);
    this.#pipelines = byName(this.#plan.pipelines);
    this.#reach = new Reach(this.#plan.graph, (id) => this.#stages.every(id));
    this.#ledger = new Ledger(options.sequence, this.#reach);
    this.#incidents = new Incidents(this.#stages, this.#ledger, this.#reach);
    this.#ledger.setPolicies(this.#plan.policies);
  }

  /**
   * One step with the snapshots that are new, all of the same moment; none is a step too (a lease may be due).
   * Snapshots of stages that are not in the plan are ignored.
   */
  observe(snapshots: readonly Snapshot[], now: EpochMs): Outcome {
    const draft = newDraft();
    const watched = this.#stages.inOrder(snapshots).flatMap((snapshot) => this.#judge(snapshot) ?? []);
    const steps = [...watched, ...this.#wholes(watched, now).flatMap((snapshot) => this.#judge(snapshot) ?? [])];
    this.#stages.age(now);
    // Where learning has ended nothing becomes normal by itself either; a person may still say so.
    const accepted = this.#learningIsOver(now) ? [] : steps.flatMap((step) => step.accepted);
    for (const subject of accepted) this.accept(subject, now);
    draft.incidents.push(...this.#incidents.step(this.#plan, now));
    this.#ledger.expire(now, draft);
    this.#decide(new Set(steps.map((step) => step.snapshot.stage)), now, draft);
    for (const { snapshot } of steps) {
      const calm = !this.isFrozen(snapshot.stage) && this.#stages.verdicts.get(snapshot.stage)?.state === 'ok';
      this.#stages.line(snapshot.stage)?.advance(this.#footing(snapshot.stage, now), calm);
      this.#restarting.delete(snapshot.stage);
    }
    return outcomeOf(draft, steps, accepted);
  }

  /** Learns from a sample that was judged before a restart: nothing is opened, decided or told. */
  relearn(snapshot: Snapshot): void {
    const line = this.#stages.line(snapshot.stage);
    if (!line) return;
    this.#stages.learn(line, snapshot, true);
    line.advance(this.#footing(snapshot.stage, snapshot.at), false);
    this.#stages.latest.set(snapshot.stage, snapshot);
  }

  /** After a restart, once what was learned is restored: what the stage showed last is known to its neighbours again. */
  remember(id: StageId, now: EpochMs): void {
    this.#stages.remember(id, now);
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
    if (this.#ledger.incidents.has(incident.id)) this.#ledger.incidents.put(incident);
    const { label, affected, openedAt, resolvedAt = Number.POSITIVE_INFINITY } = incident;
    if (change.kind === 'labelled' && label)
      for (const id of affected) this.#stages.line(id)?.label(openedAt, resolvedAt, label);
    draft.incidents.push({ incident, changes: [change] });
    return outcomeOf(draft);
  }

  /** What is strange about the subject becomes normal. False where there is no such stage. */
  accept(subject: Subject, now: EpochMs): boolean {
    const stage = stageOfSubject(subject);
    const line = this.#stages.line(stage);
    line?.accept(subject, now);
    if (line) this.#incidents.accepted(stage);
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
    for (const incident of incidents) this.#ledger.incidents.put(incident);
    this.#incidents.lookAtAll();
    for (const id of this.#stages.ids) this.#restarting.add(id);
    this.#ledger.resume(leases, ended, now, draft);
    return outcomeOf(draft);
  }

  /** Makes what a plan needs, a stage a step; nothing changes before `reload`. */
  prepare(plan: Plan): Generator<void, PreparedPlan> {
    return this.#stages.prepare(withKeptLimits(withPseudoStages(plan)));
  }

  /** Takes a new plan: stages whose fingerprint is unchanged keep all they have learned; leases of changed policies end. */
  reload(next: PreparedPlan | Plan, now: EpochMs): Outcome {
    const prepared = 'lines' in next ? next : inOneGo(this.prepare(next));
    this.#plan = prepared.plan;
    this.#pipelines = byName(this.#plan.pipelines);
    const begunAnew = this.#stages.setPlan(prepared);
    for (const id of begunAnew) this.#restarting.delete(id);
    this.#reach.setGraph(this.#plan.graph, this.#ledger.leases.values(), begunAnew);
    this.#incidents.lookAtAll();
    const same = this.#ledger.setPolicies(this.#plan.policies);
    return this.release((lease) => !same.has(lease.policy), 'policy-changed', 'its policy was changed or removed', now);
  }

  /** When the engine wants to be called next though nothing new is seen; `undefined` where nothing is due. */
  deadline(): EpochMs | undefined {
    const leases = this.leases()
      .filter(isApplied)
      .map((lease) => lease.expiresAt);
    const next = Math.min(this.#stages.nextAging, ...leases);
    return Number.isFinite(next) ? next : undefined;
  }

  /** References of the stage do not move: an incident is open on it, a lease distorts it, or its times are excluded from learning. */
  isFrozen(id: StageId): boolean {
    const excluded = this.#stages.verdicts.get(id)?.excluded ?? [];
    return this.#ledger.incidents.isOn(id) || this.#isDistorted(id) || isWholeExcluded(excluded);
  }

  #footing(id: StageId, now: EpochMs): Footing {
    if (this.#isDistorted(id)) return 'distorted';
    if (this.#learningIsOver(now)) return 'learning-over';
    if (this.#options.learnUntil !== undefined) return 'training';
    return this.isFrozen(id) ? 'incident' : 'as-judged';
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
    return this.#stages.line(id);
  }
  /** To be awaited before the next snapshot of the stage is observed; `undefined` where nothing is due. Never rejects. */
  resultsDue(id: StageId): Promise<void> | undefined {
    return this.#stages.line(id)?.resultsDue();
  }
  verdict(id: StageId): Verdict | undefined {
    return this.#stages.verdicts.get(id);
  }
  lease(id: LeaseId): Lease | undefined {
    return this.#ledger.leases.get(id);
  }
  incident(id: string): Incident | undefined {
    return this.#ledger.incidents.get(id);
  }
  openIncidents(): readonly Incident[] {
    return this.#ledger.incidents.all();
  }
  /** All leases that are not over. */
  leases(): readonly Lease[] {
    return [...this.#ledger.leases.values()];
  }
  memory(policy: string): PolicyMemory | undefined {
    return this.#ledger.memories.get(policy);
  }

  /** End-to-end snapshots of the pipelines that were seen, each as often as its fastest stage. */
  #wholes(watched: readonly JudgedStage[], now: EpochMs): readonly Snapshot[] {
    const seen = new Set(watched.map((step) => pipelineOf(step.snapshot.stage)));
    return [...seen].flatMap((name) => {
      const pipeline = this.#pipelines.get(name);
      const id = pseudoStageOf(name);
      const last = this.#stages.latest.get(id)?.at;
      const isDue = last === undefined || now - last >= this.#stages.every(id) || now < last;
      return (pipeline && isDue && endToEnd(pipeline, this.#plan.graph, this.#stages.latest, now)) || [];
    });
  }

  #learningIsOver(now: EpochMs): boolean {
    return now >= (this.#options.learnUntil ?? Number.POSITIVE_INFINITY);
  }

  #judge(seen: Snapshot): JudgedStage | undefined {
    const line = this.#stages.line(seen.stage);
    if (!line) return undefined;
    const id = seen.stage;
    const snapshot = { ...seen, held: this.#reach.over(id).map((lease) => lease.id) };
    const previous = this.#stages.verdicts.get(id);
    const step = this.#stages.judge(line, snapshot, this.#reach.isDistorted(id, seen.at));
    return { ...step, previous, frozen: this.isFrozen(id) };
  }

  #decide(fresh: ReadonlySet<StageId>, now: EpochMs, draft: Draft): void {
    const decisions = decide(this.#plan.policies, this.#ledger.memories, {
      now,
      fresh,
      verdicts: this.#stages.verdicts,
      latest: this.#stages.latest,
      estimate: (id) => this.#stages.line(id)?.estimate ?? NO_ESTIMATE,
      arrivalsAfter: (id, time) => arrivalsAfter(this.#stages.line(id)?.outlooks(OUTLOOK_POINTS) ?? [], time),
      incidentOn: (id) => this.#ledger.incidents.on(id)[0],
      leases: this.leases(),
      reversibility: this.#options.reversibility,
      restarting: this.#restarting,
      stoppedByHand: this.#stopped,
      inMaintenance: (stage) => this.#options.inMaintenance(stage, now),
      every: (stage) => this.#stages.every(stage),
    });
    this.#ledger.carryOut(decisions, draft);
  }

  #isDistorted(id: StageId): boolean {
    return this.#reach.isDistorted(id, this.#stages.latest.get(id)?.at ?? 0);
  }
}

const byName = (pipelines: readonly PipelinePlan[]): ReadonlyMap<string, PipelinePlan> =>
  new Map(pipelines.map((pipeline) => [pipeline.name, pipeline]));
