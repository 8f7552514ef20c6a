import { isDeepStrictEqual } from 'node:util';
import { isTrouble } from '../domain/incident.ts';
import type { Budget, Plan, StagePlan } from '../domain/plan.ts';
import { stagesOf } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { inlineJobs, type Jobs } from './jobs.ts';
import { createStageLine, type StageDetector, type StageLine } from './stage.ts';

/** A stage without a snapshot for this many of its intervals is unknown. */
const UNKNOWN_AFTER = 3;

/**
 * All stages with what is known of them now. What a step asks for often (who is in trouble, when the next stage becomes unknown)
 * is kept up to date, so that a step costs what it touches and not what there is.
 */
export class Stages {
  readonly verdicts = new Map<StageId, Verdict>();
  readonly latest = new Map<StageId, Snapshot>();
  readonly #detectors: (stage: StagePlan) => readonly StageDetector[];
  readonly #jobs: Jobs;
  #lines = new Map<StageId, StageLine>();
  #plans = new Map<StageId, StagePlan>();
  #rank = new Map<StageId, number>();
  #pipelines = new Map<string, StageLine[]>();
  #troubled = new Set<StageId>();
  /** No stage becomes unknown by age before this. */
  #nextAging: EpochMs = Number.POSITIVE_INFINITY;

  constructor(plan: Plan, detectors: (stage: StagePlan) => readonly StageDetector[], jobs: Jobs = inlineJobs) {
    this.#detectors = detectors;
    this.#jobs = jobs;
    this.setPlan(plan);
  }

  /** Stages whose fingerprint is unchanged keep everything; all others begin anew or leave. Answers with the ids of those. */
  setPlan(plan: Plan): readonly StageId[] {
    const lines = new Map<StageId, StageLine>();
    for (const stage of stagesOf(plan)) {
      lines.set(stage.id, this.#lineFor(stage, this.#lines.get(stage.id)));
    }
    const gone = [...this.#lines].flatMap(([id, { plan: old }]) =>
      lines.get(id)?.plan.fingerprint === old.fingerprint ? [] : [id],
    );
    for (const id of gone) {
      this.verdicts.delete(id);
      this.latest.delete(id);
      this.#troubled.delete(id);
    }
    this.#lines = lines;
    this.#plans = new Map([...lines].map(([id, line]) => [id, line.plan]));
    this.#rank = new Map(plan.graph.order.map((id, rank) => [id, rank]));
    this.#pipelines = Map.groupBy(lines.values(), (line) => pipelineOf(line.plan.id));
    return gone;
  }

  /** The line there is, a new one that knows what it knew (limits and budgets may have changed), or one that begins anew. */
  #lineFor(stage: StagePlan, old: StageLine | undefined): StageLine {
    if (old && isDeepStrictEqual(old.plan, stage)) return old;
    const line = createStageLine(stage, this.#detectors(stage), this.#jobs);
    if (old?.plan.fingerprint === stage.fingerprint) line.restore(old.save());
    return line;
  }

  line(id: StageId): StageLine | undefined {
    return this.#lines.get(id);
  }
  get ids(): Iterable<StageId> {
    return this.#lines.keys();
  }
  get plans(): ReadonlyMap<StageId, StagePlan> {
    return this.#plans;
  }
  every(id: StageId): DurationMs {
    return this.#plans.get(id)?.every ?? 0;
  }

  /** Known snapshots, upstream before downstream. */
  inOrder(snapshots: readonly Snapshot[]): readonly Snapshot[] {
    return snapshots.length < 2
      ? snapshots
      : snapshots.toSorted((a, b) => this.#rankOf(a.stage) - this.#rankOf(b.stage));
  }

  /** Stages that are known not to be ok, upstream before downstream. */
  troubled(): readonly StageId[] {
    return [...this.#troubled].sort((a, b) => this.#rankOf(a) - this.#rankOf(b));
  }

  saw(snapshot: Snapshot, verdict: Verdict): void {
    this.latest.set(snapshot.stage, snapshot);
    this.#setVerdict(verdict);
  }

  /** Stages that have not been seen for too long become unknown. */
  age(now: EpochMs): void {
    if (now < this.#nextAging) return;
    this.#nextAging = Number.POSITIVE_INFINITY;
    for (const [id, verdict] of this.verdicts) {
      const late = verdict.state !== 'unknown' && now >= this.#unknownAt(id);
      this.#setVerdict(late ? { ...verdict, at: now, state: 'unknown', since: now, because: [] } : verdict);
    }
  }

  /** Not later than the moment the next stage becomes unknown. */
  get nextAging(): EpochMs {
    return this.#nextAging;
  }

  /** An equal share of the budget for each ready subject of the pipeline. */
  share(plan: StagePlan): Budget {
    let ready = 0;
    for (const line of this.#pipelines.get(pipelineOf(plan.id)) ?? []) ready += line.readySubjects();
    const { pagesPerWeek, ticketsPerWeek } = plan.budget;
    return { pagesPerWeek: pagesPerWeek / Math.max(1, ready), ticketsPerWeek: ticketsPerWeek / Math.max(1, ready) };
  }

  #rankOf(id: StageId): number {
    return this.#rank.get(id) ?? -1;
  }

  #setVerdict(verdict: Verdict): void {
    const { stage } = verdict;
    this.verdicts.set(stage, verdict);
    if (isTrouble(verdict)) this.#troubled.add(stage);
    else this.#troubled.delete(stage);
    if (verdict.state !== 'unknown') this.#nextAging = Math.min(this.#nextAging, this.#unknownAt(stage));
  }

  #unknownAt(id: StageId): EpochMs {
    return (this.latest.get(id)?.at ?? 0) + UNKNOWN_AFTER * this.every(id) + 1;
  }
}
