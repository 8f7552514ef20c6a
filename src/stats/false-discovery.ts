/**
 * p-values adjusted for being several, in the order given: calling all those up to q significant keeps the expected share of
 * false ones among them at q, for independent or positively dependent tests. Each is at least the p-value it came from and at most 1.
 *
 * Source: Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
 *
 * @example
 * adjustedForMany([0.01, 0.04, 0.03]) // [0.03, 0.04, 0.04]
 */
export function adjustedForMany(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => (pValues[b] as number) - (pValues[a] as number));
  const adjusted = new Array<number>(pValues.length).fill(1);
  let least = 1;
  order.forEach((index, fromLast) => {
    least = Math.min(least, ((pValues[index] as number) * pValues.length) / (pValues.length - fromLast));
    adjusted[index] = least;
  });
  return adjusted;
}
