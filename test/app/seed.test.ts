import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type App, startApp } from '../../src/app/app.ts';
import { openStore } from '../../src/app/offline.ts';
import type { HeadgateError } from '../../src/domain/error.ts';
import type { Score } from '../../src/domain/score.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import type { ApiHealth } from '../../src/server/api.ts';
import { HOLD_LIMIT, usualHold } from '../support/holds.ts';
import { loopback } from '../support/loopback.ts';
import { startPrometheusWithPast } from '../support/prometheus.ts';
import { deafPort, requireServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { folderOf } from './settings.ts';

const skip = requireServer('prometheus').skip || requireServer('promtool').skip;

/** The day of the signal begins when the test does, so that its trouble comes at the same height at any time of the day. */
const MORNING = Date.now();

/** A signal with a day in it. */
const usual = (at: number): number => 100 + 40 * Math.sin((2 * Math.PI * (at - MORNING)) / DAY) + ((at / MINUTE) % 7);

interface Seen {
  readonly app: App;
  readonly file: string;
  /** The first look at `orders.work`, as it was judged. */
  readonly first: Promise<readonly Score[]>;
  readonly shares: number[];
  readonly failures: HeadgateError[];
  /** Incidents, decisions and notices. */
  readonly told: string[];
}

/** Starts a daemon on the stage `orders.work`. */
async function daemonOn(t: TestContext, config: string, folder = folderOf(t)): Promise<Seen> {
  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, config);
  const { promise: first, resolve } = Promise.withResolvers<readonly Score[]>();
  const seen = { shares: [] as number[], failures: [] as HeadgateError[], told: [] as string[] };
  const app = await startApp({
    configFile: file,
    env: {},
    quiet: true,
    listener: {
      judged: ({ snapshot, scores }) => snapshot.stage === 'orders.work' && snapshot.values.size > 0 && resolve(scores),
      seeded: ({ share }) => seen.shares.push(share),
      failed: ({ error }) => seen.failures.push(error),
      incidentChanged: ({ incident }) => seen.told.push(incident.id),
      notified: ({ notice }) => seen.told.push(notice.key),
    },
  });
  t.after(() => app.stop());
  return { app, file, first, ...seen };
}

const isReady = (scores: readonly Score[]): boolean =>
  scores.some(({ state, detector }) => state === 'ready' && detector === 'baseline');

async function liveAnswer(t: TestContext): Promise<string> {
  const server = await loopback((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ lag: usual(Date.now()) }));
  });
  t.after(() => server.close());
  return server.url;
}

const EVERY = 5 * SECOND;

/** The last twelve hours up to now, one sample for each look; in the middle an hour of trouble. */
function pastSamples(): readonly { at: number; value: number }[] {
  const end = Math.floor(Date.now() / EVERY) * EVERY;
  return Array.from({ length: (12 * HOUR) / EVERY }, (_, index) => {
    const at = end - 12 * HOUR + index * EVERY;
    const isTrouble = at > end - 6 * HOUR && at < end - 5 * HOUR;
    return { at, value: isTrouble ? 5_000 : usual(at) };
  });
}

/** A config for the stage, whose answer comes from `live`. */
const configOf = (folder: string, live: string, seed: string, sources = ''): string => `
server: { listen: 127.0.0.1:0 }
store: { sqlite: ${join(folder, 'headgate.db')} }
notifiers: { log: { type: log } }
routes: [{ to: [log] }]
${sources}
pipelines:
  orders:
    every: 5s
    season: []
    stages:
      work:
        probes: [{ type: http-json, url: '${live}', fields: { lag_records: /lag } }]
        seed: ${seed}
`;

/** Ready at the first look, and nobody heard of the trouble that lies in the past. */
async function isSeeded({ app, first, shares, failures, told }: Seen): Promise<void> {
  const scores = await first;
  assert.ok(isReady(scores), JSON.stringify(scores));
  assert.deepEqual([failures, told, app.daemon.engine.openIncidents()], [[], [], []]);
  assert.deepEqual([shares[0], shares.at(-1)], [0, 1]);
}

describe('a stage that is new is ready at its first look', () => {
  test('by the past of a real Prometheus, though it is read elsewhere', { skip }, async (t) => {
    const samples = pastSamples().map((one) => ({ series: 'lag', ...one }));
    const prometheus = await startPrometheusWithPast(samples);
    t.after(() => prometheus.stop());
    const folder = folderOf(t);
    const sources = `sources: { past: { type: prometheus, url: '${prometheus.url}' } }`;
    const seed = '{ from: 12h, probes: [{ source: past, queries: { lag_records: lag } }] }';
    await isSeeded(await daemonOn(t, configOf(folder, await liveAnswer(t), seed, sources), folder));
  });

  test('by a CSV of its samples', async (t) => {
    const folder = folderOf(t);
    const rows = pastSamples().map(({ at, value }) => `${new Date(at).toISOString()},work,${value}\n`);
    const others = 'at,stage,lag_records\n2026-01-01T00:00Z,elsewhere,7\n';
    writeFileSync(join(folder, 'past.csv'), others + rows.join(''));
    const config = configOf(folder, await liveAnswer(t), '{ history_file: ./past.csv }');
    const seen = await daemonOn(t, config, folder);
    await isSeeded(seen);
    await seen.app.stop();
    const again = await daemonOn(t, config, folder);
    assert.ok(isReady(await again.first), 'it has learned');
    assert.deepEqual(again.shares, [], 'and need not learn again');
  });

  test('by the samples that the store has kept', async (t) => {
    const folder = folderOf(t);
    const store = await openStore('sqlite', { path: join(folder, 'headgate.db') });
    const rows = pastSamples().map(({ at, value }) => ({
      stage: 'orders.work' as const,
      at,
      values: new Map([['lag_records', value]]),
      bands: new Map(),
    }));
    await store.appendSamples(rows);
    await store.close();
    await isSeeded(await daemonOn(t, configOf(folder, await liveAnswer(t), '{ store: true }'), folder));
  });
});

test('what of the past is excluded is not learned of it: seen again it is as strange as ever', async (t) => {
  const first = Date.now() - 12 * HOUR;
  const over = first + 4 * HOUR;
  const samples = pastSamples().map(({ at }) => ({ at, value: at < over ? 5_000 : usual(at) }));
  const rows = samples.map(({ at, value }) => `${new Date(at).toISOString()},work,${value}\n`);
  const again = await loopback((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ lag: 5_000 }));
  });
  t.after(() => again.close());
  const chanceWith = async (exclude: string): Promise<number> => {
    const folder = folderOf(t);
    writeFileSync(join(folder, 'past.csv'), `at,stage,lag_records\n${rows.join('')}`);
    const seen = await daemonOn(t, configOf(folder, again.url, `{ history_file: ./past.csv }${exclude}`), folder);
    const said = (await seen.first).find(({ detector }) => detector === 'baseline');
    assert.ok(said?.state === 'ready', JSON.stringify(said));
    await seen.app.stop();
    return said.pValue;
  };
  const iso = (at: number): string => new Date(at).toISOString();
  const without = await chanceWith('');
  const left = await chanceWith(
    `\n        exclude: [{ from: '${iso(first - HOUR)}', to: '${iso(over)}', why: load test }]`,
  );
  assert.ok(left < without / 100, `p ${left} where the load test was left out, ${without} where it was learned`);
});

test('two hundred stages learn their past beside other work, and say how far they are', async (t) => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
  const end = Math.floor(Date.now() / MINUTE) * MINUTE;
  const times = Array.from({ length: 120 }, (_, index) => end - (120 - index) * MINUTE);
  const rows = times.flatMap((at) =>
    names.map((name, index) => `${at},${name},${usual(at) + index},${index},${usual(at + index)},${(at / MINUTE) % 5}`),
  );
  const live = await liveAnswer(t);
  const stages = names.map(
    (name) => `      ${name}: { probes: [{ type: http-json, url: '${live}', fields: { lag_records: /lag } }] }`,
  );
  const configIn = (folder: string) => `${configOf(folder, live, '').split('pipelines:')[0]}pipelines:
  orders:
    every: 1m
    seed: { history_file: ./past.csv }
    stages:
${stages.join('\n')}
`;
  const healthOf = async ({ app }: Seen) => (await (await fetch(`${app.url}/api/v1/health`)).json()) as ApiHealth;
  let seen: Seen | undefined;
  const begin = async (): Promise<Seen> => {
    await seen?.app.stop();
    const folder = folderOf(t);
    writeFileSync(join(folder, 'past.csv'), `at,stage,lag_records,rows,lag_seconds,dlq_depth\n${rows.join('\n')}\n`);
    seen = await daemonOn(t, configIn(folder), folder);
    assert.equal((await healthOf(seen)).seeding[0]?.pipeline, 'orders');
    return seen;
  };
  const learned = ({ shares }: Seen) =>
    until(() => shares.at(-1) === 1, { what: 'the past is learned', within: 120_000 });
  const hold = await usualHold(learned, { prepare: begin, tries: 4 });
  t.diagnostic(`the event loop was held for ${hold.toFixed(1)} ms at most`);
  assert.ok(seen);
  assert.deepEqual([seen.failures, (await healthOf(seen)).seeding], [[], []]);
  const metrics = await (await fetch(`${seen.app.url}/metrics`)).text();
  assert.match(metrics, /^headgate_seed_progress_ratio\{pipeline="orders"\} 1$/m);
  assert.ok(hold < HOLD_LIMIT, `${hold.toFixed(1)} ms`);
});

describe('a past that cannot be had', () => {
  test('is told, the stage begins with nothing, and the next start tries again', async (t) => {
    const folder = folderOf(t);
    const { port, close } = await deafPort();
    t.after(close);
    const sources = `sources: { past: { type: prometheus, url: 'http://127.0.0.1:${port}', timeout: 30s } }`;
    const seed = '{ from: 12h, probes: [{ source: past, queries: { lag_records: lag } }] }';
    const live = await liveAnswer(t);
    const first = await daemonOn(t, configOf(folder, live, seed, sources), folder);
    assert.ok(!isReady(await first.first));
    assert.match(first.failures[0]?.message ?? '', /127\.0\.0\.1.*lag_records/);
    assert.equal(first.failures[0]?.code, 'unreachable');
    await first.app.stop();
    const rows = pastSamples().map(({ at, value }) => `${at},${value}\n`);
    writeFileSync(join(folder, 'past.csv'), `at,lag_records\n${rows.join('')}`);
    await isSeeded(await daemonOn(t, configOf(folder, live, '{ history_file: ./past.csv }'), folder));
  });

  test('so is a file whose time goes back, or without the stage', async (t) => {
    const live = await liveAnswer(t);
    const failureOf = async (text: string): Promise<string> => {
      const folder = folderOf(t);
      writeFileSync(join(folder, 'past.csv'), text);
      const { app, failures } = await daemonOn(t, configOf(folder, live, '{ history_file: ./past.csv }'), folder);
      await until(() => failures.length > 0, { what: 'it is told' });
      await app.stop();
      return failures[0]?.message ?? '';
    };
    const now = Date.now();
    assert.match(
      await failureOf(`at,lag_records\n${now - 1_000},1\n${now - 9_000},2\n`),
      /time goes back.*sort the rows/,
    );
    assert.match(await failureOf(`at,lag_records\n${now - 900 * DAY},1\n`), /no past was found of orders.work/);
    assert.match(await failureOf(`at,stage,lag_records\n${now - 1_000},other,2\n`), /no past was found of orders.work/);
  });
});
