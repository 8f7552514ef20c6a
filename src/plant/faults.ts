import type { Direction } from '../domain/signal.ts';
import { DAY, type DurationMs, type EpochMs, HOUR } from '../domain/time.ts';
import { quantiles } from '../stats/quantile.ts';

/** The recorded past of one signal, oldest first. Both arrays are as long as the record; a missing value is NaN. */
export interface Course {
  readonly at: ArrayLike<EpochMs>;
  readonly values: Float64Array;
}

/** Ways in which a signal goes wrong, by the names people give them. */
export const FAULT_KINDS = [
  'outage',
  'near-outage',
  'row-drop',
  'spike',
  'shift',
  'leak',
  'ramp',
  'variance',
  'phase',
  'stuck',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Where a fault stands in a course: samples `from` up to, not including, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Fault {
  /** What is done to the signal, for people; `less` where it gets worse downward. */
  readonly says: string;
  readonly less?: string;
  /** Ways of getting worse for which this is trouble. */
  readonly harms: readonly Direction[];
  /** Times as long as the faults whose length the caller chose; 0 is one sample. */
  readonly lasts: number;
  /** The values of the span; the course itself stays as it is. */
  readonly values: (course: Course, span: Span, sign: 1 | -1) => (index: number) => number;
}

const UP: readonly Direction[] = ['up', 'both'];
const DOWN: readonly Direction[] = ['down', 'both'];
const EITHER: readonly Direction[] = ['up', 'down', 'both'];

const times =
  (factor: number, mirrored = factor) =>
  ({ values }: Course, _: Span, sign: 1 | -1) =>
  (index: number): number =>
    (values[index] as number) * (sign > 0 ? factor : mirrored);

/**
 * What each kind does. Sizes are those of the injected faults that detectors are held to (`bench/README.md`); a signal that is only
 * bad when it falls gets its mirror image.
 */
const FAULTS: Readonly<Record<FaultKind, Fault>> = {
  outage: { says: 'falls to 0', harms: DOWN, lasts: 1, values: times(0) },
  'near-outage': { says: 'falls to a twentieth', harms: DOWN, lasts: 1, values: times(0.05) },
  'row-drop': { says: 'falls to a half', harms: DOWN, lasts: 1, values: times(0.5) },
  spike: {
    says: 'doubles for one sample',
    less: 'halves for one sample',
    harms: EITHER,
    lasts: 0,
    values: times(2, 0.5),
  },
  shift: { says: 'is 30 % higher', less: 'is 30 % lower', harms: EITHER, lasts: 1, values: times(1.3, 0.7) },
  leak: { says: 'creeps up by 1 % an hour', less: 'creeps down by 1 % an hour', harms: EITHER, lasts: 6, values: leak },
  ramp: { says: 'rises by its usual level every hour', harms: UP, lasts: 1, values: ramp },
  variance: { says: 'swings twice as far', harms: EITHER, lasts: 1, values: variance },
  phase: { says: 'runs 3 h behind its day', harms: EITHER, lasts: 1, values: phase },
  stuck: { says: 'repeats its last value', harms: EITHER, lasts: 1, values: stuck },
};

const hoursInto = ({ at }: Course, { from }: Span, index: number): number =>
  ((at[index] as number) - (at[from] as number)) / HOUR;

function leak(course: Course, span: Span, sign: 1 | -1) {
  return (index: number): number =>
    (course.values[index] as number) * Math.max(0, 1 + sign * 0.01 * hoursInto(course, span, index));
}

/** A stage that falls behind: what waits grows by as much as usually waits, every hour. */
function ramp(course: Course, span: Span) {
  const level = usualSize(course, span.from);
  return (index: number): number => (course.values[index] as number) + level * hoursInto(course, span, index);
}

/** Twice the distance from the middle of the hour around; the course of the day stays. */
function variance(course: Course) {
  return (index: number): number => {
    const middle = meanAround(course, index, HOUR / 2);
    return middle + 2 * ((course.values[index] as number) - middle);
  };
}

/** What was to be seen three hours before. */
function phase(course: Course) {
  return (index: number): number => valueAt(course, (course.at[index] as number) - 3 * HOUR, index);
}

function stuck({ values }: Course, { from }: Span) {
  let last = from - 1;
  while (last >= 0 && Number.isNaN(values[last])) last--;
  return (): number => values[last] ?? Number.NaN;
}

/** For people: what the fault does to a signal that gets worse in this direction. */
export const faultWords = (kind: FaultKind, direction: Direction): string =>
  direction === 'down' ? (FAULTS[kind].less ?? FAULTS[kind].says) : FAULTS[kind].says;

/** How long a fault lasts where the usual ones last for `length`: a leak six times as long, a spike for one sample (0). */
export const lengthOfFault = (kind: FaultKind, length: DurationMs): DurationMs => FAULTS[kind].lasts * length;

/**
 * The values of the span with the fault in them; missing values stay missing. Deterministic.
 *
 * `undefined` where there is nothing to show: the kind is no trouble for a signal that gets worse in this direction (a latency that
 * falls to 0), or the signal is such that the fault changes nothing (0 times anything, a signal that stands still, a shift in time
 * of something that has no course of the day).
 */
export function inject(kind: FaultKind, direction: Direction, course: Course, span: Span): Float64Array | undefined {
  const { harms, values } = FAULTS[kind];
  if (!harms.includes(direction)) return undefined;
  if (kind === 'phase' && !hasDay(course, span.from)) return undefined;
  const faulty = values(course, span, direction === 'down' ? -1 : 1);
  let changed = 0;
  let present = 0;
  let unknown = 0;
  const injected = Float64Array.from({ length: span.to - span.from }, (_, offset) => {
    const before = course.values[span.from + offset] as number;
    if (Number.isNaN(before)) return before;
    const after = faulty(span.from + offset);
    present++;
    if (!Number.isFinite(after)) unknown++;
    if (Math.abs(after - before) > 1e-9 * Math.abs(before)) changed++;
    return after;
  });
  return present > 0 && unknown === 0 && changed >= present / 2 ? injected : undefined;
}

/** Samples of the past that say what is usual. */
const RECENT = 20_000;

function usualSize({ values }: Course, before: number): number {
  const sizes = values.slice(Math.max(0, before - RECENT), before).filter((x) => !Number.isNaN(x));
  const [middle = 0, high = 0] = quantiles(sizes.map(Math.abs), [0.5, 0.95]);
  return middle > 0 ? middle : high;
}

function meanAround({ at, values }: Course, index: number, reach: DurationMs): number {
  const centre = at[index] as number;
  let sum = 0;
  let count = 0;
  // At least two samples on each side, also where one is seen every hour.
  const take = (other: number): boolean => {
    const x = values[other] as number;
    if (!Number.isNaN(x)) {
      sum += x;
      count++;
    }
    return Math.abs(other - index) < 2 || Math.abs((at[other] as number) - centre) < reach;
  };
  take(index);
  for (let other = index - 1; other >= 0 && take(other); ) other--;
  for (let other = index + 1; other < values.length && take(other); ) other++;
  return sum / count;
}

/** The sample at that time or the last one before it. */
function valueAt({ at, values }: Course, time: EpochMs, from: number): number {
  let index = from;
  while (index > 0 && (at[index] as number) > time) index--;
  while (index > 0 && Number.isNaN(values[index])) index--;
  return values[index] as number;
}

/** A day explains at least half as much as is left: correlation with the day before above 1/3, over the week before. */
function hasDay(course: Course, before: number): boolean {
  const end = course.at[before - 1] as number;
  const pairs: [number, number][] = [];
  let earlier = before - 1;
  for (let index = before - 1; index >= 0 && (course.at[index] as number) > end - 7 * DAY; index--) {
    const time = (course.at[index] as number) - DAY;
    while (earlier > 0 && (course.at[earlier] as number) > time) earlier--;
    const pair: [number, number] = [course.values[index] as number, course.values[earlier] as number];
    if ((course.at[0] as number) <= time && !pair.some(Number.isNaN)) pairs.push(pair);
  }
  return pairs.length >= 8 && correlation(pairs) > 1 / 3;
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[of] / pairs.length, 0);
  const [a, b] = [mean(0), mean(1)];
  const sum = (f: (x: number, y: number) => number): number => pairs.reduce((s, [x, y]) => s + f(x - a, y - b), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y) || 1);
}
