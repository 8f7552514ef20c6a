import type { SampleQuery, SampleRow } from './ports.ts';
import type { Signal } from './signal.ts';
import { type DurationMs, type EpochMs, HOUR, MINUTE } from './time.ts';
import type { Series } from './views.ts';

/** How finely samples are kept: every tick, or one bucket for each minute or hour of UTC. */
export type Tier = 'raw' | 'minute' | 'hour';

const TIERS: readonly Tier[] = ['raw', 'minute', 'hour'];

/** Length of a bucket; a raw tick has none. */
export const WIDTH: Readonly<Record<Tier, DurationMs>> = { raw: 0, minute: MINUTE, hour: HOUR };

/** What is kept of one signal in one bucket. Without a value `count` is 0 and `mean`, `min`, `max` are NaN; the band is the last one. */
export interface Cell {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly lower: number;
  readonly upper: number;
}

/** One tick, or all ticks of one minute or hour; `at` is where it starts. */
export interface Bucket {
  readonly at: EpochMs;
  readonly cells: ReadonlyMap<Signal, Cell>;
}

export const bucketStart = (at: EpochMs, tier: Tier): EpochMs =>
  tier === 'raw' ? at : Math.floor(at / WIDTH[tier]) * WIDTH[tier];

/** A tick as every store keeps it: time in whole milliseconds, finite values exactly, bands as numbers of 32 bits. */
export function keptSample(row: SampleRow): SampleRow {
  const values = new Map([...row.values].filter(([, value]) => Number.isFinite(value)));
  const bands: [Signal, { lower: number; upper: number }][] = [];
  for (const [signal, { lower, upper }] of row.bands) {
    if (Number.isNaN(lower) && Number.isNaN(upper)) continue;
    bands.push([signal, { lower: Math.fround(lower), upper: Math.fround(upper) }]);
  }
  return { stage: row.stage, at: Math.round(row.at), values, bands: new Map(bands) };
}

/** A kept tick as a bucket of its own. */
export function tickOf(row: SampleRow): Bucket {
  const cells = new Map<Signal, Cell>();
  const put = (signal: Signal, value: number): void => {
    const { lower, upper } = row.bands.get(signal) ?? UNKNOWN_BAND;
    cells.set(signal, { count: Number.isNaN(value) ? 0 : 1, mean: value, min: value, max: value, lower, upper });
  };
  for (const [signal, value] of row.values) put(signal, value);
  for (const signal of row.bands.keys()) if (!row.values.has(signal)) put(signal, Number.NaN);
  return { at: row.at, cells };
}

const UNKNOWN_BAND = { lower: Number.NaN, upper: Number.NaN };

/** Joins buckets, oldest first, into one that starts at `at`. */
export function joinBuckets(at: EpochMs, buckets: readonly Bucket[]): Bucket {
  const cells = new Map<Signal, Cell>();
  for (const bucket of buckets) {
    for (const [signal, cell] of bucket.cells) {
      const before = cells.get(signal);
      cells.set(signal, before ? joinCells(before, cell) : cell);
    }
  }
  return { at, cells };
}

function joinCells(a: Cell, b: Cell): Cell {
  const count = a.count + b.count;
  const banded = Number.isNaN(b.lower) && Number.isNaN(b.upper) ? a : b;
  const { lower, upper } = banded;
  if (a.count === 0 || b.count === 0) return { ...(b.count === 0 ? a : b), lower, upper };
  // Halves before the sum: two values near the end of the number range must not make an infinite mean.
  const mean = a.mean * (a.count / count) + b.mean * (b.count / count);
  return { count, mean, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max), lower, upper };
}

/** The bucket as rollups keep it: numbers of 32 bits (seven digits), those too large for that cut off at the largest. */
export function rollup(tier: Exclude<Tier, 'raw'>, at: EpochMs, buckets: readonly Bucket[]): Bucket {
  const joined = joinBuckets(bucketStart(at, tier), buckets);
  const cells = new Map<Signal, Cell>();
  for (const [signal, cell] of joined.cells) {
    const { count, lower, upper } = cell;
    const [mean, min, max] = [narrow(cell.mean), narrow(cell.min), narrow(cell.max)];
    cells.set(signal, { count, mean, min, max, lower: Math.fround(lower), upper: Math.fround(upper) });
  }
  return { at: joined.at, cells };
}

const LARGEST = 3.4028234663852886e38;
const narrow = (value: number): number => Math.fround(Math.max(-LARGEST, Math.min(LARGEST, value)));

/**
 * Of two rollups of one time, the one made from more samples. A sample that comes in after the raw ticks around it were
 * deleted must not replace the rollup they left behind.
 */
export function richer(kept: Bucket | undefined, made: Bucket): Bucket {
  if (!kept) return made;
  return samplesIn(kept) > samplesIn(made) ? kept : made;
}

const samplesIn = (bucket: Bucket): number => {
  let total = 0;
  for (const cell of bucket.cells.values()) total += cell.count;
  return total;
};

/** A stretch of time answered from one tier; both ends inclusive. */
export interface Part {
  readonly tier: Tier;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/**
 * Where the answer to a query comes from, oldest first: the finest tier that is not finer than the step, and coarser ones for
 * the time before that tier begins (its older points are deleted). `beginOf` gives the first point of the stage in a tier.
 * The bucket that `from` falls into is part of the answer.
 */
export function cover(query: SampleQuery, beginOf: (tier: Tier) => EpochMs | undefined): readonly Part[] {
  const parts: Part[] = [];
  const finest: Tier = query.step >= HOUR ? 'hour' : query.step >= MINUTE ? 'minute' : 'raw';
  let finerFrom: EpochMs | undefined;
  for (const tier of TIERS.slice(TIERS.indexOf(finest))) {
    // In front of finer points only whole buckets.
    const to = finerFrom === undefined ? query.to : bucketStart(finerFrom, tier) - WIDTH[tier];
    const from = bucketStart(query.from, tier);
    const begin = from > to || query.from > query.to ? undefined : beginOf(tier);
    if (begin === undefined || begin > to) continue;
    parts.unshift({ tier, from, to });
    finerFrom = begin;
  }
  return parts;
}

/** Collects buckets, oldest first, into aligned series; at most two points for each step, signals in the order of their names. */
export function seriesBuilder(step: DurationMs): { add(bucket: Bucket): void; done(): readonly Series[] } {
  // Half a step: samples taken once a step, but not quite evenly, stay apart and are answered exactly.
  const slot = (at: EpochMs): number => (step > 0 ? Math.floor((at * 2) / step) : at);
  const points: Bucket[] = [];
  let open: Bucket[] = [];
  const flush = (): void => {
    const head = open[0];
    if (head) points.push(open.length === 1 ? head : joinBuckets(head.at, open));
    open = [];
  };
  return {
    add: (bucket) => {
      const head = open[0];
      if (head && slot(head.at) !== slot(bucket.at)) flush();
      open.push(bucket);
    },
    done: () => {
      flush();
      return aligned(points);
    },
  };
}

function aligned(points: readonly Bucket[]): readonly Series[] {
  const signals = new Set<Signal>();
  for (const point of points) for (const signal of point.cells.keys()) signals.add(signal);
  const at = Float64Array.from(points, (point) => point.at);
  const column = (signal: Signal, of: 'mean' | 'lower' | 'upper'): Float64Array =>
    Float64Array.from(points, (point) => point.cells.get(signal)?.[of] ?? Number.NaN);
  return [...signals].sort().map((signal) => ({
    signal,
    at: at.slice(),
    value: column(signal, 'mean'),
    lower: column(signal, 'lower'),
    upper: column(signal, 'upper'),
  }));
}
