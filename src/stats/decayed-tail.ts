import { paretoExcess, paretoSurprise } from './generalised-pareto.ts';
import { quarterOctave } from './log-bucket.ts';
import type { NumberReader, NumberWriter } from './number-codec.ts';
import { ALONE, type Piece, type Room } from './room.ts';

/** Buckets for magnitudes from 2^-4 up to 2^6.5, four in each doubling; the first takes all that is smaller. */
const PER_OCTAVE = 4;
const LOWEST = -4;
const BUCKETS = 42;
/** Up to this share of the mass the tail is counted; beyond it the generalised Pareto law speaks. */
const TAIL_SHARE = 0.02;
/** Shape of the law beyond: heavier than exponential, lighter than what is known of incidents. Found on NAB and mscloud. */
const SHAPE = 0.15;
/** The scale of the law is never below this share of its threshold: a light past must not make small news infinite. */
const LEAST_SCALE = 0.1;
/** One exceedance counts at most as this many scales. A lasting fault must not teach the tail that faults are usual. */
const FARTHEST_IN_SCALES = 6;
/** A young tail forgets faster, so that its first steps do not weigh for long: memory is this and half of what was seen. */
const YOUNGEST_MEMORY = 100;
/** Updates between two fits of threshold and scale; a fit costs two passes over the buckets. */
const UPDATES_PER_FIT = 16;

/** The numbers of a tail, in the order in which they lie in its place; its counts follow. */
const [TOTAL, SEEN, UPDATES, THRESHOLD, SCALE, NUMBERS] = [0, 1, 2, 3, 4, 5] as const;

const edge = (bucket: number): number => 2 ** (LOWEST + bucket / PER_OCTAVE);
const EDGES = Float64Array.from({ length: BUCKETS + 1 }, (_, bucket) => (bucket === 0 ? 0 : edge(bucket)));

function bucketOf(magnitude: number): number {
  if (!(magnitude >= (EDGES[1] as number))) return 0;
  const bucket = quarterOctave(magnitude) - LOWEST * PER_OCTAVE;
  return bucket >= BUCKETS ? BUCKETS - 1 : bucket;
}

/**
 * Learns how far a non-negative magnitude usually goes and says how surprising another one is, calibrated on its own past,
 * also beyond the largest that was ever seen: counted in log buckets up to the 98 % quantile, a generalised Pareto law with
 * fixed shape and fitted scale above it. Old counts fade with `memory` (in updates). Until it has seen something it speaks
 * for one side of the normal law, with the weight of `prior` samples; zero means "nothing on this side".
 *
 * Magnitudes are meant to be standardised: 2^-4 … 2^6.5 is told apart; NaN counts as 0. Cost: 42 four-byte counts, about 50 ns a call.
 * Wrong for samples far heavier than its shape (Pareto with exponent below 3: too many alarms) and for dependent samples
 * in so far as one episode counts as often as it was sampled.
 *
 * Source: A. Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017 (peaks over threshold),
 * with a fixed shape and decayed bucket counts instead of a list of peaks.
 */
export class DecayedTail {
  readonly #piece: Piece;
  readonly #at: number;
  readonly #countsAt: number;
  readonly #memory: number;
  readonly #shape: number;

  /** `shape` of the law beyond: 0 for magnitudes that are −ln p themselves, whose tail is exponential. */
  constructor(memory: number, prior = 32, shape = SHAPE, room: Room = ALONE) {
    const { piece, at, floatsAt } = room.take(NUMBERS, BUCKETS);
    [this.#piece, this.#at, this.#countsAt] = [piece, at, floatsAt];
    this.#memory = memory;
    this.#shape = shape;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      piece.floats[floatsAt + bucket] =
        prior * (normalSurvival(EDGES[bucket] as number) - normalSurvival(EDGES[bucket + 1] as number));
    }
    // The other half of the normal law lies on the other side.
    piece.floats[floatsAt] = (piece.floats[floatsAt] as number) + prior / 2;
    this.#fit();
  }

  /** −ln P(magnitude or more), ≥ 0 and finite. Changes nothing. */
  surprise(magnitude: number): number {
    if (!(magnitude > 0)) return 0;
    const threshold = this.#number(THRESHOLD);
    if (magnitude > threshold) {
      return -Math.log(TAIL_SHARE) + paretoSurprise(magnitude - threshold, this.#number(SCALE), this.#shape);
    }
    return -Math.log(Math.min(1, Math.max(TAIL_SHARE, this.#share(magnitude))));
  }

  /** The magnitude whose surprise is −ln `p`; `p` in (0, 1). */
  magnitude(p: number): number {
    if (p <= TAIL_SHARE) {
      return this.#number(THRESHOLD) + this.#number(SCALE) * unitExcess(p, this.#shape);
    }
    return this.#quantile(p);
  }

  /** Learns one magnitude with a weight of 0 … 1. */
  learn(magnitude: number, weight = 1): void {
    const { doubles, floats } = this.#piece;
    const at = this.#at;
    const farthest = (doubles[at + THRESHOLD] as number) + FARTHEST_IN_SCALES * (doubles[at + SCALE] as number);
    const bucket = this.#countsAt + bucketOf(magnitude > farthest ? farthest : magnitude);
    floats[bucket] = (floats[bucket] as number) + weight;
    doubles[at + TOTAL] = (doubles[at + TOTAL] as number) + weight;
    doubles[at + SEEN] = (doubles[at + SEEN] as number) + 1;
    const updates = (doubles[at + UPDATES] as number) + 1;
    doubles[at + UPDATES] = updates;
    if (updates >= UPDATES_PER_FIT) this.#fit();
  }

  write(to: NumberWriter): void {
    to.floats(this.#counts());
    for (let which = 0; which < NUMBERS; which++) to.number(this.#number(which));
  }

  read(from: NumberReader): void {
    from.floats(this.#counts());
    for (let which = 0; which < NUMBERS; which++) this.#piece.doubles[this.#at + which] = from.number();
  }

  #number(which: number): number {
    return this.#piece.doubles[this.#at + which] as number;
  }

  #counts(): Float32Array {
    return this.#piece.floats.subarray(this.#countsAt, this.#countsAt + BUCKETS);
  }

  /** Share of the mass at or above a magnitude; within a bucket the mass is taken as even. */
  #share(magnitude: number): number {
    const { floats } = this.#piece;
    const from = this.#countsAt;
    const at = bucketOf(magnitude);
    let above = 0;
    for (let bucket = BUCKETS - 1; bucket > at; bucket--) above += floats[from + bucket] as number;
    const low = EDGES[at] as number;
    const inside = (magnitude - low) / ((EDGES[at + 1] as number) - low);
    return (above + (floats[from + at] as number) * Math.max(0, 1 - inside)) / this.#number(TOTAL);
  }

  #quantile(share: number): number {
    const { floats } = this.#piece;
    const from = this.#countsAt;
    const wanted = share * this.#number(TOTAL);
    let above = 0;
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      const here = floats[from + bucket] as number;
      if (above + here >= wanted) {
        const low = EDGES[bucket] as number;
        return low + ((EDGES[bucket + 1] as number) - low) * (1 - (wanted - above) / here);
      }
      above += here;
    }
    return 0;
  }

  /** Fades old counts, then fits threshold and scale to what is left. */
  #fit(): void {
    const { doubles, floats } = this.#piece;
    const [at, from] = [this.#at, this.#countsAt];
    const memory = Math.min(this.#memory, YOUNGEST_MEMORY + (doubles[at + SEEN] as number) / 2);
    const fade = Math.exp(-(doubles[at + UPDATES] as number) / memory);
    let total = 0;
    for (let bucket = from; bucket < from + BUCKETS; bucket++) {
      const count = (floats[bucket] as number) * fade;
      floats[bucket] = count;
      total += count;
    }
    doubles[at + TOTAL] = total;
    doubles[at + UPDATES] = 0;
    const threshold = this.#quantile(TAIL_SHARE);
    doubles[at + THRESHOLD] = threshold;
    doubles[at + SCALE] = Math.max(
      LEAST_SCALE * threshold,
      (1 - this.#shape) * this.#meanExcess(threshold),
      EDGES[1] as number,
    );
  }

  /** Mean distance above the threshold, with one exceedance of the normal law's own size beside those counted. */
  #meanExcess(threshold: number): number {
    const { floats } = this.#piece;
    const from = this.#countsAt;
    let count = 1;
    let sum = 0.37;
    for (let bucket = bucketOf(threshold); bucket < BUCKETS; bucket++) {
      const low = Math.max(EDGES[bucket] as number, threshold);
      const high = EDGES[bucket + 1] as number;
      const width = high - (EDGES[bucket] as number);
      const weight = ((floats[from + bucket] as number) * (high - low)) / width;
      count += weight;
      sum += weight * ((low + high) / 2 - threshold);
    }
    return sum / count;
  }
}

const asked = { p: 1, shape: SHAPE, excess: 0 };

/** The excess at `p` where the scale is 1. A band asks for the same one again and again. */
function unitExcess(p: number, shape: number): number {
  if (p !== asked.p || shape !== asked.shape)
    Object.assign(asked, { p, shape, excess: paretoExcess(Math.log(TAIL_SHARE) - Math.log(p), 1, shape) });
  return asked.excess;
}

/** P(Z ≥ z) of the standard normal for z ≥ 0, by Abramowitz and Stegun 26.2.17: error below 7.5e-8. */
function normalSurvival(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return poly * Math.exp((-z * z) / 2) * 0.3989422804014327;
}
