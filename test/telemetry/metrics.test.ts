import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import test, { type TestContext } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { View } from '../../src/domain/ports.ts';
import type { Score } from '../../src/domain/score.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { METRICS, OWN_METRICS, STAGE_METRICS } from '../../src/telemetry/catalog.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics, type MetricsOptions } from '../../src/telemetry/metrics.ts';
import { createRecorder } from '../../src/telemetry/record.ts';
import { requireServer, startPrometheus } from '../support/servers.ts';
import { until } from '../support/until.ts';
import {
  amountProfile,
  demotedScore,
  driftScore,
  ENRICH,
  gap,
  incident,
  judgedEvent,
  lease,
  NOW,
  notice,
  reachScore,
  readyScore,
  snapshotOf,
  viewOf,
  warmingScore,
} from './facts.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2';

function telemetry(t: TestContext, options: Partial<MetricsOptions> = {}) {
  const metrics = createMetrics({ version: '0.1.0', ...options });
  t.after(() => metrics.close());
  const recorder = createRecorder(metrics);
  const { events } = createEvents({ log: createLog({ level: 'silent' }), record: recorder.events });
  const text = async (accept?: string): Promise<string> => {
    let all = '';
    for await (const piece of metrics.render(accept).body) all += piece;
    return all;
  };
  const lines = async (start: string): Promise<string[]> =>
    (await text()).split('\n').filter((line) => line.startsWith(start));
  return { metrics, recorder, events, text, lines };
}

/** Every event once, so that every metric has a series. */
function everything({ events }: Pick<ReturnType<typeof telemetry>, 'events'>): void {
  const error = new HeadgateError('timeout', 'no answer');
  events.lifecycle({ phase: 'starting', message: '' });
  events.seeded({ pipeline: 'orders', stages: 1, samples: 60, share: 0.5, over: false });
  events.relearning({ detector: 'baseline', why: 'update', stages: 3, stage: ENRICH });
  events.configLoaded({ ok: true, message: '', at: NOW });
  events.probed({ stage: ENRICH, probe: '1', source: 'kafka-main', seconds: 0.02, gap: undefined, at: NOW });
  events.probed({ stage: ENRICH, probe: '2', source: 'other', seconds: 5, gap, at: NOW });
  events.slotsSkipped({ stage: ENRICH, count: 2 });
  const scores = [
    reachScore(ENRICH, 'lag_seconds'),
    demotedScore(ENRICH, 'rows'),
    readyScore(ENRICH, 'lag_seconds', 321, 23),
    warmingScore(ENRICH, 'rows'),
    driftScore(ENRICH, 'amount', 4),
  ];
  const shown = {
    ...snapshotOf(ENRICH, { lag_seconds: 321, rows: 12 }),
    profiles: new Map([['amount', amountProfile]]),
  };
  events.judged(judgedEvent(shown, scores, 'critical'));
  events.incidentChanged({ incident, change: { kind: 'opened' }, at: NOW });
  const decision = { at: NOW, policy: 'keep-enrich', stage: 'orders.ingest', because: '' } as const;
  events.decided({ decision: { ...decision, kind: 'withhold', reason: 'cooldown' } });
  events.leaseChanged({ lease, at: NOW });
  events.leaseChanged({ lease: { ...lease, id: 'L-0', state: 'released', why: 'expired' }, at: NOW });
  events.acted({ lease, step: 'apply', seconds: 0.1, error: undefined });
  events.acted({ lease, step: 'revert', seconds: 0.1, error });
  events.notified({
    notifier: 'oncall',
    notice,
    attempt: 1,
    seconds: 0.1,
    ageSeconds: 0.2,
    error: undefined,
    gaveUp: false,
  });
  events.notified({ notifier: 'oncall', notice, attempt: 2, seconds: 0.1, ageSeconds: 0.2, error, gaveUp: true });
  events.outbox({ pending: 3, oldestAt: NOW - 4_000 });
  events.storeDegraded({ degraded: true, message: 'disk full' });
  events.failed({ what: 'retention', error });
}

const ALL: readonly StageId[] = [ENRICH, 'orders.ingest'];

test('exposes every metric of the table and no other', async (t) => {
  const told = telemetry(t);
  await told.recorder.observe(viewOf(ALL));
  everything(told);
  const types = [...(await told.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  assert.deepEqual(types.toSorted(), METRICS.map(({ name, type }) => `${name} ${type}`).toSorted());
});

test('names, helps and labels keep the rules of the trade', () => {
  const names = METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, help, type, labels, unit } of METRICS) {
    assert.match(name, /^(headgate|process)_[a-z0-9_]+$/);
    assert.match(help, /^[A-Z].{10,}\.$/);
    assert.equal(type === 'counter', name.endsWith('_total'), name);
    for (const label of labels) assert.match(label, /^[a-z]+$/);
    if (unit === 'seconds') assert.match(name, /_seconds(_total)?$/);
    if (unit === 'bytes') assert.match(name, /_bytes$/);
  }
  for (const { labels } of STAGE_METRICS) assert.deepEqual(labels.slice(0, 2), ['pipeline', 'stage']);
  assert.ok(OWN_METRICS.length > 20);
});

test('passes promtool check metrics', { skip: requireServer('promtool').skip }, async (t) => {
  const told = telemetry(t);
  await told.recorder.observe(viewOf(ALL));
  everything(told);
  const checked = spawnSync(requireServer('promtool').path, ['check', 'metrics'], {
    input: await told.text(),
    encoding: 'utf8',
  });
  assert.equal(checked.stdout + checked.stderr, '');
  assert.equal(checked.status, 0);
});

test('a gap removes the series: it is never 0 and never stale', async (t) => {
  const { events, lines } = telemetry(t);
  events.judged(
    judgedEvent(snapshotOf(ENRICH, { lag_seconds: 9, rows: 12 }), [readyScore(ENRICH, 'lag_seconds', 9, 0.3)], 'ok'),
  );
  assert.deepEqual(await lines('headgate_signal_value{'), [
    'headgate_signal_value{pipeline="orders",stage="enrich",signal="lag_seconds"} 9',
    'headgate_signal_value{pipeline="orders",stage="enrich",signal="rows"} 12',
  ]);
  assert.deepEqual(await lines('headgate_expected{'), [
    'headgate_expected{pipeline="orders",stage="enrich",signal="lag_seconds",bound="lower"} 1.8',
    'headgate_expected{pipeline="orders",stage="enrich",signal="lag_seconds",bound="upper"} 16',
  ]);
  assert.deepEqual(await lines('headgate_anomaly_score{'), [
    'headgate_anomaly_score{pipeline="orders",stage="enrich",subject="orders.enrich/lag_seconds"} 0.3',
  ]);
  events.judged(judgedEvent(snapshotOf(ENRICH, { rows: 13 }, [gap]), [], 'ok'));
  assert.deepEqual(await lines('headgate_signal_value{'), [
    'headgate_signal_value{pipeline="orders",stage="enrich",signal="rows"} 13',
  ]);
  assert.deepEqual([...(await lines('headgate_expected{')), ...(await lines('headgate_anomaly_score{'))], []);
  const before = await lines('headgate_stage_last_success');
  events.judged(judgedEvent({ ...snapshotOf(ENRICH, {}, [gap]), at: NOW + 60_000 }, [], 'unknown'));
  assert.deepEqual(await lines('headgate_signal_value{'), []);
  assert.deepEqual(await lines('headgate_stage_last_success'), before, 'no answer is no success');
  assert.deepEqual(await lines('headgate_verdict{'), ['headgate_verdict{pipeline="orders",stage="enrich"} 3']);
});

test('stages that are gone from the config lose their series', async (t) => {
  const { events, lines, recorder } = telemetry(t);
  let ids: readonly StageId[] = [ENRICH, 'orders.clean'];
  await recorder.observe({ ...viewOf([]), stageIds: () => ids });
  for (const stage of ids) events.judged(judgedEvent(snapshotOf(stage, { rows: 1 }), [], 'ok'));
  assert.equal((await lines('headgate_verdict{')).length, 2);
  ids = [ENRICH];
  assert.deepEqual(await lines('headgate_verdict{'), ['headgate_verdict{pipeline="orders",stage="enrich"} 0']);
  assert.equal((await lines('headgate_valve_factor{')).length, 1);
});

test('caps the series of stages, counts what is dropped, and keeps those it has up to date', async (t) => {
  const { events, lines, metrics } = telemetry(t, { seriesCap: 100 });
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`signal_${at}`, at]));
  for (let times = 0; times < 3; times += 1) events.judged(judgedEvent(snapshotOf(ENRICH, many), [], 'ok'));
  assert.equal(metrics.stages.size, 100);
  assert.ok(
    Number((await lines('headgate_series_dropped_total{family="headgate_signal_value"}'))[0]?.split(' ')[1]) >= 1_200,
  );
  events.judged(judgedEvent(snapshotOf(ENRICH, { signal_0: 42 }), [], 'ok'));
  assert.deepEqual(await lines('headgate_signal_value{'), [
    'headgate_signal_value{pipeline="orders",stage="enrich",signal="signal_0"} 42',
  ]);
  assert.ok(metrics.stages.size < 10, 'room is given back');
});

test('escapes what stands in labels', async (t) => {
  const { events, lines } = telemetry(t);
  const odd = 'a"b\\c\nd';
  events.judged(judgedEvent(snapshotOf(ENRICH, { [odd]: 1 }), [], 'ok'));
  assert.deepEqual(await lines('headgate_signal_value{'), [
    'headgate_signal_value{pipeline="orders",stage="enrich",signal="a\\"b\\\\c\\nd"} 1',
  ]);
});

test('shows a lease while it is in force, and 0 after it', async (t) => {
  const { events, lines } = telemetry(t);
  events.leaseChanged({ lease, at: NOW });
  const labels = '{pipeline="orders",stage="ingest",policy="keep-enrich",actuator="valve"}';
  assert.deepEqual(await lines('headgate_lease_active{'), [`headgate_lease_active${labels} 1`]);
  assert.deepEqual(await lines('headgate_lease_expires'), [
    `headgate_lease_expires_timestamp_seconds${labels} ${NOW / 1_000 + 120}`,
  ]);
  const ended = { ...lease, state: 'released', why: 'recovered', releasedAt: NOW } as const;
  events.leaseChanged({ lease: ended, at: NOW });
  events.leaseChanged({ lease: ended, at: NOW });
  assert.deepEqual(await lines('headgate_lease_active{'), [`headgate_lease_active${labels} 0`]);
  assert.deepEqual(await lines('headgate_lease_expires'), []);
  assert.deepEqual(await lines('headgate_lease_released_total{'), ['headgate_lease_released_total{why="recovered"} 1']);
});

test('follows an incident to its resolution, also where its root moves', async (t) => {
  const { events, lines } = telemetry(t);
  events.incidentChanged({ incident, change: { kind: 'opened' }, at: NOW });
  events.incidentChanged({
    incident: { ...incident, root: 'orders.ingest' },
    change: { kind: 'root-moved', from: ENRICH },
    at: NOW,
  });
  const of = (stage: string, value: number) =>
    `headgate_incident_open{pipeline="orders",stage="${stage}",severity="critical"} ${value}`;
  assert.deepEqual(await lines('headgate_incident_open{'), [of('enrich', 0), of('ingest', 1)]);
  const resolved = { ...incident, root: 'orders.ingest', state: 'resolved' } as const;
  events.incidentChanged({ incident: resolved, change: { kind: 'resolved', resolution: 'recovered' }, at: NOW });
  assert.deepEqual(await lines('headgate_incident_open{'), [of('enrich', 0), of('ingest', 0)]);
  assert.deepEqual(await lines('headgate_incidents_total{'), [
    'headgate_incidents_total{pipeline="orders",severity="critical"} 1',
  ]);
});

test('knows after a restart what was open before it', async (t) => {
  const { recorder, lines } = telemetry(t);
  const view: View = viewOf(ALL, {
    incidents: async ({ state }) => (state === 'open' ? [incident] : []),
    leases: async () => [lease, { ...lease, id: 'L-0', state: 'released', why: 'expired' }],
  });
  await recorder.observe(view);
  assert.equal((await lines('headgate_incident_open{'))[0]?.at(-1), '1');
  assert.equal((await lines('headgate_lease_active{'))[0]?.at(-1), '1');
  const released = await lines('headgate_lease_released_total{');
  assert.ok(
    released.length > 0 && released.every((line) => line.endsWith(' 0')),
    'what ended before is not counted again',
  );
});

test('a source answers where all of its probes of a stage do, and goes with the config', async (t) => {
  const { events, lines } = telemetry(t);
  const probe = (name: string, ok: boolean) =>
    events.probed({ stage: ENRICH, probe: name, source: 'kafka', seconds: 0.1, gap: ok ? undefined : gap, at: NOW });
  const value = async () => (await lines('headgate_probe_success{'))[0]?.at(-1);
  probe('1', true);
  probe('2', false);
  assert.equal(await value(), '0');
  probe('2', true);
  assert.equal(await value(), '1');
  events.configLoaded({ ok: false, message: '', at: NOW });
  assert.equal(await value(), '1');
  events.configLoaded({ ok: true, message: '', at: NOW });
  assert.equal(await value(), undefined);
});

test('makes each piece when it is asked for, from what is known then', async (t) => {
  const { metrics, events } = telemetry(t);
  const rows = (stage: StageId, value: number): void =>
    events.judged(judgedEvent(snapshotOf(stage, { rows: value }), [], 'ok'));
  for (let stage = 0; stage < 2_000; stage += 1) rows(`orders.s${stage}`, 1);
  const pieces = metrics.render(undefined).body[Symbol.asyncIterator]();
  await pieces.next();
  const first = (await pieces.next()).value as string;
  assert.ok(first.length < 100_000, `${first.length} characters`);
  assert.match(first, /^headgate_signal_value\{pipeline="orders",stage="s0",signal="rows"\} 1$/m);
  rows('orders.s1999', 2);
  let rest = '';
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) rest += next.value;
  assert.match(rest, /^headgate_signal_value\{pipeline="orders",stage="s1999",signal="rows"\} 2$/m);
  assert.equal(`${first}${rest}`.match(/^headgate_signal_value\{/gm)?.length, 2_000);
});

test('speaks OpenMetrics to who asks for it, and plain text before and after', async (t) => {
  const told = telemetry(t);
  everything(told);
  const plain = await told.text();
  assert.match(told.metrics.render(OPENMETRICS).type, /^application\/openmetrics-text/);
  const open = await told.text(OPENMETRICS);
  assert.ok(open.endsWith('\n# EOF\n'));
  assert.match(open, /^# TYPE headgate_decisions counter$/m);
  assert.match(open, /^headgate_decisions_total\{/m);
  assert.match(open, /_bucket\{le="1\.0",/);
  assert.doesNotMatch(open, /\n\n/);
  assert.match(await told.text(), /^# TYPE headgate_decisions_total counter$/m);
  assert.equal(told.metrics.render('text/plain').type, 'text/plain; version=0.0.4; charset=utf-8');
  assert.doesNotMatch(plain, /# EOF/);
});

test('renders 100,000 series in slices', async (t) => {
  const { events, text } = telemetry(t);
  const values = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`signal_${at}`, at]));
  for (let stage = 0; stage < 1_000; stage += 1)
    events.judged(judgedEvent(snapshotOf(`orders.s${stage}`, values), [], 'ok'));
  let turns = 0;
  let done = false;
  const count = () => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  count();
  const body = await text();
  done = true;
  assert.ok(turns > 40, `the event loop turned ${turns} times`);
  assert.equal(body.match(/^headgate_signal_value\{/gm)?.length, 100_000);
});

for (const [format, protocols] of [
  ['OpenMetrics', undefined],
  ['text', 'text/plain;version=0.0.4'],
] as const) {
  test(`a real Prometheus scrapes it as ${format}`, { skip: requireServer('prometheus').skip }, async (t) => {
    const told = telemetry(t);
    await told.recorder.observe(viewOf(ALL));
    everything(told);
    let seen: string | undefined;
    const exporter = createServer((request, response) => {
      seen = request.headers.accept;
      const { type, body } = told.metrics.render(protocols ?? seen);
      response.writeHead(200, { 'Content-Type': type });
      void pipeline(body, response);
    });
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    t.after(() => exporter.close());
    const { port } = exporter.address() as AddressInfo;
    const prometheus = await startPrometheus(
      () =>
        `global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: headgate\n    static_configs: [{targets: ['127.0.0.1:${port}']}]\n`,
    );
    t.after(() => prometheus.stop());
    const query = async (text: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
      const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(text)}`);
      return (
        (await answer.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
      ).data.result;
    };
    await until(async () => (await query('up{job="headgate"}'))[0]?.value[1] === '1', {
      what: 'the scrape is good',
      within: 60_000,
      every: 100,
    });
    // A later scrape may be too slow on a busy machine, and then takes every series away: what was scraped last is asked for.
    if (format === 'OpenMetrics') assert.match(seen ?? '', /openmetrics/);
    const names = new Set((await query('last_over_time({job="headgate"}[5m])')).map(({ metric }) => metric.__name__));
    for (const { name, type } of METRICS)
      if (name !== 'headgate_series_dropped_total')
        assert.ok(names.has(type === 'histogram' ? `${name}_bucket` : name), name);
    assert.equal(
      (await query('last_over_time(headgate_signal_value{stage="enrich",signal="lag_seconds"}[5m])'))[0]?.value[1],
      '321',
    );
  });
}

test('of a profiled field it shows how it is spread, and what came of the comparison', async (t) => {
  const { events, lines } = telemetry(t);
  const shown = (profiles: readonly (typeof amountProfile)[]) => ({
    ...snapshotOf(ENRICH, {}),
    profiles: new Map(profiles.map((one) => [one.field, one])),
  });
  const amount = 'pipeline="orders",stage="enrich",field="amount"';
  events.judged(judgedEvent(shown([amountProfile]), [driftScore(ENRICH, 'amount', 4)], 'critical'));
  assert.deepEqual(
    [...(await lines('headgate_drift_')), ...(await lines('headgate_profile_'))],
    [
      `headgate_drift_detected{${amount}} 1`,
      `headgate_drift_effect{${amount}} 0.31`,
      `headgate_drift_effect_null{${amount}} 0.02`,
      `headgate_drift_adjusted_p{${amount}} 3e-7`,
      `headgate_profile_rows{${amount}} 1000`,
      `headgate_profile_null_ratio{${amount}} 0.05`,
      `headgate_profile_end_timestamp_seconds{${amount}} ${NOW / 1_000}`,
    ],
  );
  events.judged(judgedEvent(shown([amountProfile]), [driftScore(ENRICH, 'amount', 0.2)], 'ok'));
  assert.deepEqual(await lines('headgate_drift_detected{'), [`headgate_drift_detected{${amount}} 0`]);
  const warming = { ...warmingScore(ENRICH, 'amount'), detector: 'drift' };
  events.judged(judgedEvent(shown([{ ...amountProfile, rows: 0, nulls: 0 }]), [warming], 'unknown'));
  assert.deepEqual(await lines('headgate_drift_'), []);
  assert.deepEqual(await lines('headgate_profile_null_ratio{'), [], 'the share of nothing is not known');
});

test('subjects are counted by detector and state, and those of a stage that is gone no longer', async (t) => {
  const { events, recorder, lines } = telemetry(t);
  let stages = ALL;
  await recorder.observe({ ...viewOf(ALL), stageIds: () => stages });
  const judge = (stage: StageId, ...scores: Score[]): void =>
    events.judged(judgedEvent(snapshotOf(stage, {}), scores, 'ok'));
  judge(ENRICH, readyScore(ENRICH, 'lag_seconds', 1, 0.1), warmingScore(ENRICH, 'rows'));
  judge('orders.ingest', readyScore('orders.ingest', 'lag_seconds', 1, 0.1));
  assert.deepEqual(await lines('headgate_detector_state{'), [
    'headgate_detector_state{detector="baseline",state="ready"} 2',
    'headgate_detector_state{detector="baseline",state="warming"} 1',
  ]);
  judge(ENRICH, readyScore(ENRICH, 'lag_seconds', 1, 0.1), readyScore(ENRICH, 'rows', 1, 0.1));
  assert.deepEqual(await lines('headgate_detector_state{'), [
    'headgate_detector_state{detector="baseline",state="ready"} 3',
    'headgate_detector_state{detector="baseline",state="warming"} 0',
  ]);
  stages = ['orders.ingest'];
  assert.deepEqual(await lines('headgate_detector_state{detector="baseline",state="ready"}'), [
    'headgate_detector_state{detector="baseline",state="ready"} 1',
  ]);
});

test('the highest score is shown with the share of each signal in it', async (t) => {
  const { events, lines } = telemetry(t);
  const vector: Score = {
    ...readyScore(ENRICH, '*', 0, 2),
    state: 'ready',
    pValue: 1e-5,
    because: [
      { signal: 'lag_seconds', share: 0.75 },
      { signal: 'rows', share: 0.25 },
    ],
  };
  events.judged(judgedEvent(snapshotOf(ENRICH, {}), [readyScore(ENRICH, 'rows', 1, 0.4), vector], 'critical'));
  assert.deepEqual(await lines('headgate_anomaly_contribution_ratio{'), [
    'headgate_anomaly_contribution_ratio{pipeline="orders",stage="enrich",subject="orders.enrich/*",signal="lag_seconds"} 0.75',
    'headgate_anomaly_contribution_ratio{pipeline="orders",stage="enrich",subject="orders.enrich/*",signal="rows"} 0.25',
  ]);
});

test('counters of rare events begin at 0, so that the first event is a step', async (t) => {
  const { events, recorder, lines } = telemetry(t);
  let asked = 0;
  const view = viewOf(ALL, {
    policies: () => {
      asked += 1;
      const gates = [{ stage: 'orders.ingest', actuator: 'valve' }] as const;
      return [{ name: 'p', mode: 'enforce', configuredMode: 'enforce', keep: '', may: [], gates, uses: 0 }];
    },
  });
  await recorder.observe(view);
  const engaged =
    'headgate_decisions_total{pipeline="orders",stage="ingest",policy="p",decision="engage",reason="keep-broken"}';
  assert.deepEqual(await lines(engaged), [`${engaged} 0`]);
  assert.deepEqual(await lines('headgate_incidents_total{'), [
    'headgate_incidents_total{pipeline="orders",severity="warning"} 0',
    'headgate_incidents_total{pipeline="orders",severity="critical"} 0',
  ]);
  assert.deepEqual(await lines('headgate_notification_given_up_total{'), [
    'headgate_notification_given_up_total{notifier="oncall"} 0',
  ]);
  assert.deepEqual(await lines('headgate_actions_total{actuator="valve",step="revert"'), [
    'headgate_actions_total{actuator="valve",step="revert",outcome="ok"} 0',
  ]);
  assert.equal(asked, 1, 'once for each configuration');
  events.configLoaded({ ok: true, message: '', at: NOW });
  events.decided({
    decision: { at: NOW, policy: 'p', stage: 'orders.ingest', because: '', kind: 'engage', reason: 'keep-broken' },
  });
  assert.deepEqual(await lines(engaged), [`${engaged} 1`]);
  assert.equal(asked, 2);
});

test('tells the nearest limit in sight of each signal, and nothing once none is', async (t) => {
  const { events, lines } = telemetry(t);
  const seen = snapshotOf(ENRICH, { lag_seconds: 48 });
  events.judged(
    judgedEvent(seen, [reachScore(ENRICH, 'lag_seconds'), reachScore(ENRICH, 'lag_seconds', 9e5)], 'warning'),
  );
  const of = (bound: string) =>
    `headgate_time_to_breach_seconds{pipeline="orders",stage="enrich",signal="lag_seconds",bound="${bound}"}`;
  assert.deepEqual(await lines('headgate_time_to_breach_seconds{'), [
    `${of('likely')} 840`,
    `${of('soonest')} 600`,
    `${of('latest')} 1500`,
  ]);
  events.judged(judgedEvent(seen, [], 'ok'));
  assert.deepEqual(await lines('headgate_time_to_breach_seconds{'), []);
});

test('tells where a signal that is followed is likely to be, and nothing of one that is not', async (t) => {
  const { events, lines } = telemetry(t);
  events.judged(judgedEvent(snapshotOf(ENRICH, { lag_seconds: 48, rows: 3 }), [], 'ok'));
  assert.deepEqual(
    await lines('headgate_forecast{'),
    ['lower', 'centre', 'upper'].map(
      (bound, i) =>
        `headgate_forecast{pipeline="orders",stage="enrich",signal="lag_seconds",bound="${bound}"} ${[30, 40, 60][i]}`,
    ),
  );
  events.judged(judgedEvent(snapshotOf(ENRICH, { rows: 3 }), [], 'ok'));
  assert.deepEqual(await lines('headgate_forecast{'), []);
});

test('of two detectors on one subject the higher score is the one that is exposed', async (t) => {
  const { events, lines } = telemetry(t);
  const scores = [readyScore(ENRICH, 'lag_seconds', 321, 23), reachScore(ENRICH, 'lag_seconds')];
  for (const order of [scores, scores.toReversed()]) {
    events.judged(judgedEvent(snapshotOf(ENRICH, { lag_seconds: 321 }), order, 'critical'));
    assert.deepEqual(await lines('headgate_anomaly_score{'), [
      'headgate_anomaly_score{pipeline="orders",stage="enrich",subject="orders.enrich/lag_seconds"} 23',
    ]);
  }
});

test('the realised rate, what people said of pages, and who was demoted stand beside the budget', async (t) => {
  const { events, recorder, lines } = telemetry(t);
  await recorder.observe(viewOf(ALL));
  events.judged(judgedEvent(snapshotOf(ENRICH, { rows: 12 }), [demotedScore(ENRICH, 'rows')], 'warning'));
  assert.deepEqual(await lines('headgate_budget_pages_opened{'), [
    'headgate_budget_pages_opened{pipeline="orders",label="real"} 1',
    'headgate_budget_pages_opened{pipeline="orders",label="false"} 0',
    'headgate_budget_pages_opened{pipeline="orders",label="none"} 2',
  ]);
  assert.deepEqual(await lines('headgate_budget_pages_per_week_realised{'), [
    'headgate_budget_pages_per_week_realised{pipeline="orders"} 0.75',
  ]);
  assert.deepEqual(await lines('headgate_detector_demoted{'), [
    'headgate_detector_demoted{pipeline="orders",stage="enrich",subject="orders.enrich/rows",detector="baseline"} 1',
  ]);
  events.judged(judgedEvent(snapshotOf(ENRICH, { rows: 12 }), [readyScore(ENRICH, 'rows', 12, 3)], 'critical'));
  assert.deepEqual(await lines('headgate_detector_demoted{'), []);
});
