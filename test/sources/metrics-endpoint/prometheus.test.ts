import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { metricsEndpoint } from '../../../src/sources/metrics-endpoint/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type Loopback, loopback } from '../../support/loopback.ts';
import { requireServer, startPrometheus } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const never = new AbortController().signal;
const BOUNDS = ['0.005', '0.01', '0.1', '0.5', '1', '10', '+Inf'];
const QUANTILES = [0.5, 0.95, 0.99];
const HISTOGRAMS = 40;

/** Counts of one histogram after the pollster saw it empty; several shapes, from a fixed generator. */
function countsOf(index: number): number[] {
  let state = index + 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647);
  const weights = BOUNDS.map(() => (next() % 3 === 0 ? 0 : next() % 500));
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}

/** A page with all histograms in two series each, whose counts are multiplied by `times`. */
const pageOf = (times: number): string =>
  Array.from({ length: HISTOGRAMS }, (_, index) =>
    ['a', 'b']
      .map((worker, half) =>
        BOUNDS.map((le, at) => {
          const count = (countsOf(index * 2 + half)[at] ?? 0) * times;
          return `work_seconds_bucket{case="${index}",worker="${worker}",le="${le}"} ${count}\n`;
        }).join(''),
      )
      .join(''),
  ).join('');

const prometheus = requireServer('prometheus');
describe('beside a real Prometheus', { skip: prometheus.skip }, () => {
  let page = '# TYPE work_seconds histogram\n';
  let server: Awaited<ReturnType<typeof startPrometheus>>;
  let target: Loopback;
  before(async () => {
    target = await loopback((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(page),
    );
    server = await startPrometheus(
      (address) => `
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - { job_name: work, static_configs: [ { targets: [ '127.0.0.1:${target.port}' ] } ] }
  - { job_name: self, static_configs: [ { targets: [ '${address}' ] } ] }
`,
    );
  });
  after(async () => {
    await server?.stop();
    await target?.close();
  });

  const query = async (promql: string): Promise<Map<string, number>> => {
    const answer = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(promql)}`);
    const { data } = (await answer.json()) as {
      data: { result: { metric: { case?: string }; value: [number, string] }[] };
    };
    return new Map(data.result.map(({ metric, value }) => [metric.case ?? '', Number(value[1])]));
  };

  test('percentiles are what histogram_quantile makes of the same buckets', async (t) => {
    const clock = fakeClock();
    const source = metricsEndpoint.create(metricsEndpoint.config.parse({}), { clock, random: () => 0.5 });
    t.after(() => source.close());
    const metrics = Object.fromEntries(
      Array.from({ length: HISTOGRAMS }, (_, index) => [
        `case_${index}_seconds`,
        { metric: 'work_seconds', labels: { case: String(index) }, as: 'quantiles' as const },
      ]),
    );
    const ask = metricsEndpoint.probe.parse({ url: target.url, metrics });
    page = `# TYPE work_seconds histogram\n${pageOf(0)}`;
    assert.equal((await source.probe(ask, 'orders.enrich', never)).values.size, 0);
    page = `# TYPE work_seconds histogram\n${pageOf(1)}`;
    await clock.advance(10_000);
    const { values, absent } = await source.probe(ask, 'orders.enrich', never);
    // A scrape that took too long on a busy machine takes every series away: what was scraped last is asked for.
    const all = 'sum by (case, le) (last_over_time(work_seconds_bucket[5m]))';
    const total = countsOf(0).at(-1) ?? 0;
    await until(
      async () => (await query('sum by (case) (work_seconds_bucket{worker="a",le="+Inf"})')).get('0') === total,
      { what: 'Prometheus has scraped the same page', every: 50, within: 60_000 },
    );
    let compared = 0;
    for (const q of QUANTILES) {
      const wanted = await query(`histogram_quantile(${q}, ${all})`);
      assert.equal(wanted.size, HISTOGRAMS);
      for (const [index, value] of wanted) {
        const signal = `case_${index}_p${q * 100}_seconds`;
        if (Number.isNaN(value)) assert.ok(absent?.includes(signal), signal);
        else
          assert.ok(
            Math.abs((values.get(signal) ?? Number.NaN) - value) <= 1e-12,
            `${signal}: ${values.get(signal)} is not ${value}`,
          );
        compared += 1;
      }
    }
    assert.equal(compared, HISTOGRAMS * QUANTILES.length);
  });

  test('its own page is read: counters, histograms, summaries, and the age of its process', async (t) => {
    const clock = fakeClock(Date.now());
    const source = metricsEndpoint.create(metricsEndpoint.config.parse({}), { clock, random: () => 0.5 });
    t.after(() => source.close());
    const ask = metricsEndpoint.probe.parse({
      url: `${server.url}/metrics`,
      metrics: {
        in_records_per_second: { metric: 'prometheus_http_requests_total', labels: { handler: '/metrics' } },
        ok_ratio: {
          metric: 'prometheus_http_requests_total',
          labels: { code: '200' },
          over: { metric: 'prometheus_http_requests_total' },
        },
        latency_p99_seconds: { metric: 'prometheus_http_request_duration_seconds', labels: { handler: '/metrics' } },
        gc_seconds: { metric: 'go_gc_duration_seconds', as: 'quantile', quantile: 0.75 },
        up_seconds: { metric: 'process_start_time_seconds', as: 'age' },
        memory_bytes: 'process_resident_memory_bytes',
        rows: 'no_such_metric',
      },
    });
    const handled = async () =>
      [...(await query('last_over_time(prometheus_http_requests_total{handler="/metrics"}[5m])')).values()].reduce(
        (a, b) => a + b,
        0,
      );
    await until(async () => (await handled()) > 0, { what: 'it has scraped itself', every: 50, within: 60_000 });
    const first = await source.probe(ask, 'orders.enrich', never);
    assert.deepEqual([...first.values.keys()], ['gc_seconds', 'up_seconds', 'memory_bytes']);
    assert.deepEqual(first.absent, ['rows']);
    const seen = await handled();
    await until(async () => (await handled()) > seen, { what: 'it has scraped itself again', every: 50 });
    await clock.advance(10_000);
    const { values } = await source.probe(ask, 'orders.enrich', never);
    const value = (signal: string): number => values.get(signal) ?? assert.fail(`no ${signal}`);
    assert.ok(value('in_records_per_second') >= 0.1);
    assert.ok(value('ok_ratio') > 0.5 && value('ok_ratio') <= 1);
    assert.ok(value('latency_p99_seconds') > 0 && value('latency_p99_seconds') <= 120);
    assert.ok(value('up_seconds') >= 10 && value('up_seconds') < 600);
    assert.ok(value('memory_bytes') > 1e6);
  });
});
