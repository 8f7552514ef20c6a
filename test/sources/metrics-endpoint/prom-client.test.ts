import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { metricsEndpoint } from '../../../src/sources/metrics-endpoint/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { loopback } from '../../support/loopback.ts';

const never = new AbortController().signal;

for (const contentType of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE] as const) {
  test(`reads what prom-client writes as ${contentType.split(';')[0]}`, async (t) => {
    const registry = new Registry<typeof contentType>();
    registry.setContentType(contentType);
    const registers = [registry];
    const seen = new Counter({
      name: 'orders_in_total',
      help: 'Seen "orders"\nin \\ all.',
      labelNames: ['kind'],
      registers,
    });
    const lag = new Gauge({ name: 'orders_lag_seconds', help: 'Lag.', labelNames: ['path'], registers });
    const buckets = [0.1, 0.2, 0.4, 0.8];
    const latency = new Histogram({ name: 'orders_latency_seconds', help: 'Latency.', buckets, registers });
    const size = new Summary({ name: 'orders_size_bytes', help: 'Size.', percentiles: [0.5, 0.99], registers });
    const server = await loopback((_request, response) => {
      void registry.metrics().then((text) => response.writeHead(200, { 'content-type': contentType }).end(text));
    });
    const clock = fakeClock();
    const source = metricsEndpoint.create(metricsEndpoint.config.parse({}), { clock, random: () => 0.5 });
    t.after(() => Promise.all([source.close(), server.close()]));
    const ask = metricsEndpoint.probe.parse({
      url: server.url,
      metrics: {
        in_records_per_second: 'orders_in_total',
        lag_seconds: { metric: 'orders_lag_seconds', labels: { path: 'C:\\raw\n"x"' } },
        latency_seconds: { metric: 'orders_latency_seconds', as: 'quantiles' },
        size_p99_bytes: 'orders_size_bytes',
      },
    });
    lag.set({ path: 'C:\\raw\n"x"' }, 2.5);
    lag.set({ path: 'other' }, 99);
    seen.inc({ kind: 'a' }, 5);
    assert.deepEqual([...(await source.probe(ask, 'orders.enrich', never)).values], [['lag_seconds', 2.5]]);
    await clock.advance(10_000);
    seen.inc({ kind: 'a' }, 20);
    seen.inc({ kind: 'b' }, 10);
    for (let at = 1; at <= 100; at += 1) latency.observe(at / 200);
    for (let at = 1; at <= 100; at += 1) size.observe(at);
    const { values } = await source.probe(ask, 'orders.enrich', never);
    assert.equal(values.get('in_records_per_second'), 3);
    // 100 values, evenly from 0.005 to 0.5: within the buckets they are as even as interpolation takes them to be.
    assert.ok(Math.abs((values.get('latency_p50_seconds') ?? 0) - 0.25) < 1e-9);
    assert.ok(Math.abs((values.get('latency_p99_seconds') ?? 0) - 0.78) < 1e-9);
    assert.ok(Math.abs((values.get('size_p99_bytes') ?? 0) - 99) <= 1);
  });
}
