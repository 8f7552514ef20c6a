import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnsOf, firstFrom, type Series } from '../../src/report/downsample.ts';

const seriesOf = (value: readonly number[], band = 1): Series => ({
  at: value.map((_, index) => index),
  value,
  lower: value.map((x) => x - band),
  upper: value.map((x) => x + band),
});

test('a spike of one sample among a hundred thousand is in the picture', () => {
  const value = Array.from({ length: 100_000 }, (_, index) => Math.sin(index / 500));
  value[61_803] = 40;
  const columns = columnsOf(seriesOf(value), 0, value.length - 1, 300);
  assert.equal(columns.length, 300);
  assert.deepEqual(
    columns.flatMap((column, index) => (column.most === 40 ? [index] : [])),
    [Math.floor((61_803 / 99_999) * 300)],
  );
});

test('every value lies within its column, the extremes are there, and missing ones are neither', () => {
  const value = fc.oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (values, count) => {
      const columns = columnsOf(seriesOf(values), 0, values.length - 1, count);
      const seen = values.filter((x) => !Number.isNaN(x));
      const [least, most] = [columns.map((one) => one.least), columns.map((one) => one.most)].map((ends) =>
        ends.filter((x) => !Number.isNaN(x)),
      ) as [number[], number[]];
      assert.equal(Math.min(...least), Math.min(...seen));
      assert.equal(Math.max(...most), Math.max(...seen));
      for (const column of columns) assert.ok(!(column.least > column.most));
    }),
  );
});

test('a column says in which order its extremes came, and the mean of its band', () => {
  const [up, down] = columnsOf(seriesOf([1, 5, 9, 2], 1), 0, 3, 2);
  assert.deepEqual([up?.rising, up?.least, up?.most, up?.lower, up?.upper], [true, 1, 5, 2, 4]);
  assert.deepEqual([down?.rising, down?.least, down?.most], [false, 2, 9]);
});

test('finds the first time that is not before', () => {
  assert.deepEqual(
    [0, 5, 6, 100].map((from) => firstFrom([1, 5, 5, 9], from)),
    [0, 1, 3, 4],
  );
});
