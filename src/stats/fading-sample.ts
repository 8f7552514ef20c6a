import type { Signal } from '../domain/signal.ts';
import type { TrainingTable } from './grow-forest.ts';
import type { NumberReader, NumberWriter } from './number-codec.ts';
import { seededRandom } from './random.ts';

/** A column present in fewer of the rows than this is not trained on. */
const LEAST_PRESENT = 0.25;
/** A column that moves by less than this over all rows (on the squashed scale) is constant. */
const LEAST_RANGE = 1e-6;
/** Where numbers are kept in steps: the farthest from 0, and what stands for one that is missing. */
const FARTHEST = 0x7fff;
const MISSING = -0x8000;
/** A row cannot be longer; one byte names a column in a tree. */
export const MOST_COLUMNS = 254;

type Column = Float32Array | Int16Array;

/**
 * A sample of the vectors learned, bounded in rows, in which older ones fade: a new vector replaces a random row with a
 * probability that never falls below rows / memory. Random by the count of vectors seen, so that a saved one goes on exactly.
 * Four bytes a number, or two where a step is given.
 *
 * Source: C. C. Aggarwal, "On biased reservoir sampling in the presence of stream evolution", VLDB 2006.
 */
export class FadingSample {
  readonly #capacity: number;
  readonly #memory: number;
  readonly #seed: number;
  readonly #step: number | undefined;
  #columns = new Map<Signal, Column>();
  #used = 0;
  #seen = 0;

  /** `step`: numbers are kept in whole steps of this size, and none beyond 32,767 of them. */
  constructor(of: {
    readonly capacity: number;
    readonly memory: number;
    readonly seed: number;
    readonly step?: number;
  }) {
    this.#capacity = of.capacity;
    this.#memory = of.memory;
    this.#seed = of.seed;
    this.#step = of.step;
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
    const room = roomFor(this.#used, this.#capacity);
    for (const [signal, column] of this.#columns) if (column.length < room) this.#makeColumn(signal);
    for (const signal of vector.keys()) if (!this.#columns.has(signal)) this.#makeColumn(signal);
    for (const [signal, column] of this.#columns) column[slot] = this.#kept(vector.get(signal) ?? Number.NaN);
  }

  /** What comes now is taken in nearly as it comes, so that it soon outweighs what was before. */
  renew(): void {
    this.#seen = this.#used;
  }

  /** Columns that are there often enough and vary, by name, with all rows. */
  table(): { readonly names: readonly Signal[]; readonly table: TrainingTable } {
    const names = [...this.#columns.keys()].filter((signal) => this.#varies(signal)).sort();
    const columns = names.map((signal) => {
      const column = this.#columns.get(signal) as Column;
      return Float32Array.from({ length: this.#used }, (_, row) => this.#given(column[row] as number));
    });
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
      const { buffer, BYTES_PER_ELEMENT: width } = this.#columns.get(signal) as Column;
      to.bytes(new Uint8Array(buffer, 0, width * this.#used));
    }
  }

  read(from: NumberReader): void {
    const used = from.number();
    const seen = from.number();
    if (!(used <= this.#capacity)) throw new RangeError('more rows than there is room for');
    const columns = new Map<Signal, Column>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const column = this.#newColumn(roomFor(used, this.#capacity));
      const bytes = from.bytes();
      if (bytes.length !== column.BYTES_PER_ELEMENT * used) throw new RangeError('a column of another length');
      column.set(column instanceof Int16Array ? new Int16Array(bytes.buffer) : new Float32Array(bytes.buffer));
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

  #newColumn(room: number): Column {
    return this.#step === undefined ? new Float32Array(room).fill(Number.NaN) : new Int16Array(room).fill(MISSING);
  }

  /** A number as it is kept. */
  #kept(x: number): number {
    if (this.#step === undefined) return x;
    return Number.isNaN(x) ? MISSING : Math.max(-FARTHEST, Math.min(FARTHEST, Math.round(x / this.#step)));
  }

  /** What was kept, as a number again. */
  #given(kept: number): number {
    if (this.#step === undefined) return kept;
    return kept === MISSING ? Number.NaN : kept * this.#step;
  }

  #makeColumn(signal: Signal): void {
    const room = roomFor(this.#used, this.#capacity);
    const old = this.#columns.get(signal);
    if (old && old.length >= room) return;
    if (!old && this.#columns.size >= MOST_COLUMNS) return;
    const column = this.#newColumn(room);
    if (old) column.set(old);
    this.#columns.set(signal, column);
  }

  #varies(signal: Signal): boolean {
    const column = this.#columns.get(signal) as Column;
    let [lowest, highest, present] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (let row = 0; row < this.#used; row++) {
      const x = this.#given(column[row] as number);
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
