import type { NumberReader, NumberWriter } from './number-codec.ts';

/** Beyond this, squares would overflow. */
const LARGEST = 1e100;
/**
 * A deviation counts as at most this many spreads, or this many times the farthest yet: a single wild row must not be all that is
 * remembered, and what comes again must be. By spreads alone a column that leaps once in a thousand rows would lose its spread: each
 * leap cut to 30 of them adds less than fades until the next.
 */
const MOST = { spreads: 30, reaches: 4 };
/** The first samples of a signal are taken as they come; there is no spread to clip them by yet. */
const YOUNG = 16;
/** What was moved by hand counts as seen in this many rows. */
const MOVED_SEEN = 32;
/** The reach fades this many times more slowly than the moments. */
const REACH_MEMORY = 4;
/** Below this share of its own size a deviation is rounding. */
const ROUNDING = 1e-9;

/**
 * Mean, spread and covariance of rows of numbers, in which older rows fade: a plain mean over the first rows, an exponential one over
 * `memory` rows from there on. NaN is a number that is missing; a pair is learned from where both are there. Numbers of columns
 * may grow. Cost: size² / 2 steps a row, 8 · size² bytes in memory and half as many saved.
 *
 * Source: D. H. D. West, "Updating mean and variance estimates: an improved method", CACM 22 (1979), with exponential weights.
 */
export class DecayedCovariance {
  readonly #memory: number;
  #size: number;
  #seen: Float64Array;
  #mean: Float64Array;
  #reach: Float64Array;
  /** The lower triangle is kept. */
  #covariance: Float64Array;
  #delta: Float64Array;
  #rate: Float64Array;

  constructor(memory: number, size = 0) {
    this.#memory = memory;
    this.#size = size;
    const zeros = (length = size): Float64Array => new Float64Array(length);
    [this.#seen, this.#mean, this.#reach, this.#delta, this.#rate] = [zeros(), zeros(), zeros(), zeros(), zeros()];
    this.#covariance = zeros(size * size);
  }

  get size(): number {
    return this.#size;
  }

  /** Rows in which the column was there. */
  seen(column: number): number {
    return this.#seen[column] as number;
  }

  mean(column: number): number {
    return this.#mean[column] as number;
  }

  /** True where the column never was anything but one number. */
  isConstant(column: number): boolean {
    return this.#reach[column] === 0;
  }

  deviation(column: number): number {
    return Math.sqrt(this.#covariance[column * this.#size + column] as number);
  }

  /** The farthest it went from its mean, fading slowly. */
  reach(column: number): number {
    return this.#reach[column] as number;
  }

  /** How far a number is from the mean; 0 where that is no more than rounding. */
  away(column: number, x: number): number {
    const mean = this.#mean[column] as number;
    return beyondRounding(bounded(x) - mean, mean);
  }

  covariance(a: number, b: number): number {
    return this.#covariance[a > b ? a * this.#size + b : b * this.#size + a] as number;
  }

  /** One row; `row` has a number for each column. */
  learn(row: Float64Array): void {
    const size = this.#size;
    const seen = this.#seen;
    const mean = this.#mean;
    const delta = this.#delta;
    const rate = this.#rate;
    const slowest = 1 / this.#memory;
    let alike = true;
    for (let i = 0; i < size; i++) {
      const there = !Number.isNaN(row[i]);
      if (there) seen[i] = (seen[i] as number) + 1;
      rate[i] = there ? Math.max(1 / (seen[i] as number), slowest) : 0;
      delta[i] = 0;
      alike &&= rate[i] === rate[0];
    }
    this.#takeSteps(row);
    if (alike) this.#learnAlike(rate[0] ?? 0);
    else this.#learnPairs();
    for (let i = 0; i < size; i++) mean[i] = (mean[i] as number) + (rate[i] as number) * (delta[i] as number);
  }

  /** All columns are there and learn at one rate, as they nearly always do. */
  #learnAlike(rate: number): void {
    if (rate === 0) return;
    const size = this.#size;
    const delta = this.#delta;
    const covariance = this.#covariance;
    const kept = 1 - rate;
    for (let i = 0, at = 0; i < size; i++, at += size) {
      const part = rate * (delta[i] as number);
      for (let j = 0; j <= i; j++)
        covariance[at + j] = kept * ((covariance[at + j] as number) + part * (delta[j] as number));
    }
  }

  #learnPairs(): void {
    const size = this.#size;
    const delta = this.#delta;
    const rate = this.#rate;
    for (let i = 0; i < size; i++) {
      const own = rate[i] as number;
      if (own === 0) continue;
      const d = delta[i] as number;
      const at = i * size;
      for (let j = 0; j <= i; j++) {
        const other = rate[j] as number;
        if (other === 0) continue;
        const k = own > other ? own : other;
        const old = this.#covariance[at + j] as number;
        this.#covariance[at + j] = (1 - k) * (old + k * d * (delta[j] as number));
      }
    }
  }

  /** Writes down how far each number is from its mean, as far as that counts, and the reach that follows from it. */
  #takeSteps(row: Float64Array): void {
    const size = this.#size;
    const mean = this.#mean;
    const delta = this.#delta;
    const reach = this.#reach;
    const covariance = this.#covariance;
    const kept = 1 - 1 / (REACH_MEMORY * this.#memory);
    for (let i = 0, diagonal = 0; i < size; i++, diagonal += size + 1) {
      const x = row[i] as number;
      if (Number.isNaN(x)) continue;
      const seen = this.#seen[i] as number;
      if (seen === 1) {
        mean[i] = bounded(x);
        continue;
      }
      const centre = mean[i] as number;
      const away = beyondRounding(bounded(x) - centre, centre);
      const spread = Math.sqrt(covariance[diagonal] as number);
      const before = reach[i] as number;
      const most =
        seen <= YOUNG || spread === 0
          ? Number.POSITIVE_INFINITY
          : Math.max(MOST.spreads * spread, MOST.reaches * before);
      reach[i] = Math.max(before * kept, Math.min(Math.abs(away), most));
      delta[i] = Math.max(-most, Math.min(most, away));
    }
  }

  /** What is seen now becomes the mean, and the next rows count for much. */
  moveTo(column: number, x: number): void {
    this.#mean[column] = bounded(x);
    this.#seen[column] = Math.min(this.#seen[column] as number, MOVED_SEEN);
  }

  /** Room for more columns behind those there are. */
  grow(size: number): void {
    if (size <= this.#size) return;
    const grown = new DecayedCovariance(this.#memory, size);
    for (const [from, to] of [
      [this.#seen, grown.#seen],
      [this.#mean, grown.#mean],
      [this.#reach, grown.#reach],
    ] as const)
      to.set(from);
    for (let i = 0; i < this.#size; i++)
      grown.#covariance.set(this.#covariance.subarray(i * this.#size, i * this.#size + i + 1), i * size);
    this.#take(grown);
  }

  write(to: NumberWriter): void {
    to.number(this.#size);
    for (let i = 0; i < this.#size; i++) {
      for (const value of [this.#seen, this.#mean, this.#reach]) to.number(value[i] as number);
      for (let j = 0; j <= i; j++) to.number(this.#covariance[i * this.#size + j] as number);
    }
  }

  read(from: NumberReader, most: number): void {
    const size = from.number();
    if (!(size >= 0 && size <= most)) throw new RangeError('more columns than there is room for');
    const read = new DecayedCovariance(this.#memory, size);
    for (let i = 0; i < size; i++) {
      for (const value of [read.#seen, read.#mean, read.#reach]) value[i] = from.number();
      for (let j = 0; j <= i; j++) read.#covariance[i * size + j] = from.number();
    }
    this.#take(read);
  }

  #take(other: DecayedCovariance): void {
    this.#size = other.#size;
    this.#seen = other.#seen;
    this.#mean = other.#mean;
    this.#reach = other.#reach;
    this.#covariance = other.#covariance;
    this.#delta = other.#delta;
    this.#rate = other.#rate;
  }
}

/** A distance from a mean; 0 where it is no more than rounding of it. */
const beyondRounding = (away: number, mean: number): number => (Math.abs(away) <= ROUNDING * Math.abs(mean) ? 0 : away);

const bounded = (x: number): number => Math.max(-LARGEST, Math.min(LARGEST, x));
