import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { awakeTime } from '../support/awake-time.ts';
import { until } from '../support/until.ts';
import { isAlive, runDemo, sample, scrape } from './running.ts';
import { serveValve } from './valve-server.ts';

/** Orders a second, over ten of them that passed while neither process had to wait for a processor. */
async function steadyRate(out: () => Promise<number>): Promise<number> {
  for (;;) {
    const before = await out();
    // What was saved up while its process stood still comes in one go, and before the measure.
    await until(async () => (await out()) > before, { what: 'an order passed' });
    const from = { at: performance.now(), out: await out() };
    let [last, longest] = [from.at, 0];
    const hasPassed = async (): Promise<boolean> => {
      const passed = await out();
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      return passed >= from.out + 10;
    };
    await until(hasPassed, { what: 'ten orders passed' });
    if (longest < 300) return 10 / ((last - from.at) / 1_000);
  }
}

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();

test('every order reaches the warehouse exactly once, also when enrich is killed in the middle', async (t) => {
  const daemon = await serveValve();
  t.after(daemon.close);
  const { demo, events, file } = await runDemo(t, { daemonUrl: daemon.url, restartAfter: 0.2 });
  const rows = () => sample(demo.urls.load, 'orders_rows');
  await until(async () => (await rows()) > 60, { what: 'rows flow' });
  for (let crash = 1; crash <= 3; crash += 1) {
    const before = await rows();
    demo.fault('crash');
    const started = () => events.filter(({ event }) => event === 'started').length === crash;
    await until(started, { what: 'enrich is started again', within: 60_000 });
    await until(async () => (await rows()) > before + 30, { what: 'rows flow again' });
  }
  daemon.set({ state: 'paused', until: inSeconds(60) });
  await until(() => events.some((event) => event.event === 'valve' && event.state === 'paused'), { what: 'paused' });
  const made = await sample(demo.urls.ingest, 'orders_out_total');
  await until(async () => (await rows()) === made, { what: 'all that was let in is loaded', within: 60_000 });
  await demo.stop();

  const sql = new DatabaseSync(file, { readOnly: true });
  const one = (query: string) => Object.values(sql.prepare(query).get() ?? {});
  assert.deepEqual(one('SELECT count(*), min(id), max(id) FROM orders'), [made, 1, made]);
  assert.deepEqual(one('SELECT sum(orders), sum(cents) FROM totals'), one('SELECT count(*), sum(cents) FROM orders'));
  assert.deepEqual(one('SELECT (SELECT count(*) FROM raw), (SELECT count(*) FROM enriched)'), [0, 0]);
  sql.close();
});

test('the valve is obeyed within a second, and what it holds back waits and comes later', async (t) => {
  const daemon = await serveValve();
  t.after(daemon.close);
  const { demo, events } = await runDemo(t, { daemonUrl: daemon.url });
  const ingest = () => scrape(demo.urls.ingest);
  const out = async () => (await ingest()).get('orders_out_total') ?? 0;
  await until(async () => (await out()) > 40, { what: 'orders flow' });

  for (const rate of [40, 20, 10]) {
    daemon.set({ state: 'throttled', rate, until: inSeconds(120) });
    const isFelt = async (): Promise<boolean> => {
      await out();
      return events.some((event) => event.event === 'valve' && event.rate === rate);
    };
    const took = await awakeTime(isFelt, { what: `${rate}/s` });
    assert.ok(took < 1_000, `${rate}/s was felt after ${took} ms`);
  }
  const rate = await steadyRate(out);
  assert.ok(rate > 5 && rate < 15, `let ${rate} orders a second pass`);

  const held = await ingest();
  assert.ok((held.get('orders_waiting_records') ?? 0) > 30);
  assert.equal(held.get('orders_valve_open'), 0);
  daemon.set({ state: 'open' });
  let after = held;
  const hasCaughtUp = async (): Promise<boolean> => {
    after = await ingest();
    return after.get('orders_waiting_records') === 0;
  };
  await until(hasCaughtUp, { what: 'the orders that waited came through', within: 60_000 });
  assert.equal(after.get('orders_in_total'), after.get('orders_out_total'));
});

test('a valve held by a daemon that died opens at the time that was promised, not before', async (t) => {
  const daemon = await serveValve();
  const { demo, events } = await runDemo(t, { daemonUrl: daemon.url });
  await until(async () => (await sample(demo.urls.ingest, 'orders_out_total')) > 10, { what: 'orders flow' });
  const promised = Date.now() + 4_000;
  daemon.set({ state: 'paused', until: new Date(promised).toISOString() });
  const said = (state: string) => events.find((event) => event.event === 'valve' && event.state === state);
  await until(() => said('paused') !== undefined, { what: 'paused' });
  daemon.close();
  await until(() => Date.now() >= promised || said('open') !== undefined, { what: 'the time is over' });
  const isOpen = async (): Promise<boolean> => {
    await sample(demo.urls.ingest, 'orders_out_total');
    return said('open') !== undefined;
  };
  const late = await awakeTime(isOpen, { what: 'it fails open' });
  assert.ok(late < 1_000, `opened ${late} ms after the promised time`);
  assert.ok(Date.parse(said('open')?.at ?? '') >= promised, 'not before');
  const before = await sample(demo.urls.ingest, 'orders_out_total');
  await until(async () => (await sample(demo.urls.ingest, 'orders_out_total')) > before, { what: 'orders flow again' });
});

test('without any daemon the pipeline runs open, and an order nobody understands is set aside', async (t) => {
  const { demo, file } = await runDemo(t);
  const sql = new DatabaseSync(file, { timeout: 60_000 });
  sql.prepare("INSERT INTO raw (body, born, queued) VALUES ('{', 0, 0)").run();
  await until(async () => (await sample(demo.urls.enrich, 'orders_errors_total')) === 1, { what: 'it is counted' });
  const { reason } = sql.prepare('SELECT reason FROM dead').get() as { reason: string };
  assert.match(reason, /SyntaxError/);
  await until(async () => (await sample(demo.urls.load, 'orders_rows')) > 20, { what: 'the others pass' });
  sql.close();
});

test('stop leaves no process behind', async (t) => {
  const { demo } = await runDemo(t);
  const pids = (['ingest', 'enrich', 'load'] as const).map((stage) => demo.pid(stage) ?? 0);
  assert.ok(pids.every((pid) => pid > 0 && isAlive(pid)));
  await demo.stop();
  assert.deepEqual(pids.filter(isAlive), []);
});
