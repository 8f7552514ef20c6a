import { z } from 'zod';
import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import { SIGNAL_NAME, signalSpec } from '../../domain/signal.ts';
import { defineSource, type PluginContext, type Source } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import { redactUrl } from '../../kit/http-error.ts';
import { readInstant, readRange, type Server } from './read.ts';

/** How to connect. */
export const PrometheusConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).meta({
    description: 'Address of the server, with the path before /api/v1 where it has one.',
    examples: ['http://prometheus:9090'],
  }),
  ...httpClientFields(),
  stale: duration.prefault('5m').meta({
    description:
      'Samples older than this count as absent. Servers before 2.43 keep to their own setting, usually 5 minutes.',
  }),
});

const Long = z.strictObject({
  query: z.string().min(1).meta({ description: 'PromQL that gives one number, or one series for each partition.' }),
  by: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'a label name has letters, digits and _ only')
    .optional()
    .meta({ description: 'A label whose values are partition numbers; the value of each is kept beside the total.' }),
  aggregate: z.enum(['sum', 'max', 'min', 'avg']).optional().meta({
    description: 'How the partitions become one number. Left out: max for seconds and ratios, else sum.',
  }),
  scale: z.number().default(1).meta({ description: 'Multiplies the value: 0.001 turns milliseconds into seconds.' }),
});

const Short = z
  .string()
  .min(1)
  .transform((query) => Long.parse({ query }));

/** What to read for one stage. */
export const PrometheusProbe = z.strictObject({
  queries: z
    .record(z.string().regex(SIGNAL_NAME, 'a signal name is snake_case'), z.union([Short, Long]))
    .refine((queries) => Object.keys(queries).length > 0, 'name at least one signal')
    .meta({ description: 'Signal name → PromQL, or → { query, by, aggregate, scale }.' }),
});

type Config = z.output<typeof PrometheusConfig>;
type Probe = z.output<typeof PrometheusProbe>;

export const prometheus = defineSource({
  type: 'prometheus',
  stability: 'stable',
  summary: 'Reads signals from a Prometheus, or what speaks its API, by PromQL; its history can be replayed.',
  description: `
One instant query for each signal; all queries of a probe are asked for the same moment.

- One number, as a scalar or a vector with one element, is the value. An empty vector is *absent*, and so are NaN (what a ratio
  gives without traffic) and ±Inf.
- Several elements are a mistake (\`malformed\`, with the label that tells them apart), unless \`by\` names a label that holds a
  partition number: then each is kept as a part, and the total is their sum (max for seconds and ratios).
- A sample older than \`stale\` is absent. Counters need \`rate(…)\` or \`increase(…)\` over more than two scrape intervals.
- What is behind a query is as old as the last scrape: with a scrape interval of 1 m a fault is seen 30 s later on average than
  by asking the stage itself, which \`metrics-endpoint\` does.

**History.** \`headgate backtest --config FILE --from 7d\` asks every query over that time and replays the answers through the
config: what would have been told, and what would have been done. \`--prometheus URL\` asks another server. \`seed\` of a stage or
pipeline lets a stage that is new learn from that past before it looks for the first time. A past that is more than
\`max_body_bytes\` is asked for in halves.

Also understood by Thanos (partial answers are refused), Mimir, Cortex and VictoriaMetrics. Native histograms are no numbers:
ask for \`histogram_quantile(…)\` of them.
`.trim(),
  config: PrometheusConfig,
  probe: PrometheusProbe,
  examples: [
    {
      title: 'A stage by its exporter',
      yaml: `type: prometheus
url: http://prometheus:9090
queries:
  lag_records: { query: 'sum by (partition) (kafka_consumergroup_lag{consumergroup="enrich"})', by: partition }
  in_records_per_second: sum(rate(enrich_consumed_total[2m]))
  error_ratio: sum(rate(enrich_failed_total[5m])) / sum(rate(enrich_consumed_total[5m]))
  latency_p99_seconds: histogram_quantile(0.99, sum by (le) (rate(enrich_seconds_bucket[5m])))
`,
    },
    {
      title: 'With a token, behind a proxy',
      yaml: `type: prometheus
url: https://metrics.example.com/prometheus
auth: { bearer: { token_file: /run/secrets/metrics } }
timeout: 10s
stale: 2m
queries: { freshness_seconds: time() - max(load_last_success_timestamp_seconds) }
`,
    },
  ],
  signals: ({ queries }) => Object.keys(queries).map(signalSpec),
  knowsPast: true,
  create,
});

function create(config: Config, context: PluginContext): Source<Probe> {
  const http = httpClient(config, context);
  const server: Server = { http, url: config.url.replace(/[?#].*$/, '').replace(/\/+$/, ''), stale: config.stale };
  const telling = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (thrown) {
      const error = asHeadgateError(thrown);
      if (error.code !== 'malformed' || error.message.startsWith('GET ')) throw error;
      throw new HeadgateError('malformed', `${redactUrl(server.url)}: ${error.message}`, { cause: thrown });
    }
  };
  return {
    probe: ({ queries }, _stage, abort) => telling(readInstant(server, queries, context.clock.now(), abort)),
    history: ({ queries }, _stage, range, abort) => telling(readRange(server, queries, range, abort)),
    close: () => http.close(),
  };
}
