import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { season, Virtual, type World } from './virtual.ts';

const PAGE = 9;
const SEEDS = [1, 2, 3];

/** Three weeks learned, then half of a Monday. */
function experienced(seed: number): { virtual: Virtual; world: World } {
  const virtual = new Virtual();
  const world = season(seed);
  virtual.live(world, 21 * DAY + 11 * HOUR);
  virtual.held = false;
  return { virtual, world };
}
/** Lower end, centre and upper end of the band through the coming week, hour by hour. */
const bands = (virtual: Virtual): number[] =>
  Array.from({ length: 168 }, (_, hour) => {
    const { expected } = virtual.ready(1, virtual.now + hour * HOUR);
    assert.ok(expected);
    return [expected.lower, expected.centre, expected.upper];
  }).flat();
const within = (share: number, after: readonly number[], before: readonly number[]): void => {
  after.forEach((bound, i) => {
    const was = before[i] as number;
    assert.ok(Math.abs(bound / was - 1) <= share, `bound ${i}: ${was} became ${bound}`);
  });
};

test('an outage of 72 h stays strange to the end, and release is quick', () => {
  for (const seed of SEEDS) {
    const { virtual, world } = experienced(seed);
    const surprises = virtual.live(() => 0, 72 * HOUR);
    assert.ok(Math.min(...surprises) > PAGE, `seed ${seed}: ${Math.min(...surprises)}`);
    // Whatever the noise is doing, it is not an outage any more within minutes.
    const after = virtual.live(world, 30 * MINUTE);
    assert.ok(
      after.slice(1).every((surprise) => surprise < PAGE),
      `seed ${seed}: ${after.slice(0, 10)}`,
    );
    assert.equal(virtual.held, false);
  }
});

test('after a fault of 24 h the expected band is where it was', () => {
  for (const seed of SEEDS) {
    const { virtual, world } = experienced(seed);
    const week = 7 * DAY;
    const before = bands(virtual);
    virtual.live((at) => 0.1 * (world(at) as number), 24 * HOUR);
    virtual.now += week - 24 * HOUR;
    within(0.05, bands(virtual), before);
  }
});

test('after a throttle of 48 h under a lease the expected band is where it was', () => {
  for (const seed of SEEDS) {
    const { virtual, world } = experienced(seed);
    const before = bands(virtual);
    virtual.live((at) => Math.min(120, world(at) as number), 48 * HOUR, true);
    virtual.now += 7 * DAY - 48 * HOUR;
    within(0.05, bands(virtual), before);
  }
});

test('an incident of a day in which the signal is only somewhat strange does not make that usual', () => {
  const { virtual, world } = experienced(3);
  const somewhat: World = (at) => 1.3 * (world(at) as number);
  const { expected } = virtual.ready(1);
  assert.ok(expected);
  const value = 1.3 * expected.centre;
  const later = virtual.now + 7 * DAY;
  const before = virtual.surprise(value, later);
  virtual.live(somewhat, DAY, true);
  // It has been seen, so it is no longer unheard of; it is strange all the same.
  assert.ok(
    before > PAGE && virtual.surprise(value, later) > PAGE,
    `${virtual.surprise(value, later)} after ${before}`,
  );
});

test('a lasting shift stays strange until it is accepted, and is normal from then on', () => {
  for (const seed of SEEDS) {
    const { virtual, world } = experienced(seed);
    const shifted: World = (at) => 1.8 * (world(at) as number);
    const strange = virtual.live(shifted, 36 * HOUR);
    assert.ok(strange.filter((surprise) => surprise > PAGE / 2).length > 0.95 * strange.length, `seed ${seed}`);
    virtual.detector.accept('orders.enrich/rows', virtual.now);
    virtual.held = false;
    const { expected } = virtual.ready(shifted(virtual.now) as number);
    assert.ok(expected);
    const after = virtual.live(shifted, 3 * DAY);
    const strangeAfter = after.filter((surprise) => surprise > PAGE).length;
    assert.ok(strangeAfter < 0.01 * after.length, `seed ${seed}: ${strangeAfter} of ${after.length}`);
    assert.ok(virtual.surprise(0) > PAGE);
  }
});

test('accept takes effect at once, also for a level of another order', () => {
  for (const factor of [1.6, 0.5, 20, 0]) {
    const { virtual, world } = experienced(1);
    const other: World = (at) => factor * (world(at) as number);
    virtual.live(other, 30 * MINUTE);
    assert.ok(virtual.surprise(other(virtual.now) as number) > PAGE / 2, `${factor}`);
    virtual.detector.accept('orders.enrich/rows', virtual.now);
    const [, , median] = virtual.live(other, 5 * MINUTE).sort((a, b) => a - b);
    assert.ok((median as number) < PAGE / 2, `${factor} after accept: ${median}`);
    const { expected } = virtual.ready(0);
    const now = other(virtual.now) as number;
    assert.ok(
      expected && expected.lower <= now && now <= expected.upper,
      `${factor}: ${JSON.stringify(expected)}, ${now}`,
    );
  }
});

test('does not learn its way into a fault that nobody holds', () => {
  const { virtual, world } = experienced(2);
  const before = virtual.ready(1, virtual.now + 7 * DAY).expected?.centre as number;
  for (let i = 0; i < 60; i++) {
    virtual.detector.advance(virtual.snapshot(0), virtual.now, () => 'learn');
    virtual.now += MINUTE;
  }
  const after = virtual.ready(1, virtual.now - HOUR + 7 * DAY).expected?.centre as number;
  assert.ok(Math.abs(after / before - 1) < 0.1, `${before} became ${after}`);
  assert.ok(virtual.surprise(0) > PAGE);
  // The leap back is news as well; what comes after it is not.
  virtual.live(world, 5 * MINUTE);
  assert.ok(virtual.surprise(world(virtual.now) as number) < PAGE);
});

test('a signal that slowly grows is followed without an alarm', () => {
  const virtual = new Virtual();
  const world = season(3);
  const start = virtual.now;
  const growing: World = (at) => (world(at) as number) * 1.02 ** ((at - start) / DAY);
  virtual.live(growing, 14 * DAY);
  const surprises = virtual.live(growing, 14 * DAY);
  assert.ok(surprises.filter((surprise) => surprise > PAGE).length < 0.005 * surprises.length);
});

test('takes a change to summer time for what it is within a day', () => {
  const { virtual, world } = experienced(1);
  const late: World = (at) => world(at + HOUR);
  virtual.live(late, DAY);
  const surprises = virtual.live(late, 6 * DAY);
  assert.ok(surprises.filter((surprise) => surprise > PAGE).length < 0.01 * surprises.length);
});
