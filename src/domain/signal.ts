/** Name of a signal: snake_case, with its unit as suffix where it has one (`lag_seconds`, `error_ratio`). */
export type Signal = string;

/** Which way a signal moves when things get worse; `both` where either is news. */
export type Direction = 'up' | 'down' | 'both';

export type Unit = 'seconds' | 'records' | 'records_per_second' | 'ratio' | 'bytes' | 'count';

export interface SignalSpec {
  readonly name: Signal;
  readonly unit: Unit;
  readonly direction: Direction;
  readonly description: string;
}

/** One row of a table of signals. */
export const describeSignal = (name: Signal, unit: Unit, direction: Direction, description: string): SignalSpec => ({
  name,
  unit,
  direction,
  description,
});

/** The signals every source spells alike, so that policies, rules and dashboards need no translation. */
export const WELL_KNOWN_SIGNALS: readonly SignalSpec[] = [
  describeSignal('lag_records', 'records', 'up', 'Records that wait in front of the stage.'),
  describeSignal(
    'lag_seconds',
    'seconds',
    'up',
    'How far the stage is behind, as the age of the oldest record not yet taken.',
  ),
  describeSignal('latency_p50_seconds', 'seconds', 'up', 'Median time one record spends in the stage.'),
  describeSignal('latency_p95_seconds', 'seconds', 'up', '95th percentile of the time one record spends in the stage.'),
  describeSignal('latency_p99_seconds', 'seconds', 'up', '99th percentile of the time one record spends in the stage.'),
  describeSignal(
    'in_records_per_second',
    'records_per_second',
    'both',
    'Records that arrive at the stage each second.',
  ),
  describeSignal('out_records_per_second', 'records_per_second', 'both', 'Records that leave the stage each second.'),
  describeSignal('rows', 'count', 'both', 'Rows in a table, or rows one run has produced.'),
  describeSignal('freshness_seconds', 'seconds', 'up', 'Age of the newest data the stage has produced.'),
  describeSignal('run_seconds', 'seconds', 'both', 'Duration of the last finished run of a job.'),
  describeSignal('error_ratio', 'ratio', 'up', 'Failed attempts divided by all attempts.'),
  describeSignal('dlq_depth', 'records', 'up', 'Records in the dead-letter queue.'),
  describeSignal('bad_ratio', 'ratio', 'up', 'Records that fail validation divided by all records.'),
  describeSignal('duplicate_ratio', 'ratio', 'up', 'Repeated records divided by all records.'),
  describeSignal('kept_ratio', 'ratio', 'both', 'Records out of the stage divided by records into it.'),
  describeSignal('workers_ready', 'count', 'down', 'Workers that take part in the work.'),
  describeSignal('workers_desired', 'count', 'both', 'Workers that were ordered.'),
  describeSignal('drain_seconds', 'seconds', 'up', 'Time until the backlog is gone at the present rates.'),
  describeSignal('e2e_seconds', 'seconds', 'up', 'Age of a record when it leaves the pipeline.'),
];

const KNOWN = new Map(WELL_KNOWN_SIGNALS.map((known) => [known.name, known]));

/** What is known of a signal; for a name outside the table the unit is read from its suffix. */
export function signalSpec(name: Signal): SignalSpec {
  const known = KNOWN.get(name);
  if (known) return known;
  const unit: Unit = name.endsWith('_per_second')
    ? 'records_per_second'
    : name.endsWith('_seconds')
      ? 'seconds'
      : name.endsWith('_ratio')
        ? 'ratio'
        : name.endsWith('_bytes')
          ? 'bytes'
          : name.endsWith('_records')
            ? 'records'
            : 'count';
  return { name, unit, direction: 'both', description: `Signal ${name}.` };
}

/** What a source says of signals of its own, and what is known of all others. */
export function signalSpecsWith(own: readonly SignalSpec[]): (name: Signal) => SignalSpec {
  const table = new Map(own.map((one) => [one.name, one]));
  return (name) => table.get(name) ?? signalSpec(name);
}

export const SIGNAL_NAME = /^[a-z][a-z0-9_]{0,63}$/;
