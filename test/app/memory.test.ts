import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemories, memoryKey } from '../../src/app/memory.ts';
import { openStore } from '../../src/app/offline.ts';
import { HeadgateError } from '../../src/domain/error.ts';
import { DAY } from '../../src/domain/time.ts';
import { fakeClock } from '../support/fake-clock.ts';

const open = () => openStore('memory', {});

test('what a notifier keeps is there after a restart, and nobody else sees it', async () => {
  const store = await open();
  const clock = fakeClock();
  await createMemories(store, clock)('slack').set('3', { ts: '1.2' });
  const after = createMemories(store, clock);
  assert.deepEqual(await after('slack').get('3'), { ts: '1.2' });
  assert.equal(await after('other').get('3'), undefined);
  assert.equal(after('slack'), after('slack'), 'a reload meets the same memory');
});

test('what is forgotten is gone, also after a restart, and the rest stays', async () => {
  const store = await open();
  const clock = fakeClock();
  const memory = createMemories(store, clock)('pd');
  await memory.set('3', 'key');
  await memory.set('4', 'key');
  await memory.forget('3');
  await memory.forget('unknown');
  const after = createMemories(store, clock)('pd');
  assert.deepEqual([await after.get('3'), await after.get('4')], [undefined, 'key']);
});

test('what nobody forgot is dropped after a month', async () => {
  const store = await open();
  const clock = fakeClock();
  const memory = createMemories(store, clock)('pd');
  await memory.set('old', 1);
  await clock.advance(31 * DAY);
  await memory.set('new', 2);
  assert.deepEqual(Object.keys((await store.setting(memoryKey('pd'))) as object), ['new']);
});

test('a store that fails costs durability and nothing else, and what was set meanwhile is written later', async () => {
  const store = await open();
  const clock = fakeClock();
  await createMemories(store, clock)('pd').set('before', 1);
  let broken = true;
  const fail = () => Promise.reject(new HeadgateError('store-failed', 'the disk is full'));
  const memory = createMemories(
    {
      ...store,
      commit: (changes) => (broken ? fail() : store.commit(changes)),
      setting: (key) => (broken ? fail() : store.setting(key)),
    },
    clock,
  )('pd');
  await memory.set('meanwhile', 2);
  assert.deepEqual([await memory.get('meanwhile'), await memory.get('before')], [2, undefined]);
  broken = false;
  await memory.set('after', 3);
  const row = Object.keys((await store.setting(memoryKey('pd'))) as object);
  assert.deepEqual(row.toSorted(), ['after', 'before', 'meanwhile']);
});
