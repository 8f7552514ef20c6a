import type { DurationMs } from '../domain/time.ts';

/**
 * The weight of a new sample in an exponentially weighted mean over irregular samples: 1 − e^(−elapsed/memory), in [0, 1).
 * Two half steps weigh as much as one whole step, so the mean depends on time and not on how often it was asked.
 * `elapsed` ≤ 0 (a clock that ran back) weighs 0. `memory` > 0 is the time after which a value has faded to 1/e.
 *
 * Source: A. Eckner, "Algorithms for unevenly spaced time series: moving averages and other rolling operators" (2012), EMA_last.
 *
 * @example
 * mean += ewmaWeight(10_000, 60_000) * (value - mean);
 */
export const ewmaWeight = (elapsed: DurationMs, memory: DurationMs): number =>
  elapsed > 0 ? -Math.expm1(-elapsed / memory) : 0;
