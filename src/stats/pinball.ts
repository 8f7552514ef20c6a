/**
 * How wrong it was to call `quantile` the `tau` quantile of what turned out as `value`: the loss whose mean is least for the true
 * quantile. Never negative, in the unit of the value; 0 only where both are equal.
 *
 * Source: R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46 (1978).
 *
 * @example
 * pinballLoss(12, 10, 0.9) // 1.8: it came higher than a quantile that nearly nothing exceeds
 */
export const pinballLoss = (value: number, quantile: number, tau: number): number =>
  value >= quantile ? tau * (value - quantile) : (1 - tau) * (quantile - value);

/**
 * One step of a running quantile: up by `step * tau` where the value lies above it, down by `step * (1 - tau)` where below.
 * `step` ≥ 0 in the unit of the value; it follows a changing law within about `spread / step` samples.
 *
 * Source: H. Robbins, S. Monro, "A stochastic approximation method" (1951), for quantiles as in L. Tierney (1983).
 */
export const quantileStep = (quantile: number, value: number, tau: number, step: number): number =>
  quantile + step * (value > quantile ? tau : tau - 1);
