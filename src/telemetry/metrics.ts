import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DurationMs } from '../domain/time.ts';
import { type MetricSpec, OWN_METRICS, type OwnMetric } from './catalog.ts';
import { CONTENT_TYPE, type Format, familyHead, formatFor, numberText, toOpenMetrics } from './exposition.ts';
import { StageSeries } from './stage-series.ts';

export interface MetricsOptions {
  readonly version: string;
  /** So many series of stages are exposed at most; more are dropped, counted, and said. */
  readonly seriesCap?: number;
}

/** Resolution of the event-loop monitor; its own part of what it measures. */
const LOOP_RESOLUTION: DurationMs = 10;
const LOOP_QUANTILES = [0.5, 0.9, 0.99];
/** The delay is told of the last so many milliseconds. */
const LOOP_WINDOW: DurationMs = 15_000;

/** All metrics of the daemon. Own ones live in prom-client, those of stages in a table of ours; one exposition holds both. */
export interface Metrics {
  readonly stages: StageSeries;
  count(name: OwnMetric, labels: readonly string[], by?: number): void;
  observe(name: OwnMetric, labels: readonly string[], seconds: number): void;
  set(name: OwnMetric, labels: readonly string[], value: number): void;
  /** Forgets all label values of a gauge. */
  reset(name: OwnMetric): void;
  /** Called before an exposition is made; for what is read rather than announced. */
  beforeRender(read: () => void): void;
  /** The exposition in the format that `accept` prefers; its pieces are made as they are read, so a slow reader holds no memory. */
  render(accept: string | undefined): { readonly type: string; readonly body: AsyncIterable<string> };
  close(): void;
}

export function createMetrics({ version, seriesCap = 200_000 }: MetricsOptions): Metrics {
  const registry = new Registry();
  const own = new Map(OWN_METRICS.map((spec) => [spec.name, { spec, metric: register(spec, registry) }] as const));
  const find = (name: OwnMetric) => {
    const found = own.get(name);
    if (!found) throw new Error(`there is no metric ${name}`);
    return found;
  };
  const count: Metrics['count'] = (name, labels, by = 1) => {
    const { spec, metric } = find(name);
    if (metric instanceof Counter) metric.inc(labelled(spec, labels), by);
  };
  const set: Metrics['set'] = (name, labels, value) => {
    const { spec, metric } = find(name);
    if (metric instanceof Gauge) metric.set(labelled(spec, labels), value);
  };
  const stages = new StageSeries(seriesCap, (family, dropped) =>
    count('headgate_series_dropped_total', [family], dropped),
  );
  for (const [family] of stages.sizes()) count('headgate_series_dropped_total', [family], 0);
  const loop = createLoopMonitor();
  const reads: (() => void)[] = [];
  set('headgate_build_info', [version, process.version], 1);
  set('process_start_time_seconds', [], Math.round(performance.timeOrigin) / 1_000);

  async function* make(format: Format): AsyncGenerator<string, void, undefined> {
    for (const read of reads) read();
    readProcess();
    for (const [family, size] of stages.sizes()) set('headgate_series', [family], size);
    const text = (await registry.metrics()).replace(/\n\n/g, '\n') + loop.render();
    yield format === 'text' ? text : toOpenMetrics(text);
    yield* stages.render();
    if (format === 'openmetrics') yield '# EOF\n';
  }

  const used = { user: 0, system: 0 };
  function readProcess(): void {
    const { user, system } = process.cpuUsage();
    count('process_cpu_seconds_total', [], (user + system - used.user - used.system) / 1e6);
    Object.assign(used, { user, system });
    set('process_resident_memory_bytes', [], process.memoryUsage.rss());
    const files = openFiles();
    if (files !== undefined) set('process_open_fds', [], files);
  }

  return {
    stages,
    count,
    set,
    observe: (name, labels, seconds) => {
      const { spec, metric } = find(name);
      if (metric instanceof Histogram) metric.observe(labelled(spec, labels), seconds);
    },
    reset: (name) => find(name).metric?.reset(),
    beforeRender: (read) => void reads.push(read),
    render(accept) {
      const format = formatFor(accept);
      return { type: CONTENT_TYPE[format], body: make(format) };
    },
    close: loop.close,
  };
}

/** A summary has no place in prom-client's registry: its quantiles come from Node's own histogram. */
function register(spec: MetricSpec, registry: Registry): Counter | Gauge | Histogram | undefined {
  const { name, help, type } = spec;
  const options = { name, help, labelNames: [...spec.labels], registers: [registry] };
  if (type === 'counter') return new Counter(options);
  if (type === 'gauge') return new Gauge(options);
  if (type === 'histogram') return new Histogram({ ...options, buckets: [...(spec.buckets ?? [])] });
  return undefined;
}

const labelled = (spec: MetricSpec, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(spec.labels.map((label, at) => [label, values[at] ?? '']));

/** Linux says it; elsewhere it is not known. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

function createLoopMonitor() {
  const histogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION });
  histogram.enable();
  let since = performance.now();
  let lines = '';
  const spec = OWN_METRICS.find(({ type }) => type === 'summary') as MetricSpec;
  const read = (): string =>
    LOOP_QUANTILES.map((quantile) => {
      const delay = Math.max(0, histogram.percentile(100 * quantile) / 1e6 - LOOP_RESOLUTION) / 1_000;
      return `${spec.name}{quantile="${quantile}"} ${numberText(Number(delay.toFixed(6)))}\n`;
    }).join('');
  return {
    render(): string {
      const now = performance.now();
      if (now - since > LOOP_WINDOW) {
        lines = read();
        histogram.reset();
        since = now;
      }
      return familyHead(spec.name, spec.type, spec.help) + (lines || read());
    },
    close: (): void => {
      histogram.disable();
    },
  };
}
