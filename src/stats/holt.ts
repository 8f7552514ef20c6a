/** A level and its change from one sample to the next. */
export interface Course {
  readonly level: number;
  readonly trend: number;
}

/**
 * Holt's linear trend method, one step. `alpha` weighs the new value in the level, `beta` the new change in the trend; both in
 * (0, 1]. The forecast `k` samples ahead is `level + k * trend`. Numbers are kept where sums stay finite.
 *
 * Wrong for trends that saturate: it goes on for ever. Ask it only as far ahead as it has been right.
 *
 * Source: C. C. Holt, "Forecasting seasonals and trends by exponentially weighted moving averages", ONR 52 (1957);
 * R. Hyndman, G. Athanasopoulos, "Forecasting: principles and practice", 3rd ed., 8.2.
 */
export function holtStep({ level, trend }: Course, value: number, alpha: number, beta: number): Course {
  const next = bounded(alpha * bounded(value) + (1 - alpha) * (level + trend));
  return { level: next, trend: bounded(beta * (next - level) + (1 - beta) * trend) };
}

const bounded = (x: number): number => Math.max(-1e300, Math.min(1e300, x));
