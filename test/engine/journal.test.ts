import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Change, Store } from '../../src/domain/ports.ts';
import { MINUTE, SECOND } from '../../src/domain/time.ts';
import { createJournal } from '../../src/engine/journal.ts';
import { openMemory } from '../../src/stores/memory/memory.ts';
import { decision, incident, item, lease } from '../stores/rows.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock, settle } from '../support/fake-clock.ts';

const setting = (key: string): Change => ({ put: 'setting', key, value: key });
const keyOf = (change: Change): string => ('put' in change && change.put === 'setting' ? change.key : '?');

/** A journal on a real store in memory whose commits fail while `disk.full`. */
function journalOn() {
  const clock = fakeClock();
  const inner = openMemory();
  const disk = { full: false };
  const batches: (readonly Change[])[] = [];
  const said: boolean[] = [];
  const store: { -readonly [K in keyof Store]: Store[K] } = {
    ...inner,
    async commit(changes) {
      if (disk.full) throw new HeadgateError('store-failed', 'the disk is full');
      await inner.commit(changes);
      batches.push(changes);
    },
  };
  const journal = createJournal(store, clock, eventsOf({ storeDegraded: ({ degraded }) => said.push(degraded) }));
  return { clock, store, disk, journal, batches, said, keys: () => batches.map((batch) => batch.map(keyOf).join()) };
}

test('what is asked for while a commit is under way goes into the next together, in the order of the calls', async () => {
  const { journal, store, keys } = journalOn();
  const commit = store.commit;
  const disk = Promise.withResolvers<void>();
  store.commit = async (changes) => {
    await disk.promise;
    await commit(changes);
  };
  const answered: string[] = [];
  const ask = (key: string): Promise<void> => journal.commit([setting(key)]).then(() => void answered.push(key));
  const calls = [ask('a')];
  await settle();
  calls.push(...['b', 'c', 'd'].map(ask));
  await settle();
  assert.deepEqual([keys(), answered], [[], []], 'nobody is answered before the disk is');
  disk.resolve();
  await Promise.all(calls);
  assert.deepEqual(
    [keys(), answered.toSorted()],
    [
      ['a', 'b,c,d'],
      ['a', 'b', 'c', 'd'],
    ],
  );
  assert.equal(journal.degraded, false);
});

test('while the store fails every commit is answered, once it is said, and nothing is lost', async () => {
  const { clock, disk, journal, keys, said } = journalOn();
  disk.full = true;
  await journal.commit([setting('a')]);
  await journal.commit([setting('b'), setting('c')]);
  await clock.advance(MINUTE);
  assert.equal(journal.degraded, true);
  assert.deepEqual([keys(), said], [[], [true]]);
  disk.full = false;
  await clock.advance(5 * SECOND);
  assert.deepEqual(keys(), ['a,b,c'], 'by itself, in order');
  assert.deepEqual([journal.degraded, said], [false, [true, false]]);
});

test('what is committed while a backlog waits is written after it, once, and in order', async () => {
  const { clock, disk, journal, keys } = journalOn();
  disk.full = true;
  await journal.commit([setting('a')]);
  disk.full = false;
  await journal.commit([setting('b')]);
  assert.deepEqual(keys(), []);
  await clock.advance(5 * SECOND);
  await journal.commit([setting('c')]);
  assert.deepEqual(keys(), ['a,b', 'c']);
});

test('a long backlog is written in slices that cut no batch in two', async () => {
  const { clock, disk, journal, batches } = journalOn();
  disk.full = true;
  for (let n = 0; n < 300; n++) await journal.commit(Array.from({ length: 7 }, (_, i) => setting(`${n}.${i}`)));
  disk.full = false;
  await clock.advance(5 * SECOND);
  assert.equal(batches.flat().length, 2_100);
  for (const batch of batches) assert.ok(batch.length % 7 === 0 && batch.length < 210, `${batch.length}`);
});

test('a store that fails again in the middle of the backlog keeps what it took, and gets the rest later', async () => {
  const { clock, disk, journal, batches, said, store } = journalOn();
  disk.full = true;
  for (let n = 0; n < 1_000; n++) await journal.commit([setting(String(n))]);
  disk.full = false;
  const commit = store.commit;
  store.commit = async (changes) => {
    disk.full = batches.length === 2;
    await commit(changes);
  };
  await clock.advance(5 * SECOND);
  assert.deepEqual([batches.length, journal.degraded], [2, true]);
  store.commit = commit;
  disk.full = false;
  await clock.advance(5 * SECOND);
  assert.deepEqual(
    batches.flat().map(keyOf),
    Array.from({ length: 1_000 }, (_, n) => String(n)),
  );
  assert.deepEqual(said, [true, false]);
});

test('what was put and dropped while the store failed is not there afterwards', async () => {
  const { clock, disk, journal, store } = journalOn();
  disk.full = true;
  await journal.commit([
    { put: 'outbox', item: item('a') },
    { put: 'outbox', item: item('b') },
  ]);
  await journal.commit([{ drop: 'outbox', id: 'a' }]);
  disk.full = false;
  await clock.advance(5 * SECOND);
  assert.deepEqual(
    (await store.outbox()).map(({ id }) => id),
    ['b'],
  );
});

test('a failure that lasts for days keeps what is owed and the newest of what is open, not every decision', async () => {
  const { clock, disk, journal, store, batches } = journalOn();
  disk.full = true;
  await journal.commit([
    { put: 'outbox', item: item('owed') },
    { put: 'audit', entry: { at: 1, actor: 'ann', action: 'release', detail: null } },
  ]);
  for (let n = 0; n < 60; n++)
    await journal.commit(
      Array.from({ length: 1_000 }, (_, i): Change[] => [
        { put: 'incident', incident: incident('i1', { openedAt: n * 1_000 + i }) },
        { put: 'lease', lease: lease('L1', { renewals: n * 1_000 + i }) },
        { put: 'decision', decision: decision({ at: n * 1_000 + i }) },
      ]).flat(),
    );
  disk.full = false;
  await clock.advance(5 * SECOND);
  await settle();
  assert.deepEqual(
    (await store.outbox()).map(({ id }) => id),
    ['owed'],
  );
  assert.equal((await store.openIncidents())[0]?.openedAt, 59_999);
  assert.equal((await store.leasesInForce())[0]?.renewals, 59_999);
  assert.equal((await store.decisions({ limit: 1 }))[0]?.at, 59_999, 'the oldest decisions went first');
  assert.equal((await store.audit(0, 10)).length, 1, 'who did what is not given up');
  assert.ok((batches[0] as readonly Change[]).length <= 50_000);
});

test('close tries once more, and leaves no timer', async () => {
  const { clock, disk, journal, keys } = journalOn();
  disk.full = true;
  await journal.commit([setting('a')]);
  disk.full = false;
  await journal.close();
  assert.deepEqual([keys(), clock.timers], [['a'], 0]);
});
