import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timetable } from '../../../src/sources/kafka/timetable.ts';

const tableOf = (...points: readonly (readonly [end: number, at: number])[]): Timetable => {
  const table = new Timetable();
  for (const [end, at] of points) table.note(end, at);
  return table;
};

test('tells nothing before it has seen anything, nor what came before a single point', () => {
  assert.equal(new Timetable().arrivalOf(0), undefined);
  assert.equal(tableOf([100, 0]).arrivalOf(99), undefined);
});

test('interpolates between the two points that enclose the offset', () => {
  const table = tableOf([100, 0], [200, 10_000], [300, 30_000]);
  assert.deepEqual(table.arrivalOf(150), { at: 5_000, how: 'between' });
  assert.deepEqual(table.arrivalOf(250), { at: 20_000, how: 'between' });
});

test('a record that came after a quiet time came after its end, not its beginning', () => {
  const table = tableOf([100, 0], [100, 10_000], [100, 20_000], [110, 30_000]);
  assert.deepEqual(table.arrivalOf(100), { at: 20_000, how: 'between' });
  assert.deepEqual(table.boundsOf(100), { earliest: 20_000, latest: 30_000 });
});

test('tells from the rate what came before the first point, but reaches back ten times its span at most', () => {
  const table = tableOf([1_000, 100_000], [1_100, 110_000]);
  assert.deepEqual(table.arrivalOf(900), { at: 90_000, how: 'before' });
  assert.deepEqual(table.arrivalOf(0), { at: 0, how: 'before' });
  assert.deepEqual(table.arrivalOf(-1_000_000), { at: 0, how: 'before' });
});

test('an end that goes back belongs to another log', () => {
  const table = tableOf([1_000, 0], [2_000, 10_000], [5, 20_000], [15, 30_000]);
  assert.deepEqual(table.arrivalOf(10), { at: 25_000, how: 'between' });
  assert.deepEqual(table.boundsOf(2_000), { earliest: 30_000, latest: Number.POSITIVE_INFINITY });
});

test('an answer that came late changes nothing', () => {
  const table = tableOf([100, 10_000], [200, 20_000], [120, 15_000]);
  // A smaller end looks like another log; only its time tells that it is an old answer.
  assert.deepEqual(table.arrivalOf(150), { at: 15_000, how: 'between' });
});

const growth = fc.array(fc.tuple(fc.nat({ max: 1_000 }), fc.integer({ min: 1, max: 60_000 })), {
  minLength: 2,
  maxLength: 200,
});

const grown = (steps: readonly (readonly [number, number])[]) => {
  const table = new Timetable();
  let [end, at] = [5_000, 0];
  table.note(end, at);
  for (const [more, later] of steps) {
    end += more;
    at += later;
    table.note(end, at);
  }
  return { table, end, at };
};

test('never says that a record came later than now, nor earlier than one before it', () => {
  fc.assert(
    fc.property(growth, fc.array(fc.nat({ max: 200_000 }), { minLength: 2 }), (steps, offsets) => {
      const { table, at } = grown(steps);
      const arrivals = offsets.sort((a, b) => a - b).flatMap((offset) => table.arrivalOf(offset)?.at ?? []);
      for (const [index, arrival] of arrivals.entries()) {
        assert.ok(arrival <= at);
        assert.ok(index === 0 || arrival >= (arrivals[index - 1] as number));
      }
    }),
  );
});

test('what it says lies within the bounds it gives, however much was thinned out', () => {
  fc.assert(
    fc.property(growth, fc.nat({ max: 200_000 }), (steps, offset) => {
      const { table } = grown(steps);
      const { earliest, latest } = table.boundsOf(offset);
      const arrival = table.arrivalOf(offset);
      assert.ok(arrival === undefined || (arrival.at >= earliest && arrival.at <= latest));
    }),
  );
});
