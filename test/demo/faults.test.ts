import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sendFault } from '../../src/demo/control.ts';
import { until } from '../support/until.ts';
import { isGone, runDemo, sample, scrape, temporaryDirectory } from './running.ts';

test('slow: enrich does about half of what arrives, so its queue grows', async (t) => {
  const { demo, directory } = await runDemo(t);
  const enrich = () => scrape(demo.urls.enrich);
  await until(async () => ((await enrich()).get('orders_out_total') ?? 0) > 40, { what: 'orders flow' });
  await until(async () => ((await enrich()).get('orders_lag_records') ?? 99) < 20, { what: 'no queue' });
  await sendFault('slow', directory);
  await until(async () => ((await enrich()).get('orders_lag_records') ?? 0) > 80, { what: 'a queue', within: 60_000 });
  assert.ok(((await enrich()).get('orders_lag_seconds') ?? 0) > 0.5);
});

test('stop: the workers of enrich take nothing more', async (t) => {
  const { demo, directory } = await runDemo(t);
  await until(async () => (await sample(demo.urls.enrich, 'orders_out_total')) > 20, { what: 'orders flow' });
  await sendFault('stop', directory);
  await until(async () => (await sample(demo.urls.enrich, 'orders_workers_ready')) === 0, { what: 'no workers' });
  const taken = await sample(demo.urls.enrich, 'orders_in_total');
  await until(async () => (await sample(demo.urls.enrich, 'orders_lag_records')) > 40, { what: 'a queue' });
  assert.equal(await sample(demo.urls.enrich, 'orders_in_total'), taken);
});

test('drop-rows: enrich gives on three of five and says nothing of an error', async (t) => {
  const { demo, directory } = await runDemo(t);
  const enrich = () => scrape(demo.urls.enrich);
  await until(async () => ((await enrich()).get('orders_out_total') ?? 0) > 20, { what: 'orders flow' });
  await sendFault('drop-rows', directory);
  const before = await enrich();
  const grown = (now: Map<string, number>, name: string) => (now.get(name) ?? 0) - (before.get(name) ?? 0);
  await until(async () => grown(await enrich(), 'orders_in_total') > 200, { what: '200 orders', within: 60_000 });
  const after = await enrich();
  const kept = grown(after, 'orders_out_total') / grown(after, 'orders_in_total');
  assert.ok(kept > 0.45 && kept < 0.75, `kept ${kept}`);
  assert.equal(after.get('orders_errors_total'), 0);
});

test('stale: load writes nothing and its data grow old', async (t) => {
  const { demo, directory } = await runDemo(t);
  const load = (name: string) => sample(demo.urls.load, name);
  await until(async () => (await load('orders_rows')) > 20, { what: 'rows flow' });
  await until(async () => (await load('orders_freshness_seconds')) < 1, { what: 'fresh data' });
  await sendFault('stale', directory);
  await until(async () => (await load('orders_freshness_seconds')) > 1.5, { what: 'old data' });
  assert.ok((await load('orders_lag_records')) > 30);
});

test('crash: the page of enrich is gone until it is started again, and all of it is said', async (t) => {
  const { demo, events, directory } = await runDemo(t, { restartAfter: 0.5 });
  await sendFault('crash', directory);
  await until(() => isGone(demo.urls.enrich), { what: 'enrich is gone' });
  await until(async () => !(await isGone(demo.urls.enrich)), { what: 'enrich is back at its place', within: 60_000 });
  await until(() => events.at(-1)?.event === 'started', { what: 'the restart is said' });
  assert.deepEqual(
    events.map(({ event }) => event),
    ['ready', 'fault', 'exited', 'started'],
  );
});

test('by itself enrich becomes slow once, at the moment that was asked for or that the seed gives', async (t) => {
  const { events } = await runDemo(t, { faultAt: 0.2 });
  await until(() => events.some((event) => event.event === 'fault' && event.kind === 'slow'), { what: 'the fault' });
  const seeds = [1, 2, 3, 4];
  const moments: (number | null)[] = [];
  for (const seed of seeds) {
    const { demo, events: said } = await runDemo(t, { seed, faultAt: 'by the seed' });
    const ready = said.find((event) => event.event === 'ready');
    moments.push(ready?.event === 'ready' ? ready.faultAtSeconds : null);
    await demo.stop();
  }
  assert.ok(moments.every((at) => at !== null && at >= 25 && at <= 55));
  assert.equal(new Set(moments).size, seeds.length);
});

test('a fault needs a running demo, a known kind, and the token that only the owner of the directory can read', async (t) => {
  const { demo, directory } = await runDemo(t);
  await assert.rejects(
    sendFault('flood', directory),
    /no fault "flood"; there are slow, stop, drop-rows, stale, crash/,
  );
  const file = join(directory, 'control.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string };
  assert.equal((await fetch(`${url}/faults/slow`, { method: 'POST' })).status, 401);
  await assert.rejects(runDemo(t, { directory }), /a demo runs in .* already/);
  await demo.stop();
  await assert.rejects(sendFault('slow', directory), /no demo runs in .*; start one with: npm start/);
  await assert.rejects(sendFault('slow', temporaryDirectory(t)), /no demo runs in/);
});
