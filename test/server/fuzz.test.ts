import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from '../support/until.ts';
import { start } from './house.ts';

const REQUESTS = 100_000;
const CLIENT = join(import.meta.dirname, 'fuzz-client.ts');
const run = promisify(execFile);

setFlagsFromString('--expose-gc');
// The last resort also gives pages back to the system that the collector would keep for the next burst.
const gc = runInNewContext('gc') as (how: { type: 'major'; flavor: 'last-resort' }) => void;
const collect = (): void => gc({ type: 'major', flavor: 'last-resort' });

const openFiles = (): number => readdirSync('/proc/self/fd').length;
const residentAfterCollection = (): number => {
  for (let times = 0; times < 4; times += 1) collect();
  return process.memoryUsage().rss / 1_048_576;
};

test(`lives through ${REQUESTS} random requests without growing, leaking files, or a fault of its own`, async (t) => {
  const { port, errors, house, get } = await start(t);
  const round = async (seed: number, requests: number): Promise<Map<number, number>> => {
    const { stdout } = await run(process.execPath, [CLIENT, `${port}`, `${seed}`, `${requests}`], { timeout: 240_000 });
    house.calls.length = 0;
    return new Map(JSON.parse(stdout));
  };
  const files = openFiles();
  const noneLeft = () => until(() => openFiles() <= files, { what: 'all connections are closed' });
  // Warm first, so that compiled code and pools are not counted as growth.
  await round(1, REQUESTS / 5);
  await noneLeft();
  const before = residentAfterCollection();
  const began = performance.now();
  const cpu = process.cpuUsage();
  const statuses = await round(4127, REQUESTS);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const busy = (user + system) / 1e6;
  await noneLeft();
  const grown = residentAfterCollection() - before;
  const answered = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  t.diagnostic(
    `${answered} answered, ${seconds.toFixed(1)} s (${busy.toFixed(1)} s of the server's CPU), RSS ${grown.toFixed(1)} MB, ${JSON.stringify([...statuses])}`,
  );
  assert.ok(answered >= REQUESTS * 0.999, `${answered} were answered`);
  assert.deepEqual(errors, [], 'nothing failed inside');
  assert.equal(statuses.get(500), undefined);
  for (const status of [200, 400, 403, 404, 405, 415]) assert.ok((statuses.get(status) ?? 0) > 100, `some ${status}`);
  assert.ok(grown <= 10, `RSS grew by ${grown.toFixed(1)} MB`);
  assert.equal(openFiles(), files);
  // Of the processor, not of the clock: other tests run beside this one.
  assert.ok(busy < 60, `took ${busy.toFixed(1)} s`);
  assert.equal((await get('/healthz')).status, 200);
});
