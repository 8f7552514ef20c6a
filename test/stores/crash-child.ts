import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Change } from '../../src/domain/ports.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import { batchIds, KEPT_BATCHES } from './crash-batches.ts';
import { item, MONDAY, RETENTION, sample } from './rows.ts';

/**
 * Commits numbered batches as fast as it can until it is killed, and writes the number of each to standard output once the
 * commit has resolved. Samples, state and upkeep go on beside it, so that checkpoints and other writers are met too.
 */
const [, , path = ''] = process.argv;
const store = await openSqlite({ path, read_only: false }, (message) => writeSync(1, `lost ${message}\n`));
const blob = (at: number, fill: number) => [{ key: 'k', at, bytes: new Uint8Array(5_000).fill(fill) }];
// Before the first batch is acknowledged there is a blob, so the kill that follows it must find one.
await store.saveState(blob(MONDAY, 0));

async function commitForEver(): Promise<never> {
  for (let n = Number((await store.setting('last')) ?? 0) + 1; ; n++) {
    const puts = batchIds(n).map((id): Change => ({ put: 'outbox', item: item(id, { body: 'x'.repeat(n % 3_000) }) }));
    const drops = batchIds(n - KEPT_BATCHES).map((id): Change => ({ drop: 'outbox', id }));
    const entry = { at: MONDAY + n, actor: 'child', action: 'batch', detail: n };
    await store.commit([...puts, ...drops, { put: 'audit', entry }, { put: 'setting', key: 'last', value: n }]);
    writeSync(1, `${n}\n`);
    await new Promise(setImmediate);
  }
}

async function sampleForEver(): Promise<never> {
  const start = MONDAY + Number((await store.setting('last')) ?? 0) * 1_000_000;
  for (let n = 0; ; n++) {
    const at = start + n * 10_000;
    await store.appendSamples(Array.from({ length: 20 }, (_, k) => sample(at, { rows: n }, {}, `p.s${k}`)));
    await store.saveState(blob(at, n));
    await store.maintain(at, RETENTION);
    await setTimeout(3);
  }
}

await Promise.all([commitForEver(), sampleForEver()]);
