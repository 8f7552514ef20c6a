import type { NumberReader, NumberWriter } from './number-codec.ts';
import { ALONE, type Piece, type Room } from './room.ts';

/** Buckets of an eighth of a nat; the last takes all beyond 8. */
const PER_NAT = 8;
const BUCKETS = 64;
/** Above this quantile the excess is taken as exponential. */
const TAIL_SHARE = 0.02;
/**
 * Before anything was seen the statistic is taken for exponential, with the weight of so many samples and clusters.
 */
const PRIOR = { samples: 2_000, clusters: 10 };
/** Excesses closer than this many samples are one cluster; only its largest teaches the tail. */
const APART = 10;
/** One cluster counts for no more than this many scales. */
const FARTHEST = 5;
/** Clusters after which old ones fade. */
const CLUSTERS = 400;
/** Updates between two fits. */
const UPDATES_PER_FIT = 16;

/**
 * Turns a fused statistic (any number ≥ 0 that grows with strangeness) into −ln p on its own past: empirical up to the 98 % quantile,
 * exponential above it with the mean excess of cluster maxima. The prior is heavy, so that the map of one signal hardly moves while
 * it is looked at, and signals with a wild past get a longer way to the same surprise. Old counts fade with `memory` (in updates).
 * Cost: 64 four-byte counts.
 *
 * Source: C. A. T. Ferro, J. Segers, "Inference for clusters of extreme values", JRSS B 65 (2003), runs declustering.
 */
export class SurpriseScale {
  readonly #piece: Piece;
  readonly #at: number;
  readonly #memory: number;
  #total = 0;
  #updates = 0;
  readonly #prior: { readonly scale: number; readonly excess: number };
  #threshold: number;
  #excess: number;
  #clusterSum = 0;
  #clusters = 0;
  #largest = 0;
  #weight = 0;
  #since = 0;

  /** `prior`: scale of the exponential law, and mean excess of clusters, that are assumed of a signal without a past. */
  constructor(memory: number, prior: { readonly scale: number; readonly excess: number }, room: Room = ALONE) {
    const { piece, floatsAt } = room.take(0, BUCKETS);
    [this.#piece, this.#at] = [piece, floatsAt];
    this.#memory = memory;
    this.#prior = prior;
    this.#threshold = -prior.scale * Math.log(TAIL_SHARE);
    this.#excess = prior.excess;
  }

  /** −ln p, ≥ 0, finite, growing with the statistic. Changes nothing. */
  surprise(statistic: number): number {
    if (statistic > this.#threshold) return (statistic - this.#threshold) / this.#excess - Math.log(TAIL_SHARE);
    return -Math.log(Math.min(1, Math.max(TAIL_SHARE, this.#share(statistic))));
  }

  learn(statistic: number, weight: number): void {
    const { floats } = this.#piece;
    const bucket = this.#at + Math.min(BUCKETS - 1, Math.floor(statistic * PER_NAT));
    floats[bucket] = (floats[bucket] as number) + weight;
    this.#total += weight;
    this.#updates += 1;
    this.#follow(statistic - this.#threshold, weight);
    if (this.#updates >= UPDATES_PER_FIT) this.#fit();
  }

  write(to: NumberWriter): void {
    to.sparse(this.#counts());
    for (const value of [this.#total, this.#updates, this.#threshold, this.#excess]) to.number(value);
    for (const value of [this.#clusterSum, this.#clusters, this.#largest, this.#weight, this.#since]) to.number(value);
  }

  read(from: NumberReader): void {
    from.sparse(this.#counts());
    this.#total = from.number();
    this.#updates = from.number();
    this.#threshold = from.number();
    this.#excess = from.number();
    this.#clusterSum = from.number();
    this.#clusters = from.number();
    this.#largest = from.number();
    this.#weight = from.number();
    this.#since = from.number();
  }

  #counts(): Float32Array {
    return this.#piece.floats.subarray(this.#at, this.#at + BUCKETS);
  }

  #share(statistic: number): number {
    const { floats } = this.#piece;
    const from = this.#at;
    const at = Math.min(BUCKETS - 1, Math.floor(statistic * PER_NAT));
    // Most of what is asked lies low: what is below is added up sooner than what is above.
    let below = 0;
    for (let k = 0; k <= at; k++) below += floats[from + k] as number;
    const above = Math.max(0, this.#total - below);
    const inside = Math.max(0, at + 1 - statistic * PER_NAT);
    const prior = PRIOR.samples * Math.exp(-statistic / this.#prior.scale);
    return (above + (floats[from + at] as number) * inside + prior) / (this.#total + PRIOR.samples);
  }

  #follow(excess: number, weight: number): void {
    if (excess > 0) {
      this.#largest = Math.max(this.#largest, Math.min(excess, FARTHEST * this.#excess));
      this.#weight = Math.max(this.#weight, weight);
      this.#since = 0;
    } else if (this.#largest > 0 && ++this.#since > APART) {
      this.#clusterSum += this.#weight * this.#largest;
      this.#clusters += this.#weight;
      if (this.#clusters > CLUSTERS) {
        this.#clusterSum /= 2;
        this.#clusters /= 2;
      }
      const prior = PRIOR.clusters;
      this.#excess = (prior * this.#prior.excess + this.#clusterSum) / (prior + this.#clusters);
      this.#largest = 0;
      this.#weight = 0;
    }
  }

  #fit(): void {
    const fade = Math.exp(-this.#updates / this.#memory);
    const { floats } = this.#piece;
    for (let k = this.#at; k < this.#at + BUCKETS; k++) floats[k] = (floats[k] as number) * fade;
    this.#total *= fade;
    this.#updates = 0;
    // The share falls monotonically, so halving an interval finds the quantile.
    let low = 0;
    let high = BUCKETS / PER_NAT;
    for (let step = 0; step < 12; step++) {
      const middle = (low + high) / 2;
      if (this.#share(middle) > TAIL_SHARE) low = middle;
      else high = middle;
    }
    this.#threshold = low;
  }
}
