import { type Signal, WELL_KNOWN_SIGNALS } from '../../domain/signal.ts';
import type { Exposition } from './exposition.ts';
import { quantileRules, type Rule, usualAggregate } from './rules.ts';

const GAUGES: readonly Signal[] = WELL_KNOWN_SIGNALS.map(({ name }) => name);

/** Counters that are well known by the end of their name, in the order they are tried. */
const COUNTERS: readonly [ending: string, signal: Signal][] = [
  ['in_records_total', 'in_records_per_second'],
  ['records_in_total', 'in_records_per_second'],
  ['in_total', 'in_records_per_second'],
  ['out_records_total', 'out_records_per_second'],
  ['records_out_total', 'out_records_per_second'],
  ['out_total', 'out_records_per_second'],
];
const ERRORS = 'errors_total';
const SUCCESS = 'last_success_timestamp_seconds';
const LATENCY = 'latency_seconds';

const ENDINGS: readonly string[] = [...GAUGES, ...COUNTERS.map(([ending]) => ending), ERRORS, SUCCESS, LATENCY];

/** `lag_seconds` and `orders_lag_seconds`, but not `flag_seconds`. */
const endsIn = (name: string, ending: string): boolean =>
  name.endsWith(ending) && (name.length === ending.length || name[name.length - ending.length - 1] === '_');

/** Whether a sample of that name can matter when no mapping is configured. */
export function mayBeWellKnown(sample: string): boolean {
  const names = [sample, sample.replace(/_(bucket|sum|count|created)$/, ''), sample.replace(/_created$/, '_total')];
  return names.some((name) => ENDINGS.some((ending) => endsIn(name, ending)));
}

/**
 * The rules that follow from the names of metrics alone. Several metrics of one ending are series of one signal.
 * A gauge speaks before what would have to be computed.
 */
export function discover({ samples, types }: Exposition): readonly Rule[] {
  const named = (ending: string, ...wanted: string[]): string[] =>
    [...new Set([...samples.keys(), ...types.keys()])].filter(
      (name) =>
        endsIn(name, ending) && wanted.includes(types.get(name) ?? types.get(name.replace(/_total$/, '')) ?? 'untyped'),
    );
  const rules = new Map<Signal, Rule>();
  const add = (signal: Signal, as: Rule['as'], metrics: readonly string[], over?: readonly string[]): void => {
    if (metrics.length === 0 || rules.has(signal)) return;
    const whole = over && { metrics: over, labels: {} };
    const aggregate = usualAggregate(signal);
    rules.set(signal, {
      signal,
      as,
      metrics,
      labels: {},
      quantile: undefined,
      over: whole,
      aggregate,
      by: undefined,
      scale: 1,
    });
  };
  for (const signal of GAUGES) add(signal, 'gauge', named(signal, 'gauge', 'untyped', 'unknown'));
  for (const [ending, signal] of COUNTERS) add(signal, 'rate', named(ending, 'counter', 'untyped', 'unknown'));
  const taken = rules.get('in_records_per_second');
  if (taken?.as === 'rate') add('error_ratio', 'ratio', named(ERRORS, 'counter', 'untyped', 'unknown'), taken.metrics);
  add('freshness_seconds', 'age', named(SUCCESS, 'gauge', 'untyped', 'unknown'));
  const latency = named(LATENCY, 'histogram', 'summary');
  if (latency.length > 0) {
    const common = {
      metrics: latency,
      labels: {},
      over: undefined,
      aggregate: 'max',
      by: undefined,
      scale: 1,
    } as const;
    for (const rule of quantileRules('latency_seconds', common)) {
      if (!rules.has(rule.signal)) rules.set(rule.signal, rule);
    }
  }
  return [...rules.values()];
}
