import { exclusionsOf, holdsAt, isExcluded } from '../domain/excluded.ts';
import type { Outlook } from '../domain/outlook.ts';
import type { StagePlan } from '../domain/plan.ts';
import type { Relearning } from '../domain/relearning.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { Signal } from '../domain/signal.ts';
import { emptySnapshot, type Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { Subject } from '../domain/subject.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Detector, HowToAdvance } from '../kit/component.ts';
import { derive, type Latest } from './derive.ts';
import { type Estimate, estimate, NO_ESTIMATE } from './estimate.ts';
import { inlineJobs, type Jobs } from './jobs.ts';
import { createJudge } from './judge.ts';
import type { Standing } from './judge-subject.ts';
import { discard, packBlobs, unpackBlobs } from './pack.ts';
import { createRecollection } from './recollection.ts';
import { createRetraining } from './retrain.ts';
import { type StageDetectors, surprisesOf } from './score.ts';
import type { Label, StandingChange } from './spending.ts';

/** One detector of a stage with the pass it belongs to. */
export interface StageDetector {
  readonly type: string;
  readonly pass: 'signal' | 'stage';
  readonly detector: Detector;
}

/**
 * On what footing a stage learns. `training`: what is seen was declared to be normal, so everything learns; `as-judged`: each subject by its
 * own score; from `incident` on references stand still, for the strongest reason there is.
 */
export type Footing = 'training' | 'as-judged' | 'incident' | 'learning-over' | 'distorted';

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
  advance(footing: Footing, calm: boolean): void;
  accept(subject: Subject, now: EpochMs): void;
  /** What a person said of the pages that stood between two moments. */
  label(from: EpochMs, to: EpochMs, label: Label): void;
  /** Detectors that may not page at the moment. */
  readonly demoted: readonly StandingChange[];
  readonly last: StageStep | undefined;
  readonly previous: Snapshot | undefined;
  /** What it showed last, also where that was before a restart. */
  readonly remembered: Snapshot | undefined;
  readonly estimate: Estimate;
  /** Where signals go from the last snapshot on, of those that a detector follows. */
  outlooks(points: number): readonly Outlook[];
  readySubjects(): number;
  /** Detectors that learn again what they knew when the stage was saved. */
  readonly relearning: readonly Relearning[];
  /** Settles once every result that the next snapshot needs is there; `undefined` where it is already. Never rejects. */
  resultsDue(): Promise<void> | undefined;
  save(): Uint8Array;
  /** False where the stage was configured otherwise, or the bytes are damaged; it then starts anew, and `relearning` says so. */
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
  readonly before?: Pick<StageLine, 'save' | 'relearning'>;
}

/** What the stage itself remembers beside its detectors, in the order of whose types their states follow. */
interface SavedMemory {
  readonly judge: string;
  readonly flow: Estimate;
  readonly fingerprint: string;
  readonly types: readonly string[];
  readonly relearning?: readonly Relearning[];
  /** What the stage showed last: rates, ratios and what is end to end go on from it after a restart. */
  readonly last?: SavedSnapshot;
}

type SavedSnapshot = Pick<Snapshot, 'at' | 'gaps'> & {
  readonly values: readonly (readonly [Signal, number])[];
  readonly absent: readonly Signal[];
};

const snapshotOf = (stage: StageId, { at, values, absent, gaps }: SavedSnapshot): Snapshot => ({
  ...emptySnapshot(stage, at),
  values: new Map(values),
  absent: new Set(absent),
  gaps,
});

function parsed(memory: Uint8Array): SavedMemory | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(memory)) as SavedMemory;
  } catch {
    return undefined;
  }
}

export function createStageLine(
  plan: StagePlan,
  made: readonly StageDetector[],
  { jobs = inlineJobs, mayRetrain = () => true, before: predecessor }: StageLineOptions = {},
): StageLine {
  const detectors: StageDetectors = {
    signal: made.filter((one) => one.pass === 'signal').map((one) => one.detector),
    stage: made.filter((one) => one.pass === 'stage').map((one) => one.detector),
  };
  const judge = createJudge(plan);
  const exclusions = exclusionsOf(plan);
  const excludedAt = (at: EpochMs) =>
    exclusions.length === 0 ? exclusions : exclusions.filter((one) => holdsAt(one, at));
  const recollection = createRecollection(made);
  const retraining = createRetraining(
    made.map((one) => one.detector),
    jobs,
    mayRetrain,
  );
  let last: StageStep | undefined;
  let first: readonly Surprise[] = [];
  let previous: Snapshot | undefined;
  /** The last snapshot that was taken over from whoever watched the stage before. */
  let before: Snapshot | undefined;
  let flow: Estimate = NO_ESTIMATE;
  let heritage = predecessor;
  const inherit = (): void => {
    const bytes = heritage?.save();
    heritage = undefined;
    if (bytes) restore(bytes);
  };

  function restore(bytes: Uint8Array): boolean {
    const [memory, ...states] = unpackBlobs(bytes) ?? [];
    const saved = memory && parsed(memory);
    if (!saved || states.length !== saved.types.length + 1 || saved.fingerprint !== plan.fingerprint) {
      recollection.refuse(saved && saved.fingerprint !== plan.fingerprint ? 'config' : 'damaged');
      return false;
    }
    const known = saved.types.map((type, index) => ({ type, bytes: states[index] as Uint8Array }));
    const refused = recollection.restore(known, saved.relearning ?? []);
    // Jobs name detectors by their place. One that starts anew, or came with an update, moves no place and has none under way.
    const places = made.map(({ type }) => (refused.has(type) ? -1 : saved.types.indexOf(type)));
    retraining.restore(states[saved.types.length] as Uint8Array, places);
    judge.restore(saved.judge);
    flow = saved.flow;
    before = saved.last && snapshotOf(plan.id, saved.last);
    return true;
  }

  return {
    plan,
    judge(raw, latest, standing) {
      inherit();
      const earlier = last?.snapshot ?? before;
      const snapshot = derive(plan, raw, earlier, latest);
      retraining.takeResults();
      const surprises = surprisesOf(detectors, snapshot, snapshot.at);
      first = surprises.first;
      if (snapshot.gaps.length === 0) recollection.note(surprises.all);
      const judged = judge.judge(surprises.all, snapshot, { ...standing, excluded: excludedAt(snapshot.at) });
      previous = earlier;
      last = { snapshot, ...judged };
      return last;
    },
    advance(footing, calm) {
      if (!last) return;
      const { snapshot } = last;
      const excluded = excludedAt(snapshot.at);
      // What the whole does not share in is that signal's own: the others need not stand still for days because one is stuck.
      const holds = footing === 'learning-over' || (footing === 'incident' && !judge.vouchesForOthers);
      const how: HowToAdvance = (subject) => {
        if (footing === 'distorted' || isExcluded(excluded, subject)) return 'distorted';
        if (footing === 'training') return 'learn';
        return holds || judge.isHeld(subject) ? 'hold' : 'learn';
      };
      for (const { detector, pass } of made)
        detector.advance(snapshot, snapshot.at, how, pass === 'stage' ? first : []);
      retraining.ask(snapshot.at);
      flow = estimate(flow, snapshot, calm && excluded.length === 0);
      first = [];
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
    get remembered() {
      return last?.snapshot ?? before;
    },
    get estimate() {
      return flow;
    },
    outlooks(points) {
      inherit();
      return made.flatMap(({ detector }) => detector.outlook?.(points) ?? []);
    },
    readySubjects: () => judge.readySubjects(),
    get relearning() {
      return heritage?.relearning ?? recollection.relearning;
    },
    resultsDue() {
      inherit();
      return retraining.resultsDue();
    },
    save() {
      inherit();
      const { relearning } = recollection;
      const shown = last?.snapshot ?? before;
      const memory = JSON.stringify({
        judge: judge.save(),
        flow,
        fingerprint: plan.fingerprint,
        types: made.map((one) => one.type),
        ...(relearning.length > 0 && { relearning }),
        ...(shown && {
          last: { at: shown.at, values: [...shown.values], absent: [...shown.absent], gaps: shown.gaps },
        }),
      } satisfies SavedMemory);
      const states = made.map((one) => one.detector.save());
      const packed = packBlobs([new TextEncoder().encode(memory), ...states, retraining.save()]);
      for (const state of states) discard(state);
      return packed;
    },
    restore(bytes) {
      heritage = undefined;
      return restore(bytes);
    },
  };
}
