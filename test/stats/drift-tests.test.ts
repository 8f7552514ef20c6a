import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { cdfOfValues, compact, mixture, shareBelow, shareUpTo, valueAt } from '../../src/stats/cdf.ts';
import { chiSquare } from '../../src/stats/chi-square.ts';
import { adjustedForMany } from '../../src/stats/false-discovery.ts';
import { chiSquareSurvival, lnGamma, normalSurvival } from '../../src/stats/gamma.ts';
import { kolmogorovSmirnov, kolmogorovSurvival } from '../../src/stats/kolmogorov-smirnov.ts';
import { mannWhitney } from '../../src/stats/mann-whitney.ts';
import { stability, stabilityOf } from '../../src/stats/population-stability.ts';
import { seededRandom } from '../../src/stats/random.ts';

/** Values made by `test/golden/make_drift.py`; the file names the versions of NumPy and SciPy. */
const golden = JSON.parse(readFileSync(new URL('../golden/drift.json', import.meta.url), 'utf8')) as {
  pairs: { a: number[]; b: number[]; ks: TwoSample; mannWhitney: TwoSample }[];
  kolmogorov: { t: number; p: number }[];
  chiSquareSurvival: { x: number; df: number; p: number }[];
  normalSurvival: { z: number; p: number }[];
  lnGamma: { x: number; y: number }[];
  tables: { rows: [number[], number[]]; statistic: number; pValue: number; df: number }[];
  stability: { reference: number[]; current: number[]; effect: number };
  adjusted: { pValues: number[]; expected: number[] };
};
interface TwoSample {
  statistic: number;
  pValue: number;
}

/** Relative, so that tails count. */
function near(actual: number, expected: number, what: string, tolerance = 1e-10): void {
  const off = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-300);
  assert.ok(off <= tolerance || actual === expected, `${what}: ${actual} instead of ${expected}`);
}

test('tails of the normal, χ² and Kolmogorov laws equal SciPy far out', () => {
  for (const { z, p } of golden.normalSurvival) near(normalSurvival(z), p, `normal ${z}`);
  for (const { x, df, p } of golden.chiSquareSurvival) near(chiSquareSurvival(x, df), p, `χ² ${x} ${df}`);
  for (const { t, p } of golden.kolmogorov) near(kolmogorovSurvival(t), p, `Kolmogorov ${t}`);
  for (const { x, y } of golden.lnGamma) near(lnGamma(x), y, `lnΓ ${x}`);
});

test('Kolmogorov–Smirnov and Mann–Whitney equal SciPy, with ties and with one value far from the other', () => {
  for (const { a, b, ks, mannWhitney: mw } of golden.pairs) {
    const what = `${a.length} against ${b.length}`;
    const found = kolmogorovSmirnov(cdfOfValues(a), cdfOfValues(b));
    near(found.statistic, ks.statistic, `D of ${what}`);
    near(found.pValue, ks.pValue, `p of D of ${what}`, 1e-9);
    const ranked = mannWhitney(cdfOfValues(a), cdfOfValues(b));
    near(ranked.statistic, mw.statistic, `U of ${what}`);
    near(ranked.pValue, mw.pValue, `p of U of ${what}`, 1e-9);
  }
});

test('χ² equals SciPy on tables without rare cells, and merges those that are rare', () => {
  for (const { rows, statistic, pValue, df } of golden.tables) {
    const found = chiSquare(...rows);
    near(found.statistic, statistic, `χ² of ${rows}`);
    near(found.pValue, pValue, `p of ${rows}`);
    assert.equal(found.df, df);
  }
  assert.equal(chiSquare([500, 300, 2, 2, 1], [480, 320, 1, 3, 2]).df, 2);
  assert.deepEqual(chiSquare([100], [50]), { statistic: 0, pValue: 1, df: 0 });
});

test('the stability index equals its formula, and its mean without change is what it says', () => {
  const { reference, current, effect } = golden.stability;
  const thousands = (shares: number[]): number[] => shares.map((share) => share * 1e9);
  near(stability(thousands(reference), thousands(current)).effect, effect, 'index', 1e-6);
  const random = seededRandom(5);
  const runs = Array.from({ length: 300 }, () => {
    const sample = (count: number) => cdfOfValues(Float64Array.from({ length: count }, random));
    return stabilityOf(sample(1_000), sample(500));
  });
  const mean = runs.reduce((sum, one) => sum + one.effect, 0) / runs.length;
  const stated = runs[0]?.effectNull as number;
  assert.ok(Math.abs(mean / stated - 1) < 0.1, `${mean} where ${stated} is stated`);
});

test('one far value moves the stability index by next to nothing', () => {
  const random = seededRandom(6);
  const values = Array.from({ length: 5_000 }, () => random() + random() + random());
  const shifted = values.map((x) => x + 0.1);
  const plain = stabilityOf(cdfOfValues(values), cdfOfValues(shifted)).effect;
  const spiked = stabilityOf(cdfOfValues([...values, 1e9]), cdfOfValues([...shifted, -1e9])).effect;
  assert.ok(Math.abs(spiked / plain - 1) < 0.05, `${plain}, ${spiked}`);
});

test('p-values adjusted for being many equal SciPy', () => {
  const { pValues, expected } = golden.adjusted;
  adjustedForMany(pValues).forEach((p, i) => void near(p, expected[i] as number, `p ${i}`));
  assert.deepEqual(adjustedForMany([]), []);
});

test('p-values are spread evenly where nothing has changed', () => {
  const random = seededRandom(11);
  const sample = (count: number) => cdfOfValues(Float64Array.from({ length: count }, () => Math.exp(3 * random())));
  for (const compare of [kolmogorovSmirnov, mannWhitney]) {
    const low = Array.from({ length: 1_000 }, () => compare(sample(60), sample(40)).pValue).filter(
      (p) => p < 0.1,
    ).length;
    assert.ok(low > 70 && low < 130, `${compare.name}: ${low} of 1,000 below 0.1`);
  }
});

test('tests do not care which sample comes first, nor for a rescaling', () => {
  const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, values, (x, y) => {
      const [a, b] = [cdfOfValues(x), cdfOfValues(y)];
      const cubed = (list: number[]) => cdfOfValues(list.map((v) => v ** 3));
      for (const compare of [kolmogorovSmirnov, mannWhitney]) {
        const { pValue } = compare(a, b);
        assert.ok(pValue >= 0 && pValue <= 1);
        near(compare(b, a).pValue, pValue, 'turned', 1e-6);
        near(compare(cubed(x), cubed(y)).pValue, pValue, 'cubed', 1e-6);
      }
    }),
    { numRuns: 200 },
  );
});

test('a distribution answers with shares and values, and a mixture with those of all rows', () => {
  const cdf = cdfOfValues([1, 2, 2, 4]);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((x) => [shareBelow(cdf, x), shareUpTo(cdf, x)]),
    [
      [0, 0],
      [0, 0.25],
      [0.25, 0.75],
      [0.75, 0.75],
      [0.75, 1],
      [1, 1],
    ],
  );
  assert.equal(valueAt(cdf, 0.5), 2);
  const both = mixture([cdfOfValues([1, 2]), cdfOfValues([3, 4, 5, 6])]);
  assert.equal(both.rows, 6);
  for (const [x, share] of [
    [1, 1 / 6],
    [2, 2 / 6],
    [4, 4 / 6],
  ] as const)
    near(shareUpTo(both, x), share, `at ${x}`);
});

test('a compact distribution keeps its shape within one hundredth', () => {
  const random = seededRandom(8);
  const values = Float64Array.from({ length: 20_000 }, () => -Math.log(1 - random()));
  const { statistic } = kolmogorovSmirnov(cdfOfValues(values), compact(cdfOfValues(values)), false);
  assert.ok(statistic < 0.01, `${statistic}`);
});

test('numbers that others have published for small cases come out', () => {
  // Population stability of tenths to quarters, to 13 places (SciPy); so many rows that the ½ added to each count is nothing.
  const rows = 1e12;
  const index = stability(
    [0.1, 0.2, 0.3, 0.4].map((share) => share * rows),
    [0.25, 0.25, 0.25, 0.25].map((share) => share * rows),
  );
  near(index.effect, 0.2282174095733, 'stability', 1e-9);
  const few = cdfOfValues([...Array(7).fill(100), ...Array(3).fill(1)]);
  const ranked = mannWhitney(few, cdfOfValues(Array(10).fill(1)));
  assert.equal(ranked.statistic, 85);
  near(ranked.pValue, 0.00161677, 'p of U', 1e-5);
});
