import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bucket, histogramQuantile } from '../../../src/sources/metrics-endpoint/histogram-quantile.ts';

const buckets = (...pairs: readonly [number, number][]): Bucket[] => pairs.map(([upper, count]) => ({ upper, count }));

// Values of Prometheus' own tests: promql/promqltest/testdata/histograms.test (testhistogram and testhistogram2).
const POSITIVE = buckets([0.1, 50], [0.2, 70], [1, 110], [Infinity, 120]);
const NEGATIVE = buckets([-0.2, 10], [-0.1, 20], [0.3, 20], [Infinity, 30]);

test('interpolates within the bucket, from 0 in the first one', () => {
  assert.equal(histogramQuantile(0.5, POSITIVE), 0.15000000000000002);
  assert.ok(Math.abs((histogramQuantile(0.2, POSITIVE) ?? 0) - 0.048) < 1e-12);
  assert.ok(Math.abs((histogramQuantile(0.8, POSITIVE) ?? 0) - 0.72) < 1e-12);
});

test('a quantile above the highest finite bound is that bound', () => {
  assert.equal(histogramQuantile(0.99, POSITIVE), 1);
  assert.equal(histogramQuantile(1, POSITIVE), 1);
});

test('a first bucket at or below 0 gives its bound, since nobody knows where it begins', () => {
  assert.equal(histogramQuantile(0.2, NEGATIVE), -0.2);
  assert.ok(Math.abs((histogramQuantile(0.5, NEGATIVE) ?? 0) - -0.15) < 1e-12);
});

test('says nothing without observations, without +Inf, or with +Inf alone', () => {
  assert.equal(histogramQuantile(0.5, []), undefined);
  assert.equal(histogramQuantile(0.5, buckets([1, 0], [Infinity, 0])), undefined);
  assert.equal(histogramQuantile(0.5, buckets([1, 5], [2, 9])), undefined);
  assert.equal(histogramQuantile(0.5, buckets([Infinity, 9])), undefined);
});

test('the order of buckets does not matter, and a count that falls is lifted', () => {
  assert.equal(histogramQuantile(0.5, POSITIVE.toReversed()), histogramQuantile(0.5, POSITIVE));
  const dented = buckets([0.1, 50], [0.2, 40], [1, 110], [Infinity, 120]);
  const lifted = buckets([0.1, 50], [0.2, 50], [1, 110], [Infinity, 120]);
  assert.equal(histogramQuantile(0.5, dented), histogramQuantile(0.5, lifted));
});

test('is within the bucket that holds the true quantile, and never falls as q grows', () => {
  const bounds = [0.01, 0.1, 0.5, 1, 5];
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (seen, q) => {
        const all = [...bounds, Infinity].map((upper) => ({
          upper,
          count: seen.filter((value) => value <= upper).length,
        }));
        const estimate = histogramQuantile(q, all) ?? assert.fail();
        const exact = seen.toSorted((a, b) => a - b)[Math.ceil(q * seen.length - 1e-9) - 1] ?? assert.fail();
        const index = [...bounds, Infinity].findIndex((bound) => exact <= bound);
        const low = bounds[index - 1] ?? 0;
        const high = bounds[index] ?? 5;
        assert.ok(
          estimate >= Math.min(low, 5) - 1e-9 && estimate <= high + 1e-9,
          `${estimate} not in ${low} … ${high}`,
        );
        assert.ok(estimate <= (histogramQuantile(Math.min(q + 0.01, 1), all) ?? 0) + 1e-12);
      },
    ),
  );
});
