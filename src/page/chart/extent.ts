import type { SparkInput } from './spark.ts';

/**
 * The y range of a chart: values and band together. It starts at 0, except where the band would then be less than 15 % of the
 * height. Never empty;
 * `headroom` is left free above, as a share of the height; `beside` are values that are drawn as well; `[0, 1]` where nothing is known.
 */
export function yExtent(
  series: SparkInput,
  headroom = 0.05,
  beside: readonly number[] = [],
): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let bandLow = Number.POSITIVE_INFINITY;
  let bandHigh = Number.NEGATIVE_INFINITY;
  const see = (n: number | null | undefined): void => {
    if (n == null) return;
    low = Math.min(low, n);
    high = Math.max(high, n);
  };
  for (let index = 0; index < series.at.length; index += 1) {
    see(series.value[index]);
    see(series.lower[index]);
    see(series.upper[index]);
    bandLow = Math.min(bandLow, series.lower[index] ?? bandLow);
    bandHigh = Math.max(bandHigh, series.upper[index] ?? bandHigh);
  }
  if (!Number.isFinite(low)) return [0, 1];
  // What is likely is seen as far as it leaves what was seen its place.
  const room = 1.5 * (high - low || Math.abs(high) || 1);
  const [floor, ceiling] = [low - room, high + room];
  for (const value of beside) see(Math.min(ceiling, Math.max(floor, value)));
  if (low >= 0) {
    const fromZero = high === 0 ? 1 : high * (1 + headroom);
    const thin = bandHigh > bandLow && (bandHigh - bandLow) / fromZero < 0.15;
    const outlier = high > bandHigh + 2 * (bandHigh - bandLow);
    if (!thin || outlier) return [0, fromZero];
  }
  const margin = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - margin, high + margin];
}
