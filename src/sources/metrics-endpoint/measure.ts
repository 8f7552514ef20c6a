import { HeadgateError } from '../../domain/error.ts';
import { type Signal, signalSpec } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { EpochMs } from '../../domain/time.ts';
import { type Exposition, labelKey, numberOf, type Series } from './exposition.ts';
import { type Bucket, histogramQuantile } from './histogram-quantile.ts';
import { matches, type Rule, type Selection } from './rules.ts';
import { counted, familyOf, type Growth, isCounter, isDeclared, type Tally, typeOf } from './tally.ts';

/** One series that was selected, and the name of its sample. */
interface Selected {
  readonly name: string;
  readonly key: string;
  readonly series: Series;
}

/**
 * A number; `absent` where the page was read and does not show it; `unknown` where it takes one poll more to say.
 * An unknown signal is neither a value nor absent in the reading: nothing is claimed.
 */
type Outcome = number | 'absent' | 'unknown';

/** One value for each series, to be aggregated. */
type Valued = Selected & { readonly value: number };

/** More partitions than this are a label that is no partition. */
const MOST_PARTITIONS = 100_000;

/** Makes the signals of `rules` from a page. `now` is the time of the probe on the wall clock. */
export function measure(page: Exposition, rules: readonly Rule[], tally: Tally, now: EpochMs): Reading {
  const values = new Map<Signal, number>();
  const parts = new Map<Signal, Float64Array>();
  const absent: Signal[] = [];
  for (const rule of rules) {
    const { outcome, each } = measureRule(page, rule, tally, now);
    if (outcome === 'absent') absent.push(rule.signal);
    if (typeof outcome !== 'number') continue;
    values.set(rule.signal, outcome * rule.scale);
    if (rule.by !== undefined && each) parts.set(rule.signal, partsOf(rule, rule.by, each));
  }
  const at = originOf(page, rules);
  return { values, parts, absent, ...(at !== undefined && { at }) };
}

function measureRule(
  page: Exposition,
  rule: Rule,
  tally: Tally,
  now: EpochMs,
): { outcome: Outcome; each?: readonly Valued[] } {
  switch (rule.as ?? kindOf(page, rule)) {
    case 'ratio':
      return { outcome: ratio(page, rule, tally) };
    case 'mean':
      return { outcome: mean(page, rule, tally) };
    case 'quantile':
      return { outcome: quantile(page, rule, tally) };
    case 'age':
      return { outcome: aggregated(rule, gauges(page, rule).flatMap(agedAt(now))) };
    case 'rate': {
      const each = rates(page, rule, tally);
      return Array.isArray(each) ? { outcome: aggregated(rule, each), each } : { outcome: each };
    }
    case 'gauge': {
      const each = gauges(page, rule);
      return { outcome: aggregated(rule, each), each };
    }
  }
}

/** What a rule that does not say it means, by the type of its metric. */
function kindOf(page: Exposition, { metrics, signal, over, quantile }: Rule): NonNullable<Rule['as']> {
  if (over) return 'ratio';
  const metric = metrics[0] ?? '';
  const type = page.types.get(metric);
  if (type === 'histogram' || type === 'summary' || page.samples.has(`${metric}_bucket`)) {
    return quantile === undefined ? 'mean' : 'quantile';
  }
  if (isCounter(page, metric) || page.samples.has(`${metric}_total`)) return 'rate';
  return metric.endsWith('_timestamp_seconds') && signalSpec(signal).unit === 'seconds' ? 'age' : 'gauge';
}

/** All series of the selection, under the first of the endings that the page has. */
function select(page: Exposition, { metrics, labels }: Selection, ...endings: string[]): Selected[] {
  return metrics.flatMap((metric) => {
    const name = endings.map((ending) => metric + ending).find((one) => page.samples.has(one));
    if (name === undefined) return [];
    return [...(page.samples.get(name) ?? [])]
      .filter(([, series]) => matches(series.labels, labels))
      .map(([key, series]) => ({ name, key, series }));
  });
}

/** NaN is how Prometheus spells "no value"; infinity is no value anybody could work with. */
const gauges = (page: Exposition, rule: Rule): Valued[] =>
  select(page, rule, '')
    .map((one) => ({ ...one, value: one.series.value }))
    .filter(({ value }) => Number.isFinite(value));

/** A time of 0 is how Prometheus spells "never". */
const agedAt =
  (now: EpochMs) =>
  (one: Valued): Valued[] =>
    one.value > 0 ? [{ ...one, value: Math.max(now / 1_000 - one.value, 0) }] : [];

function rates(page: Exposition, rule: Rule, tally: Tally): Valued[] | 'absent' | 'unknown' {
  const all = select(page, rule, '', '_total').map((one) => ({
    ...one,
    growth: tally.growth(one.name, one.key, one.series),
  }));
  const grown = all.flatMap(({ growth, ...one }) =>
    typeof growth === 'string' ? [] : [{ ...one, value: counted(growth) / growth.seconds }],
  );
  if (grown.length > 0) return grown;
  return all.some(({ growth }) => growth === 'unknown') ? 'unknown' : 'absent';
}

function aggregated({ aggregate }: Rule, each: readonly Valued[]): Outcome {
  if (each.length === 0) return 'absent';
  const values = each.map(({ value }) => value);
  if (aggregate === 'max') return values.reduce((a, b) => Math.max(a, b));
  if (aggregate === 'min') return values.reduce((a, b) => Math.min(a, b));
  const sum = values.reduce((a, b) => a + b);
  return aggregate === 'avg' ? sum / values.length : sum;
}

/** The value of each partition, by the number in its label; NaN where one has none. */
function partsOf(rule: Rule, by: string, each: readonly Valued[]): Float64Array {
  const groups = Map.groupBy(each, ({ name, series }) => {
    const text = series.labels.get(by) ?? '';
    const partition = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (partition < MOST_PARTITIONS) return partition;
    throw new HeadgateError(
      'malformed',
      `label ${by} of ${name} is "${text.slice(0, 40)}", which is no partition number; leave by out`,
    );
  });
  const parts = new Float64Array(Math.max(...groups.keys(), -1) + 1).fill(Number.NaN);
  for (const [partition, group] of groups) parts[partition] = (aggregated(rule, group) as number) * rule.scale;
  return parts;
}

/** The sum over all series of how much they have grown; `unknown` before a second poll. */
function total(page: Exposition, selection: Selection, tally: Tally): Outcome {
  const all = select(page, selection, '', '_total');
  // A counter with labels has no series before its first count: declared and without one it stands at 0.
  if (all.length === 0) return selection.metrics.some((metric) => isDeclared(page, metric)) ? 0 : 'absent';
  if (all.every(({ name }) => typeOf(page, name) === 'gauge')) return sumOf(all.map(({ series }) => series.value));
  const growths = all.map(({ name, key, series }) => tally.growth(name, key, series));
  if (growths.some((growth) => growth === 'unknown')) return 'unknown';
  const grown = growths.filter((growth): growth is Growth => typeof growth !== 'string');
  return grown.length === 0 ? 'absent' : sumOf(grown.map(counted));
}

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The part over the whole; absent where the whole has not grown, because then nobody knows. */
function ratio(page: Exposition, rule: Rule, tally: Tally): Outcome {
  const part = total(page, rule, tally);
  const whole = rule.over ? total(page, rule.over, tally) : 'absent';
  if (part === 'absent' || whole === 'absent' || whole === 0) return 'absent';
  if (part === 'unknown' || whole === 'unknown') return 'unknown';
  const value = part / whole;
  return Number.isFinite(value) ? value : 'absent';
}

/** The average of what was observed since the last poll. */
function mean(page: Exposition, rule: Rule, tally: Tally): Outcome {
  let sum = 0;
  let count = 0;
  let unknown = false;
  for (const { name, key, series } of select(page, rule, '_count')) {
    const sumName = `${familyOf(name)}_sum`;
    const sumSeries = page.samples.get(sumName)?.get(key);
    const observed = tally.growth(name, key, series);
    const summed = sumSeries ? tally.growth(sumName, key, sumSeries) : 'unknown';
    if (observed === 'unknown' || summed === 'unknown') unknown = true;
    if (typeof observed === 'string' || typeof summed === 'string') continue;
    count += counted(observed);
    // A sum may fall without a reset, where negative values are observed; the count cannot.
    sum += observed.reset ? summed.is : summed.is - summed.was;
  }
  if (count > 0) return sum / count;
  return unknown ? 'unknown' : 'absent';
}

function quantile(page: Exposition, rule: Rule, tally: Tally): Outcome {
  const wanted = rule.quantile ?? Number.NaN;
  const buckets = rule.metrics.some((metric) => page.samples.has(`${metric}_bucket`));
  if (buckets) return histogram(page, rule, wanted, tally);
  const given = gauges(page, rule).filter(({ series }) => Number(series.labels.get('quantile')) === wanted);
  const fresh = given.filter((one) => hasObserved(page, one, tally));
  return aggregated({ ...rule, aggregate: 'max' }, fresh);
}

/** Whether a summary has seen anything since the last poll. Some libraries write 0 for the quantiles of an empty one. */
function hasObserved(page: Exposition, { name, series }: Selected, tally: Tally): boolean {
  const countName = `${name}_count`;
  const key = labelKey(series.labels, 'quantile');
  const count = page.samples.get(countName)?.get(key);
  if (!count) return true;
  const growth = tally.growth(countName, key, count);
  return growth === 'unknown' ? count.value > 0 : growth !== 'still' && counted(growth) > 0;
}

/** The quantile of what all series together have observed since the last poll. */
function histogram(page: Exposition, rule: Rule, wanted: number, tally: Tally): Outcome {
  const counts = new Map<number, number>();
  let unknown = false;
  const histograms = Map.groupBy(
    select(page, rule, '_bucket'),
    ({ name, series }) => name + labelKey(series.labels, 'le'),
  );
  for (const buckets of histograms.values()) {
    const all = buckets.map((one) => tally.growth(one.name, one.key, one.series));
    const growths = all.filter((growth): growth is Growth => typeof growth !== 'string');
    // Buckets make sense together only: where some are new, the bounds were changed.
    const changed = growths.some(({ born }) => born) && !growths.every(({ born }) => born);
    unknown ||= changed || all.includes('unknown');
    if (changed || growths.length < all.length) continue;
    // One bucket that has fallen tells of a reset for all of them.
    const reset = growths.some((growth) => growth.reset);
    for (const [index, growth] of growths.entries()) {
      const upper = numberOf(buckets[index]?.series.labels.get('le') ?? '') ?? Number.NaN;
      if (!Number.isNaN(upper)) counts.set(upper, (counts.get(upper) ?? 0) + counted({ ...growth, reset }));
    }
  }
  const merged: Bucket[] = [...counts].map(([upper, count]) => ({ upper, count }));
  return histogramQuantile(wanted, merged) ?? (merged.length === 0 && unknown ? 'unknown' : 'absent');
}

/** The newest timestamp of the samples the rules use, where every one of them carries one. */
function originOf(page: Exposition, rules: readonly Rule[]): EpochMs | undefined {
  let newest: EpochMs | undefined;
  for (const rule of rules) {
    for (const { series } of select(page, rule, '', '_total', '_bucket', '_count')) {
      if (series.at === undefined) return undefined;
      newest = Math.max(newest ?? series.at, series.at);
    }
  }
  return newest;
}
