import { mean, medianAbsoluteDeviation } from 'simple-statistics';
import { median } from './quantile.ts';

/** Makes the median absolute deviation of normal samples estimate their standard deviation: 1 / Φ⁻¹(3/4). */
export const NORMAL_PER_MAD = 1.482602218505602;

/** Makes the mean absolute deviation of normal samples estimate their standard deviation: √(π/2). */
export const NORMAL_PER_MEAN_DEVIATION = 1.2533141373155001;

/** A centre and a spread that a minority of wild values cannot move far. `scale` estimates the standard deviation. */
export interface RobustScale {
  readonly centre: number;
  readonly scale: number;
}

/**
 * Median and scaled median absolute deviation. Where more than half of the values are equal the latter is 0; then the scaled
 * mean absolute deviation from the median stands in, so that only a constant has scale 0. Half of the values may be wild
 * (breakdown point 50 %); for clean normal samples it needs 2.7 times as many as the standard deviation does.
 * Values must be finite, in any order; none gives NaN. Cost: a few sorts.
 *
 * Source: P. J. Rousseeuw, C. Croux, "Alternatives to the median absolute deviation", JASA 88 (1993).
 *
 * @example
 * robustScale([10, 10, 10, 10, 1_000]).centre === 10
 */
export function robustScale(values: ArrayLike<number>): RobustScale {
  if (values.length === 0) return { centre: Number.NaN, scale: Number.NaN };
  const list = Array.from(values);
  const centre = median(list);
  const scale = NORMAL_PER_MAD * medianAbsoluteDeviation(list);
  if (scale > 0) return { centre, scale };
  return { centre, scale: NORMAL_PER_MEAN_DEVIATION * mean(list.map((value) => Math.abs(value - centre))) };
}
