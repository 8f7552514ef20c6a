import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatPercent,
  formatRange,
  formatScore,
  formatTicks,
  formatValue,
  shortSignal,
} from '../../src/page/text/number.ts';
import { piecesOf } from '../../src/page/text/rich.ts';
import { ago, clockOrDay, duration } from '../../src/page/text/time.ts';
import { inReadersZone } from '../../src/page/text/zone.ts';

// The narrow space is written as a plain one here, so that the expected texts can be read.
const plain = (text: string): string => text.replaceAll('\u202f', ' ');

test('a value carries the unit in which it reads best', () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [321, 'seconds', '321 s'],
    [0.62, 'seconds', '0.62 s'],
    [0.012, 'seconds', '12 ms'],
    [0, 'seconds', '0 s'],
    [960, 'seconds', '16 min'],
    [5_760, 'seconds', '96 min'],
    [10_800, 'seconds', '3.0 h'],
    [0.0087, 'ratio', '0.87 %'],
    [0.5, 'ratio', '50 %'],
    [760, 'records_per_second', '760 /s'],
    [1_540, 'records_per_second', '1.5 k /s'],
    [133, 'records', '133'],
    [3, 'count', '3'],
    [45_000, 'count', '45 k'],
    [2_500_000, 'bytes', '2.5 MB'],
    [-4.2, 'seconds', '-4.2 s'],
  ];
  for (const [value, unit, want] of cases) assert.equal(plain(formatValue(value, unit)), want);
});

test('a range has one unit, that of its larger end', () => {
  assert.equal(plain(formatRange(1.8, 16, 'seconds')), '1.8 to 16 s');
  assert.equal(plain(formatRange(743, 960, 'seconds')), '12 to 16 min');
  assert.equal(plain(formatRange(1_600, 2_000, 'records_per_second')), '1.6 to 2.0 k /s');
  assert.equal(plain(formatRange(0, 6, 'count')), '0 to 6');
  assert.equal(plain(formatRange(4, 4, 'count')), '4');
});

test('a number and its unit never break apart', () => {
  for (const text of [
    formatValue(321, 'seconds'),
    formatRange(1, 2, 'seconds'),
    formatPercent(0.4),
    duration(90_000),
  ]) {
    assert.match(text, /\d\u202f\S/);
    assert.doesNotMatch(text, /\d (?!to )[a-z%/]/);
  }
});

test('the ticks of an axis share one unit and say no digit too many', () => {
  assert.deepEqual(formatTicks([0, 500, 1_000], 'seconds').map(plain), ['0 min', '8.3 min', '16.7 min']);
  assert.deepEqual(formatTicks([0, 100, 200], 'seconds').map(plain), ['0 s', '100 s', '200 s']);
  assert.deepEqual(formatTicks([0, 0.005, 0.01], 'ratio').map(plain), ['0 %', '0.5 %', '1.0 %']);
});

test('scores and signals are short', () => {
  assert.deepEqual([formatScore(23.4), formatScore(2.14), formatScore(1_000)], ['23', '2.1', '1000']);
  assert.deepEqual(['lag_seconds', 'in_records_per_second', 'dlq_depth'].map(shortSignal), ['lag', 'in', 'dlq depth']);
});

test('a length of time has two units at most', () => {
  const cases: readonly (readonly [number, boolean, string])[] = [
    [42_000, false, '42 s'],
    [134_000, false, '2 min'],
    [134_000, true, '2 min 14 s'],
    [4 * 3_600_000 + 25 * 60_000, false, '4 h 25 min'],
    [30 * 3_600_000, false, '1 d 6 h'],
    [-5, false, '0 s'],
  ];
  for (const [length, fine, want] of cases) assert.equal(plain(duration(length, fine)), want);
  assert.equal(ago(1_000, 900), 'just now');
  assert.equal(plain(ago(0, 9_000)), '9 s ago');
});

test('numbers, times and stages of a sentence are found, its words stay', () => {
  const stages = (name: string): string | undefined =>
    ['enrich', 'fraud-score'].includes(name) ? `orders.${name}` : undefined;
  const sentence = 'enrich: lag_seconds 321 s, expected 1.8 to 16 s since 03:02; fraud-score and enrich-2 at 40 %.';
  const pieces = piecesOf(sentence, stages);
  assert.equal(pieces.map((piece) => piece.text).join(''), sentence);
  assert.deepEqual(
    pieces.filter((piece) => piece.kind === 'strong').map((piece) => piece.text),
    ['321 s', '16 s', '03:02', '40 %'],
  );
  assert.deepEqual(
    pieces.flatMap((piece) => (piece.kind === 'stage' ? [piece.id] : [])),
    ['orders.enrich', 'orders.fraud-score'],
  );
});

test('times the daemon says in UTC are read in the zone of the reader', () => {
  const now = Date.UTC(2026, 7, 14, 3, 10);
  const local = (at: number): string => clockOrDay(at, now);
  assert.equal(inReadersZone('opens at 03:16', now), `opens at ${local(Date.UTC(2026, 7, 14, 3, 16))}`);
  assert.equal(inReadersZone('since 23:50', now), `since ${local(Date.UTC(2026, 7, 13, 23, 50))}`);
  assert.equal(inReadersZone('on 12 Aug 18:00', now), `on ${local(Date.UTC(2026, 7, 12, 18, 0))}`);
  assert.equal(inReadersZone('on 30 Dec 18:00', now), `on ${local(Date.UTC(2025, 11, 30, 18, 0))}`);
  assert.equal(inReadersZone('ratio 1:2, port 127.0.0.1:9464', now), 'ratio 1:2, port 127.0.0.1:9464');
});
