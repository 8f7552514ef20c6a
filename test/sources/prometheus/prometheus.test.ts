import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HOUR, MINUTE } from '../../../src/domain/time.ts';
import type { Source } from '../../../src/kit/component.ts';
import { prometheus } from '../../../src/sources/prometheus/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { HOLD_LIMIT, usualHold } from '../../support/holds.ts';
import { startPrometheusWithPast } from '../../support/prometheus.ts';
import { type RunningServer, requireServer } from '../../support/servers.ts';

const skip = requireServer('prometheus').skip || requireServer('promtool').skip;
const never = new AbortController().signal;
const STEP = 15_000;
const END = Math.floor(Date.now() / MINUTE) * MINUTE - 3 * MINUTE;
const START = END - 2 * HOUR;

describe('prometheus beside a real Prometheus', { skip }, () => {
  let server: RunningServer & { readonly url: string };
  let source: Source<unknown>;
  const open = (now: number, config: Record<string, unknown> = {}): Source<unknown> =>
    prometheus.create(prometheus.config.parse({ url: server.url, ...config }), {
      clock: fakeClock(now),
      random: () => 0.5,
    });
  before(async () => {
    const past = ['0', '1'].flatMap((partition) =>
      Array.from({ length: (END - START) / STEP + 1 }, (_, index) => ({
        series: `lag{partition="${partition}"}`,
        at: START + index * STEP,
        value: index + Number(partition),
      })),
    );
    server = await startPrometheusWithPast(past);
    source = open(END);
  });
  after(async () => {
    await source?.close();
    await server?.stop();
  });
  const ask = (queries: Record<string, unknown>) => prometheus.probe.parse({ queries });
  const probe = (queries: Record<string, unknown>, by = source) => by.probe(ask(queries), 'orders.enrich', never);

  test('reads numbers, and calls absent what is none', async () => {
    const { values, absent } = await probe({
      lag_records: 'sum(lag)',
      lag_seconds: 'scalar(max(lag))',
      rows: 'vector(3) * 2',
      error_ratio: 'vector(0) / 0',
      drain_seconds: 'vector(1) / 0',
      dlq_depth: 'sum(nothing)',
    });
    assert.deepEqual(Object.fromEntries(values), { lag_records: 961, lag_seconds: 481, rows: 6 });
    assert.deepEqual([...(absent ?? [])].sort(), ['dlq_depth', 'drain_seconds', 'error_ratio']);
  });

  test('keeps the parts', async () => {
    const { parts } = await probe({ lag_records: { query: 'lag', by: 'partition' } });
    assert.deepEqual([...(parts?.get('lag_records') ?? [])], [480, 481]);
  });

  test('a sample that is older than stale is absent, where the server knows lookback_delta (2.43)', async () => {
    const answer = await fetch(`${server.url}/api/v1/status/buildinfo`);
    const { data } = (await answer.json()) as { data: { version: string } };
    const [major = 0, minor = 0] = data.version.split('.').map(Number);
    const keepsToIt = major > 2 || minor >= 43;
    for (const [stale, known] of [
      ['5m', true],
      ['2m', !keepsToIt],
    ] as const) {
      const later = open(END + 3 * MINUTE, { stale });
      assert.equal((await probe({ lag_records: 'sum(lag)' }, later)).values.has('lag_records'), known, stale);
      await later.close();
    }
    const muchLater = open(END + 6 * MINUTE);
    assert.deepEqual((await probe({ lag_records: 'sum(lag)' }, muchLater)).absent, ['lag_records']);
    await muchLater.close();
  });

  test('passes on where a query is wrong', async () => {
    await assert.rejects(probe({ lag_records: 'sum(lag' }), { code: 'rejected', message: /parse error.*unclosed/ });
    await assert.rejects(probe({ lag_records: 'lag' }), { code: 'malformed', message: /2 series.*by: partition/ });
    await assert.rejects(probe({ lag_records: 'lag[5m]' }), { code: 'malformed', message: /gives|numbers/ });
  });

  test('its past is asked for in halves where it is too much for one answer', async () => {
    const queries = ask({ lag_records: { query: 'lag', by: 'partition' } });
    const range = { from: START, to: END, step: STEP };
    const whole = await source.history?.(queries, 'orders.enrich', range, never);
    const narrow = open(END, { max_body_bytes: 2_000 });
    assert.deepEqual(await narrow.history?.(queries, 'orders.enrich', range, never), whole);
    await narrow.close();
  });

  test('its past is what it would have answered then', async (t) => {
    const queries = ask({ lag_records: { query: 'lag', by: 'partition' }, rows: 'sum(lag offset 1h)' });
    const range = { from: START, to: END, step: STEP };
    const began = performance.now();
    const readings = (await source.history?.(queries, 'orders.enrich', range, never)) ?? [];
    t.diagnostic(`${readings.length} readings in ${(performance.now() - began).toFixed(0)} ms`);
    assert.equal(readings.length, 481);
    for (const index of [0, 100, 300, 480]) {
      const { at, ...then } = readings[index] as (typeof readings)[number];
      assert.equal(at, START + index * STEP);
      const now = open(at);
      assert.deepEqual(then, await now.probe(queries, 'orders.enrich', never), `reading ${index}`);
      await now.close();
    }
    assert.deepEqual(readings[0]?.absent, ['rows']);
  });
});

describe('prometheus beside a million entries', { skip }, () => {
  const SERIES = 100_000;
  const SAMPLES = 10;
  let server: RunningServer & { readonly url: string };
  before(async () => {
    const of = (partition: number) =>
      Array.from({ length: SAMPLES }, (_, index) => ({
        series: `lag{partition="${partition}"}`,
        at: END - (SAMPLES - 1 - index) * STEP,
        value: partition % 7,
      }));
    server = await startPrometheusWithPast(Array.from({ length: SERIES }, (_, partition) => of(partition)).flat());
  });
  after(() => server?.stop());
  const probing = async (queries: Record<string, unknown>, config: Record<string, unknown> = {}) => {
    const settings = prometheus.config.parse({ url: server.url, timeout: '60s', ...config });
    const source = prometheus.create(settings, { clock: fakeClock(END), random: () => 0.5 });
    try {
      return await source.probe(prometheus.probe.parse({ queries }), 'orders.enrich', never);
    } finally {
      await source.close();
    }
  };

  test('a sum of them is one number', async () => {
    const { values } = await probing({ rows: 'sum(count_over_time(lag[10m]))', lag_records: 'max(lag)' });
    assert.deepEqual(Object.fromEntries(values), { rows: SERIES * SAMPLES, lag_records: 6 });
  });

  test('ten thousand partitions are read beside other work', async (t) => {
    const lag_records = { query: 'lag{partition=~"\\\\d{1,4}"}', by: 'partition' };
    const hold = await usualHold(async () => {
      const { parts } = await probing({ lag_records });
      assert.equal(parts?.get('lag_records')?.length, 10_000);
    });
    t.diagnostic(`the event loop was held for ${hold.toFixed(1)} ms at most`);
    assert.ok(hold < HOLD_LIMIT, `${hold.toFixed(1)} ms`);
  });

  test('all of them, where the user allows so long an answer', async () => {
    const lag_records = { query: 'lag', by: 'partition' };
    const { values, parts } = await probing({ lag_records }, { max_body_bytes: 50_000_000 });
    const sum = Array.from({ length: SERIES }, (_, partition) => partition % 7).reduce((a, b) => a + b);
    assert.equal(values.get('lag_records'), sum);
    assert.equal(parts?.get('lag_records')?.[SERIES - 1], (SERIES - 1) % 7);
    await assert.rejects(probing({ lag_records }, { max_body_bytes: 1_000_000 }), {
      code: 'too-large',
      message: /max_body_bytes/,
    });
  });
});
