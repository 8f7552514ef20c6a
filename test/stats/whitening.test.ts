import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../src/stats/random.ts';
import { symmetricEigen } from '../../src/stats/symmetric-eigen.ts';
import { fillMissing, whiteningOf } from '../../src/stats/whitening.ts';

/** A correlation-like matrix G Gᵀ / size of random numbers. */
function positive(size: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  const factor = Float64Array.from({ length: size * size }, () => random() - 0.5);
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    let sum = 0;
    for (let k = 0; k < size; k++) sum += (factor[i * size + k] as number) * (factor[j * size + k] as number);
    return sum / size;
  });
}

const times = (matrix: ArrayLike<number>, x: ArrayLike<number>): number[] =>
  Array.from(x, (_, i) =>
    Array.from(x).reduce((sum, value, j) => sum + (matrix[i * x.length + j] as number) * value, 0),
  );
const square = (x: readonly number[]): number => x.reduce((sum, value) => sum + value * value, 0);

test('eigenvectors of a symmetric matrix are stretched by their eigenvalues and stand upright on each other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (size, seed) => {
      const matrix = positive(size, seed);
      const { values, vectors } = symmetricEigen(matrix, size);
      const column = (k: number): number[] => Array.from({ length: size }, (_, i) => vectors[i * size + k] as number);
      for (let k = 0; k < size; k++) {
        times(matrix, column(k)).forEach((x, i) => {
          assert.ok(Math.abs(x - (values[k] as number) * (column(k)[i] as number)) < 1e-7);
        });
        for (let other = 0; other <= k; other++) {
          const dot = column(k).reduce((sum, x, i) => sum + x * (column(other)[i] as number), 0);
          assert.ok(Math.abs(dot - (other === k ? 1 : 0)) < 1e-7);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('two signals of correlation 0.8 that part are far, that move together are near', () => {
  const root = whiteningOf(Float64Array.from([1, 0.8, 0.8, 1]), 2, 1e-9);
  // By hand: the inverse of [[1, .8], [.8, 1]] is [[1, −.8], [−.8, 1]] / .36.
  assert.ok(Math.abs(square(times(root, [1, 1])) - 0.4 / 0.36) < 1e-4);
  assert.ok(Math.abs(square(times(root, [1, -1])) - 3.6 / 0.36) < 1e-3);
});

test('a missing number leaves exactly the distance of those that are there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.integer(), fc.integer(), (size, seed, which) => {
      const ridge = 0.1;
      const matrix = positive(size, seed);
      const random = seededRandom(which);
      const whole = Array.from({ length: size }, () => 4 * random() - 2);
      const keep = whole.map((_, i) => i === 0 || random() < 0.6);
      const kept = [...keep.keys()].filter((i) => keep[i]);
      const sub = Float64Array.from(kept.flatMap((i) => kept.map((j) => matrix[i * size + j] as number)));
      const alone = square(
        times(
          whiteningOf(sub, kept.length, ridge),
          kept.map((i) => whole[i] as number),
        ),
      );
      const root = whiteningOf(matrix, size, ridge);
      const z = Float64Array.from(whole, (x, i) => (keep[i] ? x : Number.NaN));
      fillMissing(root, z);
      const filled = square(times(root, z));
      assert.ok(Math.abs(filled - alone) < 1e-3 * (1 + alone), `${filled} instead of ${alone}`);
    }),
    { numRuns: 60 },
  );
});

test('where nothing is there nothing is far', () => {
  const z = new Float64Array(3).fill(Number.NaN);
  fillMissing(whiteningOf(positive(3, 1), 3, 0.1), z);
  assert.deepEqual([...z], [0, 0, 0]);
});

test('a constant and a matrix that is not quite positive give finite parts', () => {
  const root = whiteningOf(Float64Array.from([0, 0, 0, 0, 1, 1.01, 0, 1.01, 1]), 3, 0.03);
  assert.ok(root.every(Number.isFinite));
});

test('the root for 64 signals, the most that are looked at together, is taken in less than 20 ms of the processor', () => {
  const size = 64;
  const took = Array.from({ length: 7 }, (_, seed) => {
    const matrix = positive(size, seed);
    const before = process.threadCpuUsage();
    whiteningOf(matrix, size, 0.03);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  // The first is not compiled yet, and a busy machine takes its caches away in between.
  const middle = took.sort((a, b) => a - b)[3] as number;
  assert.ok(middle < 20, `${took.map((ms) => ms.toFixed(1))} ms`);
});
