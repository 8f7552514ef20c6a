import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { OutboxItem } from '../../src/domain/ports.ts';
import { MINUTE, SECOND } from '../../src/domain/time.ts';
import { afterAttempt, afterFailure, firstOfLanes, UNHURRIED } from '../../src/engine/lane.ts';

const item = (id: string, priority: number, createdAt: number, dueAt = 0): OutboxItem => ({
  id,
  lane: 'notifier:ops',
  priority,
  createdAt,
  dueAt,
  attempts: 0,
  giveUpAt: 0,
  body: null,
});
/** Ids are `thread/step`. */
const first = (...items: readonly OutboxItem[]): string | undefined =>
  firstOfLanes(
    items,
    (one) => one.dueAt <= 0,
    ({ id }) => id.split('/')[0] ?? '',
  ).get('notifier:ops')?.id;
const limited = (retryAfter?: number) => new HeadgateError('rate-limited', '429', { retryAfter });

test('what opened goes before what followed, and as urgently', () => {
  assert.equal(first(item('a/resolved', 1, 20), item('a/opened', 2, 10), item('b/opened', 2, 5)), 'a/opened');
});

test('what followed waits while the opening waits for its next attempt; others go ahead', () => {
  assert.equal(first(item('a/resolved', 0, 20), item('a/opened', 0, 10, 1), item('b/opened', 3, 30)), 'b/opened');
  assert.equal(first(item('a/resolved', 0, 20), item('a/opened', 0, 10, 1)), undefined);
});

test('of what happened in the same moment the more urgent goes first', () => {
  assert.equal(first(item('a/action', 3, 10), item('a/opened', 2, 10)), 'a/opened');
});

test('a receiver that complains is let rest as long as it asks, and sent to at a distance from then on', () => {
  const once = afterFailure(UNHURRIED, limited(SECOND), 1_100, 5_000);
  assert.deepEqual(once, { readyAt: 6_100, gap: 1_050 });
  assert.deepEqual(afterAttempt(once, true, 7_000), { readyAt: 8_050, gap: 1_050 });
  const twice = afterFailure(once, limited(SECOND), 1_000, 9_000);
  assert.deepEqual(twice, { readyAt: 10_000, gap: 1_312.5 });
});

test('a long Retry-After is a rest, not a distance; a missing one is taken for a second', () => {
  assert.deepEqual(afterFailure(UNHURRIED, limited(5 * MINUTE), 5 * MINUTE, 0), { readyAt: 5 * MINUTE, gap: 1_050 });
  assert.deepEqual(afterFailure(UNHURRIED, limited(), 1_500, 0), { readyAt: 1_500, gap: 1_050 });
});

test('the distance never grows beyond half a minute, and is forgotten once nothing waits', () => {
  let pace = UNHURRIED;
  for (let k = 0; k < 40; k++) pace = afterFailure(pace, limited(), SECOND, 0);
  assert.equal(pace.gap, 30 * SECOND);
  assert.deepEqual(afterAttempt(pace, false, 0), { readyAt: 30 * SECOND, gap: 0 });
});

test('an outage without a word about time slows nobody else down; one with it is waited out', () => {
  assert.equal(afterFailure(UNHURRIED, new HeadgateError('unreachable', 'x'), SECOND, 0), UNHURRIED);
  const busy = new HeadgateError('server-error', '503', { retryAfter: MINUTE });
  assert.deepEqual(afterFailure(UNHURRIED, busy, MINUTE, 0), { readyAt: MINUTE, gap: 0 });
});
