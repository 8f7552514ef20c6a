import assert from 'node:assert/strict';
import test from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Score } from '../../src/domain/score.ts';
import type { ApiBudget, ApiIncident, ApiLease, ApiSeries, ApiStage } from '../../src/server/api.ts';
import { createServer } from '../../src/server/server.ts';
import { NOW, start } from './house.ts';

const codeOf = (json: unknown): string => (json as { error: { code: string } }).error.code;
const messageOf = (json: unknown): string => (json as { error: { message: string } }).error.message;

test('lists stages, newest change of verdict first, stages never judged last', async (t) => {
  const { get } = await start(t);
  const { status, json, headers } = await get('/api/v1/stages');
  assert.equal(status, 200);
  assert.equal(headers['cache-control'], 'no-store');
  assert.deepEqual(
    (json as ApiStage[]).map(({ id, verdict }) => `${id} ${verdict}`),
    ['orders.clean warning', 'orders.enrich critical', 'orders.ingest ok', 'orders.load unknown'],
  );
  const unknown = (await get('/api/v1/stages?state=unknown')).json as ApiStage[];
  assert.deepEqual(
    unknown.map(({ id }) => id),
    ['orders.load'],
  );
  assert.equal(((await get('/api/v1/stages?limit=2')).json as ApiStage[]).length, 2);
});

test('shows a stage with its signals, bands, and why a value is missing', async (t) => {
  const { get } = await start(t);
  const stage = (await get('/api/v1/stages/orders/enrich')).json as ApiStage;
  const byName = new Map(stage.signals.map((signal) => [signal.signal, signal]));
  assert.deepEqual(byName.get('lag_seconds'), {
    signal: 'lag_seconds',
    unit: 'seconds',
    value: 321,
    expected: { lower: 1.8, centre: 6, upper: 16 },
    score: 23,
    pValue: 4e-6,
    state: 'ready',
    learned: null,
    detector: 'baseline',
    limit: null,
    reach: null,
    gap: null,
  });
  assert.equal(byName.get('rows')?.state, 'warming');
  assert.equal(byName.get('rows')?.learned, 0.5);
  assert.equal(byName.get('dlq_depth')?.state, 'blind');
  assert.equal(byName.get('run_seconds')?.state, 'absent');
  assert.equal(byName.get('run_seconds')?.value, null);
  assert.equal(byName.get('latency_p99_seconds')?.state, 'gap');
  assert.equal(byName.get('latency_p99_seconds')?.value, null, 'a gap is null, never 0');
  assert.match(byName.get('latency_p99_seconds')?.gap ?? '', /within 5 s/);
  assert.equal(stage.because[0]?.text, 'lag_seconds 321 s, usually 1.8 to 16 s');
  assert.equal(stage.verdict, 'critical');
  assert.equal(stage.score, 23);
  assert.equal(stage.frozen, true);
  assert.deepEqual(stage.valve, { stage: 'orders.enrich', state: 'open', version: 1 });
});

test('shows a stage before its first tick without inventing anything', async (t) => {
  const { get } = await start(t);
  const stage = (await get('/api/v1/stages/orders/load')).json as ApiStage;
  assert.deepEqual(
    [stage.verdict, stage.since, stage.at, stage.score, stage.signals],
    ['unknown', null, null, null, []],
  );
});

test('answers series with null where nothing is known, and keeps the number of points in bounds', async (t) => {
  const { get } = await start(t);
  const path = '/api/v1/stages/orders/enrich/series';
  const series = (await get(`${path}?from=2026-11-21T02:00:00Z&to=${NOW}&step=30s`)).json as ApiSeries;
  assert.equal(series.stepSeconds, 30);
  assert.equal(series.from, '2026-11-21T02:00:00.000Z');
  assert.deepEqual(series.signals[0]?.value, [3, null]);
  assert.deepEqual(((await get(`${path}?signal=rows`)).json as ApiSeries).signals, []);
  for (const wrong of ['?step=1ms', '?from=x', `?from=${NOW}&to=${NOW}`, '?step=0', '?to=99999999999999999']) {
    const { status, json } = await get(path + wrong);
    assert.equal(status, 400, wrong);
    assert.equal(codeOf(json), 'bad-request');
  }
  assert.equal((await get('/api/v1/stages/orders/nope/series')).status, 404);
});

test('answers series with what lies ahead, the limit in sight, and the times that are not learned', async (t) => {
  const { get, house } = await start(t);
  const path = '/api/v1/stages/orders/enrich/series';
  const at = NOW - 1_000;
  const point = (minutes: number, centre: number) => ({
    after: minutes * 60_000,
    lower: centre / 2,
    centre,
    upper: 2 * centre,
  });
  house.facts.outlooks = [
    { signal: 'lag_seconds', at, points: [point(10, 80), point(20, 130)] },
    { signal: 'rows', at, points: [point(20, 7)] },
  ];
  const range = (from: number, to: number, why: string) => ({ from: NOW + from * 60_000, to: NOW + to * 60_000, why });
  house.facts.exclusions = [
    range(-500, -400, 'long ago'),
    range(-130, -110, 'deploy'),
    { ...range(15, 60, 'load test'), signal: 'rows' },
    range(21, 60, 'tomorrow'),
  ];
  house.facts.stages = house.facts.stages.map((stage) =>
    stage.id === 'orders.enrich' ? { ...stage, scores: [...stage.scores, inSight] } : stage,
  );
  const series = (await get(path)).json as ApiSeries;
  assert.deepEqual(series.ahead[0], {
    signal: 'lag_seconds',
    at: [at + 600_000, at + 1_200_000],
    lower: [40, 65],
    centre: [80, 130],
    upper: [160, 260],
    reach: { limit: 120, likelySeconds: 1_080, soonestSeconds: 600, latestSeconds: null },
  });
  assert.equal(series.ahead[1]?.reach, null);
  assert.deepEqual(
    series.excluded.map(({ why, signal }) => [why, signal]),
    [
      ['deploy', null],
      ['load test', 'rows'],
    ],
  );
  assert.deepEqual(
    ((await get(`${path}?signal=rows`)).json as ApiSeries).ahead.map(({ signal }) => signal),
    ['rows'],
  );
  const past = (await get(`${path}?from=${NOW - 3_600_000}&to=${NOW - 1_800_000}`)).json as ApiSeries;
  assert.deepEqual([past.ahead, past.excluded], [[], []], 'a time that is over has nothing ahead of it');
});

const inSight: Score = {
  subject: 'orders.enrich/lag_seconds',
  detector: 'forecast',
  state: 'limit',
  rule: 'above',
  severity: 'warning',
  broken: false,
  patience: 0,
  observed: 48,
  limit: 120,
  reach: { likely: 1_080_000, soonest: 600_000 },
  value: 0.7,
  ticketLine: 0.6,
};

test('tells incidents with their story, newest first, and one by its id', async (t) => {
  const { get } = await start(t);
  const list = (await get('/api/v1/incidents')).json as ApiIncident[];
  assert.deepEqual(
    list.map(({ id }) => id),
    ['4127', '4001'],
  );
  const one = (await get('/api/v1/incidents/4127')).json as ApiIncident;
  assert.deepEqual(one, list[0]);
  assert.equal(one.story.done, 'ingest throttled to 40/s at 03:04 (protect-enrich).');
  assert.equal(one.story.next, 'Backlog clears about 03:26. The gate opens by itself at 03:16 unless renewed.');
  assert.deepEqual(one.because[0]?.expected, [1.8, 16]);
  const resolved = (await get('/api/v1/incidents?state=resolved')).json as ApiIncident[];
  assert.deepEqual(
    resolved.map(({ id }) => id),
    ['4001'],
  );
  assert.equal((await get('/api/v1/incidents/none')).status, 404);
});

test('says in the story why no gate was moved', async (t) => {
  const { get, house } = await start(t);
  house.facts.leases = [];
  const one = (await get('/api/v1/incidents/4127')).json as ApiIncident;
  assert.equal(one.story.done, 'No gate was moved: the policy cools down after its last use (scale-enrich).');
});

test('lists leases without what they hold inside', async (t) => {
  const { get } = await start(t);
  const { json, text } = await get('/api/v1/leases?state=active');
  assert.equal((json as ApiLease[])[0]?.id, 'L-88');
  assert.doesNotMatch(text, /pre-image/);
  assert.deepEqual((await get('/api/v1/leases/L-88')).json, (json as ApiLease[])[0]);
  assert.deepEqual((await get('/api/v1/leases?state=failed')).json, []);
  assert.equal((await get('/api/v1/leases/none')).status, 404);
});

test('lists verdicts, decisions, policies, budgets and health', async (t) => {
  const { get } = await start(t);
  const verdicts = (await get('/api/v1/verdicts?state=critical')).json as { stage: string }[];
  assert.deepEqual(
    verdicts.map(({ stage }) => stage),
    ['orders.enrich'],
  );
  const decisions = (await get('/api/v1/decisions?stage=orders.ingest')).json as { kind: string }[];
  assert.deepEqual(
    decisions.map(({ kind }) => kind),
    ['engage'],
  );
  assert.equal(((await get('/api/v1/policies')).json as { mode: string }[])[0]?.mode, 'enforce');
  const [budget] = (await get('/api/v1/budgets')).json as ApiBudget[];
  assert.deepEqual([budget?.pagesUsed, budget?.realisedPerWeek, budget?.opened.none], [1, 0.75, 2]);
  assert.equal(budget?.demoted[0]?.since, '1970-01-01T00:00:00.000Z');
  const health = (await get('/api/v1/health')).json as { outbox: object; config: object; seeding: object };
  assert.deepEqual(health.outbox, { pending: 2, oldestAt: new Date(NOW - 4_000).toISOString() });
  assert.deepEqual(health.seeding, [{ pipeline: 'orders', samples: 1_200, share: 0.4 }]);
  assert.deepEqual(health.config, { loadedAt: '2026-11-21T02:10:00.000Z', ok: true });
});

test('refuses filters it does not know with what it does know', async (t) => {
  const { get } = await start(t);
  for (const path of [
    '/api/v1/stages?state=bad',
    '/api/v1/leases?state=open',
    '/api/v1/incidents?limit=0',
    '/api/v1/decisions?limit=1e3',
  ]) {
    const { status, json } = await get(path);
    assert.equal(status, 400, path);
    assert.match(messageOf(json), /want/);
  }
});

test('lives, is ready or says why not, and gives metrics by Accept', async (t) => {
  const { get, house } = await start(t);
  assert.equal((await get('/healthz')).text, 'ok\n');
  assert.deepEqual((await get('/readyz')).json, { ready: true, degraded: [] });
  house.facts.health = { ...house.facts.health, ready: false, degraded: ['store: disk full'] };
  const { status, json } = await get('/readyz');
  assert.equal(status, 503);
  assert.equal(messageOf(json), 'not ready: store: disk full');
  house.facts.health = { ...house.facts.health, notReadyBecause: 'it stops' };
  assert.equal(messageOf((await get('/readyz')).json), 'not ready: it stops');
  assert.equal((await get('/healthz')).status, 200, 'a daemon that is not ready still lives');
  const metrics = await get('/metrics', { accept: 'application/openmetrics-text' });
  assert.equal(metrics.headers['content-type'], 'text/plain; seen=true');
});

test('knows unknown addresses, wrong methods and addresses that are none', async (t) => {
  const { get, call } = await start(t);
  for (const path of [
    '/nope',
    '/api/v1',
    '/api/v1/stages/',
    '/api/v1/stages/a/b/c/d',
    '/api/v1/../../etc/passwd',
    '//',
    '/%2e%2e/',
  ]) {
    const { status, json } = await get(path);
    assert.equal(status, 404, path);
    assert.equal(codeOf(json), 'not-found');
  }
  const wrong = await call('DELETE', '/api/v1/stages');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, 'GET, HEAD');
  assert.equal((await call('GET', '/api/v1/actions/stop')).headers.allow, 'POST');
  assert.equal((await call('OPTIONS', '/api/v1/stages')).status, 405);
  assert.equal((await get('/%')).status, 400);
  assert.equal((await get(`/${'a'.repeat(3_000)}`)).status, 414);
});

test('answers HEAD like GET without the body', async (t) => {
  const { call } = await start(t);
  for (const path of ['/api/v1/stages', '/api/v1/health', '/healthz', '/metrics']) {
    const { status, text } = await call('HEAD', path);
    assert.deepEqual([status, text], [200, ''], path);
  }
  assert.equal((await call('HEAD', '/nope')).text, '');
});

test('says that the store fails, and hides what else went wrong inside', async (t) => {
  const { get, house, errors } = await start(t);
  house.facts.storeFails = new HeadgateError('store-failed', 'sqlite /private/headgate.db: disk I/O error');
  const broken = await get('/api/v1/incidents');
  assert.equal(broken.status, 503);
  assert.equal(codeOf(broken.json), 'store-failed');
  house.facts.storeFails = new TypeError('password=hunter2');
  const internal = await get('/api/v1/leases');
  assert.equal(internal.status, 500);
  assert.doesNotMatch(broken.text + internal.text, /private|hunter2/);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['store-failed', 'internal'],
  );
});

test('sends a list of thousands of stages in slices that leave the event loop free', async (t) => {
  const { get, house } = await start(t);
  const [first] = house.facts.stages;
  assert.ok(first);
  house.facts.stages = Array.from({ length: 5_000 }, (_, at) => ({ ...first, id: `orders.s${at}` as const }));
  let turns = 0;
  let ended = false;
  const count = () => {
    turns += 1;
    if (!ended) setImmediate(count);
  };
  count();
  const { json } = await get('/api/v1/stages');
  ended = true;
  assert.equal((json as ApiStage[]).length, 5_000);
  assert.ok(turns > 90, `the loop turned ${turns} times`);
});

test('before there is anything to serve it lives, and says to everything else what is being done', async (t) => {
  const server = createServer({ starting: () => 'it opens the store', options: { listen: '127.0.0.1:0' } });
  t.after(() => server.close());
  const { port } = await server.listen();
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  assert.equal(await (await ask('/healthz')).text(), 'ok\n');
  for (const [path, method] of [
    ['/readyz', 'GET'],
    ['/metrics', 'GET'],
    ['/', 'GET'],
    ['/api/v1/leases/1/release', 'POST'],
  ] as const) {
    const response = await ask(path, { method });
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1'], path);
    assert.equal(messageOf(await response.json()), 'not ready: it opens the store');
  }
});
