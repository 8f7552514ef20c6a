import type { Cause } from '../domain/cause.ts';
import type { Score } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { partOfSubject } from '../domain/subject.ts';
import type { Estimate } from './estimate.ts';
import { partitionTrouble } from './partitions.ts';
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
  const partition = partitionTrouble(snapshot, before);
  if (partition) return partition;
  if (estimate.stillFor >= 2) return 'stopped';
  if (value('error_ratio') > ERROR_RATIO) return 'downstream';
  return flowTrouble(scene);
}

/** What the rates tell, and where there are none the age of the newest data. */
function flowTrouble({ snapshot, scores, estimate, supply }: Scene): Cause {
  const { recentIn, usualIn, recentOut, usualOut } = estimate;
  const starves = recentIn !== undefined && usualIn !== undefined && recentIn < NOTHING * usualIn;
  if (starves && (supply === 'origin' || supply === 'dry' || supply === 'unknown')) return 'source-outage';
  if (isFlooded(estimate)) return estimate.arrears > 0 ? 'backlog' : 'surge';
  const strange = new Set(
    scores.filter((score) => score.value >= score.ticketLine).map((score) => partOfSubject(score.subject)),
  );
  if ([...strange].some((signal) => signal.startsWith('latency_') || signal === 'run_seconds')) return 'slow';
  const standsStill = (snapshot.values.get('out_records_per_second') ?? 1) <= NOTHING * (usualOut ?? 0);
  if (recentOut !== undefined && recentIn !== undefined && (snapshot.values.get('lag_records') ?? 0) > 0) {
    // Whether it has stopped is known a few samples later.
    if (standsStill) return 'unknown';
    const getsLess = recentOut < 0.9 * recentIn || (usualOut !== undefined && recentOut < 0.8 * usualOut);
    if (getsLess) return arrivesAsEver(estimate) ? 'slow' : 'surge';
    return 'backlog';
  }
  // Nothing new comes out. Whether the stage stands still or its source does is told by what comes from above.
  if (strange.has('freshness_seconds')) {
    if (supply === 'flows') return 'stopped';
    if (supply === 'origin' || supply === 'dry') return 'source-outage';
  }
  return 'unknown';
}

/** Far more comes in than a moment ago. */
const isFlooded = ({ recentIn, usualIn }: Estimate): boolean =>
  recentIn !== undefined && usualIn !== undefined && usualIn > 0 && recentIn > 1.4 * usualIn;

/** More than this share above the mean of hours is more than ever. */
const MORE_THAN_EVER = 0.1;

/** What arrives is what has arrived for hours: that the stage falls behind is its own doing. */
const arrivesAsEver = ({ recentIn, normalIn }: Estimate): boolean =>
  recentIn === undefined || normalIn === undefined || recentIn <= (1 + MORE_THAN_EVER) * normalIn;

/** Far fewer records leave than arrive though nothing waits: a filter drops them. */
function lostRows({ snapshot, scores }: Scene): boolean {
  const kept = scores.find((score) => partOfSubject(score.subject) === 'kept_ratio' && score.value >= score.ticketLine);
  const ratio = snapshot.values.get('kept_ratio');
  return kept !== undefined && ratio !== undefined && ratio < 0.95;
}

/** The values of a field are spread as they never were. */
const hasDrifted = ({ scores }: Scene): boolean =>
  scores.some((score) => score.detector === 'drift' && score.value >= score.ticketLine);
