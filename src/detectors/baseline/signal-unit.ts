import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { robustScale } from '../../stats/robust-scale.ts';

/** The unit of the asinh scale, as a share of the usual size of the signal … */
const OF_SIZE = 0.05;
/** … and as a multiple of its usual step from sample to sample, so that noise around zero stays linear. */
const OF_STEP = 1.5;
/** Samples over which size and step are averaged. */
const MEMORY = 1_000;
/** One sample counts for at most this many times what is usual. */
const CLIP = 8;
/** The unit is changed once it is this many times too fine or too coarse. */
const OFF = 3;

/** Chooses where the asinh scale of a signal turns from linear to logarithmic, and follows when the signal's size changes. */
export class SignalUnit {
  #unit = 1;
  #size = 0;
  #step = 0;
  #last = 0;
  #seen = 0;
  #least = 0;

  /** True where no value below zero was ever seen. */
  get neverNegative(): boolean {
    return this.#least >= 0;
  }

  get value(): number {
    return this.#unit;
  }

  /** Begins anew from raw values, newest first, at least one. A signal that was always zero gets `ofZero`. */
  begin(values: readonly number[], ofZero: number): void {
    this.#size = winsorisedMean(values.map(bounded));
    this.#step = winsorisedMean(values.slice(1).map((value, i) => bounded(value - (values[i] as number))));
    this.#last = values[0] as number;
    this.#seen = values.length;
    this.#least = values.reduce((a, b) => Math.min(a, b), 0);
    this.#unit = this.#wanted() || ofZero;
  }

  /** Learns one raw value; true where the unit is no longer fit and `change` should be called. */
  learn(x: number): boolean {
    this.#seen += 1;
    const rate = Math.max(1 / MEMORY, 1 / this.#seen);
    this.#size = follow(this.#size, bounded(x), rate);
    this.#step = follow(this.#step, bounded(x - this.#last), rate);
    this.#last = x;
    this.#least = Math.min(this.#least, x);
    const wanted = this.#wanted();
    return wanted > OFF * this.#unit || (wanted > 0 && wanted * OFF < this.#unit);
  }

  /** Takes the unit that fits now. */
  change(): void {
    this.#unit = this.#wanted();
  }

  write(to: NumberWriter): void {
    for (const value of [this.#unit, this.#size, this.#step, this.#last, this.#seen, this.#least]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#unit = from.number();
    this.#size = from.number();
    this.#step = from.number();
    this.#last = from.number();
    this.#seen = from.number();
    this.#least = from.number();
  }

  /** Within the range in which products and quotients of it stay finite; 0 where nothing was seen but zeros. */
  #wanted(): number {
    const wanted = Math.max(OF_SIZE * this.#size, OF_STEP * this.#step);
    return wanted > 0 ? Math.min(1e300, Math.max(1e-300, wanted)) : 0;
  }
}

/** The size of a number, kept where sums and products of sizes stay finite. */
const bounded = (x: number): number => Math.min(1e300, Math.abs(x));

const follow = (mean: number, value: number, rate: number): number =>
  mean + rate * (Math.min(value, CLIP * (mean || value)) - mean);

/** Mean of non-negative values, none counted for more than `CLIP` times their median (or mean, where that is 0). */
function winsorisedMean(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const { centre, scale } = robustScale(values);
  return values.reduce((sum, value) => sum + Math.min(value, CLIP * (centre || scale)) / values.length, 0);
}
