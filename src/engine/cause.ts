import type { Cause } from '../domain/cause.ts';
import type { Score } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { partOfSubject } from '../domain/subject.ts';
import type { Estimate } from './estimate.ts';
import { isAloneBehind, partitionTrouble } from './partitions.ts';
import { NOTHING, type Supply } from './supply.ts';

/** What is known of the stage where an incident began. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly before: Snapshot | undefined;
  readonly scores: readonly Score[];
  readonly estimate: Estimate;
  /** What comes from above. */
  readonly supply: Supply;
}

const BAD_RATIO = 0.05;
const DUPLICATE_RATIO = 0.2;
const ERROR_RATIO = 0.03;

/**
 * Names what kind of trouble the stage is in, most specific first. Rules on plain facts, so that it works without any
 * learned past; where the past is known it sharpens them. `unknown` when no rule fits.
 */
export function nameCause(scene: Scene): Cause {
  const { snapshot, before, estimate } = scene;
  const value = (signal: string) => snapshot.values.get(signal) ?? 0;
  if (value('bad_ratio') > BAD_RATIO || lostRows(scene) || hasDrifted(scene)) return 'bad-data';
  if (value('duplicate_ratio') > DUPLICATE_RATIO) return 'duplicates';
  if (value('rewound_records') > 0 || estimate.replays) return 'replay';
  if (value('rebalancing') > 0) return 'rebalancing';
  const partition = isTriedInVain(scene) ? 'poison' : partitionTrouble(snapshot, before);
  if (partition) return partition;
  if (estimate.stillFor >= 2 || isDeserted(snapshot)) return 'stopped';
  if (value('error_ratio') > ERROR_RATIO) return 'downstream';
  return flowTrouble(scene);
}

/** What the rates tell, and where there are none the age of the newest data. */
function flowTrouble(scene: Scene): Cause {
  const { snapshot, scores, estimate, supply } = scene;
  const { recentIn, recentOut } = estimate;
  if (starves(estimate) && (supply === 'origin' || supply === 'dry' || supply === 'unknown')) return 'source-outage';
  if (isFlooded(estimate)) return estimate.arrears > 0 ? 'backlog' : 'surge';
  const strange = strangeOf(scores);
  if ([...strange].some((signal) => signal.startsWith('latency_') || signal === 'run_seconds')) return 'slow';
  if (recentOut !== undefined && recentIn !== undefined && (snapshot.values.get('lag_records') ?? 0) > 0)
    return isStill(scene) ? 'unknown' : behindWhy(estimate);
  // Nothing new comes out. Whether the stage stands still or its source does is told by what comes from above.
  if (strange.has('freshness_seconds')) {
    if (supply === 'flows') return 'stopped';
    if (supply === 'origin' || supply === 'dry') return 'source-outage';
  }
  return 'unknown';
}

/** What is over its line. */
const strangeOf = (scores: readonly Score[]): ReadonlySet<string> =>
  new Set(scores.filter((score) => score.value >= score.ticketLine).map((score) => partOfSubject(score.subject)));

/** Every record that is being worked on was given out once; how quickly it is done with says nothing of the record. */
const GIVEN_ONCE = 1;

/** The oldest record is given out again and again, or one partition has not moved for long, while others get done. */
function isTriedInVain({ snapshot, scores, estimate }: Scene): boolean {
  const lag = snapshot.parts.get('lag_records');
  const [stuck, all] = ['stuck_partitions', 'partitions'].map((signal) => snapshot.values.get(signal) ?? 0) as [
    number,
    number,
  ];
  const isGivenAgain = (snapshot.values.get('pending_deliveries') ?? 0) > GIVEN_ONCE;
  const tried =
    (isGivenAgain && strangeOf(scores).has('pending_deliveries')) ||
    (stuck === 1 && all > 1 && (!lag || isAloneBehind(lag)));
  return tried && estimate.stillFor === 0 && (estimate.recentOut ?? 0) > NOTHING * (estimate.usualOut ?? 0);
}

/** Work waits and nobody is there to do it. */
const isDeserted = ({ values }: Snapshot): boolean =>
  values.get('group_members') === 0 && (values.get('lag_records') ?? 0) > 0;

/** Nothing comes in any more, and what had come is done. */
const starves = ({ recentIn, usualIn = 0, recentOut = 0, usualOut = 0 }: Estimate): boolean =>
  recentIn !== undefined && usualIn > 0 && recentIn <= NOTHING * usualIn && recentOut <= NOTHING * usualOut;

/** Far more comes in than a moment ago. */
const isFlooded = ({ recentIn, usualIn }: Estimate): boolean =>
  recentIn !== undefined && usualIn !== undefined && usualIn > 0 && recentIn > 1.4 * usualIn;

/** Nothing leaves at the moment. Whether the stage has stopped is known a few samples later. */
const isStill = ({ snapshot, estimate }: Scene): boolean =>
  (snapshot.values.get('out_records_per_second') ?? 1) <= NOTHING * (estimate.usualOut ?? 0);

/** Out by this share above in is draining; in by this share above the mean of hours is more than ever. */
const DRAINS = 0.05;
const MORE_THAN_EVER = 0.1;

/** Work waits and some is done. Whether too much comes in or too little goes out is told by what has come for hours. */
function behindWhy({ recentIn = 0, recentOut = 0, usualOut, normalIn }: Estimate): Cause {
  if (recentOut > (1 + DRAINS) * recentIn) return 'backlog';
  const getsLessDone = recentOut < 0.9 * recentIn || (usualOut !== undefined && recentOut < 0.8 * usualOut);
  if (normalIn === undefined) return getsLessDone ? 'slow' : 'backlog';
  return recentIn > (1 + MORE_THAN_EVER) * normalIn ? 'surge' : 'slow';
}

/** Far fewer records leave than arrive though nothing waits: a filter drops them. */
function lostRows({ snapshot, scores }: Scene): boolean {
  const kept = scores.find((score) => partOfSubject(score.subject) === 'kept_ratio' && score.value >= score.ticketLine);
  const ratio = snapshot.values.get('kept_ratio');
  return kept !== undefined && ratio !== undefined && ratio < 0.95;
}

/** The values of a field are spread as they never were. */
const hasDrifted = ({ scores }: Scene): boolean =>
  scores.some((score) => score.detector === 'drift' && score.value >= score.ticketLine);
