import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Unit } from '../../src/domain/signal.ts';
import { clockTime, lengthOf, list, quantity, range, requestWords } from '../../src/domain/wording.ts';

test('says a number with the unit in which it reads best', () => {
  const table: [number, Unit, string][] = [
    [321, 'seconds', '321 s'],
    [0.004, 'seconds', '4 ms'],
    [2.7, 'seconds', '2.7 s'],
    [743, 'seconds', '12 min'],
    [9_000, 'seconds', '2.5 h'],
    [0, 'seconds', '0 s'],
    [-3, 'seconds', '-3 s'],
    [0.123, 'ratio', '12 %'],
    [0.0004, 'ratio', '0.04 %'],
    [760, 'records_per_second', '760/s'],
    [18_400, 'records_per_second', '18 k/s'],
    [1_536, 'bytes', '1.5 kB'],
    [9_999, 'records', '9999'],
    [97_000, 'records', '97 k'],
    [3, 'count', '3'],
    [1e200, 'count', '1.0e+188 T'],
    [Number.NaN, 'count', 'not known'],
  ];
  for (const [value, unit, said] of table) assert.equal(quantity(value, unit), said);
});

test('says a range in one unit, that of its greater end', () => {
  assert.equal(range(1.8, 16, 'seconds'), '1.8 to 16 s');
  assert.equal(range(743, 960, 'seconds'), '12 to 16 min');
  assert.equal(range(30, 960, 'seconds'), '0.5 to 16 min');
  assert.equal(range(0.01, 0.03, 'ratio'), '1 to 3 %');
  assert.equal(range(500, 500, 'records'), '500');
  assert.equal(range(Number.NEGATIVE_INFINITY, 5, 'seconds'), 'at most 5 s');
  assert.equal(range(5, Number.POSITIVE_INFINITY, 'seconds'), 'at least 5 s');
});

test('never says that a time or a number of records could be negative', () => {
  assert.equal(range(-4, 16, 'seconds'), '0 to 16 s');
  assert.equal(range(-4, 16, 'count'), '-4 to 16');
});

test('says lengths of time in one unit', () => {
  assert.equal(lengthOf(40), '40 ms');
  assert.equal(lengthOf(41_000), '41 s');
  assert.equal(lengthOf(480_000), '8 min');
  assert.equal(lengthOf(36 * 3_600_000), '36 h');
  assert.equal(lengthOf(3.5 * 86_400_000), '3.5 d');
});

test('says the time of day in the asked offset, with the day where it is another', () => {
  const now = Date.UTC(2026, 10, 21, 3, 10);
  assert.equal(clockTime(Date.UTC(2026, 10, 21, 3, 16), now), '03:16');
  assert.equal(clockTime(Date.UTC(2026, 10, 20, 23, 59), now), '20 Nov 23:59');
  assert.equal(clockTime(Date.UTC(2026, 10, 20, 23, 59), now, 60), '00:59');
  assert.equal(clockTime(Date.UTC(2026, 10, 21, 3, 16), now, -330), '21:46');
});

test('agrees with the calendar on every day of four centuries', () => {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  for (let day = -10_000; day < 140_000; day += 1) {
    const date = new Date(day * 86_400_000);
    const want = `${date.getUTCDate()} ${months[date.getUTCMonth()]} 00:00`;
    assert.equal(clockTime(day * 86_400_000, (day + 1) * 86_400_000), want);
  }
});

test('any number gives a short text', () => {
  const units = fc.constantFrom<Unit>('seconds', 'records', 'records_per_second', 'ratio', 'bytes', 'count');
  const sane = fc.double({ min: -1e15, max: 1e15, noNaN: true });
  fc.assert(fc.property(sane, units, (value, unit) => quantity(value, unit).length <= 24));
  fc.assert(fc.property(fc.double(), fc.double(), units, (a, b, unit) => !/NaN|Infinity/.test(range(a, b, unit))));
});

test('says requests and lists in plain words', () => {
  assert.equal(requestWords({ kind: 'throttle', rate: 40 }), 'throttled to 40/s');
  assert.equal(requestWords({ kind: 'pause' }), 'paused');
  assert.equal(requestWords({ kind: 'scale', replicas: 4 }), 'scaled to 4');
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(list), ['', 'a', 'a and b', 'a, b and c']);
});
