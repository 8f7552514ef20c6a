import type { Profile } from '../domain/profile.ts';

/**
 * A distribution of numbers as a line through points of value and share: `at` ascending, repeated where the share jumps; `share`
 * ascending from 0 or more to 1. Between points it is straight. `rows` is how many numbers stand behind it.
 */
export interface Cdf {
  readonly rows: number;
  readonly at: Float64Array;
  readonly share: Float64Array;
}

/** The exact distribution of a sample: a step at each value. Values must be finite. Cost: one sort. */
export function cdfOfValues(values: ArrayLike<number>): Cdf {
  const sorted = Float64Array.from(values).sort();
  const at: number[] = [];
  const share: number[] = [];
  for (let i = 0; i < sorted.length; ) {
    let next = i + 1;
    while (next < sorted.length && sorted[next] === sorted[i]) next++;
    at.push(sorted[i] as number, sorted[i] as number);
    share.push(i / sorted.length, next / sorted.length);
    i = next;
  }
  return { rows: sorted.length, at: Float64Array.from(at), share: Float64Array.from(share) };
}

/** The distribution a profile of numbers shows, from its quantiles or else its histogram; `undefined` where it has neither. */
export function cdfOfProfile({ rows, nulls, quantiles, histogram }: Profile): Cdf | undefined {
  const count = Math.max(0, rows - nulls);
  if (quantiles && quantiles.length >= 2)
    return {
      rows: count,
      at: Float64Array.from(quantiles, ([, value]) => value),
      share: Float64Array.from(quantiles, ([probability]) => probability),
    };
  if (!histogram || histogram.edges.length < 2) return undefined;
  const total = histogram.counts.reduce((sum, one) => sum + one, 0);
  if (total === 0) return undefined;
  const share = [0];
  for (const one of histogram.counts) share.push((share.at(-1) as number) + one / total);
  share[share.length - 1] = 1;
  return { rows: count, at: Float64Array.from(histogram.edges), share: Float64Array.from(share) };
}

/** Share of the numbers at or below `x`. */
export const shareUpTo = (cdf: Cdf, x: number): number => shareAt(cdf, x, lastAtOrBelow(cdf.at, x));

/** Share of the numbers below `x`. */
export const shareBelow = (cdf: Cdf, x: number): number => shareAt(cdf, x, firstAtOrAbove(cdf.at, x) - 1);

/** Between the point `left` and the next; points before the first have the share of nothing, those after the last of all. */
function shareAt({ at, share }: Cdf, x: number, left: number): number {
  if (left < 0) return at[0] === x ? (share[0] as number) : 0;
  if (left >= at.length - 1) return 1;
  const [low, high] = [at[left] as number, at[left + 1] as number];
  const [from, to] = [share[left] as number, share[left + 1] as number];
  return high > low ? from + ((to - from) * (x - low)) / (high - low) : from;
}

function lastAtOrBelow(at: Float64Array, x: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] as number) <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function firstAtOrAbove(at: Float64Array, x: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value below which `share` of the numbers lie. */
export function valueAt({ at, share }: Cdf, wanted: number): number {
  let index = 0;
  while (index < share.length - 1 && (share[index] as number) < wanted) index++;
  if (index === 0) return at[0] as number;
  const [from, to] = [share[index - 1] as number, share[index] as number];
  const [low, high] = [at[index - 1] as number, at[index] as number];
  return to > from ? low + (high - low) * Math.min(1, (wanted - from) / (to - from)) : high;
}

/** Shares at which `compact` keeps the values; closer together at both ends. */
const KEPT = [0, 0.01, 0.025, 0.05, ...Array.from({ length: 17 }, (_, i) => 0.1 + i * 0.05), 0.95, 0.975, 0.99, 1];

/** The same distribution with 25 points, for keeping. */
export function compact(cdf: Cdf): Cdf {
  return {
    rows: cdf.rows,
    at: Float64Array.from(KEPT, (share) => Math.fround(valueAt(cdf, share))).sort(),
    share: Float64Array.from(KEPT),
  };
}

export const COMPACT_SHARES: readonly number[] = KEPT;

/** One distribution of all the numbers behind several. `cdfs` must not be empty. */
export function mixture(cdfs: readonly Cdf[]): Cdf {
  if (cdfs.length === 1) return cdfs[0] as Cdf;
  const rows = cdfs.reduce((sum, cdf) => sum + cdf.rows, 0);
  const values = [...new Set(cdfs.flatMap((cdf) => [...cdf.at]))].sort((a, b) => a - b);
  const shareOf = (side: (cdf: Cdf, x: number) => number, x: number): number =>
    cdfs.reduce((sum, cdf) => sum + side(cdf, x) * (cdf.rows / rows), 0);
  return {
    rows,
    at: Float64Array.from(values.flatMap((x) => [x, x])),
    share: Float64Array.from(values.flatMap((x) => [shareOf(shareBelow, x), shareOf(shareUpTo, x)])),
  };
}
