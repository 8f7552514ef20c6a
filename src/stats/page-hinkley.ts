import type { NumberReader, NumberWriter } from './number-codec.ts';

/** What a Page–Hinkley test is made with. `delta`: changes smaller than this are none; `alpha` < 1 fades the past. */
export interface PageHinkleyOptions {
  readonly delta: number;
  readonly alpha: number;
}

/**
 * The Page–Hinkley test for a change of the mean, both ways: how far the sum of deviations from the running mean has come from its
 * least, and from its greatest. A caller that knows a threshold takes it for a change when `statistic` exceeds it, and begins anew
 * with `reset`. Constant time and memory. Values finite.
 *
 * Wrong for: means that wander by themselves (it detects that), changes at the very start (its mean is made of them).
 *
 * Source: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954); D. Hinkley (1971); with the fading of river's PageHinkley.
 */
export class PageHinkley {
  readonly #options: PageHinkleyOptions;
  #seen = 0;
  #mean = 0;
  #up = 0;
  #down = 0;
  #least = Number.MAX_VALUE;
  #greatest = -Number.MAX_VALUE;

  constructor(options: PageHinkleyOptions) {
    this.#options = options;
  }

  get seen(): number {
    return this.#seen;
  }

  /** Evidence of a rise and of a fall, in the unit of the values; never negative. */
  get increase(): number {
    return this.#seen === 0 ? 0 : this.#up - this.#least;
  }
  get decrease(): number {
    return this.#seen === 0 ? 0 : this.#greatest - this.#down;
  }

  update(value: number): void {
    const { delta, alpha } = this.#options;
    this.#seen++;
    this.#mean += (value - this.#mean) / this.#seen;
    const away = value - this.#mean;
    this.#up = alpha * this.#up + away - delta;
    this.#down = alpha * this.#down + away + delta;
    this.#least = Math.min(this.#least, this.#up);
    this.#greatest = Math.max(this.#greatest, this.#down);
  }

  reset(): void {
    this.#seen = 0;
    this.#mean = 0;
    this.#up = 0;
    this.#down = 0;
    this.#least = Number.MAX_VALUE;
    this.#greatest = -Number.MAX_VALUE;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#seen, this.#mean, this.#up, this.#down, this.#least, this.#greatest]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#seen = from.number();
    this.#mean = from.number();
    this.#up = from.number();
    this.#down = from.number();
    this.#least = from.number();
    this.#greatest = from.number();
  }
}
