/** Upper bounds, in seconds, of the latency histogram. */
const BUCKETS = [0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What a stage counts about itself; `text` is what it serves at `/metrics`. */
export interface Meter {
  /** Records taken in, records given on, and attempts that failed. */
  count(what: 'in' | 'out' | 'errors', by: number): void;
  /** Time one record has spent in the stage. */
  observe(seconds: number): void;
  text(gauges: readonly Gauge[]): string;
}

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

const COUNTERS = {
  in: ['orders_in_total', 'Records the stage has taken in.'],
  out: ['orders_out_total', 'Records the stage has given on.'],
  errors: ['orders_errors_total', 'Records the stage could not work on.'],
} as const;

/** Counters and one histogram in the Prometheus text format 0.0.4. */
export function meter(): Meter {
  const counts = { in: 0, out: 0, errors: 0 };
  const buckets = BUCKETS.map(() => 0);
  let observed = 0;
  let sum = 0;
  const metric = (name: string, help: string, type: string, samples: readonly string[]): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('\n')}\n`;
  const latency = (): string => {
    const samples = BUCKETS.map((bound, index) => `orders_latency_seconds_bucket{le="${bound}"} ${buckets[index]}`);
    samples.push(`orders_latency_seconds_bucket{le="+Inf"} ${observed}`);
    samples.push(`orders_latency_seconds_sum ${sum}`, `orders_latency_seconds_count ${observed}`);
    return metric('orders_latency_seconds', 'Time one record spends in the stage.', 'histogram', samples);
  };
  return {
    count: (what, by) => {
      counts[what] += by;
    },
    observe: (seconds) => {
      observed += 1;
      sum += seconds;
      for (let index = BUCKETS.length - 1; index >= 0 && seconds <= (BUCKETS[index] as number); index -= 1) {
        buckets[index] = (buckets[index] as number) + 1;
      }
    },
    text: (gauges) =>
      [
        ...Object.entries(COUNTERS).map(([key, [name, help]]) =>
          metric(name, help, 'counter', [`${name} ${counts[key as keyof typeof counts]}`]),
        ),
        ...gauges.map(({ name, help, value }) => metric(name, help, 'gauge', [`${name} ${value}`])),
        ...(observed > 0 ? [latency()] : []),
      ].join(''),
  };
}
