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
  /** What arrives at each partition, records per second, where that is known. */
  readonly into?: ArrayLike<number> | undefined;
}

/** Workers are sized to be busy this share of the time. */
const UTILISATION = 0.85;

/**
 * How many workers take what arrives at a sane utilisation and drain the backlog in time, between `min` and `max`.
 * On a partitioned input only counts that change the largest share matter: 5 workers on 12 partitions do the work of 4.
 * `undefined` where that is no more than there are.
 */
export function replicasFor(view: ReplicasView): number | undefined {
  const { arriving, backlog, perWorker, now, min, max, drainWithin, partitions, into } = view;
  if (!(perWorker > 0)) return undefined;
  const needed = Math.ceil((arriving / UTILISATION + backlog / (drainWithin / 1_000)) / perWorker);
  const atLeast = into === undefined ? needed : Math.max(needed, forHottest(into, perWorker));
  const useful = partitions === undefined ? atLeast : snapToPartitions(atLeast, partitions);
  const wanted = Math.min(max, Math.max(min, useful));
  return wanted > now ? wanted : undefined;
}

/** The smallest worker count that does the work of `needed` even workers on `partitions` partitions. */
export function snapToPartitions(needed: number, partitions: number): number {
  if (needed >= partitions) return partitions;
  const each = Math.floor(partitions / Math.max(1, needed));
  return Math.ceil(partitions / Math.max(1, each));
}

/** Partitions are even where none gets this many times the mean of the others; a little more is noise. */
const EVEN = 1.5;

/**
 * The smallest worker count at which whoever reads the hottest partition can keep up with it and with the others it reads; 1 where all
 * partitions are even, and a worker for each where even that is too few.
 */
function forHottest(into: ArrayLike<number>, perWorker: number): number {
  const all = Array.from(into);
  if (all.length < 2 || !all.every(Number.isFinite)) return 1;
  const most = Math.max(...all);
  const mean = (all.reduce((sum, one) => sum + one, 0) - most) / (all.length - 1);
  if (most <= EVEN * mean) return 1;
  const others = Math.max(0, Math.floor((perWorker - most) / Math.max(mean, 1e-9)));
  return Math.ceil(all.length / Math.min(all.length, others + 1));
}
