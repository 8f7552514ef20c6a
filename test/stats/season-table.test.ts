import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { SeasonTable, slotPosition } from '../../src/stats/season-table.ts';
import { isNear } from './golden.ts';

const DAY = 86_400_000;
const at = (hour: number, slots = 24) => slotPosition(hour * 3_600_000, DAY, slots);
/** Shows the table `visits` days, 60 samples a slot, of a level by hour of day. */
function taught(level: (hour: number) => number, visits: number): SeasonTable {
  const table = new SeasonTable(24);
  for (let day = 0; day < visits; day++) {
    for (let minute = 0; minute < 1_440; minute++) table.learn(at(minute / 60), level(minute / 60), 0.1, 1 / 60);
  }
  return table;
}

test('a moment lies between the two nearest slot centres, around midnight too', () => {
  assert.deepEqual(at(0), { low: 23, high: 0, share: 0.5 });
  assert.deepEqual(at(0.5), { low: 0, high: 1, share: 0 });
  assert.deepEqual(at(1.25), { low: 0, high: 1, share: 0.75 });
  assert.deepEqual(at(7, 1), { low: 0, high: 0, share: at(7, 1).share });
});

test('a position is sound for every time, also before the epoch', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e13, max: 1e13, noNaN: true }), fc.integer({ min: 1, max: 336 }), (time, slots) => {
      const { low, high, share } = slotPosition(time, DAY, slots);
      assert.ok(Number.isInteger(low) && low >= 0 && low < slots);
      assert.equal(high, (low + 1) % slots);
      assert.ok(share >= 0 && share < 1);
    }),
  );
});

test('knows a slot once it was seen for half a visit and has been left', () => {
  const table = new SeasonTable(24);
  const see = (minutes: number, hour: number): void => {
    for (let minute = 0; minute < minutes; minute++) table.learn(at(hour), 7, 1, 1 / 60);
  };
  assert.equal(table.knows(at(10.5)), false);
  see(60, 10.5);
  assert.equal(table.knows(at(10.5)), false);
  see(1, 14.5);
  assert.equal(table.level(at(10.9)), 7);
  assert.equal(table.level(at(9.7)), 7);
  assert.equal(table.knows(at(14.5)), false);
  assert.ok(Number.isNaN(table.level(at(14.5))));
});

test('adds up what it saw of a slot in parts until that is enough', () => {
  const table = new SeasonTable(24);
  for (let visit = 0; visit < 2; visit++) {
    for (let minute = 0; minute < 20; minute++) table.learn(at(10.5), 7, 1, 1 / 60);
    table.learn(at(14.5), 7, 1, 1 / 60);
    assert.equal(table.knows(at(10.5)), visit === 1);
  }
});

test('follows a smooth season closely between the slot centres', () => {
  const level = (hour: number): number => 10 + 3 * Math.sin((2 * Math.PI * hour) / 24);
  const table = taught(level, 3);
  for (let hour = 0; hour < 24; hour += 0.1) assert.ok(isNear(table.level(at(hour)), level(hour), 0.01), `${hour}`);
});

test('is rough beside a step and smooth on a slope', () => {
  const step = taught((hour) => (hour < 9 ? 1 : 2), 3);
  assert.ok(step.roughness(at(9), 0.01) > 0.15);
  assert.equal(step.roughness(at(4), 0.01), 0);
  const slope = taught((hour) => hour, 3);
  assert.ok(slope.roughness(at(12), 0.05) < 0.01);
});

test('old seasons fade: a new level is most of the answer after four visits', () => {
  const table = taught(() => 1, 20);
  for (let visit = 0; visit < 4; visit++) table.learn(at(12.5), 2, 0.1, 1);
  assert.ok(table.level(at(12.5)) > 1.6 && table.level(at(12.5)) < 1.8, `${table.level(at(12.5))}`);
});

test('a slot that was seen little takes most of its spread from what is usual', () => {
  const table = taught(() => 1, 1);
  assert.ok(isNear(table.spread(at(12.5), 0.6), (1 * 0.1 + 4 * 0.6) / 5, 0.02), `${table.spread(at(12.5), 0.6)}`);
  assert.equal(new SeasonTable(24).spread(at(3), 0.6), 0.6);
});

test('writes and reads exactly, and refuses another size', () => {
  const table = taught((hour) => hour, 2);
  const to = new NumberWriter();
  table.write(to);
  const copy = new SeasonTable(24);
  copy.read(new NumberReader(to.done()));
  assert.equal(copy.level(at(5.2)), table.level(at(5.2)));
  assert.throws(() => new SeasonTable(48).read(new NumberReader(to.done())), RangeError);
});

test('the swing is how far the hours lie apart', () => {
  assert.equal(new SeasonTable(24).swing, 0);
  assert.ok(isNear(taught(() => 7, 4).swing, 0, 1e-6));
  assert.ok(isNear(taught((hour) => (hour < 12 ? 10 : 20), 4).swing, 5, 0.05));
});
