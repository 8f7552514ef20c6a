/** Observations up to `upper`, those of smaller buckets included. */
export interface Bucket {
  /** Upper bound, inclusive; the last one is +Inf. */
  readonly upper: number;
  readonly count: number;
}

/**
 * The q-quantile of a classic histogram by linear interpolation within the bucket it falls into, as PromQL's
 * `histogram_quantile` computes it: the first bucket starts at 0 where its bound is positive, a quantile beyond the highest
 * finite bound is that bound, and a count that falls is lifted to the one before.
 *
 * @param q in [0, 1].
 * @param buckets at least two, in any order, with distinct bounds; the highest is +Inf.
 * @returns `undefined` without observations, without a +Inf bucket, or with that bucket alone.
 * Wrong where the bounds are far apart: the error is at most the width of the bucket.
 */
export function histogramQuantile(q: number, buckets: readonly Bucket[]): number | undefined {
  const sorted = monotonic(buckets.toSorted((a, b) => a.upper - b.upper));
  const last = sorted.at(-1);
  if (sorted.length < 2 || last?.upper !== Number.POSITIVE_INFINITY || !(last.count > 0)) return undefined;
  const rank = q * last.count;
  const found = sorted.slice(0, -1).findIndex((bucket) => bucket.count >= rank);
  const index = found < 0 ? sorted.length - 1 : found;
  const { upper, count } = sorted[index] as Bucket;
  const below = sorted[index - 1];
  if (index === sorted.length - 1) return below?.upper;
  if (!below) return upper <= 0 ? upper : upper * share(rank, count);
  return below.upper + (upper - below.upper) * share(rank - below.count, count - below.count);
}

/** A bucket that nothing fell into is only met at rank 0. */
const share = (rank: number, count: number): number => (count > 0 ? rank / count : 0);

function monotonic(sorted: readonly Bucket[]): Bucket[] {
  let most = 0;
  return sorted.map(({ upper, count }) => {
    most = Math.max(most, count);
    return { upper, count: most };
  });
}
