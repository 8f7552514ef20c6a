import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SampleRow } from '../../src/domain/ports.ts';
import { cover, joinBuckets, richer, rollup, seriesBuilder, type Tier, tickOf } from '../../src/domain/rollup.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';

const tick = (at: number, rows: number, band?: readonly [number, number]) => {
  const bands = new Map(band ? [['rows', { lower: band[0], upper: band[1] }]] : []);
  const row: SampleRow = { stage: 'p.s', at, values: new Map(Number.isNaN(rows) ? [] : [['rows', rows]]), bands };
  return tickOf(row);
};

test('rolls ticks up to count, mean, least, greatest and the last band', () => {
  const ticks = [tick(60_001, 4, [1, 9]), tick(60_002, 1), tick(60_003, 7, [2, 8]), tick(60_004, Number.NaN)];
  const made = rollup('minute', 60_001, ticks);
  assert.equal(made.at, MINUTE);
  assert.deepEqual(made.cells.get('rows'), { count: 3, mean: 4, min: 1, max: 7, lower: 2, upper: 8 });
});

test('keeps a band without any value, and says that nothing was seen', () => {
  const cell = rollup('minute', 0, [tick(0, Number.NaN, [1, 2])]).cells.get('rows');
  assert.deepEqual(cell, { count: 0, mean: NaN, min: NaN, max: NaN, lower: 1, upper: 2 });
});

test('makes no infinite number of finite ones', () => {
  const made = rollup('hour', 0, [tick(0, 1.7e308), tick(1, 1.7e308), tick(2, -1.7e308)]).cells.get('rows');
  for (const value of [made?.mean, made?.min, made?.max]) assert.ok(Number.isFinite(value));
  const joined = joinBuckets(0, [tick(0, 1.7e308), tick(1, 1.7e308)]).cells.get('rows');
  assert.equal(joined?.mean, 1.7e308);
});

test('gives the hour the same count, extremes and mean whether it is made from ticks or from minutes', () => {
  const values = fc.array(fc.tuple(fc.integer({ min: 0, max: HOUR - 1 }), fc.integer({ min: -1e6, max: 1e6 })), {
    minLength: 1,
    maxLength: 100,
  });
  fc.assert(
    fc.property(values, (pairs) => {
      const ticks = pairs.toSorted(([a], [b]) => a - b).map(([at, value]) => tick(at, value));
      const minutes = Map.groupBy(ticks, ({ at }) => Math.floor(at / MINUTE) * MINUTE);
      const made = [...minutes].map(([at, part]) => rollup('minute', at, part));
      const [direct, byMinutes] = [ticks, made].map((parts) => rollup('hour', 0, parts).cells.get('rows'));
      assert.equal(byMinutes?.count, pairs.length);
      assert.deepEqual([byMinutes?.min, byMinutes?.max], [direct?.min, direct?.max]);
      assert.ok(Math.abs((byMinutes?.mean as number) - (direct?.mean as number)) <= 0.5);
    }),
  );
});

test('prefers the rollup with more samples, and the new one where they are equal', () => {
  const [one, two] = [rollup('minute', 0, [tick(0, 1)]), rollup('minute', 0, [tick(0, 1), tick(1, 2)])];
  assert.equal(richer(two, one), two);
  assert.equal(richer(one, two), two);
  const other = rollup('minute', 0, [tick(0, 5)]);
  assert.equal(richer(one, other), other);
  assert.equal(richer(undefined, one), one);
});

const day = 24 * HOUR;
const covered = (from: number, to: number, step: number, begin: Partial<Record<Tier, number>>) =>
  cover({ stage: 'p.s', from, to, step }, (tier) => begin[tier]).map(({ tier, from, to }) => [tier, from, to]);

test('answers from the finest tier that is not finer than the step', () => {
  const begin = { raw: 0, minute: 0, hour: 0 };
  assert.deepEqual(covered(day, 2 * day, 10 * SECOND, begin), [['raw', day, 2 * day]]);
  assert.deepEqual(covered(day, 2 * day, MINUTE, begin), [['minute', day, 2 * day]]);
  assert.deepEqual(covered(day, 2 * day, HOUR - 1, begin), [['minute', day, 2 * day]]);
  assert.deepEqual(covered(day, 2 * day, HOUR, begin), [['hour', day, 2 * day]]);
  assert.deepEqual(covered(day + 90 * SECOND, 2 * day, MINUTE, begin), [['minute', day + MINUTE, 2 * day]]);
});

test('answers from coarser tiers what is older than the finer ones, without overlap', () => {
  const begin = { raw: 3 * day + 1, minute: 2 * day + MINUTE, hour: day };
  assert.deepEqual(covered(0, 4 * day, SECOND, begin), [
    ['hour', 0, 2 * day - HOUR],
    ['minute', 0, 3 * day - MINUTE],
    ['raw', 0, 4 * day],
  ]);
  assert.deepEqual(covered(0, day, SECOND, begin), [['hour', 0, day]]);
  assert.deepEqual(covered(day, 0, SECOND, begin), []);
  assert.deepEqual(covered(0, day, SECOND, {}), []);
});

test('keeps ticks apart that come once a step, also unevenly, and joins those that come more often', () => {
  const build = (step: number, times: readonly number[]) => {
    const builder = seriesBuilder(step);
    times.forEach((at, n) => {
      builder.add(tick(at, n));
    });
    return builder.done();
  };
  const uneven = [0, 9_900, 20_100, 29_950, 40_000];
  assert.deepEqual(build(10_000, uneven)[0]?.at, Float64Array.from(uneven));
  assert.deepEqual(build(0, [1, 2, 3])[0]?.value, Float64Array.of(0, 1, 2));
  assert.deepEqual(build(2_000, [0, 500, 1_000, 1_500])[0]?.value, Float64Array.of(0.5, 2.5));
  assert.deepEqual(build(1_000, []), []);
});
