import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import type { z } from 'zod';
import { HeadgateError } from '../../../src/domain/error.ts';
import type { Reading } from '../../../src/domain/snapshot.ts';
import { metricsEndpoint } from '../../../src/sources/metrics-endpoint/index.ts';
import type { Metrics } from '../../../src/sources/metrics-endpoint/rules.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { loopback } from '../../support/loopback.ts';

const never = new AbortController().signal;
let page = '';
let type = 'text/plain; version=0.0.4';
const server = await loopback((_request, response) => response.writeHead(200, { 'content-type': type }).end(page));
let clock: FakeClock = fakeClock();
let source = metricsEndpoint.create(metricsEndpoint.config.parse({}), { clock, random: () => 0.5 });
after(async () => {
  await source.close();
  await server.close();
});
beforeEach(async () => {
  await source.close();
  type = 'text/plain; version=0.0.4';
  clock = fakeClock();
  source = metricsEndpoint.create(metricsEndpoint.config.parse({}), { clock, random: () => 0.5 });
});

type Mapping = z.input<typeof Metrics>;
const askOf = (metrics?: Mapping) => metricsEndpoint.probe.parse({ url: server.url, metrics });

/** Serves `text` and reads it, `later` ms after the poll before. */
async function poll(text: string, metrics?: Mapping, later = 10_000): Promise<Reading> {
  page = text;
  await clock.advance(later);
  return source.probe(askOf(metrics), 'orders.enrich', never);
}

const shown = ({ values, absent = [] }: Reading) => ({ values: Object.fromEntries(values), absent: [...absent] });
const nothingYet = { values: {}, absent: [] };

describe('gauges', () => {
  const three = 'depth{q="a"} 1\ndepth{q="b"} 5\ndepth{q="c"} NaN\n';

  test('are added up, or the worst counts, by what the signal measures', async () => {
    const reading = await poll(three, { lag_records: 'depth', lag_seconds: 'depth', error_ratio: 'depth' });
    assert.deepEqual(shown(reading).values, { lag_records: 6, lag_seconds: 5, error_ratio: 5 });
  });

  test('are aggregated as told, and scaled', async () => {
    const by = (aggregate: 'sum' | 'max' | 'min' | 'avg') => ({ metric: 'depth', aggregate, scale: 0.5 });
    const reading = await poll(three, { a: by('sum'), b: by('max'), c: by('min'), d: by('avg') });
    assert.deepEqual(shown(reading).values, { a: 3, b: 2.5, c: 0.5, d: 1.5 });
  });

  test('are chosen by labels: one value, several, or all but some', async () => {
    const reading = await poll(three, {
      one: { metric: 'depth', labels: { q: 'b' } },
      some: { metric: 'depth', labels: { q: ['a', 'b'] } },
      but: { metric: 'depth', labels: { q: { not: ['b', 'c'] } } },
      without: { metric: 'depth', labels: { other: '' } },
      none: { metric: 'depth', labels: { q: 'z' } },
    });
    assert.deepEqual(shown(reading), { values: { one: 5, some: 6, but: 1, without: 6 }, absent: ['none'] });
  });

  test('of partitions are kept beside the total', async () => {
    const text = 'lag{p="0"} 4\nlag{p="2"} 6\nlag{p="2",x="y"} 1\n';
    const reading = await poll(text, { lag_records: { metric: 'lag', by: 'p', scale: 2 } });
    assert.equal(reading.values.get('lag_records'), 22);
    assert.deepEqual(reading.parts?.get('lag_records'), Float64Array.of(8, Number.NaN, 14));
  });

  test('with a label that is no partition number fail, and name it', async () => {
    await assert.rejects(
      poll('lag{p="raw-0"} 4\n', { lag_records: { metric: 'lag', by: 'p' } }),
      (error) =>
        error instanceof HeadgateError && error.code === 'malformed' && /label p of lag is "raw-0"/.test(error.message),
    );
  });

  test('that hold a Unix time become an age, and 0 means never', async () => {
    const at = clock.now() / 1_000;
    const reading = await poll(`a_timestamp_seconds ${at - 50}\nb_timestamp_seconds 0\nc ${at + 99}\n`, {
      freshness_seconds: 'a_timestamp_seconds',
      b_seconds: 'b_timestamp_seconds',
      c_seconds: { metric: 'c', as: 'age' },
    });
    assert.deepEqual(shown(reading), { values: { freshness_seconds: 60, c_seconds: 0 }, absent: ['b_seconds'] });
  });
});

describe('counters', () => {
  const rate: Mapping = { in_records_per_second: 'in_total' };

  test('give nothing at the first poll, then the increase per second', async () => {
    assert.deepEqual(shown(await poll('in_total 1000\n', rate)), nothingYet);
    assert.deepEqual(shown(await poll('in_total 1200\n', rate)).values, { in_records_per_second: 20 });
    assert.deepEqual(shown(await poll('in_total 1200\n', rate)).values, { in_records_per_second: 0 });
    assert.deepEqual(shown(await poll('in_total 1260\n', rate, 60_000)).values, { in_records_per_second: 1 });
  });

  test('that fall were reset and count from 0', async () => {
    await poll('in_total 1000\n', rate);
    assert.deepEqual(shown(await poll('in_total 50\n', rate)).values, { in_records_per_second: 5 });
  });

  test('that have a newer creation time were reset, even where they have grown', async () => {
    const text = (value: number, created: number) =>
      `# TYPE in counter\nin_total{t="a"} ${value}\nin_created{t="a"} ${created}\n# EOF\n`;
    type = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
    await poll(text(100, 1_000), rate);
    assert.deepEqual(shown(await poll(text(300, 1_500), rate)).values, { in_records_per_second: 30 });
    assert.deepEqual(shown(await poll(text(400, 1_500), rate)).values, { in_records_per_second: 10 });
  });

  test('are compared series by series', async () => {
    await poll('in_total{t="a"} 1000\nin_total{t="b"} 10\n', rate);
    const reading = await poll('in_total{t="a"} 20\nin_total{t="b"} 30\n', rate);
    assert.deepEqual(shown(reading).values, { in_records_per_second: 4 });
  });

  test('of a label value that is new began at 0 in between', async () => {
    await poll('# TYPE in_total counter\n', rate);
    assert.deepEqual(shown(await poll('# TYPE in_total counter\nin_total{t="a"} 30\n', rate)).values, {
      in_records_per_second: 3,
    });
    const both = '# TYPE in_total counter\nin_total{t="a"} 30\nin_total{t="b"} 10\n';
    assert.deepEqual(shown(await poll(both, rate)).values, { in_records_per_second: 1 });
  });

  test('of a metric that is new as a whole give nothing yet: nobody knows how old it is', async () => {
    assert.deepEqual(shown(await poll('other 1\n', rate)), { values: {}, absent: ['in_records_per_second'] });
    assert.deepEqual(shown(await poll('in_total 1000000\n', rate)), nothingYet);
  });

  test('that vanish for a poll are absent and come back without a jump', async () => {
    await poll('in_total 1000000\n', rate);
    assert.deepEqual(shown(await poll('# TYPE in_total counter\n', rate)).absent, ['in_records_per_second']);
    assert.deepEqual(shown(await poll('in_total 1000200\n', rate)).values, { in_records_per_second: 10 });
  });

  test('with their own time of origin are divided by that, and stand still with it', async () => {
    await poll('in_total 100 1000000\n', rate);
    const second = await poll('in_total 160 1030000\n', rate);
    assert.deepEqual(shown(second).values, { in_records_per_second: 2 });
    assert.equal(second.at, 1_030_000);
    const third = await poll('in_total 160 1030000\n', rate);
    assert.deepEqual(shown(third).absent, ['in_records_per_second']);
  });

  test('that are not finite say nothing', async () => {
    await poll('in_total 100\n', rate);
    assert.deepEqual(shown(await poll('in_total NaN\n', rate)), nothingYet);
    assert.deepEqual(shown(await poll('in_total 300\n', rate)).values, { in_records_per_second: 10 });
  });

  test('a gauge that is read as a counter and falls says nothing for one poll', async () => {
    const offset: Mapping = { out_records_per_second: { metric: 'offset', as: 'rate', by: 'p' } };
    const text = (value: number) => `# TYPE offset gauge\noffset{p="0"} ${value}\n`;
    await poll(text(1_000), offset);
    assert.deepEqual(shown(await poll(text(900), offset)), nothingYet);
    const reading = await poll(text(950), offset);
    assert.deepEqual(shown(reading).values, { out_records_per_second: 5 });
    assert.deepEqual(reading.parts?.get('out_records_per_second'), Float64Array.of(5));
  });

  test('polled twice within a moment say nothing rather than noise, and the next poll is right', async () => {
    await poll('in_total 100\n', rate);
    assert.deepEqual(shown(await poll('in_total 101\n', rate, 20)), nothingYet);
    assert.deepEqual(shown(await poll('in_total 200\n', rate, 9_980)).values, { in_records_per_second: 10 });
  });

  test('are kept apart by stage and by mapping', async () => {
    await poll('in_total 100\n', rate);
    page = 'in_total 200\n';
    await clock.advance(10_000);
    const other = await source.probe(askOf(rate), 'orders.load', never);
    assert.deepEqual(shown(other), nothingYet);
    assert.deepEqual(shown(await poll('in_total 200\n', rate, 0)).values, { in_records_per_second: 10 });
    assert.deepEqual(shown(await poll('in_total 200\n', { out_records_per_second: 'in_total' }, 0)), nothingYet);
  });
});

describe('ratios', () => {
  const mapping: Mapping = {
    error_ratio: { metric: 'done_total', labels: { status: { not: 'ok' } }, over: { metric: 'done_total' } },
  };
  const text = (ok: number, failed?: number) =>
    `# TYPE done_total counter\ndone_total{status="ok"} ${ok}\n${failed === undefined ? '' : `done_total{status="no"} ${failed}\n`}`;

  test('are of what was counted since the last poll', async () => {
    assert.deepEqual(shown(await poll(text(900, 100), mapping)), nothingYet);
    assert.deepEqual(shown(await poll(text(980, 120), mapping)).values, { error_ratio: 0.2 });
  });

  test('are absent where nothing was counted, since nobody tried', async () => {
    await poll(text(900, 100), mapping);
    assert.deepEqual(shown(await poll(text(900, 100), mapping)).absent, ['error_ratio']);
  });

  test('are 0 while the counter of errors has no series, and see its first count', async () => {
    await poll(text(900), mapping);
    assert.deepEqual(shown(await poll(text(950), mapping)).values, { error_ratio: 0 });
    assert.deepEqual(shown(await poll(text(1_000, 50), mapping)).values, { error_ratio: 0.5 });
  });

  test('of metrics the page does not know are absent', async () => {
    const wrong: Mapping = { error_ratio: { metric: 'failures_total', over: { metric: 'done_total' } } };
    await poll(text(900), wrong);
    assert.deepEqual(shown(await poll(text(950), wrong)).absent, ['error_ratio']);
  });

  test('of two gauges are their quotient', async () => {
    const gauges = '# TYPE used gauge\nused 3\n# TYPE size gauge\nsize 4\n';
    assert.deepEqual(shown(await poll(gauges, { pool_ratio: { metric: 'used', over: { metric: 'size' } } })).values, {
      pool_ratio: 0.75,
    });
  });
});

describe('histograms', () => {
  const mapping: Mapping = { latency_seconds: { metric: 'lat_seconds', as: 'quantiles' } };
  const text = (counts: readonly [number, number, number], labels = '') =>
    `# TYPE lat_seconds histogram
${['0.1', '1', '+Inf'].map((le, index) => `lat_seconds_bucket{${labels}le="${le}"} ${counts[index]}\n`).join('')}lat_seconds_sum{${labels}} ${counts[2] / 2}
lat_seconds_count{${labels}} ${counts[2]}
`;

  test('give percentiles of what was observed between two polls, not of all time', async () => {
    assert.deepEqual(shown(await poll(text([1_000_000, 1_000_000, 1_000_000]), mapping)), nothingYet);
    const { values } = await poll(text([1_000_050, 1_000_100, 1_000_100]), mapping);
    assert.deepEqual([...values.keys()], ['latency_p50_seconds', 'latency_p95_seconds', 'latency_p99_seconds']);
    for (const [index, wanted] of [0.1, 0.91, 0.982].entries()) {
      assert.ok(Math.abs(([...values.values()][index] ?? 0) - wanted) < 1e-9, `${[...values.values()]}`);
    }
  });

  test('without observations in between are absent, not 0', async () => {
    await poll(text([5, 9, 10]), mapping);
    assert.deepEqual(shown(await poll(text([5, 9, 10]), mapping)), {
      values: {},
      absent: ['latency_p50_seconds', 'latency_p95_seconds', 'latency_p99_seconds'],
    });
  });

  test('of several series are one, and a reset of one bucket is a reset of its whole series', async () => {
    const half: Mapping = { latency_p50_seconds: 'lat_seconds' };
    const both = (a: [number, number, number], b: [number, number, number]) =>
      text(a, 'w="1",') + text(b, 'w="2",').replace(/^# TYPE.*\n/, '');
    await poll(both([10, 20, 20], [10, 100, 500]), half);
    // Series 1 has 10 more in the first bucket. So has series 2, which was restarted: the same 10 there are new ones.
    const { values } = await poll(both([20, 30, 30], [10, 10, 10]), half);
    assert.equal(values.get('latency_p50_seconds'), 0.05);
  });

  test('whose bounds have changed say nothing until the next poll', async () => {
    const half: Mapping = { latency_p50_seconds: 'lat_seconds' };
    await poll(text([5, 9, 10]), half);
    const other = text([5, 9, 10])
      .replaceAll('le="1"', 'le="2"')
      .replace(/# TYPE.*\n/, '');
    assert.deepEqual(shown(await poll(other, half)), nothingYet);
  });

  test('without the name of a percentile give their mean', async () => {
    const mean: Mapping = { latency_seconds: 'lat_seconds' };
    await poll(text([5, 9, 10]), mean);
    assert.deepEqual(shown(await poll(text([5, 9, 30]), mean)).values, { latency_seconds: 0.5 });
    assert.deepEqual(shown(await poll(text([5, 9, 30]), mean)).absent, ['latency_seconds']);
    const restarted = '# TYPE lat_seconds histogram\nlat_seconds_sum 16\nlat_seconds_count 8\n';
    assert.deepEqual(shown(await poll(restarted, mean)).values, { latency_seconds: 2 }, 'after a restart');
  });

  test('a summary gives the quantile it has computed itself, and NaN is no value', async () => {
    const text = '# TYPE s summary\ns{quantile="0.5"} 0.2\ns{quantile="0.99"} NaN\ns_sum 1\ns_count 2\n';
    const reading = await poll(text, { latency_p50_seconds: 's', latency_p99_seconds: 's', latency_p95_seconds: 's' });
    assert.deepEqual(shown(reading), {
      values: { latency_p50_seconds: 0.2 },
      absent: ['latency_p99_seconds', 'latency_p95_seconds'],
    });
  });

  test('a summary that has seen nothing, ever or since the last poll, is absent', async () => {
    const half: Mapping = { latency_p50_seconds: 's' };
    const text = (value: number, count: number) =>
      `# TYPE s summary\ns{quantile="0.5"} ${value}\ns_sum 1\ns_count ${count}\n`;
    assert.deepEqual(shown(await poll(text(0, 0), half)).absent, ['latency_p50_seconds']);
    assert.deepEqual(shown(await poll(text(0.2, 5), half)).values, { latency_p50_seconds: 0.2 });
    assert.deepEqual(shown(await poll(text(0.2, 5), half)).absent, ['latency_p50_seconds']);
    assert.deepEqual(shown(await poll(text(0.3, 1), half)).values, { latency_p50_seconds: 0.3 }, 'after a restart');
  });
});

describe('without a mapping', () => {
  const demo = (seen: number) => `# TYPE orders_in_total counter
orders_in_total ${seen}
# TYPE orders_out_total counter
orders_out_total ${seen / 2}
# TYPE orders_errors_total counter
orders_errors_total ${seen / 10}
# TYPE orders_lag_records gauge
orders_lag_records 7
# TYPE orders_lag_seconds gauge
orders_lag_seconds 1.5
# TYPE orders_flag_seconds gauge
orders_xlag_seconds 9
# TYPE orders_latency_seconds histogram
orders_latency_seconds_bucket{le="0.1"} ${seen}
orders_latency_seconds_bucket{le="+Inf"} ${seen}
orders_latency_seconds_sum ${seen}
orders_latency_seconds_count ${seen}
# TYPE orders_last_success_timestamp_seconds gauge
orders_last_success_timestamp_seconds ${clock.now() / 1_000 - 30}
`;

  test('what ends in a well-known name is found', async () => {
    const first = shown(await poll(demo(100)));
    assert.deepEqual(first.values, { lag_records: 7, lag_seconds: 1.5, freshness_seconds: 40 });
    const second = shown(await poll(demo(200)));
    assert.deepEqual(second.values, {
      lag_records: 7,
      lag_seconds: 1.5,
      freshness_seconds: 40,
      in_records_per_second: 10,
      out_records_per_second: 5,
      error_ratio: 0.1,
      latency_p50_seconds: 0.05,
      latency_p95_seconds: 0.095,
      latency_p99_seconds: 0.099,
    });
    assert.deepEqual(second.absent, []);
  });

  test('what was found before and is gone is absent', async () => {
    await poll(demo(100));
    assert.deepEqual(shown(await poll('# nothing\n')).absent.toSorted(), [
      'error_ratio',
      'freshness_seconds',
      'in_records_per_second',
      'lag_records',
      'lag_seconds',
      'latency_p50_seconds',
      'latency_p95_seconds',
      'latency_p99_seconds',
      'out_records_per_second',
    ]);
  });

  test('a page where nothing fits fails, and says what to do', async () => {
    await assert.rejects(
      poll('queue_depth 7\n'),
      (error) =>
        error instanceof HeadgateError && error.code === 'not-found' && /name yours under metrics/.test(error.message),
    );
  });

  test('OpenMetrics names its counters without _total and is found all the same', async () => {
    type = 'application/openmetrics-text; version=1.0.0';
    const text = (seen: number) => `# TYPE orders_records_in counter\norders_records_in_total ${seen}\n# EOF\n`;
    await poll(text(10));
    assert.deepEqual(shown(await poll(text(30))).values, { in_records_per_second: 2 });
  });

  test('no signals are promised, so that another probe may give them', () => {
    assert.deepEqual(metricsEndpoint.signals(askOf()), []);
    const promised = metricsEndpoint.signals(askOf({ latency_seconds: { metric: 'x', as: 'quantiles' }, rows: 'y' }));
    assert.deepEqual(
      promised.map(({ name }) => name),
      ['latency_p50_seconds', 'latency_p95_seconds', 'latency_p99_seconds', 'rows'],
    );
  });
});

describe('the schema', () => {
  const problem = (metrics: unknown): string =>
    metricsEndpoint.probe.safeParse({ url: 'http://x/metrics', metrics }).error?.message ?? 'no problem';

  test('refuses what cannot be meant, with a hint', () => {
    assert.match(problem({ LagRecords: 'x' }), /snake_case/);
    assert.match(problem({ lag: 'a b' }), /letters, digits, _ and :/);
    assert.match(problem({ lag: { metric: 'a', as: 'ratio' } }), /needs over/);
    assert.match(problem({ lag: { metric: 'a', as: 'rate', over: { metric: 'b' } } }), /over goes with as: ratio/);
    assert.match(problem({ lag: { metric: 'a', as: 'quantile' } }), /say which quantile/);
    assert.match(problem({ lag: { metric: 'a', as: 'mean', by: 'p' } }), /by goes with gauges and rates/);
    assert.match(problem({ lag: { metric: 'a', labels: { 'b-c': 'x' } } }), /label name/);
    assert.equal(problem({ lag_p999_seconds: { metric: 'a', as: 'quantile' } }), 'no problem');
    assert.equal(metricsEndpoint.probe.safeParse({ url: 'ftp://x/' }).success, false);
  });

  test('config and probe have no key in common', () => {
    const shapeOf = (schema: unknown) => Object.keys((schema as z.ZodObject).shape);
    const probe = shapeOf(metricsEndpoint.probe);
    assert.deepEqual(
      shapeOf(metricsEndpoint.config).filter((key) => probe.includes(key)),
      [],
    );
  });
});

describe('the request', () => {
  test('asks for OpenMetrics first, and takes text too', async () => {
    await poll('a 1\n', { rows: 'a' });
    assert.match(
      server.requests.at(-1)?.headers.accept ?? '',
      /^application\/openmetrics-text;version=1.0.0,text\/plain/,
    );
  });

  test('an HTML page is named as such', async () => {
    type = 'text/html; charset=utf-8';
    await assert.rejects(
      poll('<html>', { rows: 'a' }),
      /text\/html; charset=utf-8, which is no metrics page; is the path right/,
    );
  });
});
