import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { quantileStep } from '../../stats/pinball.ts';

/** Where one sample in a thousand is: high-water marks that sink slowly. */
const [LOW, HIGH] = [0.001, 0.999];
/** A mark moves by this share of the usual deviation; by more while little was seen, so that it is soon about right. */
const STEP = 0.1;
const YOUNG = 20;
const MEMORY = 1_000;

/** The range a signal seldom leaves. Learned only from what is taken for normal. */
export class Usual {
  #low = 0;
  #high = 0;
  #centre = 0;
  #spread = 0;
  #seen = 0;

  /** True where the value is where the signal seldom is, on the side of the limit. */
  isLeft(value: number, side: 1 | -1): boolean {
    return side > 0 ? value > this.#high : value < this.#low;
  }

  learn(value: number): void {
    this.#seen++;
    if (this.#seen === 1) {
      this.#low = value;
      this.#high = value;
      this.#centre = value;
      return;
    }
    const rate = Math.max(1 / this.#seen, 1 / MEMORY);
    this.#spread += rate * (Math.abs(value - this.#centre) - this.#spread);
    this.#centre += rate * (value - this.#centre);
    const step = this.#spread * Math.max(STEP, Math.min(1, YOUNG / this.#seen));
    this.#low = quantileStep(this.#low, value, LOW, step);
    this.#high = quantileStep(this.#high, value, HIGH, step);
  }

  forget(): void {
    this.#seen = 0;
    this.#spread = 0;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#low, this.#high, this.#centre, this.#spread, this.#seen]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#low = from.number();
    this.#high = from.number();
    this.#centre = from.number();
    this.#spread = from.number();
    this.#seen = from.number();
  }
}
