import { isDeepStrictEqual } from 'node:util';
import type { Budget, Plan, StagePlan } from '../domain/plan.ts';
import { stagesOf } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { inOneGo } from '../kit/breath.ts';
import type { EngineOptions } from './engine.ts';
import { inlineJobs, type Jobs } from './jobs.ts';
import { createStageLine, type StageDetector, type StageLine, type StageStep } from './stage.ts';

/** A stage without a snapshot for this many of its intervals is unknown. */
const UNKNOWN_AFTER = 3;

export type StagesOptions = Pick<EngineOptions, 'detectors' | 'jobs' | 'demotes' | 'mayRetrain'>;

/** A plan with the lines of its stages. */
export interface PreparedPlan {
  readonly plan: Plan;
  readonly lines: Map<StageId, StageLine>;
}

/**
 * All stages with what is known of them now. What a step asks for often (how many subjects share a budget, when the next stage becomes unknown)
 * is kept up to date, so that a step costs what it touches and not what there is.
 */
export class Stages {
  readonly verdicts = new Map<StageId, Verdict>();
  readonly latest = new Map<StageId, Snapshot>();
  readonly #detectors: (stage: StagePlan) => readonly StageDetector[];
  readonly #jobs: Jobs;
  readonly #demotes: boolean;
  readonly #mayRetrain: NonNullable<StagesOptions['mayRetrain']>;
  #lines = new Map<StageId, StageLine>();
  #plans = new Map<StageId, StagePlan>();
  #rank = new Map<StageId, number>();
  /** Ready subjects of each stage, and of each pipeline together. */
  #ready = new Map<StageId, number>();
  #readyOf = new Map<string, number>();
  #touched = new Set<StageId>();
  /** No stage becomes unknown by age before this. */
  #nextAging: EpochMs = Number.POSITIVE_INFINITY;

  constructor(plan: Plan, { detectors, jobs = inlineJobs, demotes = true, mayRetrain = () => true }: StagesOptions) {
    this.#detectors = detectors;
    this.#jobs = jobs;
    this.#demotes = demotes;
    this.#mayRetrain = mayRetrain;
    this.setPlan(inOneGo(this.prepare(plan)));
  }

  /** Makes what a plan needs, a stage a step. Nothing changes before `setPlan`, and no other plan may come in between. */
  *prepare(plan: Plan): Generator<void, PreparedPlan> {
    const lines = new Map<StageId, StageLine>();
    for (const stage of stagesOf(plan)) {
      lines.set(stage.id, this.#lineFor(stage, this.#lines.get(stage.id)));
      yield;
    }
    return { plan, lines };
  }

  /** Stages whose fingerprint is unchanged keep everything; all others begin anew or leave. Answers with the ids of those. */
  setPlan({ plan, lines }: PreparedPlan): readonly StageId[] {
    const gone = [...this.#lines].flatMap(([id, { plan: old }]) =>
      lines.get(id)?.plan.fingerprint === old.fingerprint ? [] : [id],
    );
    for (const id of gone) {
      this.verdicts.delete(id);
      this.latest.delete(id);
      this.#touched.delete(id);
    }
    this.#lines = lines;
    this.#plans = new Map([...lines].map(([id, line]) => [id, line.plan]));
    this.#rank = new Map(plan.graph.order.map((id, rank) => [id, rank]));
    this.#ready = new Map();
    this.#readyOf = new Map();
    for (const line of lines.values()) this.#count(line);
    return gone;
  }

  /** The line there is, a new one that knows what it knew (limits and budgets may have changed), or one that begins anew. */
  #lineFor(stage: StagePlan, old: StageLine | undefined): StageLine {
    if (old && isDeepStrictEqual(old.plan, stage)) return old;
    const before = old?.plan.fingerprint === stage.fingerprint ? old : undefined;
    return createStageLine(stage, this.#detectors(stage), {
      jobs: this.#jobs,
      mayRetrain: (now) => this.#mayRetrain(stage.id, now),
      ...(before && { before }),
    });
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

  /** Stages with a verdict that is new since this was asked last, upstream before downstream. */
  takeTouched(): readonly StageId[] {
    const touched = [...this.#touched].sort((a, b) => this.#rankOf(a) - this.#rankOf(b));
    this.#touched.clear();
    return touched;
  }

  /** Judges what a stage shows now; everybody sees it from then on. */
  judge(line: StageLine, seen: Snapshot, distorted: boolean): StageStep {
    const step = this.learn(line, seen, distorted);
    this.latest.set(seen.stage, step.snapshot);
    this.#setVerdict(step.verdict);
    return step;
  }

  /** The same for what was judged before: it changes what the stage knows, and no verdict. */
  learn(line: StageLine, seen: Snapshot, distorted: boolean): StageStep {
    const step = line.judge(seen, this.latest, { share: this.share(line.plan), distorted, demotes: this.#demotes });
    this.#count(line);
    return step;
  }

  /** After a restart: its neighbours go on from what the stage showed last, unless that is too old to be told from a gap. */
  remember(id: StageId, now: EpochMs): void {
    const last = this.#lines.get(id)?.remembered;
    if (last && now - last.at <= UNKNOWN_AFTER * this.every(id)) this.latest.set(id, last);
  }

  /** The last snapshot of the stage, unless it shows nothing or is too old to. */
  seen(id: StageId, now: EpochMs): Snapshot | undefined {
    const last = this.latest.get(id);
    return last && last.values.size > 0 && now < this.#unknownAt(id) ? last : undefined;
  }

  /** Stages that have not been seen for too long become unknown. */
  age(now: EpochMs): void {
    if (now < this.#nextAging) return;
    this.#nextAging = Number.POSITIVE_INFINITY;
    for (const [id, verdict] of this.verdicts) {
      const late = verdict.state !== 'unknown' && now >= this.#unknownAt(id);
      if (late) this.#setVerdict({ ...verdict, at: now, state: 'unknown', since: now, because: [] });
      else this.#noteAging(verdict);
    }
  }

  /** Not later than the moment the next stage becomes unknown. */
  get nextAging(): EpochMs {
    return this.#nextAging;
  }

  /** An equal share of the budget for each ready subject of the pipeline. */
  share(plan: StagePlan): Budget {
    const ready = Math.max(1, this.#readyOf.get(pipelineOf(plan.id)) ?? 0);
    const { pagesPerWeek, ticketsPerWeek } = plan.budget;
    return { pagesPerWeek: pagesPerWeek / ready, ticketsPerWeek: ticketsPerWeek / ready };
  }

  #count(line: StageLine): void {
    const { id } = line.plan;
    const now = line.readySubjects();
    const more = now - (this.#ready.get(id) ?? 0);
    if (more === 0) return;
    this.#ready.set(id, now);
    const pipeline = pipelineOf(id);
    this.#readyOf.set(pipeline, (this.#readyOf.get(pipeline) ?? 0) + more);
  }

  #rankOf(id: StageId): number {
    return this.#rank.get(id) ?? -1;
  }

  #setVerdict(verdict: Verdict): void {
    const { stage } = verdict;
    this.verdicts.set(stage, verdict);
    this.#touched.add(stage);
    this.#noteAging(verdict);
  }

  #noteAging(verdict: Verdict): void {
    const { stage } = verdict;
    if (verdict.state !== 'unknown') this.#nextAging = Math.min(this.#nextAging, this.#unknownAt(stage));
  }

  #unknownAt(id: StageId): EpochMs {
    return (this.latest.get(id)?.at ?? 0) + UNKNOWN_AFTER * this.every(id) + 1;
  }
}
