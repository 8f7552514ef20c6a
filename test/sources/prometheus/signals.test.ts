import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../../src/kit/component.ts';
import { prometheus } from '../../../src/sources/prometheus/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { answerWith, type Loopback, loopback } from '../../support/loopback.ts';

const never = new AbortController().signal;
const NOW = Date.UTC(2026, 0, 5);

const probeOf = (source: Source<unknown>, queries: Record<string, unknown>) =>
  source.probe(prometheus.probe.parse({ queries }), 'orders.enrich', never);

async function against(
  body: unknown,
  run: (source: Source<unknown>, server: Loopback) => Promise<void>,
  { status = 200, path = '' } = {},
): Promise<void> {
  const server = await loopback(answerWith(JSON.stringify(body), status));
  const config = prometheus.config.parse({ url: `${server.url}${path}`, stale: '2m' });
  const source = prometheus.create(config, { clock: fakeClock(NOW), random: () => 0.5 });
  try {
    await run(source, server);
  } finally {
    await source.close();
    await server.close();
  }
}

const vector = (...elements: readonly (readonly [labels: Record<string, string>, value: string])[]) => ({
  status: 'success',
  data: { resultType: 'vector', result: elements.map(([metric, value]) => ({ metric, value: [NOW / 1_000, value] })) },
});
const byPartition = vector(
  [{ job: 'a', partition: '0' }, '10'],
  [{ job: 'a', partition: '2' }, '30'],
  [{ job: 'a', partition: '3' }, 'NaN'],
);

test('asks every query for the same moment, with what counts as stale', () =>
  against(
    vector([{}, '1']),
    async (source, server) => {
      await probeOf(source, { a: 'sum(a)', b: 'sum(b{x="y z"})' });
      const asked = server.requests.map(({ path }) => new URL(path, server.url));
      assert.deepEqual(
        asked.map(({ pathname }) => pathname),
        ['/prom/api/v1/query', '/prom/api/v1/query'],
      );
      assert.deepEqual(asked.map(({ searchParams }) => searchParams.get('query')).sort(), [
        'sum(a)',
        'sum(b{x="y z"})',
      ]);
      for (const { searchParams } of asked) {
        assert.equal(searchParams.get('time'), String(NOW / 1_000));
        assert.equal(searchParams.get('lookback_delta'), '120');
      }
    },
    { path: '/prom/' },
  ));

test('a scalar is a value, and a scale multiplies it', () =>
  against({ status: 'success', data: { resultType: 'scalar', result: [NOW / 1_000, '1500'] } }, async (source) => {
    const { values } = await probeOf(source, { latency_p99_seconds: { query: 'x', scale: 0.001 } });
    assert.equal(values.get('latency_p99_seconds'), 1.5);
  }));

test('by a label the parts are kept, and their total is their sum, or the worst where that is what hurts', () =>
  against(byPartition, async (source) => {
    const query = { query: 'lag', by: 'partition' };
    const reading = await probeOf(source, {
      lag_records: query,
      lag_seconds: query,
      rows: { ...query, aggregate: 'avg' },
    });
    assert.deepEqual(Object.fromEntries(reading.values), { lag_records: 40, lag_seconds: 30, rows: 20 });
    assert.deepEqual([...(reading.parts?.get('lag_records') ?? [])], [10, Number.NaN, 30]);
  }));

test('several series without by are a mistake, and the message says what to do', () =>
  against(byPartition, async (source) => {
    await assert.rejects(probeOf(source, { lag_records: 'lag' }), {
      code: 'malformed',
      message: /lag_records gives 3 series; wrap the query in sum.*by: partition/,
    });
  }));

test('a label that is no partition number, or names one twice, is a mistake', () =>
  against(vector([{ pod: 'web-1' }, '1'], [{ pod: 'web-2' }, '2']), async (source) => {
    await assert.rejects(probeOf(source, { lag_records: { query: 'lag', by: 'pod' } }), {
      code: 'malformed',
      message: /"web-1", no partition number; sum by \(pod\)/,
    });
  }));

test('what Prometheus says of a wrong query is passed on', () =>
  against(
    { status: 'error', errorType: 'bad_data', error: 'invalid parameter "query": 1:5: parse error' },
    async (source) => {
      await assert.rejects(probeOf(source, { lag_records: 'sum(' }), { code: 'rejected', message: /1:5: parse error/ });
    },
    { status: 400 },
  ));

test('a probe asks for something, in signals by their rules', () => {
  assert.ok(!prometheus.probe.safeParse({ queries: {} }).success);
  assert.ok(!prometheus.probe.safeParse({ queries: { 'Lag-Records': 'lag' } }).success);
  assert.deepEqual(
    prometheus.signals(prometheus.probe.parse({ queries: { lag_seconds: 'max(lag)' } })).map(({ unit }) => unit),
    ['seconds'],
  );
});
