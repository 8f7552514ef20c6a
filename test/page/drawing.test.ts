import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yExtent } from '../../src/page/chart/extent.ts';
import { sparkOf } from '../../src/page/chart/spark.ts';
import { waterWidth } from '../../src/page/model/flow.ts';
import { type SseMessage, sseParser } from '../../src/page/net/sse.ts';

const flat = (values: readonly (number | null)[], band?: readonly [number, number]) => ({
  at: values.map((_, index) => index * 10),
  value: values,
  lower: values.map(() => band?.[0] ?? null),
  upper: values.map(() => band?.[1] ?? null),
});

test('a gap breaks the line of a sparkline and never draws a zero', () => {
  const spark = sparkOf(flat([5, 5, null, 5]), 0, 30, 100, 20);
  assert.equal(spark.line.match(/M/g)?.length, 2);
  assert.equal(spark.silentFrom, undefined);
});

test('answers that stopped leave a hatched end', () => {
  const spark = sparkOf(flat([5, 5, null, null]), 0, 30, 100, 20);
  assert.ok(spark.silentFrom !== undefined && spark.silentFrom > 30 && spark.silentFrom < 50);
});

test('a calm signal stays within the middle third of its box', () => {
  const ys = [...sparkOf(flat([9, 10, 11, 10], [9, 11]), 0, 30, 100, 26).line.matchAll(/ ([\d.]+)/g)].map((found) =>
    Number(found[1]),
  );
  assert.ok(Math.max(...ys) - Math.min(...ys) <= 26 / 3);
});

test('a sparkline of nothing is empty', () => {
  assert.deepEqual(sparkOf(flat([]), 0, 30, 100, 20), { line: '', band: '', end: undefined, silentFrom: undefined });
});

test('a chart starts at 0, except where its band would be thin', () => {
  assert.equal(yExtent(flat([5, 6], [1, 10]))[0], 0);
  assert.ok(yExtent(flat([100, 101], [99, 102]))[0] > 90);
  assert.equal(yExtent(flat([100, 500], [99, 102]))[0], 0);
  assert.deepEqual(yExtent(flat([])), [0, 1]);
  assert.ok(yExtent(flat([-5, 5]))[0] < -5);
});

test('water grows with the flow, and unknown flow is thin', () => {
  assert.ok(waterWidth(0.4) < waterWidth(1) && waterWidth(1) < waterWidth(3));
  assert.equal(waterWidth(1_000), 12);
  assert.equal(waterWidth(undefined), 3);
});

test('a stream is cut into the same messages wherever the chunks break', () => {
  const text = 'retry: 2000\n\nid: 7\r\nevent: stage\r\ndata: {"a":\r\ndata: 1}\r\n\r\n: ping\n\ndata: x\n\n';
  const want: SseMessage[] = [
    { kind: 'event', event: 'stage', data: '{"a":\n1}', id: '7' },
    { kind: 'comment' },
    { kind: 'event', event: 'message', data: 'x', id: '7' },
  ];
  for (let size = 1; size <= text.length; size += 1) {
    const parse = sseParser();
    const got: SseMessage[] = [];
    for (let at = 0; at < text.length; at += size) got.push(...parse(text.slice(at, at + size)));
    assert.deepEqual(got, want);
  }
});
