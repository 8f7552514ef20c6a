import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type App, type AppOptions, startApp } from '../../src/app/app.ts';
import { PIPELINE_PSEUDO_STAGE } from '../../src/domain/stage.ts';
import { phaseOf } from '../../src/engine/schedule.ts';
import type { ApiHealth, ApiStage } from '../../src/server/api.ts';
import { awakeTime } from '../support/awake-time.ts';
import { answerWith, loopback } from '../support/loopback.ts';
import { freePort } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { type OutsideWorld, outsideWorld } from './crash/world.ts';
import { api, metric } from './program.ts';
import { configIn, folderOf, settings } from './settings.ts';

async function outsideOf(t: TestContext): Promise<OutsideWorld> {
  const outside = await outsideWorld();
  t.after(() => outside.close());
  return outside;
}

async function appOn(t: TestContext, configFile: string, more: Partial<AppOptions> = {}): Promise<App> {
  const app = await startApp({ configFile, env: {}, quiet: true, ...more });
  t.after(() => app.stop());
  return app;
}

const stages = (app: App) => api<ApiStage[]>(app.url, '/api/v1/stages');
/** Names of the stages that are configured; the pseudo-stage of the pipeline comes once there is something end to end. */
const namesOf = async (app: App) =>
  (await stages(app))
    .map(({ stage }) => stage)
    .filter((name) => name !== PIPELINE_PSEUDO_STAGE)
    .sort()
    .join();
/** What the baseline of `p.work` says of its one signal. */
const lagOf = (app: App) =>
  app.daemon.engine.line('p.work')?.last?.scores.find(({ detector }) => detector === 'baseline');
const seenOf = (app: App): number => {
  const score = lagOf(app);
  return score?.state === 'warming' ? score.seen : score?.state === 'ready' ? Number.POSITIVE_INFINITY : 0;
};
const reloaded = (app: App) => metric(app.url, 'headgate_config_last_reload_successful');

test('a config that changes as a ConfigMap does, by a link that is swapped, is loaded; a bad one is not, and the old one stays', async (t) => {
  const outside = await outsideOf(t);
  const folder = folderOf(t);
  const store = join(folder, 'headgate.db');
  let version = 0;
  const mount = (text: string): void => {
    const name = `..v${++version}`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'headgate.yaml'), text);
    symlinkSync(name, join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
  };
  mount(settings({ url: outside.url, store }));
  symlinkSync(join('..data', 'headgate.yaml'), join(folder, 'headgate.yaml'));
  const said: string[] = [];
  const app = await appOn(t, join(folder, 'headgate.yaml'), {
    listener: { configLoaded: ({ ok, message }) => said.push(`${ok} ${message}`) },
  });
  assert.equal(await namesOf(app), 'feed,work');
  await until(() => seenOf(app) >= 3, {
    what: 'some is learned',
    within: 60_000,
    every: 100,
  });
  const seen = seenOf(app);

  mount(settings({ url: outside.url, store, more: ['other'] }));
  await until(async () => (await namesOf(app)) === 'feed,other,work', {
    what: 'the new stage is there',
    within: 60_000,
    every: 100,
  });
  assert.ok(seenOf(app) >= seen, 'what the unchanged stage has learned stays');
  await until(() => said.at(-1) === 'true stages 1 added', { what: 'the change is said' });

  mount('pipelines: { p: { stages: { s: { evry: 5s } } } }\nservr: {}\n');
  await until(async () => (await reloaded(app)) === 0, {
    what: 'the bad config is refused',
    within: 60_000,
    every: 100,
  });
  assert.match(said.at(-1) ?? '', /false [\s\S]*2 problems[\s\S]*evry[\s\S]*servr/);
  assert.equal(await namesOf(app), 'feed,other,work');
  const { config } = await api<ApiHealth>(app.url, '/api/v1/health');
  assert.equal(config.ok, false);
  const before = outside.polls.length;
  await until(() => outside.polls.length > before, { what: 'it goes on probing', within: 60_000 });

  mount(settings({ url: outside.url, store }));
  await until(async () => (await reloaded(app)) === 1, {
    what: 'the good config is taken',
    within: 60_000,
    every: 100,
  });
  assert.equal(await namesOf(app), 'feed,work');
});

test('SIGHUP loads the config again, as often as it likes, and no stage misses its turn for it', async (t) => {
  const outside = await outsideOf(t);
  const file = configIn(folderOf(t), { url: outside.url });
  let loads = 0;
  const app = await appOn(t, file, { listener: { configLoaded: ({ ok }) => (loads += ok ? 1 : 0) } });
  assert.ok(phaseOf('p.work') > 0.3, 'a stage whose turn would come late if each load began anew');
  await until(() => outside.polls.length > 0, { what: 'the first probe' });
  const before = outside.polls.length;
  let [asked, next] = [loads, 0];
  const reload = (): boolean => {
    if (loads >= asked && performance.now() >= next) {
      asked += 1;
      next = performance.now() + 200;
      process.kill(process.pid, 'SIGHUP');
    }
    return outside.polls.length - before >= 2;
  };
  const took = await awakeTime(reload, { what: 'two probes under steady reloads' });
  assert.ok(took < 3_000, `two probes took ${took} ms under steady reloads`);
  await until(() => loads >= asked, { what: 'the last load is done' });
  assert.ok(asked > 3, `${asked} loads`);
  assert.equal(await reloaded(app), 1);
});

test('a second start knows what the first had learned, and is ready at once', async (t) => {
  const outside = await outsideOf(t);
  const file = configIn(folderOf(t), { url: outside.url });
  const first = await appOn(t, file);
  await until(() => lagOf(first)?.state === 'ready', {
    what: 'lag is learned',
    within: 60_000,
    every: 100,
  });
  await first.stop();
  const states: string[] = [];
  const second = await appOn(t, file, {
    listener: {
      judged: ({ scores }) =>
        states.push(...scores.filter(({ detector }) => detector === 'baseline').map(({ state }) => state)),
    },
  });
  await until(() => states.length > 0, { what: 'the first sample is judged' });
  assert.equal(states[0], 'ready');
  assert.equal((await stages(second)).find(({ id }) => id === 'p.work')?.learned, 1);
});

test('/readyz says 503 and what is being done from the beginning, and 200 once it is done', async (t) => {
  const outside = await outsideOf(t);
  const listen = `127.0.0.1:${await freePort()}`;
  const more = Array.from({ length: 150 }, (_, index) => `work-${index}`);
  const file = configIn(folderOf(t), { url: outside.url, listen, more });
  const first = await startApp({ configFile: file, env: {}, quiet: true });
  await first.stop();
  const seen: string[] = [];
  const starting = appOn(t, file);
  let began = false;
  void starting.then(() => {
    began = true;
  });
  await until(
    async () => {
      const response = await fetch(`http://${listen}/readyz`).catch(() => undefined);
      if (response) seen.push(`${response.status} ${await response.text()}`);
      if (response && !began) assert.equal((await fetch(`http://${listen}/healthz`)).status, 200, 'it lives');
      return response?.ok === true;
    },
    { what: 'it is ready', within: 60_000 },
  );
  await starting;
  assert.match(seen[0] ?? '', /^503 .*not ready: it (opens the store|loads what was learned)/);
  assert.match(seen.at(-1) ?? '', /^200 /);
});

test('/readyz says 200 while it runs, 503 from the moment it is told to stop, and the gates are let go', async (t) => {
  const outside = await outsideOf(t);
  const app = await appOn(t, configIn(folderOf(t), { url: outside.url }));
  assert.equal((await fetch(`${app.url}/readyz`)).status, 200);
  outside.lag = 200;
  await until(() => outside.rate() === 0, { what: 'the gate is held', within: 60_000 });
  outside.gateHangs = true;
  const stopping = app.stop();
  const response = await fetch(`${app.url}/readyz`);
  assert.equal(response.status, 503);
  assert.match(await response.text(), /not ready: it stops, and lets go of every gate/);
  outside.gateHangs = false;
  await stopping;
  assert.equal(outside.rate(), 100, 'the attempt that hung was made again within the grace');
  await assert.rejects(fetch(`${app.url}/readyz`));
});

test('a start that fails leaves nothing running: no probe, no lock on the store', async (t) => {
  const outside = await outsideOf(t);
  const taken = await loopback(answerWith(''));
  t.after(() => taken.close());
  const folder = folderOf(t);
  const wrong = configIn(folder, { url: outside.url, listen: `127.0.0.1:${taken.port}` });
  await assert.rejects(startApp({ configFile: wrong, env: {}, quiet: true }), {
    code: 'bad-config',
    message: `address 127.0.0.1:${taken.port} is taken by another process; stop that, or choose another with server.listen`,
  });
  const app = await appOn(t, configIn(folder, { url: outside.url }));
  assert.equal((await fetch(`${app.url}/healthz`)).status, 200);
  assert.equal(process.listenerCount('SIGHUP'), 1, 'only the one that runs hears of signals');
});
