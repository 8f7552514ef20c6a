/**
 * −ln of the probability that a generalised Pareto variable is at least `excess`; what lies above a high threshold tends to
 * this law. `scale` > 0, `shape` ≥ 0 (0 is the exponential law; greater is heavier). `excess` ≤ 0 gives 0.
 *
 * Source: J. Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 3 (1975).
 */
export function paretoSurprise(excess: number, scale: number, shape: number): number {
  if (excess <= 0) return 0;
  return shape === 0 ? excess / scale : Math.log1p((shape * excess) / scale) / shape;
}

/** The excess whose surprise is `surprise` (≥ 0): the inverse of `paretoSurprise`. */
export const paretoExcess = (surprise: number, scale: number, shape: number): number =>
  shape === 0 ? surprise * scale : (Math.expm1(shape * surprise) / shape) * scale;
