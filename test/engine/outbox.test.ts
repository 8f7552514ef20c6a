import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Change, OutboxItem } from '../../src/domain/ports.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import type { Journal } from '../../src/engine/journal.ts';
import { createOutbox, type OutboxHandler, type OutboxOptions } from '../../src/engine/outbox.ts';
import { fakeClock, settle } from '../support/fake-clock.ts';

const START = Date.UTC(2026, 0, 5);
const unreachable = (retryAfter?: number) => new HeadgateError('unreachable', 'nobody answers', { retryAfter });

const item = (id: string, more: Partial<OutboxItem> = {}): OutboxItem => ({
  id,
  lane: 'notifier:ops',
  priority: 1,
  createdAt: START,
  dueAt: START,
  attempts: 0,
  giveUpAt: START + HOUR,
  body: null,
  ...more,
});

/** An outbox on a journal that writes down what it was given; `random` is 1, so that delays are at their ceiling. */
function outboxWith(handler: OutboxHandler, more: Partial<OutboxOptions> = {}) {
  const clock = fakeClock(START);
  const committed: Change[] = [];
  const failures: string[] = [];
  const counts: number[] = [];
  const journal: Journal = {
    degraded: false,
    commit: async (changes) => void committed.push(...changes),
    close: async () => {},
  };
  const outbox = createOutbox({
    clock,
    journal,
    random: () => 1,
    timeout: MINUTE,
    handlers: { notifier: handler, gate: handler },
    failed: ({ id, attempts }, { code }, gaveUp) =>
      failures.push(`${id}#${attempts} ${code}${gaveUp ? ' gave up' : ''}`),
    changed: (pending) => counts.push(pending),
    ...more,
  });
  const dropped = () => committed.flatMap((change) => ('drop' in change ? [change.id] : []));
  return { clock, outbox, committed, dropped, failures, counts };
}

/** A handler whose calls end when the test says so. */
function byHand() {
  const calls: { id: string; end: (error?: Error) => void }[] = [];
  const handler: OutboxHandler = ({ id }) =>
    new Promise((resolve, reject) => calls.push({ id, end: (error) => (error ? reject(error) : resolve([])) }));
  return { calls, handler, ids: () => calls.map((call) => call.id) };
}

test('works one item of a lane at a time, the most urgent first, then the oldest', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox } = outboxWith(handler);
  outbox.add([
    item('ticket', { priority: 2 }),
    item('late page', { priority: 0, createdAt: START - 1 }),
    item('page', { priority: 0, createdAt: START - 2 }),
  ]);
  for (let k = 0; k < 3; k++) {
    assert.equal(calls.length, k + 1, 'never two at a time');
    calls[k]?.end();
    await settle();
  }
  assert.deepEqual(ids(), ['page', 'late page', 'ticket']);
  assert.deepEqual(outbox.pending(), []);
});

test('lanes run beside each other: one that hangs holds up nobody else', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox } = outboxWith(handler);
  outbox.add([item('hangs', { lane: 'notifier:dead' }), item('a'), item('b')]);
  calls[1]?.end();
  await settle();
  calls[2]?.end();
  await settle();
  assert.deepEqual(ids(), ['hangs', 'a', 'b']);
  assert.deepEqual(
    outbox.pending().map(({ id }) => id),
    ['hangs'],
  );
});

test('what was done leaves the store together with the changes the handler answers with', async () => {
  const more: Change = { put: 'setting', key: 'k', value: 1 };
  const { outbox, committed } = outboxWith(async () => [more]);
  outbox.add([item('a')]);
  await settle();
  assert.deepEqual(committed, [more, { drop: 'outbox', id: 'a' }]);
});

test('a failed item is durable with its next time before it is tried again, later and later', async () => {
  const { clock, outbox, committed, failures } = outboxWith(async () => {
    throw unreachable();
  });
  outbox.add([item('a', { giveUpAt: START + 24 * HOUR })]);
  await clock.advance(10 * SECOND);
  const waits = committed.map((change) => ('put' in change && change.put === 'outbox' ? change.item : assert.fail()));
  assert.deepEqual(
    waits.map(({ attempts, dueAt }) => [attempts, dueAt - START]),
    [
      [1, 2_000],
      [2, 6_000],
    ].concat([[3, 14_000]]),
  );
  await clock.advance(HOUR);
  const gaps = committed.flatMap((change) => ('put' in change && change.put === 'outbox' ? [change.item.dueAt] : []));
  assert.equal((gaps.at(-1) as number) - (gaps.at(-2) as number), 5 * MINUTE, 'never longer than five minutes');
  assert.equal(failures[0], 'a#0 unreachable');
});

test('never comes back sooner than the receiver asked', async () => {
  const { calls, handler } = byHand();
  const { clock, outbox } = outboxWith(handler);
  outbox.add([item('a')]);
  calls[0]?.end(unreachable(7 * MINUTE));
  await clock.advance(7 * MINUTE - 1);
  assert.equal(calls.length, 1);
  await clock.advance(MINUTE);
  assert.equal(calls.length, 2, 'a tenth more is left to chance');
});

test('an item that waits for its next attempt lets others of its lane go ahead', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox } = outboxWith(handler);
  outbox.add([item('a', { priority: 0 }), item('b')]);
  calls[0]?.end(unreachable());
  await settle();
  assert.deepEqual(ids(), ['a', 'b']);
});

test('gives up at a refusal, and after its time, says so, and owes it no more', async () => {
  let error = new HeadgateError('rejected', '400');
  const { clock, outbox, dropped, failures } = outboxWith(async () => {
    throw error;
  });
  outbox.add([item('refused')]);
  await settle();
  error = unreachable();
  outbox.add([item('old', { giveUpAt: START + 3 * SECOND })]);
  await clock.advance(MINUTE);
  assert.deepEqual(failures, ['refused#0 rejected gave up', 'old#0 unreachable', 'old#1 unreachable gave up']);
  assert.deepEqual(dropped(), ['refused', 'old']);
  assert.deepEqual(outbox.pending(), []);
});

test('a failure nobody foresaw is tried again', async () => {
  const { outbox, failures } = outboxWith(async () => {
    throw new TypeError('x is undefined');
  });
  outbox.add([item('a')]);
  await settle();
  assert.deepEqual(failures, ['a#0 internal']);
  assert.equal(outbox.pending().length, 1);
});

test('an item replaced while it is worked on stays and is worked on again', async () => {
  const { calls, handler } = byHand();
  const { outbox, dropped } = outboxWith(handler);
  outbox.add([item('a', { body: 'old' })]);
  outbox.add([item('a', { body: 'new' })]);
  calls[0]?.end();
  await settle();
  assert.equal(calls.length, 2);
  assert.deepEqual(dropped(), []);
  calls[1]?.end();
  await settle();
  assert.deepEqual(dropped(), ['a']);
});

test('a failure of the old form of an item does not put off the new one', async () => {
  const { calls, handler } = byHand();
  const { outbox } = outboxWith(handler);
  outbox.add([item('a', { body: 'old' })]);
  outbox.add([item('a', { body: 'new' })]);
  calls[0]?.end(unreachable());
  await settle();
  assert.equal(calls.length, 2);
  assert.equal(outbox.pending()[0]?.attempts, 0);
});

test('a dropped item is not begun, and one under way is not put back by its failure', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox } = outboxWith(handler);
  outbox.add([item('running', { priority: 0 }), item('waiting')]);
  outbox.drop(['running', 'waiting']);
  calls[0]?.end(unreachable());
  await settle();
  assert.deepEqual(ids(), ['running']);
  assert.deepEqual(outbox.pending(), []);
});

test('a wall clock that is set back by an hour holds up neither what is new nor what is tried again', async () => {
  const { calls, handler, ids } = byHand();
  const { clock, outbox } = outboxWith(handler);
  outbox.add([item('first', { priority: 0 }), item('behind it')]);
  clock.jump(-HOUR);
  calls[0]?.end(unreachable());
  await clock.advance(0);
  assert.deepEqual(ids(), ['first', 'behind it']);
  calls[1]?.end();
  await clock.advance(2 * SECOND);
  assert.deepEqual(ids(), ['first', 'behind it', 'first']);
});

test('a row from before a restart that lies days ahead, since the clock was wrong then, waits an hour at most', async () => {
  const { calls, handler } = byHand();
  const { clock, outbox } = outboxWith(handler);
  outbox.add([item('a', { dueAt: START + 48 * HOUR, giveUpAt: Number.MAX_SAFE_INTEGER })]);
  await clock.advance(HOUR);
  assert.equal(calls.length, 1);
});

test('an item whose lane nobody serves is no longer owed', async () => {
  const { outbox, dropped } = outboxWith(async () => []);
  outbox.add([item('a', { lane: 'pigeon:north' })]);
  await settle();
  assert.deepEqual(dropped(), ['a']);
});

test('drained waits for what is due, not for a later attempt', async () => {
  const { calls, handler } = byHand();
  const { clock, outbox } = outboxWith(handler);
  const never = new AbortController().signal;
  let done = false;
  outbox.add([item('a'), item('b')]);
  const drained = outbox.drained(never).then(() => {
    done = true;
  });
  calls[0]?.end();
  await clock.advance(0);
  assert.equal(done, false);
  calls[1]?.end(unreachable());
  await clock.advance(0);
  await drained;
});

test('drained waits for later attempts at what must not stay, until it is told to stop waiting', async () => {
  const { calls, handler } = byHand();
  const { clock, outbox } = outboxWith(handler);
  const isGate = ({ lane }: OutboxItem) => lane.startsWith('gate:');
  outbox.add([item('a', { lane: 'gate:valve:p.s' })]);
  let done = false;
  const drained = outbox.drained(new AbortController().signal, isGate).then(() => {
    done = true;
  });
  calls[0]?.end(unreachable());
  await clock.advance(SECOND);
  assert.equal(done, false);
  await clock.advance(SECOND);
  calls[1]?.end();
  await drained;
  outbox.add([item('b', { lane: 'gate:valve:p.s' })]);
  const limit = new AbortController();
  const second = outbox.drained(limit.signal, isGate);
  limit.abort();
  await second;
  assert.equal(outbox.pending().length, 1);
});

test('what must not stay is tried at the end at once, and soon again, however long it was to wait', async () => {
  const { calls, handler } = byHand();
  const { clock, outbox } = outboxWith(handler);
  outbox.add([item('a', { lane: 'gate:valve:p.s', attempts: 8, dueAt: START + HOUR })]);
  await clock.advance(SECOND);
  assert.equal(calls.length, 0);
  const drained = outbox.drained(new AbortController().signal, ({ lane }) => lane.startsWith('gate:'));
  assert.equal(calls.length, 1);
  calls[0]?.end(unreachable());
  await clock.advance(SECOND);
  assert.equal(calls.length, 2);
  calls[1]?.end();
  await drained;
});

test('close aborts what is under way, keeps it owed, and begins nothing more', async () => {
  const begun: string[] = [];
  const { clock, outbox, dropped, failures } = outboxWith(({ id }, abort) => {
    begun.push(id);
    return new Promise((_resolve, reject) => abort.addEventListener('abort', () => reject(unreachable())));
  });
  outbox.add([item('a', { priority: 0 }), item('b')]);
  await outbox.close();
  outbox.add([item('c', { lane: 'notifier:other' })]);
  await clock.advance(HOUR);
  assert.deepEqual(begun, ['a']);
  assert.deepEqual([dropped(), failures], [[], []]);
});

test('says how much is owed whenever that changes', async () => {
  const { counts, outbox } = outboxWith(async () => []);
  outbox.add([item('a'), item('b')]);
  await settle();
  assert.deepEqual(counts, [2, 1, 0]);
});

/** Ids are `incident/step`. */
const byIncident = { threadOf: ({ id }: OutboxItem) => id.split('/')[0], atOnce: () => 3 };

test('as many items at once as the receiver allows, those of one incident one after the other', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox } = outboxWith(handler, byIncident);
  const opened = item('a/opened');
  outbox.add([opened, item('a/resolved', { createdAt: START + 1 })]);
  outbox.add(['b', 'c', 'd'].map((id) => item(`${id}/opened`, { createdAt: START + 2 })));
  await settle();
  assert.deepEqual(ids(), ['a/opened', 'b/opened', 'c/opened'], 'three incidents');
  calls[1]?.end();
  await settle();
  assert.deepEqual(ids().slice(3), ['d/opened'], 'the end of a waits for its beginning');
  calls[0]?.end();
  await settle();
  assert.deepEqual(ids().slice(4), ['a/resolved']);
});

test('a failed item holds up what follows of its incident, and nobody else', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox, clock } = outboxWith(handler, byIncident);
  outbox.add([item('a/opened'), item('a/resolved', { createdAt: START + 1 }), item('b/opened')]);
  await settle();
  calls[0]?.end(unreachable());
  calls[1]?.end();
  await settle();
  assert.deepEqual(ids(), ['a/opened', 'b/opened']);
  await clock.advance(2 * SECOND);
  assert.deepEqual(ids().slice(2), ['a/opened']);
  calls[2]?.end();
  await settle();
  assert.deepEqual(ids().slice(3), ['a/resolved']);
});

test('a receiver that complains of too much gets one at a time', async () => {
  const { calls, handler, ids } = byHand();
  const { outbox, clock } = outboxWith(handler, byIncident);
  outbox.add(['a', 'b', 'c', 'd', 'e'].map((id) => item(`${id}/opened`)));
  await settle();
  calls[0]?.end(new HeadgateError('rate-limited', '429', { retryAfter: SECOND }));
  calls[1]?.end();
  calls[2]?.end();
  await settle();
  assert.equal(ids().length, 3, 'it rests');
  await clock.advance(10 * SECOND);
  assert.equal(ids().length, 4, 'and then only one is under way');
});

test('what is under way is not folded with what waits', async () => {
  const { calls, handler, ids } = byHand();
  const asked: string[][] = [];
  const collapse: OutboxOptions['collapse'] = (_, items) => void asked.push(items.map(({ id }) => id));
  const { outbox } = outboxWith(handler, { ...byIncident, atOnce: () => 2, collapse });
  outbox.add([item('a/opened'), item('a/more', { createdAt: START + 1 }), item('b/opened')]);
  await settle();
  assert.deepEqual(ids(), ['a/opened', 'b/opened']);
  assert.deepEqual(asked.at(-1), ['b/opened'], 'neither what is sent of a, nor what has to follow it');
  calls[0]?.end();
});
