import type { DriftTest } from '../domain/drift.ts';
import { type Cdf, valueAt } from './cdf.ts';
import { chiSquare } from './chi-square.ts';
import { adjustedForMany } from './false-discovery.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { mannWhitney } from './mann-whitney.ts';
import { type Effect, stability, stabilityOf } from './population-stability.ts';

/** Fewer rows than these on either side say nothing. */
export const LEAST_ROWS = 30;
/** Categories expected fewer times than this are one for the effect, as they are for the test. */
const LEAST_EXPECTED = 5;

/** One field as it was seen in one window, or in several together. */
export interface FieldSample {
  /** Rows without a value. */
  readonly nulls: number;
  readonly values:
    | {
        readonly kind: 'number';
        readonly cdf: Cdf /** Every row stands in the line; no sketch. */;
        readonly exact: boolean;
      }
    /** `other` counts rows of categories that are not listed. */
    | { readonly kind: 'category'; readonly counts: ReadonlyMap<string, number>; readonly other: number };
}

export interface Comparison extends Effect {
  readonly test: DriftTest;
  readonly statistic: number;
  readonly pValue: number;
  /** The p-value times the number of tests made of the field. */
  readonly fieldP: number;
  /** Rows with a value; for `nulls` all rows. */
  readonly nRef: number;
  readonly nCur: number;
  /** What moved from where to where, for people. */
  readonly moved: string;
}

/**
 * Compares one field with its reference: numbers by rank (Mann–Whitney) and by distance (Kolmogorov–Smirnov), categories by χ², and the
 * share of nulls by χ². The test that says most speaks. `undefined` where there
 * are too few rows for any of them, or where one side has numbers and the other categories.
 */
export function compareField(reference: FieldSample, current: FieldSample): Comparison | undefined {
  const found = [...compareValues(reference, current), ...compareNulls(reference, current)];
  const adjusted = found.map((one): Comparison => ({ ...one, fieldP: Math.min(1, one.pValue * found.length) }));
  const telling = adjusted.filter((one) => one.fieldP <= 0.05);
  const excess = ({ effect, effectNull }: Effect): number => effect - effectNull;
  if (telling.length > 0)
    return telling.reduce((a, b) =>
      excess(b) > excess(a) || (excess(b) === excess(a) && b.pValue < a.pValue) ? b : a,
    );
  return adjusted.toSorted((a, b) => a.pValue - b.pValue)[0];
}

export interface DriftLines {
  /** The share of false findings among all findings that is accepted. */
  readonly q: number;
  /** Stability index, beyond what chance gives, from which on a change matters. */
  readonly effect: number;
}

export interface DriftResult {
  readonly comparison: Comparison | undefined;
  readonly adjustedP: number;
  readonly result: 'drift' | 'none' | 'insufficient';
}

/**
 * The two gates over all fields: significant (false discovery rate q) and large enough to matter. p-values alone cry out over
 * nothing in large tables, effects alone over chance in small ones.
 */
export function judgeDrift(comparisons: readonly (Comparison | undefined)[], lines: DriftLines): DriftResult[] {
  const adjusted = adjustedForMany(comparisons.flatMap((one) => (one ? [one.fieldP] : [])));
  let next = 0;
  return comparisons.map((comparison): DriftResult => {
    if (!comparison) return { comparison, adjustedP: 1, result: 'insufficient' };
    const adjustedP = adjusted[next++] as number;
    const isDrift = adjustedP <= lines.q && comparison.effect - comparison.effectNull > lines.effect;
    return { comparison, adjustedP, result: isDrift ? 'drift' : 'none' };
  });
}

type Told = Omit<Comparison, 'fieldP'>;

function compareValues({ values: a }: FieldSample, { values: b }: FieldSample): Told[] {
  if (a.kind === 'number' && b.kind === 'number') {
    const [nRef, nCur] = [a.cdf.rows, b.cdf.rows];
    if (Math.min(nRef, nCur) < LEAST_ROWS) return [];
    const size = { ...stabilityOf(a.cdf, b.cdf), nRef, nCur };
    const moved = `median ${short(valueAt(a.cdf, 0.5))} → ${short(valueAt(b.cdf, 0.5))}`;
    const rank = mannWhitney(b.cdf, a.cdf);
    const distance = a.exact && b.exact ? kolmogorovSmirnov(a.cdf, b.cdf) : kolmogorovSmirnov(a.cdf, b.cdf, false);
    return [
      { test: 'mann-whitney', ...rank, ...size, moved },
      { test: 'kolmogorov-smirnov', ...distance, ...size, moved },
    ];
  }
  if (a.kind !== 'category' || b.kind !== 'category') return [];
  const cells = cellsOf(a, b);
  const [before, after] = [cells.map(([, x]) => x), cells.map(([, , y]) => y)];
  const [nRef, nCur] = [sum(before), sum(after)];
  if (Math.min(nRef, nCur) < LEAST_ROWS) return [];
  const { statistic, pValue } = chiSquare(before, after);
  const most = cells.reduce((x, y) => (Math.abs(shift(y)) > Math.abs(shift(x)) ? y : x));
  function shift([, x, y]: readonly [string, number, number]): number {
    return y / nCur - x / nRef;
  }
  const moved = `${most[0]} ${percent(most[1] / nRef)} → ${percent(most[2] / nCur)}`;
  return [{ test: 'chi-square', statistic, pValue, ...stability(before, after), nRef, nCur, moved }];
}

function compareNulls(a: FieldSample, b: FieldSample): Told[] {
  const [rowsA, rowsB] = [a.nulls + rowsOf(a), b.nulls + rowsOf(b)];
  if (a.nulls + b.nulls === 0 || Math.min(rowsA, rowsB) < LEAST_ROWS) return [];
  const [before, after] = [
    [a.nulls, rowsA - a.nulls],
    [b.nulls, rowsB - b.nulls],
  ] as const;
  const { statistic, pValue } = chiSquare(before, after);
  const moved = `nulls ${percent(a.nulls / rowsA)} → ${percent(b.nulls / rowsB)}`;
  return [{ test: 'nulls', statistic, pValue, ...stability(before, after), nRef: rowsA, nCur: rowsB, moved }];
}

type Counted = FieldSample['values'] & { readonly kind: 'category' };

/**
 * Name, count before and count now of each category that both sides tell of; a list that is cut off says nothing of what it leaves out,
 * so that goes with the others, as rare ones do.
 */
function cellsOf(a: Counted, b: Counted): (readonly [string, number, number])[] {
  const [nA, nB] = [sum([...a.counts.values()]) + a.other, sum([...b.counts.values()]) + b.other];
  const least = Math.min(nA, nB) / Math.max(1, nA + nB);
  const cells: (readonly [string, number, number])[] = [];
  let [restA, restB] = [a.other, b.other];
  for (const name of [...new Set([...a.counts.keys(), ...b.counts.keys()])].sort()) {
    const [x, y] = [a.counts.get(name), b.counts.get(name)];
    const told = (x !== undefined || a.other === 0) && (y !== undefined || b.other === 0);
    const [before, after] = [x ?? 0, y ?? 0];
    if (told && (before + after) * least >= LEAST_EXPECTED) cells.push([JSON.stringify(name), before, after]);
    else [restA, restB] = [restA + before, restB + after];
  }
  return restA + restB > 0 || cells.length === 0 ? [...cells, ['others', restA, restB]] : cells;
}

export const rowsOf = ({ values }: FieldSample): number =>
  values.kind === 'number' ? values.cdf.rows : sum([...values.counts.values()]) + values.other;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const short = (value: number): string => String(Number(value.toPrecision(4)));
