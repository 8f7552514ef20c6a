import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, formatDuration, parseDuration, rate } from '../../src/kit/duration.ts';

test('durations are read with their unit, and parts are added up', () => {
  const CASES: readonly [string, number][] = [
    ['250ms', 250],
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['0s', 0],
  ];
  for (const [text, length] of CASES) assert.equal(parseDuration(text), length, text);
});

test('what is no duration is refused, with an example of one', () => {
  for (const text of ['', '5', 's', '5 s', '5min', '-5s', '1h 30m', '1e3s', '5S', '.5s', 'Infinity']) {
    assert.equal(parseDuration(text), undefined, text);
  }
  assert.match(duration.safeParse('5 minutes').error?.message ?? '', /such as 15s, 5m or 1h30m, got \\"5 minutes\\"/);
});

test('what is written is read back', () => {
  assert.equal(formatDuration(5_400_000), '1h30m');
  assert.equal(formatDuration(0), '0s');
  fc.assert(fc.property(fc.nat({ max: 1e12 }), (length) => parseDuration(formatDuration(length)) === length));
});

test('rates are records per second', () => {
  assert.deepEqual(
    ['100/s', '60/m', '7200/h', '0.5/s', '86400/d'].map((text) => rate.parse(text)),
    [100, 1, 2, 0.5, 1],
  );
  for (const text of ['100', '100/x', '/s', '-1/s', '100 /s', '1/ms']) {
    assert.equal(rate.safeParse(text).success, false, text);
  }
});
