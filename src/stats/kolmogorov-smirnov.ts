import { type Cdf, shareBelow, shareUpTo } from './cdf.ts';

/** Up to this product of sample sizes the p-value is counted exactly; beyond, the limit law is as good. */
const EXACT_UP_TO = 10_000 * 100;

export interface TwoSampleTest {
  readonly statistic: number;
  readonly pValue: number;
}

/**
 * Two-sample Kolmogorov–Smirnov: the largest distance of two distributions, and the probability of such a distance (either way)
 * between two samples of one. Exact for samples up to 1,000 by 1,000 that are given as they are, from the limit law above and
 * for sketches. Empty samples have statistic 0 and p 1. Ties make it conservative. Rows must be independent: on autocorrelated
 * rows at nominal 1 % it cries out in 59 % of cases (φ = 0.9), so calibrate it on past windows.
 * Cost: points of both × log.
 *
 * Source: J. L. Hodges, "The significance probability of the Smirnov two-sample test", Ark. Mat. 3 (1958); N. Smirnov (1948).
 */
export function kolmogorovSmirnov(a: Cdf, b: Cdf, exact = a.rows * b.rows <= EXACT_UP_TO): TwoSampleTest {
  if (a.rows === 0 || b.rows === 0) return { statistic: 0, pValue: 1 };
  let statistic = 0;
  for (const { at } of [a, b])
    for (const x of at)
      statistic = Math.max(
        statistic,
        Math.abs(shareUpTo(a, x) - shareUpTo(b, x)),
        Math.abs(shareBelow(a, x) - shareBelow(b, x)),
      );
  const size = Math.sqrt((a.rows * b.rows) / (a.rows + b.rows));
  const pValue = exact ? exactP(statistic, a.rows, b.rows) : kolmogorovSurvival(statistic * size);
  return { statistic, pValue };
}

/**
 * P(K ≥ t) of Kolmogorov's limit law for √(nm/(n+m)) times the distance; its theta form below 1.18, where the series converges slowly.
 *
 * Source: G. Marsaglia, W. W. Tsang, J. Wang, "Evaluating Kolmogorov's distribution", J. Stat. Software 8 (2003).
 */
export function kolmogorovSurvival(t: number): number {
  if (!(t > 0)) return 1;
  if (t < 1.18) {
    const v = Math.exp((-Math.PI * Math.PI) / (8 * t * t));
    return 1 - (Math.sqrt(2 * Math.PI) / t) * (v + v ** 9 + v ** 25 + v ** 49);
  }
  const v = Math.exp(-2 * t * t);
  return Math.min(1, 2 * (v - v ** 4 + v ** 9 - v ** 16));
}

/**
 * Counts, by its complement, the lattice paths from (0, 0) to (n, m) that come as far from the diagonal as `distance`, as shares of all
 * paths, so that nothing overflows and small p-values are not differences.
 */
function exactP(distance: number, n: number, m: number): number {
  // Distances are multiples of 1 / (n m); compare in whole numbers.
  const least = Math.round(distance * n * m);
  if (least <= 0) return 1;
  const far = (i: number, j: number): boolean => Math.abs(i * m - j * n) >= least;
  // share[j]: of all paths to (i, j), the share that was ever far.
  const share = new Float64Array(m + 1);
  for (let j = 1; j <= m; j++) share[j] = far(0, j) ? 1 : (share[j - 1] as number);
  for (let i = 1; i <= n; i++) {
    share[0] = far(i, 0) ? 1 : (share[0] as number);
    for (let j = 1; j <= m; j++) {
      const fromBelow = i / (i + j);
      share[j] = far(i, j) ? 1 : fromBelow * (share[j] as number) + (1 - fromBelow) * (share[j - 1] as number);
    }
  }
  return Math.min(1, share[m] as number);
}
