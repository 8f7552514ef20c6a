import { type Cdf, shareBelow, shareUpTo } from './cdf.ts';
import { normalSurvival } from './gamma.ts';
import type { TwoSampleTest } from './kolmogorov-smirnov.ts';

/**
 * Mann–Whitney U of the first against the second: the number of pairs in which the first is greater, ties counted half. Two-sided
 * p-value from the normal law with corrections for ties and continuity; good from about 20 rows on each side. On sketches
 * the pairs are taken from the straight lines between points, and ties from their jumps.
 * It sees a move to one side; of a change of shape around the same middle it sees nothing. All values equal, or an empty side: p is 1.
 * Rows must be independent. Cost: points of both × log.
 *
 * Source: H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is stochastically larger", 1947.
 */
export function mannWhitney(a: Cdf, b: Cdf): TwoSampleTest {
  const [n, m] = [a.rows, b.rows];
  if (n === 0 || m === 0) return { statistic: 0, pValue: 1 };
  const values = [...new Set([...a.at, ...b.at])].sort((x, y) => x - y);
  let greater = 0;
  let ties = 0;
  let [upToA, upToB] = [0, 0];
  for (const x of values) {
    const [belowA, belowB] = [shareBelow(a, x), shareBelow(b, x)];
    // Between two points both lines are straight, and within it each is as often the greater.
    greater += (belowA - upToA) * (upToB + (belowB - upToB) / 2);
    const [atA, atB] = [shareUpTo(a, x), shareUpTo(b, x)];
    greater += (atA - belowA) * (belowB + (atB - belowB) / 2);
    const tied = (atA - belowA) * n + (atB - belowB) * m;
    if (tied > 1) ties += tied ** 3 - tied;
    upToA = atA;
    upToB = atB;
  }
  const statistic = halves(greater * n * m);
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return { statistic, pValue: 1 };
  const z = (Math.abs(statistic - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return { statistic, pValue: Math.min(1, 2 * normalSurvival(z)) };
}

/** Counts of pairs come in halves; what is off by rounding alone is put right. */
function halves(count: number): number {
  const near = Math.round(2 * count) / 2;
  return Math.abs(near - count) <= 1e-9 * Math.max(1, count) ? near : count;
}
