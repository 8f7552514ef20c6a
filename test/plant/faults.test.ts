import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Direction } from '../../src/domain/signal.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { type Course, FAULT_KINDS, type FaultKind, faultWords, inject, lengthOfFault } from '../../src/plant/faults.ts';
import { seededRandom } from '../../src/stats/random.ts';

const MONDAY = Date.UTC(2026, 0, 5);

/** One value every `step`. */
const courseOf = (values: readonly number[], step = MINUTE): Course => ({
  at: values.map((_, index) => MONDAY + index * step),
  values: Float64Array.from(values),
});
const flat = courseOf(Array.from({ length: 400 }, () => 100));
const span = { from: 100, to: 160 };
const of = (kind: FaultKind, direction: Direction = 'both', course = flat, at = span): number[] => [
  ...(inject(kind, direction, course, at) ?? []),
];

describe('faults put into a course', () => {
  for (const [kind, direction, first, last] of [
    ['outage', 'both', 0, 0],
    ['near-outage', 'down', 5, 5],
    ['row-drop', 'both', 50, 50],
    ['spike', 'up', 200, 200],
    ['spike', 'down', 50, 50],
    ['shift', 'both', 130, 130],
    ['shift', 'down', 70, 70],
    ['leak', 'both', 100, 100 + 59 / 60],
    ['leak', 'down', 100, 100 - 59 / 60],
    ['ramp', 'up', 100, 100 + (100 * 59) / 60],
  ] as const) {
    test(`${kind}: a signal that is bad ${direction} ${faultWords(kind, direction)}`, () => {
      const values = of(kind, direction);
      assert.equal(values.length, 60);
      assert.ok(Math.abs((values[0] as number) - first) < 1e-9, `${values[0]}`);
      assert.ok(Math.abs((values.at(-1) as number) - last) < 1e-9, `${values.at(-1)}`);
    });
  }

  test('variance: swings twice as far around the middle of the hour, and keeps that middle', () => {
    const random = seededRandom(1);
    const noisy = courseOf(Array.from({ length: 400 }, () => 100 + random()));
    const [before, after] = [[...noisy.values.slice(100, 160)], of('variance', 'both', noisy)];
    const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x / xs.length, 0);
    const spread = (xs: readonly number[]) => Math.sqrt(mean(xs.map((x) => (x - mean(xs)) ** 2)));
    assert.ok(Math.abs(spread(after) / spread(before) - 2) < 0.1);
    assert.ok(Math.abs(mean(after) - mean(before)) < 0.1);
  });

  test('phase: what was to be seen three hours before, where there is a course of the day to be late in', () => {
    const day = Array.from({ length: 3 * 96 }, (_, i) => 100 + 50 * Math.sin((2 * Math.PI * i) / 96));
    const course = courseOf(day, 15 * MINUTE);
    const at = { from: 250, to: 266 };
    assert.deepEqual(of('phase', 'both', course, at), day.slice(238, 254));
    const random = seededRandom(2);
    const noise = courseOf(
      day.map(() => random()),
      15 * MINUTE,
    );
    assert.equal(inject('phase', 'both', noise, at), undefined);
  });

  test('stuck: repeats the last value that was there', () => {
    const course = courseOf(Array.from({ length: 400 }, (_, i) => (i === 99 ? Number.NaN : i)));
    assert.deepEqual(new Set(of('stuck', 'both', course)), new Set([98]));
  });

  test('nothing is put in where it would be no trouble, or would not be there', () => {
    assert.equal(inject('outage', 'up', flat, span), undefined, 'no latency is too small');
    assert.equal(inject('ramp', 'down', flat, span), undefined);
    assert.equal(inject('stuck', 'both', flat, span), undefined, 'it stands still already');
    assert.equal(inject('shift', 'both', courseOf(Array.from({ length: 400 }, () => 0)), span), undefined);
    const gone = courseOf(Array.from({ length: 400 }, (_, i) => (i >= 90 ? Number.NaN : 1)));
    assert.equal(inject('outage', 'both', gone, span), undefined);
  });

  test('lasts as long as is asked, a leak six times as long, a spike for one sample', () => {
    assert.equal(lengthOfFault('outage', HOUR), HOUR);
    assert.equal(lengthOfFault('leak', 4 * HOUR), DAY);
    assert.equal(lengthOfFault('spike', HOUR), 0);
  });

  test('whatever the course: it is left as it was, values stay finite, missing ones stay missing', () => {
    const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN), fc.constant(0));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 12, maxLength: 200 }),
        fc.constantFrom(...FAULT_KINDS),
        fc.constantFrom<Direction>('up', 'down', 'both'),
        fc.nat(),
        fc.integer({ min: 1, max: 100 }),
        (values, kind, direction, start, length) => {
          const course = courseOf(values, 10 * MINUTE);
          const from = 1 + (start % (values.length - 1));
          const at = { from, to: Math.min(values.length, from + length) };
          const injected = inject(kind, direction, course, at);
          assert.deepEqual([...course.values], values);
          injected?.forEach((x, offset) => {
            assert.equal(Number.isFinite(x), !Number.isNaN(values[from + offset]));
          });
        },
      ),
    );
  });
});
