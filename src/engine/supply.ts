import type { Snapshot } from '../domain/snapshot.ts';
import type { Graph, StageId } from '../domain/stage.ts';
import type { Estimate } from './estimate.ts';

/**
 * What comes to a stage from those above it. `held`: one of them gets its work and gives nothing on; `dry`: none of them gets
 * anything any more; `changing`: it began or ended a moment ago; `unknown`: whoever could tell is not seen.
 */
export type Supply = 'origin' | 'flows' | 'held' | 'changing' | 'dry' | 'unknown';

/** How the stages above are known. */
export interface Above {
  readonly graph: Graph;
  /** The newest snapshot, as long as it is new enough and shows anything. */
  seen(stage: StageId): Snapshot | undefined;
  estimate(stage: StageId): Estimate;
}

/** A flow below this share of the usual one is none. */
export const NOTHING = 0.05;

/** The best of what its feeders give: one that flows is enough. */
export function supplyOf(stage: StageId, above: Above): Supply {
  const feeders = above.graph.upstream(stage);
  if (feeders.length === 0) return 'origin';
  const gives = feeders.map((feeder) => givenBy(feeder, above));
  return (['flows', 'held', 'changing', 'unknown'] as const).find((one) => gives.includes(one)) ?? 'dry';
}

function givenBy(feeder: StageId, above: Above): Exclude<Supply, 'origin'> {
  const snapshot = above.seen(feeder);
  if (!snapshot) return 'unknown';
  const { recentIn, usualIn, recentOut, usualOut } = above.estimate(feeder);
  const into = flowOf(snapshot.values.get('in_records_per_second'), recentIn, usualIn);
  const out = flowOf(snapshot.values.get('out_records_per_second'), recentOut, usualOut);
  // A topic has no output of its own: what comes in can be had.
  const given = out === 'unseen' ? into : out;
  if (given === 'flows' || given === 'changing') return given;
  if (into === 'flows') return 'held';
  const higher = supplyOf(feeder, above);
  if (given === 'unseen') return higher === 'origin' || higher === 'flows' ? 'unknown' : higher;
  return higher === 'origin' ? 'dry' : higher === 'flows' ? 'held' : higher;
}

/** The newest value and the mean of the last few have to agree. */
function flowOf(
  now: number | undefined,
  recent: number | undefined,
  usual = 0,
): 'flows' | 'nothing' | 'changing' | 'unseen' {
  if (now === undefined || recent === undefined) return 'unseen';
  const [isNow, wasRecently] = [now, recent].map((rate) => rate > NOTHING * usual);
  return isNow !== wasRecently ? 'changing' : isNow ? 'flows' : 'nothing';
}
