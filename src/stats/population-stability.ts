import { type Cdf, shareUpTo, valueAt } from './cdf.ts';

/** Bins of numbers: tenths of the reference. */
const BINS = 10;
/** Added to each count, so that an empty bin is no infinite change. */
const PSEUDO = 0.5;

/** How different two distributions are, and how different two samples of this size from one would be on average. */
export interface Effect {
  readonly effect: number;
  readonly effectNull: number;
}

/**
 * Population stability index Σ (q − p) ln(q / p) over the same bins of both, from counts with ½ added to each. Two samples of one
 * distribution have (bins − 1)(1/n + 1/m) of it on average, which is `effectNull`. Read as a symmetric divergence it is δ² for a
 * shift of a normal by δ standard deviations; 0.1 and 0.2 are called moderate and large. No rows on one side: 0.
 *
 * Source: B. Yurdakul, "Statistical properties of population stability index", 2018 (the law under no change).
 *
 * @example
 * stability([100, 200, 300, 400], [250, 250, 250, 250]).effect // 0.228
 */
export function stability(reference: readonly number[], current: readonly number[]): Effect {
  const bins = reference.length;
  const n = reference.reduce((sum, x) => sum + x, 0);
  const m = current.reduce((sum, x) => sum + x, 0);
  if (n === 0 || m === 0 || bins < 2) return { effect: 0, effectNull: 0 };
  let effect = 0;
  for (let bin = 0; bin < bins; bin++) {
    const p = ((reference[bin] as number) + PSEUDO) / (n + PSEUDO * bins);
    const q = ((current[bin] ?? 0) + PSEUDO) / (m + PSEUDO * bins);
    effect += (q - p) * Math.log(q / p);
  }
  return { effect, effectNull: (bins - 1) * (1 / n + 1 / m) };
}

/** The index over tenths of the reference, with open ends, so that one far value changes nothing. Equal quantiles are one bin. */
export function stabilityOf(reference: Cdf, current: Cdf): Effect {
  const edges = [...new Set(Array.from({ length: BINS - 1 }, (_, i) => valueAt(reference, (i + 1) / BINS)))];
  const counts = (cdf: Cdf): number[] => {
    const shares = [0, ...edges.map((edge) => shareUpTo(cdf, edge)), 1];
    return shares.slice(1).map((share, i) => (share - (shares[i] as number)) * cdf.rows);
  };
  const [before, after] = [counts(reference), counts(current)];
  // A bin without rows in both is none.
  const used = before.flatMap((count, bin) => (count + (after[bin] as number) > 0 ? [bin] : []));
  return stability(
    used.map((bin) => before[bin] as number),
    used.map((bin) => after[bin] as number),
  );
}
