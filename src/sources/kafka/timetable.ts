import type { DurationMs } from '../../domain/time.ts';

/** Points kept at most. Older ones are thinned out, so that they reach the further back the longer it is watched. */
const MOST_POINTS = 32;
/** What lies before the first point is told from the rate since then, but no further back than this many times its span. */
const REACH = 10;

/** When a record came to its partition, as far as it is known. */
export interface Arrival {
  readonly at: DurationMs;
  /** `between`: two points enclose it · `before`: told from the rate, it came before the first point. */
  readonly how: 'between' | 'before';
}

/**
 * What the end offset of one partition was, and when: tells when the record at an offset came. Points are polls, so the answer
 * is as fine as polls are close. Times are on one clock that never goes back. At most 32 points, about 0.5 kB.
 *
 * The table of (end offset, time) is that of kafka-lag-exporter (LookupTable.scala): a run of equal offsets is kept as its
 * first and last point, since the next record came after the last. Unlike there, what lies before the table is cut off, so
 * that a consumer that was set back a week is not said to be three years behind (its issue 496).
 */
export class Timetable {
  #ends: number[] = [];
  #times: DurationMs[] = [];

  /**
   * The end offset was `end` at the time `at`; what is older than the newest point is ignored. An end that has gone back
   * belongs to another log: all before is dropped.
   */
  note(end: number, at: DurationMs): void {
    const last = this.#ends.length - 1;
    const newest = this.#ends[last];
    if (newest !== undefined && at <= (this.#times[last] as number)) return;
    if (newest !== undefined && end < newest) this.clear();
    if (end === newest && this.#ends[last - 1] === end) {
      this.#times[last] = at;
      return;
    }
    this.#ends.push(end);
    this.#times.push(at);
    if (this.#ends.length > MOST_POINTS) this.#thin();
  }

  clear(): void {
    this.#ends = [];
    this.#times = [];
  }

  /**
   * When the record at `offset` came; `undefined` where too little is known (no points, or nothing has come since the first).
   * Never later than the newest point, and never earlier for a later offset. Cost: the logarithm of the number of points.
   */
  arrivalOf(offset: number): Arrival | undefined {
    const [first, last] = [this.#ends[0], this.#ends.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    if (offset < first) return this.#before(offset);
    const after = this.#firstAbove(offset);
    const [from, to] = [this.#times[after - 1] as number, this.#times[after]];
    // Nothing has come since the newest point, as far as is known.
    if (to === undefined) return { at: from, how: 'between' };
    const [low, high] = [this.#ends[after - 1] as number, this.#ends[after] as number];
    return { at: from + ((offset - low) / (high - low)) * (to - from), how: 'between' };
  }

  /** The times between which the record at `offset` must have come; infinite where the table does not reach. */
  boundsOf(offset: number): { readonly earliest: DurationMs; readonly latest: DurationMs } {
    const after = this.#firstAbove(offset);
    return {
      earliest: this.#times[after - 1] ?? Number.NEGATIVE_INFINITY,
      latest: this.#times[after] ?? Number.POSITIVE_INFINITY,
    };
  }

  #before(offset: number): Arrival | undefined {
    const [first, last] = [this.#ends[0] as number, this.#ends.at(-1) as number];
    const [from, to] = [this.#times[0] as number, this.#times.at(-1) as number];
    if (last === first || to === from) return undefined;
    const span = to - from;
    const back = ((first - offset) / (last - first)) * span;
    return { at: from - Math.min(back, REACH * span), how: 'before' };
  }

  /** Index of the first point whose end lies above `offset`: the record was there by then. */
  #firstAbove(offset: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Drops every second point of the older half; the first one stays. */
  #thin(): void {
    const half = this.#ends.length >> 1;
    const stays = (_: number, index: number): boolean => index >= half || index % 2 === 0;
    this.#ends = this.#ends.filter(stays);
    this.#times = this.#times.filter(stays);
  }
}
