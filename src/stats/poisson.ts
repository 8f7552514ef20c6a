/**
 * The least count that a Poisson law of this mean stays at or below with probability `p`: its quantile. `mean` ≥ 0 and not above
 * 700 (beyond, e^-mean is 0), `p` in (0, 1). Cost grows with the answer.
 *
 * @example
 * poissonQuantile(4, 0.999) // 11
 */
export function poissonQuantile(mean: number, p: number): number {
  let chance = Math.exp(-Math.min(mean, 700));
  let below = chance;
  let count = 0;
  while (below < p && chance > 0) {
    count++;
    chance *= mean / count;
    below += chance;
  }
  return count;
}
