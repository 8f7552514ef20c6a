import type { NumberReader, NumberWriter } from './number-codec.ts';

/** Updates counted by one step of the two-byte clock of an entry; it runs round after half a million updates. */
const TICK = 8;
const CLOCK = 0x10000;
/** When the set is full, neighbours closer than a growing distance become one until this share of it is left. */
const LEAVE = 0.9;
const COARSER = 1.25;
/** Once stale entries have left this share of the set, it becomes finer again. */
const EMPTIED = 0.5;
/** The largest number four bytes hold. */
const FARTHEST = 3.4e38;

/**
 * A bounded set of numbers that covers all values ever seen: each is within a small, self-chosen distance of an entry. How far a new
 * value lies from the nearest entry is how new it is. An entry lives for `life` updates after it was last met. What is learned as
 * `provisional` counts for `distance`, and not for `settledDistance`, until it is learned again as settled.
 *
 * Any finite input; four bytes of precision. Cost: a binary search, and a shift of at most `size` entries for a new one; 7 bytes an
 * entry. Wrong for what is strange by its time and not by its value.
 *
 * Source: E. M. Knorr, R. T. Ng, "Algorithms for mining distance-based outliers in large datasets", VLDB 1998 (distance to a
 * neighbour as novelty); the bounded cover is a one-dimensional doubling algorithm: M. Charikar et al., "Incremental clustering and
 * dynamic information retrieval", STOC 1997.
 *
 * @example
 * const set = new CoverageSet(64, 8_000);
 * for (const x of [1, 2, 3]) set.learn(x, false);
 * set.distance(7) // 4
 */
export class CoverageSet {
  readonly #values: Float32Array;
  readonly #met: Uint16Array;
  readonly #provisional: Uint8Array;
  readonly #life: number;
  #count = 0;
  #reach = 0;
  #updates = 0;

  constructor(size: number, life: number) {
    this.#values = new Float32Array(size + 1);
    this.#met = new Uint16Array(size + 1);
    this.#provisional = new Uint8Array(size + 1);
    this.#life = life;
  }

  /** To the nearest entry; 0 of an empty set. */
  distance(x: number): number {
    const value = single(x);
    const at = this.#place(value);
    const above = at < this.#count ? (this.#values[at] as number) - value : Number.POSITIVE_INFINITY;
    const below = at > 0 ? value - (this.#values[at - 1] as number) : Number.POSITIVE_INFINITY;
    return this.#count === 0 ? 0 : Math.min(above, below);
  }

  /** To the nearest settled entry; 0 where there is none. */
  settledDistance(x: number): number {
    const value = single(x);
    let above = this.#place(value);
    let below = above - 1;
    while (above < this.#count && this.#provisional[above] === 1) above++;
    while (below >= 0 && this.#provisional[below] === 1) below--;
    const up = above < this.#count ? (this.#values[above] as number) - value : Number.POSITIVE_INFINITY;
    const down = below >= 0 ? value - (this.#values[below] as number) : Number.POSITIVE_INFINITY;
    const nearest = Math.min(up, down);
    return nearest === Number.POSITIVE_INFINITY ? 0 : nearest;
  }

  learn(x: number, provisional: boolean): void {
    const value = single(x);
    this.#updates += 1;
    const at = this.#place(value);
    const above = at < this.#count ? (this.#values[at] as number) - value : Number.POSITIVE_INFINITY;
    const below = at > 0 ? value - (this.#values[at - 1] as number) : Number.POSITIVE_INFINITY;
    if (Math.min(above, below) <= this.#reach) this.#meet(above <= below ? at : at - 1, provisional);
    else this.#insert(at, value, provisional);
  }

  /** All that is provisional becomes settled; what was settled moves (`to` is increasing), or is let go where `to` is left out. */
  settle(to?: (value: number) => number): void {
    const entries = Array.from({ length: this.#count }, (_, k) => ({
      value: this.#values[k] as number,
      met: this.#met[k] as number,
      provisional: this.#provisional[k] === 1,
    }));
    const kept = entries
      .filter(({ provisional }) => provisional || to !== undefined)
      .map((one) => (one.provisional || !to ? one : { ...one, value: single(to(one.value)) }))
      .sort((a, b) => a.value - b.value);
    kept.forEach(({ value, met }, k) => {
      this.#values[k] = value;
      this.#met[k] = met;
    });
    this.#provisional.fill(0);
    this.#count = kept.length;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#count, this.#reach, this.#updates]) to.number(value);
    to.floats(this.#values.subarray(0, this.#count));
    const marks = new Uint8Array(3 * this.#count);
    for (let k = 0; k < this.#count; k++) {
      marks[3 * k] = (this.#met[k] as number) & 0xff;
      marks[3 * k + 1] = (this.#met[k] as number) >> 8;
      marks[3 * k + 2] = this.#provisional[k] as number;
    }
    to.bytes(marks);
  }

  read(from: NumberReader): void {
    this.#count = from.number();
    if (!(this.#count >= 0 && this.#count < this.#values.length)) throw new RangeError('set of another size');
    this.#reach = from.number();
    this.#updates = from.number();
    from.floats(this.#values.subarray(0, this.#count));
    const marks = from.bytes();
    for (let k = 0; k < this.#count; k++) {
      this.#met[k] = (marks[3 * k] as number) | ((marks[3 * k + 1] as number) << 8);
      this.#provisional[k] = marks[3 * k + 2] as number;
    }
  }

  /** The first entry not below a value. */
  #place(value: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#values[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #now(): number {
    return Math.floor(this.#updates / TICK) % CLOCK;
  }

  #meet(at: number, provisional: boolean): void {
    this.#met[at] = this.#now();
    if (!provisional) this.#provisional[at] = 0;
  }

  #insert(at: number, value: number, provisional: boolean): void {
    for (const list of [this.#values, this.#met, this.#provisional]) list.copyWithin(at + 1, at, this.#count);
    this.#values[at] = value;
    this.#met[at] = this.#now();
    this.#provisional[at] = provisional ? 1 : 0;
    this.#count += 1;
    if (this.#count < this.#values.length) return;
    this.#dropStale();
    const size = this.#values.length - 1;
    if (this.#count < EMPTIED * size) this.#reach /= COARSER;
    while (this.#count > LEAVE * size) {
      this.#reach = this.#reach === 0 ? this.#smallestGap() : this.#reach * COARSER;
      this.#merge();
    }
  }

  #dropStale(): void {
    const now = this.#now();
    this.#keep((k) => ((now - (this.#met[k] as number) + CLOCK) % CLOCK) * TICK <= this.#life);
  }

  /** Neighbours within reach of the last one kept become one with it: settled if either was. */
  #merge(): void {
    let last = 0;
    this.#keep((k) => {
      const near = k > 0 && (this.#values[k] as number) - (this.#values[last] as number) <= this.#reach;
      if (!near) {
        last = k;
        return true;
      }
      if (this.#age(k) < this.#age(last)) this.#met[last] = this.#met[k] as number;
      this.#provisional[last] = Math.min(this.#provisional[last] as number, this.#provisional[k] as number);
      return false;
    });
  }

  #age(k: number): number {
    return (this.#now() - (this.#met[k] as number) + CLOCK) % CLOCK;
  }

  #keep(wanted: (k: number) => boolean): void {
    const kept: number[] = [];
    for (let k = 0; k < this.#count; k++) if (wanted(k)) kept.push(k);
    kept.forEach((from, to) => {
      this.#values[to] = this.#values[from] as number;
      this.#met[to] = this.#met[from] as number;
      this.#provisional[to] = this.#provisional[from] as number;
    });
    this.#count = kept.length;
  }

  #smallestGap(): number {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 1; k < this.#count; k++) {
      least = Math.min(least, (this.#values[k] as number) - (this.#values[k - 1] as number));
    }
    return least;
  }
}

const single = (x: number): number => Math.fround(x > FARTHEST ? FARTHEST : x < -FARTHEST ? -FARTHEST : x);
