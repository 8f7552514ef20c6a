import type { ApiProfile, ApiSpread } from '../../server/api.ts';
import type { State } from './state.ts';

/** Two histograms over the same bins; shares of all rows with a value. */
export interface Bars {
  readonly was: readonly number[];
  readonly is: readonly number[];
  /** What each bin is called: a range, or a category. */
  readonly names: readonly string[];
}

const BINS = 24;
const MOST_CATEGORIES = 8;
/** The outermost values say little of the shape, and would flatten all of it. */
const TAIL = 0.01;

type Quantiles = readonly (readonly [share: number, value: number])[];

/** Share of the values up to `x`, straight between the quantiles. */
function shareUpTo(quantiles: Quantiles, x: number): number {
  const after = quantiles.findIndex(([, value]) => value > x);
  if (after === 0) return 0;
  const [right, left] = [quantiles[after], quantiles[after < 0 ? quantiles.length - 1 : after - 1]];
  if (!left) return 0;
  if (!right) return 1;
  return left[0] + ((right[0] - left[0]) * (x - left[1])) / (right[1] - left[1]);
}

/** The value below which `share` of the values lie. */
export function valueAt(quantiles: Quantiles, share: number): number | undefined {
  const after = quantiles.findIndex(([at]) => at >= share);
  const [right, left] = [quantiles[after], quantiles[after - 1]];
  if (!right || !left || right[0] === left[0]) return right?.[1];
  return left[1] + ((right[1] - left[1]) * (share - left[0])) / (right[0] - left[0]);
}

export const shortNumber = (value: number): string => String(Number(value.toPrecision(3)));

/** A p-value: none is 0, and below a certain size they are all alike. */
export const shortP = (p: number | null): string => (p !== null && p < 1e-99 ? '< 1e-99' : short(p));

/** An effect, or a dash where there is none. */
export const short = (x: number | null): string =>
  x === null ? '–' : x !== 0 && Math.abs(x) < 1e-3 ? x.toExponential(0) : x.toFixed(2);

function barsOfNumbers(was: Quantiles, is: Quantiles): Bars | undefined {
  const sides = [was, is].filter((one) => one.length > 0);
  const ends = sides.flatMap((one) => [valueAt(one, TAIL), valueAt(one, 1 - TAIL)]).filter((x) => x !== undefined);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  if (ends.length === 0 || !(high > low)) return undefined;
  const edges = Array.from({ length: BINS + 1 }, (_, index) => low + ((high - low) * index) / BINS);
  const inBins = (one: Quantiles): number[] =>
    edges
      .slice(1)
      .map((edge, index) => (one.length === 0 ? 0 : shareUpTo(one, edge) - shareUpTo(one, edges[index] ?? edge)));
  const names = edges.slice(1).map((edge, index) => `${shortNumber(edges[index] ?? edge)} to ${shortNumber(edge)}`);
  return { was: inBins(was), is: inBins(is), names };
}

function barsOfCategories(was: ApiSpread | null, is: ApiSpread | null): Bars | undefined {
  const counts = [was, is].map((side) => new Map(side?.top ?? []));
  const rows = [was, is].map((side) => Math.max(1, (side?.rows ?? 0) - (side?.nulls ?? 0)));
  const share = (side: number, name: string): number => (counts[side]?.get(name) ?? 0) / (rows[side] ?? 1);
  const all = [...new Set(counts.flatMap((one) => [...one.keys()]))];
  const names = all.sort((a, b) => share(0, b) + share(1, b) - share(0, a) - share(1, a)).slice(0, MOST_CATEGORIES);
  if (names.length === 0) return undefined;
  return { was: names.map((name) => share(0, name)), is: names.map((name) => share(1, name)), names };
}

/** Was and is, side by side; `undefined` where there is nothing to draw. */
export function barsOf({ reference, current }: Pick<ApiProfile, 'reference' | 'current'>): Bars | undefined {
  if (reference?.quantiles || current?.quantiles)
    return barsOfNumbers(reference?.quantiles ?? [], current?.quantiles ?? []);
  return barsOfCategories(reference, current);
}

const ORDER: Readonly<Record<ApiProfile['result'], number>> = {
  drift: 0,
  insufficient: 1,
  warming: 2,
  unwatched: 3,
  none: 4,
};

/** What drifted first, then what cannot be told, then the steady; among equals the larger effect beyond chance. */
export const inOrder = (fields: readonly ApiProfile[]): ApiProfile[] =>
  fields.toSorted((a, b) => ORDER[a.result] - ORDER[b.result] || beyond(b) - beyond(a));

const beyond = ({ effect, effectNull }: ApiProfile): number => (effect ?? 0) - (effectNull ?? 0);

export const RESULT: Readonly<Record<ApiProfile['result'], readonly [word: string, state: State]>> = {
  drift: ['drifted', 'warning'],
  none: ['steady', 'ok'],
  insufficient: ['blind', 'unknown'],
  warming: ['learning', 'learning'],
  unwatched: ['not compared', 'unknown'],
};

/** "11 of 12 fields steady, 1 drifted, 2 blind". */
export function summaryOf(fields: readonly ApiProfile[]): string {
  const count = (result: ApiProfile['result']): number => fields.filter((one) => one.result === result).length;
  const others = (['drift', 'insufficient', 'warming', 'unwatched'] as const)
    .map((result) => [count(result), RESULT[result][0]] as const)
    .filter(([n]) => n > 0);
  const steady = `${count('none')} of ${fields.length} ${fields.length === 1 ? 'field' : 'fields'} steady`;
  return [steady, ...others.map(([n, word]) => `${n} ${word}`)].join(', ');
}
