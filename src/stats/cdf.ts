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

/** A value that so many of the numbers have is a step of its own; there are 25 at most. */
const LEAST_STEP = 0.04;

/**
 * As `compact`, but a value that many numbers share keeps where its share begins and ends: of quantities from 1 to 5 the 25 points
 * alone would tell each share to within 5 % only. 25 to 75 points.
 */
export function compactWithSteps(cdf: Cdf): Cdf {
  const steps = stepsOf(cdf);
  if (steps.length === 0) return compact(cdf);
  const plain = KEPT.filter((share) => !steps.some(({ from, to }) => share >= from && share <= to));
  const points = [
    ...plain.map((share) => [share, valueAt(cdf, share)] as const),
    ...steps.flatMap(({ value, from, to }) => [[from, value] as const, [to, value] as const]),
  ].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return {
    rows: cdf.rows,
    at: Float64Array.from(points, ([, value]) => Math.fround(value)),
    share: Float64Array.from(points, ([share]) => Math.fround(share)),
  };
}

function stepsOf({
  at,
  share,
}: Cdf): readonly { readonly value: number; readonly from: number; readonly to: number }[] {
  const steps: { value: number; from: number; to: number }[] = [];
  for (let first = 0; first < at.length; ) {
    let last = first;
    while (last + 1 < at.length && at[last + 1] === at[first]) last++;
    const [from, to] = [share[first] as number, share[last] as number];
    if (to - from >= LEAST_STEP) steps.push({ value: at[first] as number, from, to });
    first = last + 1;
  }
  return steps;
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
