import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Change, Store } from '../../src/domain/ports.ts';
import { DAY, HOUR, SECOND } from '../../src/domain/time.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import { decision, folder, item, MONDAY, RETENTION, STAGE, sample } from './rows.ts';

const opened = async (t: TestContext): Promise<Store> => {
  const store = await openSqlite({ path: join(folder(t), 'headgate.db'), read_only: false });
  t.after(() => store.close());
  return store;
};

/** How often the event loop came round while the work went on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let done = false;
  const end = work.finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise(setImmediate);
    turns += 1;
  }
  await end;
  return turns;
}

test('lets the event loop go round during every long call', async (t) => {
  const store = await opened(t);
  const rows = Array.from({ length: 40_000 }, (_, n) => sample(MONDAY + n * SECOND, { rows: n, lag_seconds: 1 }));
  const changes = Array.from(
    { length: 10_000 },
    (_, n): Change => ({ put: 'outbox', item: item(`o${n}`, { body: 'x'.repeat(500) }) }),
  );
  const decisions = Array.from({ length: 20_000 }, (): Change => ({ put: 'decision', decision: decision() }));
  const blobs = Array.from({ length: 400 }, (_, n) => ({ key: `k${n}`, at: MONDAY, bytes: new Uint8Array(50_000) }));
  const calls: (readonly [string, () => Promise<unknown>])[] = [
    ['append samples', () => store.appendSamples(rows)],
    ['commit', () => store.commit(changes)],
    ['commit decisions', () => store.commit(decisions)],
    ['save state', () => store.saveState(blobs)],
    ['read the outbox', () => store.outbox()],
    ['read decisions', () => store.decisions({ limit: 20_000 })],
    ['read samples', () => store.samplesSince(STAGE, 0)],
    ['read series', () => store.series({ stage: STAGE, from: MONDAY, to: MONDAY + DAY, step: SECOND })],
  ];
  const chain = async (): Promise<void> => {
    for (let n = 0; n < 200; n++) await store.commit([{ put: 'setting', key: 'n', value: n }]);
  };
  calls.push(['many short calls', chain]);
  // One turn comes with every call; the work takes tens of milliseconds, and slices are cut at five.
  for (const [what, call] of calls) assert.ok((await turnsDuring(call())) >= 3, what);
  let slices = 1;
  while (!(await store.maintain(MONDAY + 12 * HOUR, RETENTION))) slices++;
  assert.ok(slices >= 3, `upkeep took ${slices} slices`);
});

test('writes samples between the slices of upkeep, and loses none of them', async (t) => {
  const store = await opened(t);
  const rows = Array.from({ length: 5_000 }, (_, n) => sample(MONDAY + n * SECOND, { rows: n }));
  await store.appendSamples(rows);
  let n = rows.length;
  let done = false;
  while (!done) {
    const append = store.appendSamples([sample(MONDAY + n * SECOND, { rows: n })]);
    done = await store.maintain(MONDAY + 3 * HOUR, RETENTION);
    await append;
    n += 1;
  }
  const found = await store.samplesSince(STAGE, 0);
  assert.deepEqual(
    found.map((row) => row.values.get('rows')),
    Array.from({ length: n }, (_, value) => value),
  );
});
