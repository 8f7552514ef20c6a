import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import { type Signal, signalSpec } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { DurationMs } from '../../domain/time.ts';
import { defineSource, type PluginContext, type Source } from '../../kit/component.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import { redactUrl } from '../../kit/http-error.ts';
import type { HttpAnswer } from '../../kit/http-exchange.ts';
import { discover, mayBeWellKnown } from './discover.ts';
import { type Exposition, ExpositionError, expositionParser } from './exposition.ts';
import { measure } from './measure.ts';
import { Metrics, type Rule, rulesOf, type Selection } from './rules.ts';
import { familyOf, type Memory, tallyOf } from './tally.ts';

/** How to connect. */
export const MetricsEndpointConfig = z.strictObject(httpClientFields());

/** What to read for one stage. */
export const MetricsEndpointProbe = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .meta({ description: 'Address of the metrics page.', examples: ['http://enrich:9102/metrics'] }),
  metrics: Metrics.optional().meta({
    description:
      'Signal name → metric name, or → { metric, labels, as, over, quantile, aggregate, by, scale }. Left out, the metrics ' +
      'whose names end in a well-known signal name are taken.',
  }),
});

type Config = z.output<typeof MetricsEndpointConfig>;
type Probe = z.output<typeof MetricsEndpointProbe>;

const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.8,*/*;q=0.1';
/** Read in one go; about 1 ms, at worst (every sample kept, code not yet compiled) 10 ms. */
const SLICE_CHARACTERS = 100_000;
/** Two polls closer than this tell nothing of a rate. */
const LEAST_INTERVAL: DurationMs = 100;
/** What was kept for a probe that nobody asks any more is dropped after this long. */
const FORGET_AFTER: DurationMs = 3_600_000;

export const metricsEndpoint = defineSource({
  type: 'metrics-endpoint',
  stability: 'stable',
  summary: "Reads a stage's own Prometheus or OpenMetrics page: gauges, rates of counters, percentiles of histograms.",
  description: `
One GET for each probe. Understood are the Prometheus text format 0.0.4 and OpenMetrics 1.0, which is asked for first.

**Signals.** \`metrics\` maps a signal to a metric. What is made of it follows from the metric's type, or is said with \`as\`:

| as | value | unit |
|---|---|---|
| gauge | the value; NaN and ±Inf are absent | the metric's |
| rate | increase of a counter since the last poll, per second | 1/s |
| ratio | increase of \`metric\` over the increase of \`over\` (of two gauges: their quotient) | 1 |
| mean | sum over count of a histogram or summary since the last poll | the metric's |
| quantile | of a histogram: of what was observed since the last poll, interpolated as PromQL does; of a summary: its own | the metric's |
| quantiles | three signals with \`_p50\`, \`_p95\`, \`_p99\` before the unit: \`latency_seconds\` gives \`latency_p50_seconds\` … | the metric's |
| age | now minus a Unix time in seconds, such as \`…_last_success_timestamp_seconds\`; 0 means never | s |

**Left out**, \`metrics\` is found by name: gauges that end in a well-known signal (\`orders_lag_seconds\`); counters that end in
\`in_records_total\`, \`records_in_total\`, \`in_total\` (→ \`in_records_per_second\`), and the same with \`out\`; \`…_errors_total\`
over the counted input (→ \`error_ratio\`); \`…_latency_seconds\` as histogram or summary (→ \`latency_p50_seconds\`, p95, p99);
\`…_last_success_timestamp_seconds\` (→ \`freshness_seconds\`). Where nothing fits, the probe fails and says so.

**Not known is not zero.** Rates, ratios and percentiles need two polls; before the second one nothing is claimed, neither a
value nor absence. A ratio or percentile without anything counted since the last poll is absent, and so is a metric that is not
on the page. A counter that falls, or whose \`_created\` time moves, was reset and counts from 0. A label value that is new under
a known counter began at 0 in between. Timestamps on the page count as the time of origin.

**Limits.** A percentile is as exact as its buckets are narrow, and never above the highest finite bound. Native histograms are
not part of the text formats. A page is read in slices of 100 kB; 1 MB costs 7 to 35 ms of one core.
`.trim(),
  config: MetricsEndpointConfig,
  probe: MetricsEndpointProbe,
  examples: [
    { title: 'By names', yaml: 'type: metrics-endpoint\nurl: http://enrich:9102/metrics\n' },
    {
      title: 'A mapping of one’s own',
      yaml: `type: metrics-endpoint
url: https://enrich:9102/metrics
timeout: 3s
auth: { bearer: { token_file: /run/secrets/metrics } }
metrics:
  lag_records: { metric: queue_depth, labels: { queue: raw } }
  in_records_per_second: consumed_records_total
  error_ratio: { metric: handled_total, labels: { status: { not: ok } }, over: { metric: handled_total } }
  latency_seconds: { metric: handle_duration_seconds, as: quantiles }
`,
    },
  ],
  signals: ({ metrics }) => (metrics ? rulesOf(metrics).map(({ signal }) => signalSpec(signal)) : []),
  create,
});

/** What is kept between the polls of one probe. */
interface Kept {
  readonly memory: Memory;
  /** Signals that were found by name so far. */
  readonly found: ReadonlySet<Signal>;
}

function create(config: Config, context: PluginContext): Source<Probe> {
  const { clock } = context;
  const http = httpClient(config, context);
  const kept = new Map<string, Kept>();

  const keep = (key: string, value: Kept): void => {
    for (const [other, { memory }] of kept) if (value.memory.seen - memory.seen > FORGET_AFTER) kept.delete(other);
    kept.set(key, value);
  };

  return {
    probe: async ({ url, metrics }, stage, abort) => {
      const what = `GET ${redactUrl(url)}`;
      const answer = await http.request({ url, headers: { accept: ACCEPT } }, abort);
      const seen = clock.monotonic();
      const given = metrics && rulesOf(metrics);
      const names = given && namesOf(given);
      const page = await read(answer, what, names ? (name) => names.has(name) : mayBeWellKnown, abort);
      const key = JSON.stringify([stage, url, metrics]);
      const before = kept.get(key);
      const rules = given ?? discover(page);
      const found = new Set([...(before?.found ?? []), ...(given ? [] : rules.map(({ signal }) => signal))]);
      if (rules.length === 0 && found.size === 0) throw nothingKnown(what);
      const close = before !== undefined && seen - before.memory.seen < LEAST_INTERVAL;
      const tally = tallyOf(page, close ? undefined : before?.memory, seen);
      const reading = measure(page, rules, tally, clock.now());
      if (!close) keep(key, { memory: tally.memory(names ?? namesOf(rules)), found });
      return withMissing(reading, rules, found);
    },
    close: () => http.close(),
  };
}

/** Signals that were found by name before and are not on the page now are absent. */
function withMissing(reading: Reading, rules: readonly Rule[], found: ReadonlySet<Signal>): Reading {
  const missing = [...found].filter((signal) => rules.every((rule) => rule.signal !== signal));
  return { ...reading, absent: [...(reading.absent ?? []), ...missing] };
}

const nothingKnown = (what: string): HeadgateError =>
  new HeadgateError(
    'not-found',
    `${what}: no metric there ends in a well-known signal name such as _lag_seconds; name yours under metrics:`,
  );

/** Names of all samples that the rules may look at. */
function namesOf(rules: readonly Rule[]): ReadonlySet<string> {
  const selections = rules.flatMap<Selection>((rule) => (rule.over ? [rule, rule.over] : [rule]));
  const endings = ['', '_total', '_bucket', '_sum', '_count', '_created'];
  const names = selections.flatMap(({ metrics }) =>
    metrics.flatMap((metric) => [`${familyOf(metric)}_created`, ...endings.map((ending) => metric + ending)]),
  );
  return new Set(names);
}

/** Parses the page in slices, so that other work goes on in between and `abort` is heard. */
async function read(
  answer: HttpAnswer,
  what: string,
  wanted: (name: string) => boolean,
  abort: AbortSignal,
): Promise<Exposition> {
  const { headers } = answer;
  const type = headers['content-type'] ?? '';
  if (/^(text\/html|application\/json)/i.test(type)) {
    const text = `${what}: answered ${type.slice(0, 40)}, which is no metrics page; is the path right?`;
    throw new HeadgateError('malformed', text);
  }
  const openMetrics = type.trim().toLowerCase().startsWith('application/openmetrics-text');
  const framed = 'content-length' in headers || 'transfer-encoding' in headers;
  const parser = expositionParser(answer.text(), { openMetrics, framed }, wanted);
  try {
    while (!parser.step(SLICE_CHARACTERS)) {
      await setImmediate();
      if (abort.aborted) throw new HeadgateError('aborted', `${what}: given up while reading the page`);
    }
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    throw new HeadgateError('malformed', `${what}: ${error.message}; want Prometheus text or OpenMetrics`, {
      cause: error,
    });
  }
  return parser.result();
}
