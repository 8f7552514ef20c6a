import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { pinballLoss, quantileStep } from '../../stats/pinball.ts';

/** One chance in ten that a value comes lower, and one that it comes higher. */
const [LOW, HIGH] = [0.1, 0.9];
/** How fast old errors are forgotten: about ten samples, so that a trend is believed soon after it has begun. */
const RATE = 0.1;
/** A running quantile moves by this share of the usual error: across it within about ten samples. */
const QUANTILE_STEP = 0.4;
/** A quantile that is slow is as quick as the others while little was seen. */
const YOUNG = 20;

/** How right one predictor has been at one distance: quantiles of its errors, and its rolling pinball loss. */
export class Accuracy {
  /** Errors (what came less what was said) that are seldom gone below, and above. */
  #low = 0;
  #high = 0;
  #loss = 0;
  #size = 0;
  #seen = 0;
  readonly #slower: number;

  /** `slower`: errors made farther ahead overlap, and as many of them tell less: they are forgotten so many times slower. */
  constructor(slower = 1) {
    this.#slower = slower;
  }

  /** Mean of the pinball losses of late at 10, 50 and 90 %; infinite before the first. */
  get loss(): number {
    return this.#seen === 0 ? Number.POSITIVE_INFINITY : this.#loss;
  }

  /**
   * What may have to be added to the prediction, with one chance in ten beyond either end. The prediction itself stands in the
   * middle: a predictor whose errors all lean to one side is not put right, so that a better one is heard.
   */
  get band(): { readonly lower: number; readonly upper: number } {
    return { lower: Math.min(0, this.#low, this.#high), upper: Math.max(0, this.#low, this.#high) };
  }

  learn(error: number): void {
    const e = Math.max(-1e300, Math.min(1e300, error));
    const rate = Math.max(RATE / this.#slower, 1 / ++this.#seen);
    const { lower, upper } = this.band;
    const loss = pinballLoss(e, lower, LOW) + pinballLoss(e, 0, 0.5) + pinballLoss(e, upper, HIGH);
    this.#loss += rate * (loss - this.#loss);
    this.#size += rate * (Math.abs(e) - this.#size);
    const quick = Math.max(1 / this.#slower, Math.min(1, YOUNG / this.#seen));
    const step = QUANTILE_STEP * quick * this.#size;
    this.#low = quantileStep(this.#low, e, LOW, step);
    this.#high = quantileStep(this.#high, e, HIGH, step);
  }

  write(to: NumberWriter): void {
    for (const value of [this.#low, this.#high, this.#loss, this.#size, this.#seen]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#low = from.number();
    this.#high = from.number();
    this.#loss = from.number();
    this.#size = from.number();
    this.#seen = from.number();
  }
}
