import { DecayedCovariance } from '../../stats/decayed-covariance.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { fillMissing, whiteningOf } from '../../stats/whitening.ts';

/** Signals that are whitened together: a decomposition of more would be felt on the event loop. */
export const MOST_TOGETHER = 64;
/** What a combination that hardly varies may weigh, and what a short past adds to that: signals over rows. */
const RIDGE = 0.03;
/** A signal that is quiet for long keeps at least this share of its reach as its spread. */
const LEAST_SPREAD = 0.02;
/** Spreads from the mean at which a signal stops counting for more. */
const FARTHEST = 30;
/** What it counts for when a signal moves that never did. */
const MOVED = 10;
/** A signal seen in fewer rows than this is not told from missing. */
const LEAST_SEEN = 32;
/** One part of the distance is at most this. */
const MOST_PART = 20;

/** For the time of one look, by how many signals there are; a view of a part costs more than what is done with it. */
const STANDARDISED: readonly Float64Array[] = Array.from(
  { length: MOST_TOGETHER + 1 },
  (_, size) => new Float64Array(size),
);

/**
 * One way of looking at a group of signals (their levels, or their steps): what is learned of how they vary together, and how far
 * a row is from that in parts that do not depend on each other.
 */
export class View {
  readonly #memory: number;
  readonly moments: DecayedCovariance;
  #root: Float32Array | undefined;
  #rootSize = 0;
  /** Rows learned since the root was taken. */
  #since = 0;
  /** Spread of each signal, 0 of a constant, NaN where too little was seen; worked out again after something was learned. */
  #spreads = new Float64Array(0);
  #spreadsOf = -1;

  constructor(memory: number) {
    this.#memory = memory;
    this.moments = new DecayedCovariance(memory);
  }

  get ready(): boolean {
    return this.#root !== undefined;
  }

  learn(row: Float64Array): void {
    this.moments.learn(row);
    this.#since++;
    this.#spreadsOf = -1;
  }

  /** How overdue a new root is, in multiples of the rows between two; from 1 on it is due. */
  overdue(rows: number): number {
    if (!this.#root) return Number.POSITIVE_INFINITY;
    return this.#since / Math.min(this.#memory / 10, Math.max(32, rows / 4));
  }

  /** Takes in what was learned. Cost: see `whiteningOf`. */
  refresh(): void {
    const size = this.moments.size;
    const correlation = new Float64Array(size * size);
    const spread = Float64Array.from({ length: size }, (_, i) => this.#spread(i) || 1);
    let seen = 0;
    for (let i = 0; i < size; i++) {
      seen = Math.max(seen, this.moments.seen(i));
      for (let j = 0; j < size; j++)
        correlation[i * size + j] = this.moments.covariance(i, j) / ((spread[i] as number) * (spread[j] as number));
    }
    const ridge = RIDGE + size / Math.max(size, Math.min(seen, this.#memory));
    this.#root = whiteningOf(correlation, size, ridge);
    this.#rootSize = size;
    this.#since = 0;
  }

  /** Spreads from the mean, NaN where nothing can be said. */
  standardised(i: number, x: number): number {
    if (this.#spreadsOf !== this.moments.size) this.#takeSpreads();
    const spread = this.#spreads[i] as number;
    const away = this.moments.away(i, x);
    if (spread === 0) return Math.sign(away) * MOVED;
    const z = away / spread;
    return z > FARTHEST ? FARTHEST : z < -FARTHEST ? -FARTHEST : z;
  }

  /** What the signal shows now is its mean from here on. */
  moveTo(i: number, x: number): void {
    this.moments.moveTo(i, x);
    this.#spreadsOf = -1;
  }

  /** The uncorrelated parts of a row. Answers with how many of its numbers were there; parts of others come from what was. */
  partsOf(row: Float64Array, into: Float64Array): number {
    const size = this.#rootSize;
    const z = STANDARDISED[size] as Float64Array;
    let there = 0;
    for (let i = 0; i < size; i++) {
      const x = row[i] as number;
      const own = Number.isNaN(x) ? Number.NaN : this.standardised(i, x);
      if (!Number.isNaN(own)) there++;
      z[i] = own;
    }
    if (there === 0) {
      into.fill(0);
      return 0;
    }
    this.whiten(z, into);
    return there;
  }

  /** From spreads to uncorrelated parts; fills what is missing in `z`. */
  whiten(z: Float64Array, into: Float64Array): void {
    const root = this.#root as Float32Array;
    const size = this.#rootSize;
    fillMissing(root, z);
    into.fill(0, size);
    // Four rows at a time: their sums do not wait for each other.
    const last = (size - 1) * size;
    for (let i = 0, a = 0; i < size; i += 4, a += 4 * size) {
      const b = Math.min(last, a + size);
      const c = Math.min(last, b + size);
      const d = Math.min(last, c + size);
      let [one, two, three, four] = [0, 0, 0, 0];
      for (let j = 0; j < size; j++) {
        const x = z[j] as number;
        one += (root[a + j] as number) * x;
        two += (root[b + j] as number) * x;
        three += (root[c + j] as number) * x;
        four += (root[d + j] as number) * x;
      }
      into[i] = atMost(one);
      if (i + 1 < size) into[i + 1] = atMost(two);
      if (i + 2 < size) into[i + 2] = atMost(three);
      if (i + 3 < size) into[i + 3] = atMost(four);
    }
  }

  get rootSize(): number {
    return this.#rootSize;
  }

  #takeSpreads(): void {
    const size = this.moments.size;
    if (this.#spreads.length !== size) this.#spreads = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const known = this.moments.seen(i) >= LEAST_SEEN;
      this.#spreads[i] = !known ? Number.NaN : this.moments.isConstant(i) ? 0 : this.#spread(i);
    }
    this.#spreadsOf = size;
  }

  #spread(i: number): number {
    return Math.max(this.moments.deviation(i), LEAST_SPREAD * this.moments.reach(i));
  }

  write(to: NumberWriter): void {
    this.moments.write(to);
    to.number(this.#since);
    to.number(this.#rootSize);
    if (this.#root) to.floats(this.#root);
  }

  read(from: NumberReader): void {
    this.moments.read(from, MOST_TOGETHER);
    this.#spreadsOf = -1;
    this.#since = from.number();
    this.#rootSize = from.number();
    if (!(this.#rootSize >= 0 && this.#rootSize <= this.moments.size)) throw new RangeError('a root of another size');
    this.#root = undefined;
    if (this.#rootSize === 0) return;
    this.#root = new Float32Array(this.#rootSize ** 2);
    from.floats(this.#root);
  }
}

const atMost = (part: number): number => (part > MOST_PART ? MOST_PART : part < -MOST_PART ? -MOST_PART : part);
