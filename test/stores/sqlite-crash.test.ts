import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { CHAIN_START, type ChainEnd, verifyAudit } from '../../src/domain/audit.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { HOUR } from '../../src/domain/time.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import { batchIds, KEPT_BATCHES } from './crash-batches.ts';
import { folder, sha256 } from './rows.ts';

const CHILD = new URL('./crash-child.ts', import.meta.url).pathname;
const LANES = 3;
const KILLS_PER_LANE = 20;

/** Starts the child, kills it some milliseconds after so many batches; the number of the last batch it has acknowledged. */
async function runAndKill(path: string, batches: number, delay: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  let seen = 0;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    seen += 1;
    if (seen === batches) setTimeout(() => child.kill('SIGKILL'), delay);
    // A number cut off by the kill is not acknowledged; any other line says that something was lost.
    last = Math.max(last, line.startsWith('lost') ? assert.fail(line) : Number(line));
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', 'the child runs until it is killed');
  return last;
}

/** Opens what the kill has left, proves every batch up to `acknowledged` whole and no batch half; the end of the audit chain. */
async function inspect(path: string, acknowledged: number, from: ChainEnd, kills: number): Promise<ChainEnd> {
  const store = await openSqlite({ path, read_only: false }, (message) => assert.fail(message));
  const last = Number(await store.setting('last'));
  assert.ok(last === acknowledged || last === acknowledged + 1, `acknowledged ${acknowledged}, found ${last}`);
  const found = (await store.outbox()).map(({ id }) => id);
  const first = Math.max(1, last - KEPT_BATCHES + 1);
  const expected = Array.from({ length: last - first + 1 }, (_, n) => batchIds(first + n)).flat();
  assert.deepEqual(found.toSorted(), expected.toSorted());
  const links = await store.audit(from.seq, Number.POSITIVE_INFINITY);
  assert.deepEqual(verifyAudit(links, sha256, from), { ok: true });
  assert.deepEqual(
    links.map(({ seq, detail }) => [seq, detail]),
    Array.from({ length: last - from.seq }, (_, n) => [from.seq + n + 1, from.seq + n + 1]),
  );
  const state = await store.loadState('k');
  assert.equal(new Set(state?.bytes).size, 1, 'a blob is whole');
  // A long append goes in slices, so a kill may leave the first rows of one without the last; never more than that one.
  const newest = (await store.samplesSince('p.s0', 0)).at(-1)?.at ?? 0;
  const [firstOf, lastOf] = await Promise.all(
    ['p.s0', 'p.s19'].map((id) => store.samplesSince(id as StageId, newest - HOUR)),
  );
  const times = new Set(firstOf?.map((row) => row.at));
  assert.ok(
    lastOf?.every((row) => times.has(row.at)),
    'rows are written in their order',
  );
  assert.ok(times.size - (lastOf?.length ?? 0) <= kills, 'at most one unfinished append for each kill');
  await store.close();
  return links.at(-1) ?? from;
}

test(`loses nothing that was acknowledged in ${LANES * KILLS_PER_LANE} kills at random moments`, async (t) => {
  const lane = async (): Promise<number> => {
    const path = join(folder(t), 'headgate.db');
    let end: ChainEnd = CHAIN_START;
    for (let kill = 0; kill < KILLS_PER_LANE; kill++) {
      // On a slow disk a batch may take longer than the longest delay: some lives have more than one however long it takes.
      const acknowledged = await runAndKill(path, 1 + (kill % 3), Math.random() * 80);
      end = await inspect(path, acknowledged, end, kill + 1);
    }
    return end.seq;
  };
  const batches = await Promise.all(Array.from({ length: LANES }, lane));
  t.diagnostic(`batches committed: ${batches.join(', ')}`);
  for (const count of batches) assert.ok(count > KILLS_PER_LANE, 'the child commits more than one batch a life');
});
