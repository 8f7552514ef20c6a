import { z } from 'zod';
import { SIGNAL_NAME, type Signal, signalSpec } from '../../domain/signal.ts';

const MetricName = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'a metric name has letters, digits, _ and : only')
  .meta({ description: 'Name of the metric; of a histogram or summary without _bucket, _sum, _count.' });

const Alternatives = z.union([z.string(), z.array(z.string()).min(1)]);

/** What a label must be: one value, one of several, or none of several. A label that is missing is the empty text. */
const Matcher = z.union([Alternatives, z.strictObject({ not: Alternatives })]);

const Labels = z.record(
  z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'a label name has letters, digits and _ only'),
  Matcher,
);

const Counted = z.strictObject({
  metric: MetricName,
  labels: Labels.default({}).meta({ description: 'Which of its series count.' }),
});

/** How a signal is made from a metric. */
export const Kind = z.enum(['gauge', 'rate', 'ratio', 'mean', 'quantile', 'quantiles', 'age']);
export type Kind = z.output<typeof Kind>;

const LongRule = z
  .strictObject({
    metric: MetricName,
    labels: Labels.default({}).meta({
      description: 'Which series count: { queue: raw }, { queue: [raw, late] } or { status: { not: ok } }.',
    }),
    as: Kind.optional().meta({
      description:
        'gauge: the value · rate: increase per second · ratio: increase over the increase of `over` · mean: average ' +
        'observation · quantile: of a histogram or summary · quantiles: p50, p95 and p99 at once · age: now minus a Unix ' +
        'time in seconds. Left out it follows from the type of the metric.',
    }),
    quantile: z.number().gt(0).lt(1).optional().meta({
      description: 'Which quantile; left out it is read from the name of the signal (latency_p99_seconds).',
    }),
    over: Counted.optional().meta({ description: 'The whole, of which `metric` is a part; for as: ratio.' }),
    aggregate: z.enum(['sum', 'max', 'min', 'avg']).optional().meta({
      description: 'How several series become one number. Left out: max for seconds and ratios, else sum.',
    }),
    by: z.string().min(1).optional().meta({
      description: 'A label whose values are partition numbers; the value of each is kept beside the total.',
    }),
    scale: z.number().default(1).meta({ description: 'Multiplies the value: 0.001 turns milliseconds into seconds.' }),
  })
  .refine((rule) => rule.as !== 'ratio' || rule.over, {
    path: ['over'],
    message: 'as: ratio needs over: { metric: … }',
  })
  .refine((rule) => !rule.over || rule.as === undefined || rule.as === 'ratio', {
    path: ['over'],
    message: 'over goes with as: ratio only',
  })
  .refine((rule) => !rule.by || rule.as === undefined || rule.as === 'gauge' || rule.as === 'rate', {
    path: ['by'],
    message: 'by goes with gauges and rates only',
  });

const Short = MetricName.transform((metric) => LongRule.parse({ metric }));

export const Metrics = z
  .record(z.string().regex(SIGNAL_NAME, 'a signal name is snake_case'), z.union([Short, LongRule]))
  .superRefine((rules, context) => {
    for (const [signal, rule] of Object.entries(rules)) {
      const needs = rule.as === 'quantile' && rule.quantile === undefined && quantileIn(signal) === undefined;
      const message = 'say which quantile: quantile: 0.99, or a name such as latency_p99_seconds';
      if (needs) context.addIssue({ code: 'custom', path: [signal, 'quantile'], message });
    }
  });

export type Matcher = z.output<typeof Matcher>;

/** The series of one or more metrics. */
export interface Selection {
  readonly metrics: readonly string[];
  readonly labels: Readonly<Record<string, Matcher>>;
}

/** One signal and how it is made; what the config says, with everything that can be known beforehand filled in. */
export interface Rule extends Selection {
  readonly signal: Signal;
  readonly as: Exclude<Kind, 'quantiles'> | undefined;
  readonly quantile: number | undefined;
  readonly over: Selection | undefined;
  readonly aggregate: 'sum' | 'max' | 'min' | 'avg';
  readonly by: string | undefined;
  readonly scale: number;
}

/** The rules of a configured mapping, one for each signal. */
export function rulesOf(metrics: z.output<typeof Metrics>): readonly Rule[] {
  return Object.entries(metrics).flatMap(([signal, rule]) => {
    const { metric, labels, as, over, by, scale } = rule;
    const aggregate = rule.aggregate ?? usualAggregate(signal);
    const whole = over && { metrics: [over.metric], labels: over.labels };
    const common = { metrics: [metric], labels, over: whole, aggregate, by, scale };
    if (as === 'quantiles') return quantileRules(signal, common);
    return [{ ...common, signal, as, quantile: rule.quantile ?? quantileIn(signal) }];
  });
}

/** p50, p95 and p99 of one metric: `latency_seconds` becomes `latency_p50_seconds` and so on. */
export function quantileRules(signal: Signal, common: Omit<Rule, 'signal' | 'as' | 'quantile'>): Rule[] {
  const cut = signal.lastIndexOf('_');
  const name = (percent: number): Signal =>
    cut < 0 ? `${signal}_p${percent}` : `${signal.slice(0, cut)}_p${percent}${signal.slice(cut)}`;
  return [50, 95, 99].map((percent) => ({
    ...common,
    signal: name(percent),
    as: 'quantile' as const,
    quantile: percent / 100,
  }));
}

/** What stands for many series, by what hurts: the slowest and the worst, but all records. */
export function usualAggregate(signal: Signal): Rule['aggregate'] {
  const { unit } = signalSpec(signal);
  return unit === 'seconds' || unit === 'ratio' ? 'max' : 'sum';
}

/** 0.99 for `latency_p99_seconds`, 0.999 for `latency_p999_seconds`. */
export function quantileIn(signal: Signal): number | undefined {
  const digits = /_p(\d{2,4})(?:_|$)/.exec(signal)?.[1];
  return digits === undefined ? undefined : Number(digits) / 10 ** digits.length;
}

/** Whether a series with these labels counts. */
export function matches(labels: ReadonlyMap<string, string>, wanted: Selection['labels']): boolean {
  for (const name in wanted) {
    const matcher = wanted[name] as Matcher;
    const value = labels.get(name) ?? '';
    const negated = typeof matcher === 'object' && 'not' in matcher;
    const list = negated ? matcher.not : matcher;
    if ((typeof list === 'string' ? list === value : list.includes(value)) === negated) return false;
  }
  return true;
}
