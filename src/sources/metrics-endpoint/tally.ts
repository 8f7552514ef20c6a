import type { DurationMs, EpochMs } from '../../domain/time.ts';
import { type Exposition, labelKey, type Series } from './exposition.ts';

/** One counter as it stood at the last poll that showed it. */
interface Point {
  readonly value: number;
  /** On the monotonic clock. */
  readonly seen: DurationMs;
  readonly at: EpochMs | undefined;
  readonly created: number | undefined;
  /** Polls since then that did not show it. */
  readonly missed: number;
}

/** What is kept from one poll to the next. */
export interface Memory {
  readonly seen: DurationMs;
  readonly points: ReadonlyMap<string, Point>;
  /** Names that the page declared, with or without series. */
  readonly declared: ReadonlySet<string>;
}

/** From what to what a counter went, and in which time. */
export interface Growth {
  readonly was: number;
  readonly is: number;
  readonly seconds: number;
  /** It began at 0 again in between. */
  readonly reset: boolean;
  /** It was not there at the poll before. */
  readonly born: boolean;
}

/** How much was counted in between; after a reset at least what is there now. */
export const counted = ({ was, is, reset }: Growth): number => (reset ? is : is - was);

/** Compares the counters of a page with those of the poll before. */
export interface Tally {
  /**
   * - `unknown`: seen for the first time, so that nothing can be said yet;
   * - `still`: its own timestamp has not moved, so that nothing new was said.
   */
  growth(name: string, key: string, series: Series): Growth | 'unknown' | 'still';
  /** What to remember of this poll, once all growth was asked for; `names` are those of all samples that matter. */
  memory(names: Iterable<string>): Memory;
}

/** A series that vanishes and comes back within so many polls is compared with what it was. */
const REMEMBERED_POLLS = 10;

/** The parts as one string with memory of its own; a slice of the page would keep all of the page alive. */
const idOf = (...parts: string[]): string => JSON.stringify(parts);

/** The name of the family that a sample belongs to. */
export const familyOf = (sample: string): string => sample.replace(/_(total|bucket|sum|count)$/, '');

/** Whether the page knows the metric, if only by its TYPE line. */
export const isDeclared = ({ samples, types }: Exposition, sample: string): boolean =>
  samples.has(sample) || types.has(sample) || types.has(familyOf(sample));

/** The type that the page declares for a sample; `untyped` where it says nothing. */
export function typeOf({ types }: Exposition, sample: string): string {
  const type = types.get(sample) ?? types.get(familyOf(sample)) ?? 'untyped';
  return type === 'unknown' ? 'untyped' : type;
}

/** Whether a sample only ever grows while its process lives; where the page does not say, by its name. */
export function isCounter(page: Exposition, sample: string): boolean {
  const type = typeOf(page, sample);
  return type === 'counter' || (type !== 'gauge' && familyOf(sample) !== sample);
}

/**
 * A counter that has fallen, or that has a newer `_created` time, was reset and counts from 0. A series that is new although
 * its counter was declared before began at 0 in between: a label value such as an error code shows up with its first count.
 *
 * @param now on the monotonic clock.
 */
export function tallyOf(page: Exposition, before: Memory | undefined, now: DurationMs): Tally {
  const points = new Map<string, Point>();

  const createdOf = (name: string, series: Series): number | undefined => {
    const all = page.samples.get(`${familyOf(name)}_created`);
    return all?.get(labelKey(series.labels, 'le'))?.value;
  };

  const born = (name: string, value: number): Growth | 'unknown' => {
    if (!before?.declared.has(idOf(name)) || !isCounter(page, name)) return 'unknown';
    return { was: 0, is: value, seconds: (now - before.seen) / 1_000, reset: false, born: true };
  };

  return {
    growth: (name, key, series) => {
      const { value, at } = series;
      if (!Number.isFinite(value)) return 'unknown';
      const id = idOf(name, key);
      const created = createdOf(name, series);
      points.set(id, { value, seen: now, at, created, missed: 0 });
      const last = before?.points.get(id);
      if (!last) return born(name, value);
      const stamped = at !== undefined && last.at !== undefined;
      const seconds = (stamped ? at - last.at : now - last.seen) / 1_000;
      if (seconds <= 0) return 'still';
      const renewed = created !== undefined && last.created !== undefined && created > last.created;
      const fallen = value < last.value;
      // A gauge that falls was not reset; how much it has grown in between is not known.
      if (fallen && typeOf(page, name) === 'gauge') return 'unknown';
      return { was: last.value, is: value, seconds, reset: renewed || fallen, born: false };
    },
    memory: (names) => {
      for (const [id, point] of before?.points ?? []) {
        const missed = point.missed + 1;
        if (!points.has(id) && missed <= REMEMBERED_POLLS) points.set(id, { ...point, missed });
      }
      const declared = [...names].filter((name) => isDeclared(page, name)).map((name) => idOf(name));
      return { seen: now, points, declared: new Set(declared) };
    },
  };
}
