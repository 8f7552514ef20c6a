import type { NumberReader, NumberWriter } from './number-codec.ts';

/** Buckets of one size before the two oldest are joined to one of twice the size. */
const MOST_BUCKETS = 5;
/** A cut is looked for after so many values, with at least so many on either side of it, in a window longer than `GRACE`. */
const CLOCK = 32;
const LEAST_SIDE = 5;
const GRACE = 10;

/** Sum of values and of squared deviations from their mean. */
interface Bucket {
  readonly total: number;
  readonly variance: number;
}

/**
 * ADWIN: a window that is as long as its mean has not changed. Whenever two parts of it differ by more than chance makes with
 * probability `delta`, the older part is dropped. Memory grows with the logarithm of the length of the window: about 6 buckets for
 * each doubling. `update` costs constant time but for every 32nd value, when all cuts are tried. Values finite.
 *
 * Wrong for slow drifts (parts differ too little until late) and as an alarm by itself: what it says is "then the mean was another one".
 *
 * Source: A. Bifet, R. Gavaldà, "Learning from time-changing data with adaptive windowing", SDM 2007; the details are river's.
 */
export class Adwin {
  readonly #delta: number;
  /** Row i holds buckets of 2^i values, oldest first. */
  #rows: Bucket[][] = [[]];
  #tick = 0;
  #width = 0;
  #total = 0;
  #variance = 0;

  constructor(delta: number) {
    this.#delta = delta;
  }

  get width(): number {
    return this.#width;
  }
  get mean(): number {
    return this.#width === 0 ? 0 : this.#total / this.#width;
  }

  /** True where the window has just been shortened: its mean had changed. */
  update(value: number): boolean {
    this.#insert(value);
    this.#tick++;
    if (this.#tick % CLOCK !== 0 || this.#width <= GRACE) return false;
    let changed = false;
    while (this.#hasCut()) {
      this.#dropOldest();
      changed = true;
    }
    return changed;
  }

  reset(): void {
    this.#rows = [[]];
    this.#tick = 0;
    this.#width = 0;
    this.#total = 0;
    this.#variance = 0;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#tick, this.#width, this.#total, this.#variance, this.#rows.length]) to.number(value);
    for (const row of this.#rows) {
      to.number(row.length);
      for (const { total, variance } of row) {
        to.number(total);
        to.number(variance);
      }
    }
  }

  read(from: NumberReader): void {
    this.#tick = from.number();
    this.#width = from.number();
    this.#total = from.number();
    this.#variance = from.number();
    const bounded = (length: number, most: number): { length: number } => {
      if (!(length >= 0 && length <= most)) throw new RangeError('more buckets than there can be');
      return { length };
    };
    this.#rows = Array.from(bounded(from.number(), 64), () =>
      Array.from(bounded(from.number(), MOST_BUCKETS + 1), () => ({ total: from.number(), variance: from.number() })),
    );
  }

  #insert(value: number): void {
    (this.#rows[0] as Bucket[]).push({ total: value, variance: 0 });
    this.#width++;
    const before = this.#width - 1;
    if (before > 0) this.#variance += (before * (value - this.#total / before) ** 2) / this.#width;
    this.#total += value;
    this.#compress();
  }

  #compress(): void {
    for (let i = 0; (this.#rows[i]?.length ?? 0) > MOST_BUCKETS; i++) {
      const row = this.#rows[i] as Bucket[];
      const [a, b] = row.splice(0, 2) as [Bucket, Bucket];
      const size = 2 ** i;
      const between = (size * size * ((a.total - b.total) / size) ** 2) / (2 * size);
      this.#rows[i + 1] ??= [];
      (this.#rows[i + 1] as Bucket[]).push({ total: a.total + b.total, variance: a.variance + b.variance + between });
    }
  }

  /** Whether the window can be parted, from its oldest end on, so that the means of both parts differ by more than chance makes. */
  #hasCut(): boolean {
    let [older, olderTotal] = [0, 0];
    for (let i = this.#rows.length - 1; i >= 0; i--) {
      const row = this.#rows[i] as Bucket[];
      for (const [k, bucket] of row.entries()) {
        older += 2 ** i;
        olderTotal += bucket.total;
        const newer = this.#width - older;
        if (i === 0 && k === row.length - 1) return false;
        if (older < LEAST_SIDE || newer < LEAST_SIDE) continue;
        const apart = Math.abs(olderTotal / older - (this.#total - olderTotal) / newer);
        if (apart > this.#bound(older, newer)) return true;
      }
    }
    return false;
  }

  #bound(older: number, newer: number): number {
    const odds = Math.log((2 * Math.log(this.#width)) / this.#delta);
    const harmonic = 1 / (older - LEAST_SIDE + 1) + 1 / (newer - LEAST_SIDE + 1);
    return Math.sqrt(2 * harmonic * (this.#variance / this.#width) * odds) + (2 / 3) * odds * harmonic;
  }

  #dropOldest(): void {
    const last = this.#rows.length - 1;
    const size = 2 ** last;
    const { total, variance } = (this.#rows[last] as Bucket[]).shift() as Bucket;
    this.#width -= size;
    this.#total -= total;
    const apart = total / size - this.#total / this.#width;
    this.#variance -= variance + (size * this.#width * apart ** 2) / (size + this.#width);
    this.#variance = Math.max(0, this.#variance);
    if (this.#rows[last]?.length === 0 && last > 0) this.#rows.pop();
  }
}
