import { readFileSync } from 'node:fs';

/** Values made by `test/golden/make_stats.py`; the file names the versions of NumPy and SciPy. */
export interface StatsGolden {
  readonly quantiles: readonly { values: number[]; probabilities: number[]; expected: number[] }[];
  readonly robustScale: { values: number[]; centre: number; scale: number };
  readonly generalisedPareto: readonly { excess: number; scale: number; shape: number; surprise: number }[];
  readonly asinh: readonly { x: number; unit: number; y: number }[];
  readonly normalUpperQuantile: readonly { p: number; z: number }[];
}

export const golden: StatsGolden = JSON.parse(
  readFileSync(new URL('../golden/stats.json', import.meta.url), 'utf8'),
) as StatsGolden;

export const isNear = (a: number, b: number, tolerance = 1e-12): boolean =>
  Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
