/**
 * The Mann–Kendall test of a trend: standard normal deviate of the number of rising pairs less that of falling ones. Positive where
 * values rise with their place, 0 for fewer than three values or where none differ. Ties are corrected for. O(n²) in time.
 *
 * Wrong for autocorrelated values: slow noise looks like a trend; a large value is then needed and not enough.
 *
 * Source: H. B. Mann (1945), M. G. Kendall (1975); variance with ties as in R. O. Gilbert, "Statistical methods for environmental
 * pollution monitoring" (1987), 16.4.
 */
export function mannKendall(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 3) return 0;
  let rising = 0;
  for (let i = 1; i < n; i++)
    for (let j = 0; j < i; j++) rising += Math.sign((values[i] as number) - (values[j] as number));
  const ties = new Map<number, number>();
  for (let i = 0; i < n; i++) ties.set(values[i] as number, (ties.get(values[i] as number) ?? 0) + 1);
  const of = (t: number): number => t * (t - 1) * (2 * t + 5);
  const variance = (of(n) - [...ties.values()].reduce((sum, t) => sum + of(t), 0)) / 18;
  return variance > 0 ? (rising - Math.sign(rising)) / Math.sqrt(variance) : 0;
}
