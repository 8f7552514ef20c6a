import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from '../../src/app/offline.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { ApiLease, ApiValve } from '../../src/server/api.ts';
import { answerWith, loopback } from '../support/loopback.ts';
import { until } from '../support/until.ts';
import { type OutsideWorld, outsideWorld, USUAL_RATE } from './crash/world.ts';
import { api, headgate, type Program } from './program.ts';
import { configIn, folderOf, type Settings } from './settings.ts';

const READY = /page and metrics on (http:\/\/[^"]+)"/;

interface Running {
  readonly program: Program;
  readonly url: string;
}

async function run(t: TestContext, file: string, more: { cwd?: string } = {}): Promise<Running> {
  const program = headgate(t, ['run', '--config', file], more);
  await program.says(READY);
  return { program, url: READY.exec(program.out)?.[1] as string };
}

async function scene(
  t: TestContext,
  more: Partial<Settings> = {},
): Promise<{ outside: OutsideWorld; folder: string; file: string }> {
  const outside = await outsideWorld();
  t.after(() => outside.close());
  const folder = folderOf(t);
  return { outside, folder, file: configIn(folder, { url: outside.url, ...more }) };
}

const active = (url: string) => api<ApiLease[]>(url, '/api/v1/leases?state=active');
const idsOf = (leases: readonly { readonly id: string }[]) => leases.map(({ id }) => id).sort();
const valve = (url: string) => api<ApiValve>(url, '/api/v1/valves/p.feed');

/** Both gates are held because the stage falls behind. */
async function hold({ url }: Running, outside: OutsideWorld): Promise<readonly ApiLease[]> {
  outside.lag = 200;
  await until(async () => (await active(url)).length === 2 && outside.rate() === 0, {
    what: 'both gates are held',
    within: 60_000,
    every: 50,
  });
  return active(url);
}

async function kill({ program }: Running): Promise<void> {
  program.interrupt('SIGKILL');
  await program.ended;
}

async function leasesIn(folder: string): Promise<readonly Lease[]> {
  const store = await openStore('sqlite', { path: join(folder, 'headgate.db'), read_only: true });
  const leases = await store.leases({ limit: 100 });
  await store.close();
  return leases;
}

test('killed with leases in force and started again: it takes them up as they were, and lets them go when all is well', async (t) => {
  const { outside, folder, file } = await scene(t, { lease: '1m' });
  const first = await run(t, file);
  const held = await hold(first, outside);
  await kill(first);
  assert.equal(outside.rate(), 0, 'nobody was there to put it back');

  const second = await run(t, file);
  await until(async () => (await active(second.url)).length === 2, {
    what: 'both leases are active again',
    within: 60_000,
    every: 50,
  });
  assert.deepEqual(idsOf(await active(second.url)), idsOf(held), 'the same leases, not new ones');
  const { state, lease, until: end } = await valve(second.url);
  assert.deepEqual([state, lease], ['paused', held.find(({ stage }) => stage === 'p.feed')?.id]);
  assert.ok(Date.parse(end ?? '') > Date.now());

  outside.lag = 1;
  await until(async () => (await active(second.url)).length === 0 && outside.rate() === USUAL_RATE, {
    what: 'both gates are let go',
    within: 60_000,
    every: 50,
  });
  assert.equal((await valve(second.url)).state, 'open');
  await until(async () => (await api<unknown[]>(second.url, '/api/v1/incidents?state=open')).length === 0, {
    what: 'the incident is over',
    within: 60_000,
    every: 50,
  });
  const ended = (await leasesIn(folder)).filter(({ id }) => idsOf(held).includes(id));
  assert.deepEqual(
    ended.map((one) => `${one.state} ${one.why}`),
    ['released recovered', 'released recovered'],
  );
});

test('killed with leases in force and started again when their time is up: they are reverted, first of all', async (t) => {
  const { outside, folder, file } = await scene(t);
  const first = await run(t, file);
  const held = await hold(first, outside);
  await kill(first);
  outside.lag = 1;
  const end = Math.max(...(await leasesIn(folder)).map(({ expiresAt }) => expiresAt));
  await until(() => Date.now() > end, { what: 'the leases have run out', within: 60_000 });
  assert.equal(outside.rate(), 0);

  const second = await run(t, file);
  await until(() => outside.rate() === USUAL_RATE, { what: 'the gate is put back' });
  assert.equal((await valve(second.url)).state, 'open');
  await until(async () => (await leasesIn(folder)).every(({ state }) => state === 'released'), {
    what: 'both leases are over',
  });
  const ended = (await leasesIn(folder)).filter(({ id }) => idsOf(held).includes(id));
  assert.deepEqual(
    ended.map(({ why }) => why),
    ['expired', 'expired'],
  );
});

test('SIGTERM lets every gate go before it ends with 0', async (t) => {
  const { outside, folder, file } = await scene(t, { lease: '1m' });
  const running = await run(t, file);
  await hold(running, outside);
  running.program.interrupt('SIGTERM');
  assert.equal(await running.program.ended, 0);
  assert.equal(outside.rate(), USUAL_RATE);
  assert.deepEqual(
    (await leasesIn(folder)).map((one) => `${one.state} ${one.why}`),
    ['released shutdown', 'released shutdown'],
  );
  assert.equal(running.program.err, '');
});

test('a second signal ends it at once and says what stays held, and how that ends', async (t) => {
  const { outside, file } = await scene(t, { lease: '1m' });
  const running = await run(t, file);
  await hold(running, outside);
  outside.gateHangs = true;
  running.program.interrupt('SIGTERM');
  await running.program.says('letting go of every gate');
  const began = performance.now();
  running.program.interrupt('SIGTERM');
  assert.equal(await running.program.ended, 130);
  // Whoever waits for this gate waits for the whole grace, which is 10 s.
  assert.ok(performance.now() - began < 5_000);
  assert.match(running.program.err, /^still held: p\.work by hold-gate \(gate\), is put back at the next start\n/m);

  // And so it is.
  outside.gateHangs = false;
  outside.lag = 1;
  await run(t, file);
  await until(() => outside.rate() === USUAL_RATE, { what: 'the gate is put back', within: 60_000 });
});

test('a gate that cannot be let go within the grace is said, and the exit code tells', async (t) => {
  const { outside, file } = await scene(t, { lease: '1m' });
  const running = await run(t, file);
  await hold(running, outside);
  outside.gateHangs = true;
  running.program.interrupt('SIGTERM');
  assert.equal(await running.program.ended, 1);
  assert.match(running.program.err, /^still held: p\.work by hold-gate \(gate\), is put back at the next start$/m);
});

test('a taken port, a store in use and a bad config end the start with 2 and what to do', async (t) => {
  const { outside, folder, file } = await scene(t);
  const refused = async (path: string, message: RegExp, more: readonly string[] = []): Promise<void> => {
    const program = headgate(t, ['run', '--config', path, ...more]);
    assert.equal(await program.ended, 2);
    assert.match(program.err, message);
    assert.doesNotMatch(program.err, /\n +at /, 'a sentence, no stack');
  };
  const taken = await loopback(answerWith(''));
  t.after(() => taken.close());
  const address = `127.0.0.1:${taken.port}`;
  await refused(file, new RegExp(`^headgate run: address ${address} is taken by another process; stop that`, 'm'), [
    '--listen',
    address,
  ]);

  await run(t, file);
  await refused(
    file,
    /^headgate run: store .*headgate\.db is in use by another Headgate; stop that one, or give this one a file of its own/m,
  );

  const bad = join(folder, 'bad.yaml');
  writeFileSync(bad, 'servr: {}\nlog: { level: loud }\npipelines: { p: { stages: { s: { evry: 5s } } } }\n');
  await refused(
    bad,
    /has 3 problems\n.*bad\.yaml:1:1 servr.*did you mean server\?.*\n.*bad\.yaml:2:8 log\.level.*\n.*bad\.yaml:3:\d+ .*evry/,
  );
  await refused(join(folder, 'none.yaml'), /none\.yaml cannot be read; is the path right\?/);
  assert.equal(outside.rate(), USUAL_RATE);
});

test('runs from any folder: page, metrics and config are found, the store is where the folder says', async (t) => {
  const { outside, folder } = await scene(t);
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  const file = configIn(folder, { url: outside.url, store: './own.db' });
  const { program, url } = await run(t, join('..', 'headgate.yaml'), { cwd: elsewhere });
  assert.ok(file.endsWith('headgate.yaml'));
  const page = await fetch(`${url}/`);
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^headgate_build_info\{/m);
  program.interrupt('SIGTERM');
  assert.equal(await program.ended, 0);
  const store = await openStore('sqlite', { path: join(elsewhere, 'own.db'), read_only: true });
  await store.close();
});
