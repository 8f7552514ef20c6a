import { quantileSorted } from 'simple-statistics';

/**
 * Sample quantiles by linear interpolation between order statistics (Hyndman and Fan's type 7, the default of NumPy and R).
 * `values` need not be sorted and are not changed.
 * `probabilities` lie in [0, 1]. Empty input gives NaN for each. Values must be finite.
 * Cost: one sort. Wrong for extreme tails of few samples: beyond the largest value it knows nothing (see `DecayedTail`).
 *
 * Source: R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996).
 *
 * @example
 * quantiles([3, 1, 2, 4], [0.5])[0] === 2.5
 */
export function quantiles(values: ArrayLike<number>, probabilities: readonly number[]): number[] {
  if (values.length === 0) return probabilities.map(() => Number.NaN);
  const sorted = Array.from(values).sort((a, b) => a - b);
  return probabilities.map((p) => quantileSorted(sorted, p));
}

/** One quantile of unsorted values; see `quantiles`. */
export const quantile = (values: ArrayLike<number>, probability: number): number =>
  quantiles(values, [probability])[0] as number;

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);
