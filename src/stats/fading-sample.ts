import type { Signal } from '../domain/signal.ts';
import type { TrainingTable } from './grow-forest.ts';
import type { NumberReader, NumberWriter } from './number-codec.ts';
import { seededRandom } from './random.ts';

/** A column present in fewer of the rows than this is not trained on. */
const LEAST_PRESENT = 0.25;
/** A column that moves by less than this over all rows (on the squashed scale) is constant. */
const LEAST_RANGE = 1e-6;
/** A row cannot be longer; one byte names a column in a tree. */
export const MOST_COLUMNS = 254;

/**
 * A sample of the vectors learned, bounded in rows, in which older ones fade: a new vector replaces a random row with a
 * probability that never falls below rows / memory. Random by the count of vectors seen, so that a saved one goes on exactly.
 *
 * Source: C. C. Aggarwal, "On biased reservoir sampling in the presence of stream evolution", VLDB 2006.
 */
export class FadingSample {
  readonly #capacity: number;
  readonly #memory: number;
  readonly #seed: number;
  #columns = new Map<Signal, Float32Array>();
  #used = 0;
  #seen = 0;

  constructor(of: { readonly capacity: number; readonly memory: number; readonly seed: number }) {
    this.#capacity = of.capacity;
    this.#memory = of.memory;
    this.#seed = of.seed;
  }

  get rows(): number {
    return this.#used;
  }

  add(vector: ReadonlyMap<Signal, number>): void {
    this.offer(() => vector);
  }

  /** The same, for vectors that are made only where they are kept. */
  offer(make: () => ReadonlyMap<Signal, number>): void {
    const slot = this.#slot();
    this.#seen++;
    if (slot === undefined) return;
    const vector = make();
    if (slot === this.#used) this.#used++;
    // Also those that are missing now: every column has room for every row.
    for (const signal of new Set([...this.#columns.keys(), ...vector.keys()])) this.#makeColumn(signal);
    for (const [signal, column] of this.#columns) column[slot] = vector.get(signal) ?? Number.NaN;
  }

  /** What comes now is taken in nearly as it comes, so that it soon outweighs what was before. */
  renew(): void {
    this.#seen = this.#used;
  }

  /** Columns that are there often enough and vary, by name, with all rows. */
  table(): { readonly names: readonly Signal[]; readonly table: TrainingTable } {
    const names = [...this.#columns.keys()].filter((signal) => this.#varies(signal)).sort();
    const columns = names.map((signal) => (this.#columns.get(signal) as Float32Array).slice(0, this.#used));
    return { names, table: { rows: this.#used, columns } };
  }

  /** How many columns a table would have; cheaper than making one. */
  varying(): number {
    return [...this.#columns.keys()].filter((signal) => this.#varies(signal)).length;
  }

  write(to: NumberWriter): void {
    to.number(this.#used);
    to.number(this.#seen);
    to.number(this.#columns.size);
    for (const signal of [...this.#columns.keys()].sort()) {
      to.text(signal);
      const { buffer } = this.#columns.get(signal) as Float32Array;
      to.bytes(new Uint8Array(buffer, 0, 4 * this.#used));
    }
  }

  read(from: NumberReader): void {
    const used = from.number();
    const seen = from.number();
    if (!(used <= this.#capacity)) throw new RangeError('more rows than there is room for');
    const columns = new Map<Signal, Float32Array>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const column = new Float32Array(roomFor(used, this.#capacity));
      const bytes = from.bytes();
      if (bytes.length !== 4 * used) throw new RangeError('a column of another length');
      column.set(new Float32Array(bytes.buffer));
      columns.set(signal, column);
    }
    this.#used = used;
    this.#seen = seen;
    this.#columns = columns;
  }

  /** The row the next vector goes to, if any. */
  #slot(): number | undefined {
    if (this.#used < this.#capacity) return this.#used;
    const random = seededRandom(this.#seed + this.#seen);
    const chance = this.#capacity / Math.min(this.#seen + 1, Math.max(this.#memory, this.#capacity));
    return random() < chance ? Math.floor(random() * this.#capacity) : undefined;
  }

  #makeColumn(signal: Signal): void {
    const room = roomFor(this.#used, this.#capacity);
    const old = this.#columns.get(signal);
    if (old && old.length >= room) return;
    if (!old && this.#columns.size >= MOST_COLUMNS) return;
    const column = new Float32Array(room).fill(Number.NaN);
    if (old) column.set(old);
    this.#columns.set(signal, column);
  }

  #varies(signal: Signal): boolean {
    const column = this.#columns.get(signal) as Float32Array;
    let [lowest, highest, present] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (let row = 0; row < this.#used; row++) {
      const x = column[row] as number;
      if (Number.isNaN(x)) continue;
      present++;
      if (x < lowest) lowest = x;
      if (x > highest) highest = x;
    }
    return present >= LEAST_PRESENT * this.#used && highest - lowest > LEAST_RANGE;
  }
}

/** Columns grow by doubling. */
function roomFor(rows: number, capacity: number): number {
  let room = 64;
  while (room < rows) room *= 2;
  return Math.min(room, capacity);
}
