import type { NumberReader, NumberWriter } from './number-codec.ts';
import { ALONE, type Piece, type Room } from './room.ts';

/** Updates counted by one step of the two-byte clock of an entry; it runs round after half a million updates. */
const TICK = 8;
const CLOCK = 0x10000;
/** A mark is when an entry was met last, and this more while it is provisional; exact in four bytes. */
const PROVISIONAL = CLOCK;
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
 * Any finite input; four bytes of precision. Cost: a binary search, and a shift of at most `size` entries for a new one; 8 bytes an
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
  readonly #piece: Piece;
  /** Where the values begin, in order, and behind them their marks. */
  readonly #at: number;
  readonly #size: number;
  readonly #life: number;
  /** What was looked for last and where it belongs: a value is asked for twice, and then learned. */
  #sought = Number.NaN;
  #found = 0;
  #count = 0;
  #reach = 0;
  #updates = 0;

  constructor(size: number, life: number, room: Room = ALONE) {
    // One more, so that what is too much has a place until there is room.
    this.#size = size + 1;
    const { piece, floatsAt } = room.take(0, 2 * this.#size);
    [this.#piece, this.#at] = [piece, floatsAt];
    this.#life = life;
  }

  /** To the nearest entry; 0 of an empty set. */
  distance(x: number): number {
    if (this.#count === 0) return 0;
    const value = single(x);
    const at = this.#place(value);
    return Math.min(this.#above(at, value), this.#below(at, value));
  }

  /** To the nearest settled entry; 0 where there is none. */
  settledDistance(x: number): number {
    const value = single(x);
    let above = this.#place(value);
    let below = above;
    while (above < this.#count && this.#isProvisional(above)) above++;
    while (below > 0 && this.#isProvisional(below - 1)) below--;
    const nearest = Math.min(this.#above(above, value), this.#below(below, value));
    return nearest === Number.POSITIVE_INFINITY ? 0 : nearest;
  }

  learn(x: number, provisional: boolean): void {
    const value = single(x);
    this.#updates += 1;
    const at = this.#place(value);
    const above = this.#above(at, value);
    const below = this.#below(at, value);
    if (Math.min(above, below) <= this.#reach) this.#meet(above <= below ? at : at - 1, provisional);
    else this.#insert(at, value, provisional);
  }

  /** All that is provisional becomes settled; what was settled moves (`to` is increasing), or is let go where `to` is left out. */
  settle(to?: (value: number) => number): void {
    const entries = Array.from({ length: this.#count }, (_, k) => ({
      value: this.#value(k),
      met: this.#met(k),
      provisional: this.#isProvisional(k),
    }));
    const kept = entries
      .filter(({ provisional }) => provisional || to !== undefined)
      .map((one) => (one.provisional || !to ? one : { ...one, value: single(to(one.value)) }))
      .sort((a, b) => a.value - b.value);
    kept.forEach(({ value, met }, k) => void this.#put(k, value, met));
    this.#count = kept.length;
    this.#sought = Number.NaN;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#count, this.#reach, this.#updates]) to.number(value);
    to.floats(this.#values());
    const marks = new Uint8Array(2 * this.#count + Math.ceil(this.#count / 8));
    for (let k = 0; k < this.#count; k++) {
      marks[2 * k] = this.#met(k) & 0xff;
      marks[2 * k + 1] = this.#met(k) >> 8;
      if (this.#isProvisional(k)) marks[this.#flagAt(k)] = (marks[this.#flagAt(k)] as number) | (1 << (k & 7));
    }
    to.bytes(marks);
  }

  read(from: NumberReader): void {
    this.#sought = Number.NaN;
    this.#count = from.number();
    if (!(this.#count >= 0 && this.#count < this.#size)) throw new RangeError('set of another size');
    this.#reach = from.number();
    this.#updates = from.number();
    from.floats(this.#values());
    const marks = from.bytes();
    for (let k = 0; k < this.#count; k++) {
      const met = (marks[2 * k] as number) | ((marks[2 * k + 1] as number) << 8);
      const isProvisional = ((marks[this.#flagAt(k)] as number) >> (k & 7)) & 1;
      this.#mark(k, met + (isProvisional ? PROVISIONAL : 0));
    }
  }

  /** Behind the marks of all entries a bit for each. */
  #flagAt(k: number): number {
    return 2 * this.#count + (k >> 3);
  }

  #values(): Float32Array {
    return this.#piece.floats.subarray(this.#at, this.#at + this.#count);
  }

  #value(k: number): number {
    return this.#piece.floats[this.#at + k] as number;
  }

  #markOf(k: number): number {
    return this.#piece.floats[this.#at + this.#size + k] as number;
  }

  #mark(k: number, mark: number): void {
    this.#piece.floats[this.#at + this.#size + k] = mark;
  }

  #met(k: number): number {
    return this.#markOf(k) % PROVISIONAL;
  }

  #isProvisional(k: number): boolean {
    return this.#markOf(k) >= PROVISIONAL;
  }

  #put(k: number, value: number, mark: number): void {
    this.#piece.floats[this.#at + k] = value;
    this.#mark(k, mark);
  }

  #above(at: number, value: number): number {
    return at < this.#count ? this.#value(at) - value : Number.POSITIVE_INFINITY;
  }

  #below(at: number, value: number): number {
    return at > 0 ? value - this.#value(at - 1) : Number.POSITIVE_INFINITY;
  }

  /** The first entry not below a value. */
  #place(value: number): number {
    if (value === this.#sought) return this.#found;
    const { floats } = this.#piece;
    const from = this.#at;
    let low = from;
    let high = from + this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((floats[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    this.#sought = value;
    this.#found = low - from;
    return this.#found;
  }

  #now(): number {
    return Math.floor(this.#updates / TICK) % CLOCK;
  }

  #meet(at: number, provisional: boolean): void {
    this.#mark(at, this.#now() + (provisional && this.#isProvisional(at) ? PROVISIONAL : 0));
  }

  #insert(at: number, value: number, provisional: boolean): void {
    this.#sought = Number.NaN;
    const { floats } = this.#piece;
    // A loop: for so few numbers `copyWithin` takes longer to begin than to end.
    for (let k = this.#at + this.#count; k > this.#at + at; k--) {
      floats[k] = floats[k - 1] as number;
      floats[k + this.#size] = floats[k + this.#size - 1] as number;
    }
    this.#put(at, value, this.#now() + (provisional ? PROVISIONAL : 0));
    this.#count += 1;
    if (this.#count < this.#size) return;
    this.#dropStale();
    const size = this.#size - 1;
    if (this.#count < EMPTIED * size) this.#reach /= COARSER;
    while (this.#count > LEAVE * size) {
      this.#reach = this.#reach === 0 ? this.#smallestGap() : this.#reach * COARSER;
      this.#merge();
    }
  }

  #dropStale(): void {
    let kept = 0;
    for (let k = 0; k < this.#count; k++) {
      if (this.#age(k) * TICK > this.#life) continue;
      this.#put(kept, this.#value(k), this.#markOf(k));
      kept += 1;
    }
    this.#count = kept;
  }

  /** Neighbours within reach of the last one kept become one with it: settled if either was. */
  #merge(): void {
    let last = 0;
    for (let k = 1; k < this.#count; k++) {
      if (this.#value(k) - this.#value(last) > this.#reach) {
        last += 1;
        this.#put(last, this.#value(k), this.#markOf(k));
      } else {
        const met = this.#age(k) < this.#age(last) ? this.#met(k) : this.#met(last);
        this.#mark(last, met + (this.#isProvisional(last) && this.#isProvisional(k) ? PROVISIONAL : 0));
      }
    }
    this.#count = last + 1;
  }

  #age(k: number): number {
    return (this.#now() - this.#met(k) + CLOCK) % CLOCK;
  }

  #smallestGap(): number {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 1; k < this.#count; k++) least = Math.min(least, this.#value(k) - this.#value(k - 1));
    return least;
  }
}

const single = (x: number): number => Math.fround(x > FARTHEST ? FARTHEST : x < -FARTHEST ? -FARTHEST : x);
