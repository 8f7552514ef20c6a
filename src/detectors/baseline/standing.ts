import type { Direction } from '../../domain/signal.ts';
import type { DurationMs } from '../../domain/time.ts';
import { ewmaWeight } from '../../stats/ewma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** A residual counts for no more spreads than this. */
const CLIP = 12;
/** A step back by this share of the mean … */
const BACK = 0.5;
/** … that is this many times the usual step, ends what stood: one in 30,000 under the normal law. */
const UNUSUAL = 4;
/** A hold that begins with a step of so many usual ones began with a leap; a week at a sample a second sees no such step by chance. */
const LEAP = 5;
/** Rate at which the usual size of steps and of the mean are learned, in samples. */
const RATE = 1 / 500;
/** The mean of independent hours is never steadier than this share of one sample; references err as well. */
const STEADIEST = 0.2;
/** Less than this share left of what the first quarter of an hour (of the memory) showed is no fault that stands. */
const LEFT = 0.5;
const FIRST_PART = 4;
/** A mean over this many of its spreads is beyond doubt. */
const MOST = 40;

interface Mean {
  readonly mean: number;
  readonly count: number;
  readonly since: DurationMs;
  readonly back: boolean;
}

/**
 * Is what was found still there? A mean of standardised residuals from the reference, begun anew when a hold begins and when the
 * signal leaps back, so that it says within minutes that a fault has ended, and yet does not end one for a few lucky samples. It
 * is meant for closing: it opens nothing.
 */
export class Standing {
  #mean = 0;
  /** Samples since the mean was begun. */
  #count = 1e9;
  /** Time since the mean was begun, and whether by a leap back. */
  #since: DurationMs = 0;
  #back = false;
  /** The mean of the first part of the memory. */
  #first = 0;
  #last = 0;
  #held = false;
  /** The hold began with a leap. */
  #leapt = false;
  #usualStep = 0.5;
  #usualMean = 0.5;

  /** −ln p that a normal signal has such a mean, ≥ 0; `z` is not in it yet. Changes nothing. */
  surprise(z: number, elapsed: DurationMs, memory: DurationMs, direction: Direction): number {
    const { mean, since, back } = this.#next(z, elapsed, memory, true);
    if (Math.abs(mean) < LEFT * Math.abs(this.#first)) return 0;
    if ((direction === 'up' && mean < 0) || (direction === 'down' && mean > 0)) return 0;
    // What leapt back is presumed normal: its mean is as unsteady as one sample until it has lasted.
    const own = back ? Math.exp((-2 * since) / memory) : 0;
    const spread = 1.3 * (own + (1 - own) * Math.max(STEADIEST, 1.25 * this.#usualMean));
    const t = Math.min(MOST, Math.abs(mean) / spread);
    // Mills' ratio bounds the normal tail; the constant makes it 0 at 0.
    return (t * t) / 2 + Math.log1p(t);
  }

  advance(z: number, elapsed: DurationMs, memory: DurationMs, how: 'learn' | 'hold'): void {
    const next = this.#next(z, elapsed, memory, how === 'hold');
    const step = Math.abs(z - this.#last);
    if (how === 'learn') {
      this.#usualStep += RATE * (Math.min(step, 6 * this.#usualStep) - this.#usualStep);
      this.#usualMean += RATE * (Math.min(Math.abs(next.mean), 6 * this.#usualMean) - this.#usualMean);
    }
    if (next.since <= memory / FIRST_PART) this.#first = next.mean;
    this.#mean = next.mean;
    this.#count = next.count;
    this.#since = next.since;
    this.#back = next.back;
    this.#leapt = how === 'hold' && (this.#held ? this.#leapt : step >= LEAP * 1.25 * this.#usualStep);
    this.#held = how === 'hold';
    this.#last = z;
  }

  /** What is held came from one sample to the next, as faults do and the clocks of summer time do not. */
  get leapt(): boolean {
    return this.#leapt;
  }

  settle(): void {
    this.#mean = 0;
    this.#first = 0;
    this.#count = 1e9;
    this.#back = false;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#mean, this.#count, this.#since, this.#last]) to.number(value);
    to.number((this.#held ? 1 : 0) + (this.#back ? 2 : 0) + (this.#leapt ? 4 : 0));
    for (const value of [this.#first, this.#usualStep, this.#usualMean]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#mean = from.number();
    this.#count = from.number();
    this.#since = from.number();
    this.#last = from.number();
    const flags = from.number();
    this.#held = flags % 2 === 1;
    this.#back = Math.floor(flags / 2) % 2 === 1;
    this.#leapt = flags >= 4;
    this.#first = from.number();
    this.#usualStep = from.number();
    this.#usualMean = from.number();
  }

  #next(z: number, elapsed: DurationMs, memory: DurationMs, hold: boolean): Mean {
    const clipped = Math.max(-CLIP, Math.min(CLIP, z));
    const step = (this.#last - z) * Math.sign(this.#mean);
    const leapsBack = this.#held && step >= BACK * Math.abs(this.#mean) && step >= UNUSUAL * 1.25 * this.#usualStep;
    if (leapsBack || (hold && !this.#held)) return { mean: clipped, count: 0, since: 0, back: leapsBack };
    const weight = Math.max(ewmaWeight(elapsed, memory), 1 / (this.#count + 2));
    return {
      mean: this.#mean + Math.min(1, weight) * (clipped - this.#mean),
      count: this.#count + 1,
      since: this.#since + elapsed,
      back: this.#back,
    };
  }
}
