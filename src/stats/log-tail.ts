import { paretoSurprise } from './generalised-pareto.ts';
import { quarterOctave } from './log-bucket.ts';
import type { NumberReader, NumberWriter } from './number-codec.ts';
import { ALONE, type Piece, type Room } from './room.ts';

/** Two buckets in each doubling, from 2^-12 to 2^8; the first takes zero and all that is smaller. */
const PER_OCTAVE = 2;
const LOWEST = -12;
const BUCKETS = 40;
/** Up to this share of the mass the tail is counted; beyond it the generalised Pareto law speaks. */
const TAIL_SHARE = 0.05;
const LN_SHARE = -Math.log(TAIL_SHARE);
/** The scale of the law is never below this share of its threshold. */
const LEAST_SCALE = 0.02;
/** Too few to say anything. */
const SILENT = 20;
/** Updates between two fits; a young tail is fitted at each. */
const UPDATES_PER_FIT = 16;
const YOUNG = 100;

/** The numbers of a tail, in the order in which they lie in its place; its counts follow. */
const [SEEN, UPDATES, TOTAL, THRESHOLD, SCALE, NUMBERS] = [0, 1, 2, 3, 4, 5] as const;

const EDGES = Float64Array.from({ length: BUCKETS + 1 }, (_, k) => (k === 0 ? 0 : 2 ** (LOWEST + k / PER_OCTAVE)));

function bucketOf(magnitude: number): number {
  if (!(magnitude >= (EDGES[1] as number))) return 0;
  const bucket = (quarterOctave(magnitude) >> 1) - LOWEST * PER_OCTAVE;
  return bucket >= BUCKETS ? BUCKETS - 1 : bucket;
}

/**
 * How surprising a non-negative magnitude is against all that came before, with no law assumed for the bulk: the empirical tail up
 * to the 95 % quantile, a generalised Pareto law with fixed shape above it. Old counts fade with `memory` (in updates). It is
 * silent (0) until it has seen 20. Unlike `DecayedTail` it has no prior and tells magnitudes apart over 20 octaves: it is meant for
 * distances, of which most are nearly zero.
 *
 * `least` keeps the scale of the law from vanishing: a move by less is never endless news. NaN counts as 0.
 * Cost: 40 four-byte counts, about 40 ns a call.
 *
 * Source: A. Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017 (peaks over threshold).
 */
export class LogTail {
  readonly #piece: Piece;
  readonly #at: number;
  readonly #countsAt: number;
  readonly #memory: number;
  readonly #least: number;
  readonly #shape: number;

  /** `shape` of the law beyond, in [0, 1). */
  constructor(memory: number, least: number, shape: number, room: Room = ALONE) {
    const { piece, floatsAt } = room.take(0, NUMBERS + BUCKETS);
    this.#piece = piece;
    this.#at = floatsAt;
    this.#countsAt = floatsAt + NUMBERS;
    this.#shape = shape;
    this.#memory = memory;
    this.#least = least;
    piece.floats[floatsAt + SCALE] = 1;
  }

  /** −ln P(magnitude or more), ≥ 0 and finite. Changes nothing. */
  surprise(magnitude: number): number {
    const { floats } = this.#piece;
    if ((floats[this.#at + SEEN] as number) < SILENT || !(magnitude > 0)) return 0;
    const threshold = floats[this.#at + THRESHOLD] as number;
    if (magnitude > threshold) {
      const scale = floats[this.#at + SCALE] as number;
      return LN_SHARE + paretoSurprise(Math.min(1e300, magnitude) - threshold, scale, this.#shape);
    }
    return -Math.log(Math.min(1, Math.max(TAIL_SHARE, this.#share(magnitude))));
  }

  /** Learns one magnitude with a weight of 0 … 1. */
  learn(magnitude: number, weight: number): void {
    const { floats } = this.#piece;
    const at = this.#at;
    const bucket = this.#countsAt + bucketOf(magnitude);
    floats[bucket] = (floats[bucket] as number) + weight;
    floats[at + TOTAL] = (floats[at + TOTAL] as number) + weight;
    const seen = (floats[at + SEEN] as number) + weight;
    floats[at + SEEN] = seen;
    const updates = (floats[at + UPDATES] as number) + 1;
    floats[at + UPDATES] = updates;
    if (updates >= (seen < YOUNG ? 1 : UPDATES_PER_FIT)) this.#fit();
  }

  /** All magnitudes are from now on `factor` times what they were; for a change of unit. */
  rescale(factor: number): void {
    const by = Math.round(Math.log2(factor) * PER_OCTAVE);
    const counts = this.#counts();
    const old = counts.slice();
    counts.fill(0);
    for (let k = 0; k < BUCKETS; k++) {
      const to = k === 0 ? 0 : Math.min(BUCKETS - 1, Math.max(0, k + by));
      counts[to] = (counts[to] as number) + (old[k] as number);
    }
    this.#fit();
  }

  write(to: NumberWriter): void {
    to.sparse(this.#piece.floats.subarray(this.#at, this.#countsAt + BUCKETS));
  }

  read(from: NumberReader): void {
    from.sparse(this.#piece.floats.subarray(this.#at, this.#countsAt + BUCKETS));
  }

  #counts(): Float32Array {
    return this.#piece.floats.subarray(this.#countsAt, this.#countsAt + BUCKETS);
  }

  /** Fades old counts, then fits threshold and scale to what is left. */
  #fit(): void {
    const { floats } = this.#piece;
    const at = this.#at;
    const from = this.#countsAt;
    const updates = floats[at + UPDATES] as number;
    const fade = (floats[at + SEEN] as number) < YOUNG ? 1 : 1 - updates / (this.#memory + updates);
    let total = 0;
    for (let k = from; k < from + BUCKETS; k++) {
      const count = (floats[k] as number) * fade;
      floats[k] = count;
      total += count;
    }
    floats[at + TOTAL] = total;
    floats[at + UPDATES] = 0;
    const wanted = TAIL_SHARE * total;
    let bucket = BUCKETS - 1;
    let above = 0;
    while (bucket > 0 && above + (floats[from + bucket] as number) <= wanted) {
      above += floats[from + bucket] as number;
      bucket--;
    }
    const low = EDGES[bucket] as number;
    const high = EDGES[bucket + 1] as number;
    const here = floats[from + bucket] as number;
    const inside = here > 0 ? (wanted - above) / here : 0;
    const threshold = bucket === 0 ? 0 : high - (high - low) * inside;
    const floor = Math.max(LEAST_SCALE * threshold, this.#least);
    floats[at + THRESHOLD] = threshold;
    floats[at + SCALE] = Math.max(floor, (1 - this.#shape) * this.#meanExcess(threshold, bucket, inside, floor));
  }

  /** Mean distance above the threshold, with one exceedance of the smallest scale beside those counted. */
  #meanExcess(threshold: number, bucket: number, inside: number, floor: number): number {
    const { floats } = this.#piece;
    const from = this.#countsAt;
    let count = 1;
    let sum = floor;
    for (let k = bucket; k < BUCKETS; k++) {
      const weight = (floats[from + k] as number) * (k === bucket ? Math.min(1, inside) : 1);
      if (weight === 0) continue;
      const low = Math.max(EDGES[k] as number, threshold);
      count += weight;
      sum += weight * ((low + (EDGES[k + 1] as number)) / 2 - threshold);
    }
    return sum / count;
  }

  /** Share of the mass at or above a magnitude; within a bucket the mass is taken as even. */
  #share(magnitude: number): number {
    const { floats } = this.#piece;
    const from = this.#countsAt;
    const bucket = bucketOf(magnitude);
    // Most distances are small: what is below is added up sooner than what is above.
    let below = 0;
    for (let k = from; k <= from + bucket; k++) below += floats[k] as number;
    const total = floats[this.#at + TOTAL] as number;
    const above = Math.max(0, total - below);
    const low = EDGES[bucket] as number;
    const high = EDGES[bucket + 1] as number;
    const part = ((floats[from + bucket] as number) * (high - magnitude)) / (high - low);
    return (above + part) / total;
  }
}
