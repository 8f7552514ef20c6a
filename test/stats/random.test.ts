import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/stats/random.ts';

const take = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random());
};

test('gives the same stream for the same seed', () => {
  assert.deepEqual(take(7, 1_000), take(7, 1_000));
});

test('gives unrelated streams for neighbouring seeds', () => {
  const a = take(1, 2_000);
  const b = take(2, 2_000);
  const centred = (x: number): number => x - 0.5;
  const covariance = a.reduce((sum, x, i) => sum + centred(x) * centred(b[i] as number), 0) / a.length;
  assert.ok(Math.abs(covariance * 12) < 0.08, `correlation ${covariance * 12}`);
});

test('stays within [0, 1) and fills it evenly', () => {
  const bins = new Array<number>(10).fill(0);
  for (const x of take(99, 100_000)) {
    assert.ok(x >= 0 && x < 1);
    const bin = Math.floor(x * 10);
    bins[bin] = (bins[bin] as number) + 1;
  }
  // Chi-square with 9 degrees of freedom: 27.9 is its 99.9 % quantile.
  const chi = bins.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
  assert.ok(chi < 27.9, `chi-square ${chi}`);
});

test('reads negative and large seeds as unsigned 32-bit integers', () => {
  assert.deepEqual(take(-1, 5), take(4_294_967_295, 5));
});
