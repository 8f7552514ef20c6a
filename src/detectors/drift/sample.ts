import type { Spread } from '../../domain/drift.ts';
import type { Profile } from '../../domain/profile.ts';
import { type Cdf, COMPACT_SHARES, cdfOfProfile, compact, compactWithSteps, mixture } from '../../stats/cdf.ts';
import { type FieldSample, rowsOf } from '../../stats/drift.ts';

/** Categories kept of a window. */
const MOST_CATEGORIES = 32;

/**
 * What a profile shows of its field; `undefined` where it shows no distribution, or one that moves by itself (times), or none
 * that can be compared (vectors).
 */
export function sampleOf(profile: Profile): FieldSample | undefined {
  const { kind, rows, nulls, top } = profile;
  if (kind === 'time' || kind === 'vector') return undefined;
  if (kind === 'number') {
    const cdf = rows > nulls ? cdfOfProfile(profile) : NOTHING;
    return cdf && { nulls, values: { kind: 'number', cdf, exact: false } };
  }
  if (!top) return undefined;
  const listed = top.reduce((sum, [, count]) => sum + count, 0);
  return { nulls, values: { kind: 'category', counts: new Map(top), other: Math.max(0, rows - nulls - listed) } };
}

const NOTHING: Cdf = { rows: 0, at: new Float64Array(0), share: new Float64Array(0) };

/** The sample as it is kept: 25 points of a distribution of numbers, more where many share a value; the 32 most frequent categories. */
export function keptOf({ nulls, values }: FieldSample): FieldSample {
  if (values.kind === 'number') {
    const cdf = values.cdf.rows > 0 ? compactWithSteps(values.cdf) : NOTHING;
    return { nulls, values: { ...values, cdf, exact: false } };
  }
  const sorted = [...values.counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const rest = sorted.slice(MOST_CATEGORIES).reduce((sum, [, count]) => sum + count, 0);
  const counts = new Map(sorted.slice(0, MOST_CATEGORIES));
  return { nulls, values: { kind: 'category', counts, other: values.other + rest } };
}

/** All rows of several windows together; those of another kind than the last are left out. `samples` must not be empty. */
export function together(samples: readonly FieldSample[]): FieldSample {
  const last = samples.at(-1) as FieldSample;
  const nulls = samples.reduce((sum, sample) => sum + sample.nulls, 0);
  if (last.values.kind === 'number') {
    const cdfs = samples.flatMap(({ values }) => (values.kind === 'number' && values.cdf.rows > 0 ? [values.cdf] : []));
    return { nulls, values: { kind: 'number', cdf: cdfs.length > 0 ? mixture(cdfs) : NOTHING, exact: false } };
  }
  const counts = new Map<string, number>();
  let other = 0;
  for (const { values } of samples) {
    if (values.kind !== 'category') continue;
    other += values.other;
    for (const [name, count] of values.counts) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return { nulls, values: { kind: 'category', counts, other } };
}

/** The sample as people are shown it. */
export function spreadOf(sample: FieldSample): Spread {
  const { nulls, values } = sample;
  const rows = nulls + rowsOf(sample);
  if (values.kind === 'category') {
    const top = [...values.counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MOST_CATEGORIES);
    return { rows, nulls, top };
  }
  if (values.cdf.rows === 0) return { rows, nulls };
  const { at } = compact(values.cdf);
  return { rows, nulls, quantiles: COMPACT_SHARES.map((share, index) => [share, at[index] as number] as const) };
}
