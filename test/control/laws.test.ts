import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { goodputRate } from '../../src/control/goodput.ts';
import { replicasFor, snapToPartitions } from '../../src/control/replicas.ts';
import { throttleRate } from '../../src/control/throttle.ts';

const positive = (max: number) => fc.double({ min: 0.01, max, noNaN: true });

test('a throttle leaves room to drain the backlog in time, and never asks for more than half of the capacity for it', () => {
  const view = { capacity: 50, backlog: 600, flow: 80, gain: 1, floor: 5, drainWithin: 30_000 };
  assert.equal(throttleRate(view), 30);
  assert.equal(throttleRate({ ...view, backlog: 1e9 }), 25);
  assert.equal(throttleRate({ ...view, backlog: 0 }), 45);
});

test('a throttle is never below its floor, and nothing where the gate lets less through already', () => {
  fc.assert(
    fc.property(
      positive(1e4),
      positive(1e6),
      positive(1e4),
      positive(10),
      positive(100),
      (capacity, backlog, flow, gain, floor) => {
        const rate = throttleRate({ capacity, backlog, flow, gain, floor, drainWithin: 60_000 });
        assert.ok(rate === undefined || (rate >= floor && rate < flow));
      },
    ),
  );
});

test('five workers on twelve partitions do the work of four, so nobody orders five', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 12, 20].map((needed) => snapToPartitions(needed, 12)),
    [1, 2, 3, 4, 6, 6, 12, 12, 12],
  );
});

test('replicas stay between min and max, and are asked for only where that is more than there are', () => {
  const view = {
    arriving: 300,
    backlog: 0,
    perWorker: 50,
    now: 4,
    min: 2,
    max: 12,
    drainWithin: 60_000,
    partitions: undefined,
  };
  assert.equal(replicasFor(view), 8);
  assert.equal(replicasFor({ ...view, arriving: 100 }), undefined);
  assert.equal(replicasFor({ ...view, arriving: 1e6 }), 12);
  assert.equal(replicasFor({ ...view, perWorker: 0 }), undefined, 'no capacity is known');
});

test('replicas are as many as whoever reads the hottest partition needs to keep up with it', () => {
  const view = {
    arriving: 120,
    backlog: 0,
    perWorker: 50,
    now: 3,
    min: 2,
    max: 12,
    drainWithin: 60_000,
    partitions: 12,
  };
  const even = new Array(12).fill(10);
  const hot = (rate: number) => even.with(3, rate);
  assert.equal(replicasFor({ ...view, into: even }), undefined);
  assert.equal(replicasFor({ ...view, into: hot(25) }), 4, 'and two others');
  assert.equal(replicasFor({ ...view, into: hot(38) }), 6, 'and one other');
  assert.equal(replicasFor({ ...view, into: hot(48) }), 12, 'alone');
  assert.equal(replicasFor({ ...view, into: hot(90) }), 12, 'as well as can be');
  assert.equal(replicasFor({ ...view, into: hot(Number.NaN) }), undefined, 'not known');
});

test('goodput: near the capacity of a failing dependency at once, then up by small steps, below where it failed', () => {
  // 240 attempts a second against a capacity of 110: the harness shows an output of 50 and four fifths failing.
  const first = goodputRate({ rate: undefined, ceiling: undefined, out: 50, errorRatio: 0.77, floor: 1 });
  assert.ok(first > 90 && first < 110, `${first}`);
  assert.ok(goodputRate({ rate: first, ceiling: undefined, out: first, errorRatio: 0, floor: 1 }) > first);
  assert.equal(
    goodputRate({ rate: 100, ceiling: 105, out: 100, errorRatio: 0, floor: 1 }),
    100,
    'not above 95 % of the ceiling',
  );
  assert.ok(goodputRate({ rate: 100, ceiling: 105, out: 80, errorRatio: 0.2, floor: 1 }) < 100);
});
