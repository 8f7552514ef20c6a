import type { DurationMs } from '../domain/time.ts';

export interface ReplicasView {
  /** What arrives, records per second. */
  readonly arriving: number;
  readonly backlog: number;
  /** What one worker gets done, records per second, learned only while work waited. */
  readonly perWorker: number;
  readonly now: number;
  readonly min: number;
  readonly max: number;
  readonly drainWithin: DurationMs;
  /** Partitions of the input: a partition is read by one worker only. `undefined` where the input has none. */
  readonly partitions: number | undefined;
}

/** Workers are sized to be busy this share of the time. */
const UTILISATION = 0.85;

/**
 * How many workers take what arrives at a sane utilisation and drain the backlog in time, between `min` and `max`.
 * On a partitioned input only counts that change the largest share matter: 5 workers on 12 partitions do the work of 4.
 * `undefined` where that is no more than there are.
 */
export function replicasFor(view: ReplicasView): number | undefined {
  const { arriving, backlog, perWorker, now, min, max, drainWithin, partitions } = view;
  if (!(perWorker > 0)) return undefined;
  const needed = Math.ceil((arriving / UTILISATION + backlog / (drainWithin / 1_000)) / perWorker);
  const useful = partitions === undefined ? needed : snapToPartitions(needed, partitions);
  const wanted = Math.min(max, Math.max(min, useful));
  return wanted > now ? wanted : undefined;
}

/** The smallest worker count that does the work of `needed` even workers on `partitions` partitions. */
export function snapToPartitions(needed: number, partitions: number): number {
  if (needed >= partitions) return partitions;
  const each = Math.floor(partitions / Math.max(1, needed));
  return Math.ceil(partitions / Math.max(1, each));
}
