import type { StagePlan } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Subject } from '../domain/subject.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Detector } from '../kit/component.ts';
import { derive, type Latest } from './derive.ts';
import { type Estimate, estimate, NO_ESTIMATE } from './estimate.ts';
import { inlineJobs, type Jobs } from './jobs.ts';
import { createJudge } from './judge.ts';
import type { Standing } from './judge-subject.ts';
import { packBlobs, unpackBlobs } from './pack.ts';
import { createRetraining } from './retrain.ts';
import { type StageDetectors, surprisesOf } from './score.ts';
import type { Label, StandingChange } from './spending.ts';

/** One detector of a stage with the pass it belongs to. */
export interface StageDetector {
  readonly type: string;
  readonly pass: 'signal' | 'stage';
  readonly detector: Detector;
}

export interface StageStep {
  readonly snapshot: Snapshot;
  readonly scores: readonly Score[];
  readonly verdict: Verdict;
  readonly accepted: readonly Subject[];
  readonly standings: readonly StandingChange[];
}

/** One stage of the straight line: derive, score, judge; then advance once. Holds all that is learned of the stage. */
export interface StageLine {
  readonly plan: StagePlan;
  /** Changes only the judge's memory; detectors move in `advance`. */
  judge(snapshot: Snapshot, latest: Latest, standing: Standing): StageStep;
  /** `hold` freezes every reference of the stage; else each subject decides by its own score. */
  advance(hold: boolean, calm: boolean): void;
  accept(subject: Subject, now: EpochMs): void;
  /** What a person said of the pages that stood between two moments. */
  label(from: EpochMs, to: EpochMs, label: Label): void;
  /** Detectors that may not page at the moment. */
  readonly demoted: readonly StandingChange[];
  readonly last: StageStep | undefined;
  readonly previous: Snapshot | undefined;
  readonly estimate: Estimate;
  readySubjects(): number;
  /** Settles once every result that the next snapshot needs is there; `undefined` where it is already. Never rejects. */
  resultsDue(): Promise<void> | undefined;
  save(): Uint8Array;
  /** False where the bytes are of another make; the stage then starts anew. */
  restore(bytes: Uint8Array): boolean;
}

export interface StageLineOptions {
  readonly jobs?: Jobs;
  /** Whether a detector that was trained before may be trained anew at this time. */
  readonly mayRetrain?: (now: EpochMs) => boolean;
  /**
   * What watched the stage until now: what it has learned is taken over once it is needed, so that a reload of a thousand stages
   * does not have to move everything at once. It must not be used any more.
   */
  readonly before?: Pick<StageLine, 'save'>;
}

export function createStageLine(
  plan: StagePlan,
  made: readonly StageDetector[],
  { jobs = inlineJobs, mayRetrain = () => true, before }: StageLineOptions = {},
): StageLine {
  const detectors: StageDetectors = {
    signal: made.filter((one) => one.pass === 'signal').map((one) => one.detector),
    stage: made.filter((one) => one.pass === 'stage').map((one) => one.detector),
  };
  const judge = createJudge(plan);
  const retraining = createRetraining(
    made.map((one) => one.detector),
    jobs,
    mayRetrain,
  );
  let last: StageStep | undefined;
  let first: readonly Surprise[] = [];
  let previous: Snapshot | undefined;
  let flow: Estimate = NO_ESTIMATE;
  let heritage = before;
  const inherit = (): void => {
    const bytes = heritage?.save();
    heritage = undefined;
    if (bytes) restore(bytes);
  };

  function restore(bytes: Uint8Array): boolean {
    const [memory, ...states] = unpackBlobs(bytes) ?? [];
    if (!memory || states.length !== made.length + 1) return false;
    const saved = JSON.parse(new TextDecoder().decode(memory)) as {
      judge: string;
      flow: Estimate;
      fingerprint: string;
      types: string[];
    };
    if (saved.fingerprint !== plan.fingerprint || saved.types.join() !== made.map((one) => one.type).join())
      return false;
    // A detector that refuses its bytes starts anew; the others keep what they know.
    made.forEach(({ detector }, index) => void detector.restore(states[index] as Uint8Array));
    retraining.restore(states[made.length] as Uint8Array);
    judge.restore(saved.judge);
    flow = saved.flow;
    return true;
  }

  return {
    plan,
    judge(raw, latest, standing) {
      inherit();
      const snapshot = derive(plan, raw, last?.snapshot, latest);
      retraining.takeResults();
      const surprises = surprisesOf(detectors, snapshot, snapshot.at);
      first = surprises.first;
      const judged = judge.judge(surprises.all, snapshot, standing);
      previous = last?.snapshot;
      last = { snapshot, ...judged };
      return last;
    },
    advance(hold, calm) {
      if (!last) return;
      const { snapshot } = last;
      const how = (subject: Subject) => (hold || judge.isHeld(subject) ? 'hold' : 'learn');
      for (const { detector, pass } of made)
        detector.advance(snapshot, snapshot.at, how, pass === 'stage' ? first : []);
      retraining.ask(snapshot.at);
      flow = estimate(flow, snapshot, calm);
    },
    accept(subject, now) {
      inherit();
      for (const { detector } of made) detector.accept(subject, now);
      judge.accept(subject);
    },
    label: (from, to, label) => judge.label(from, to, label),
    get demoted() {
      return judge.demoted;
    },
    get last() {
      return last;
    },
    get previous() {
      return previous;
    },
    get estimate() {
      return flow;
    },
    readySubjects: () => judge.readySubjects(),
    resultsDue() {
      inherit();
      return retraining.resultsDue();
    },
    save() {
      inherit();
      const memory = JSON.stringify({
        judge: judge.save(),
        flow,
        fingerprint: plan.fingerprint,
        types: made.map((one) => one.type),
      });
      const states = made.map((one) => one.detector.save());
      return packBlobs([new TextEncoder().encode(memory), ...states, retraining.save()]);
    },
    restore(bytes) {
      heritage = undefined;
      return restore(bytes);
    },
  };
}
