import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** Samples of the running mean of steps: its relative spread is a tenth where steps are independent. */
const WINDOW = 60;
/** One step counts for at most so many usual ones, so that a leap and the way back are no unrest. */
const CLIP = 4;
/** Parts of the memory; the last two are not compared with, so that what grows slowly is not its own measure. */
const PARTS = 20;
/** Samples over which the usual step is averaged. */
const USUAL = 5_000;
/** Fewer samples than these are no past to compare with. */
const READY = 2_000;
/** A mean so far beyond the highest remembered has a p of one in all samples; it is never compared with less than `LEAST` usual steps. */
const BEYOND = 0.25;
const LEAST = 1.3;
/** −ln p ends here; more says nothing more. */
const MOST = 60;

/**
 * Does the signal move more from sample to sample than it ever did? A running mean of steps away from what was expected, measured
 * against the highest that is remembered. Where noise lasts for many samples its doubling is hardly to be seen in values, which are
 * usual most of the time, and plain in the steps. It holds as long as the unrest does. One leap leaves it silent, and so does a night
 * that is quieter than the day.
 */
export class Unrest {
  readonly #memory: number;
  #last = Number.NaN;
  #mean = 0;
  /** The usual step. */
  #usual = 0;
  #seen = 0;
  /** Highest mean of this memory and of the one before, without the two last parts, which stand for themselves. */
  #highest = 0;
  #before = 0;
  #thisPart = 0;
  #lastPart = 0;
  /** Samples into this part; parts into this memory. */
  #into = 0;
  #parts = 0;

  /** `memory` in samples. */
  constructor(memory: number) {
    this.#memory = memory;
  }

  /** −ln p with a sample so far from what was expected, ≥ 0. Changes nothing. */
  surprise(away: number): number {
    const highest = Math.max(this.#highest, this.#before);
    if (this.#seen < READY || highest === 0) return 0;
    const beyond = this.#meanWith(away) / Math.max(highest, LEAST * this.#usual) - 1;
    return beyond <= 0 ? 0 : Math.min(MOST, (beyond / BEYOND) * Math.log(this.#seen));
  }

  /** On `hold` the filter moves, and nothing is learned. */
  advance(away: number, how: 'learn' | 'hold'): void {
    const step = Number.isNaN(this.#last) ? this.#usual : Math.abs(away - this.#last);
    this.#mean = this.#meanWith(away);
    this.#last = away;
    if (how === 'hold') return;
    this.#seen = Math.min(this.#seen + 1, 2 * this.#memory);
    const clipped = this.#seen < WINDOW ? step : Math.min(step, CLIP * this.#usual);
    this.#usual += (clipped - this.#usual) / Math.min(this.#seen, USUAL);
    if (this.#seen < 2 * WINDOW) return;
    this.#thisPart = Math.max(this.#thisPart, this.#mean);
    if (++this.#into >= this.#memory / PARTS) this.#turn();
  }

  /** It may move like this. */
  accept(): void {
    this.#highest = Math.max(this.#highest, this.#mean);
    this.#last = Number.NaN;
  }

  /** After a gap nobody knows the step. */
  interrupt(): void {
    this.#last = Number.NaN;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#last, this.#mean, this.#usual, this.#seen, this.#highest]) to.number(value);
    for (const value of [this.#before, this.#thisPart, this.#lastPart, this.#into, this.#parts]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#last = from.number();
    this.#mean = from.number();
    this.#usual = from.number();
    this.#seen = from.number();
    this.#highest = from.number();
    this.#before = from.number();
    this.#thisPart = from.number();
    this.#lastPart = from.number();
    this.#into = from.number();
    this.#parts = from.number();
  }

  #meanWith(away: number): number {
    const step = Number.isNaN(this.#last) ? this.#usual : Math.abs(away - this.#last);
    const clipped = this.#seen < WINDOW ? step : Math.min(step, CLIP * this.#usual);
    return this.#mean + (clipped - this.#mean) / Math.min(WINDOW, this.#seen + 1);
  }

  #turn(): void {
    this.#into = 0;
    this.#highest = Math.max(this.#highest, this.#lastPart);
    this.#lastPart = this.#thisPart;
    this.#thisPart = 0;
    if (++this.#parts < PARTS) return;
    this.#parts = 0;
    this.#before = this.#highest;
    this.#highest = 0;
  }
}
