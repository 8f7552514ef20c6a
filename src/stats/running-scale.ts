import type { NumberReader, NumberWriter } from './number-codec.ts';

/** Steps larger than this many spreads move the centre no farther. */
const CLIP = 3;
/** The first samples are taken as they come; there is no spread to clip them by yet. */
const YOUNG = 8;
/** Beyond this, sums would overflow. */
const LARGEST = 1e150;

/** A running centre and mean absolute deviation of one signal, for where no detector says what would be expected. */
export class RunningScale {
  #centre = 0;
  #spread = 0;
  #seen = 0;

  /** How far a value is from the centre, in spreads. 0 before the first sample. */
  deviation(x: number): number {
    if (this.#seen === 0) return 0;
    return (clamp(x, LARGEST) - this.#centre) / Math.max(this.#spread, 1e-9 * Math.abs(this.#centre), 1e-12);
  }

  /** `memory` in samples. */
  advance(x: number, memory: number): void {
    const value = clamp(x, LARGEST);
    this.#seen++;
    const rate = Math.max(1 / this.#seen, 1 / memory);
    const step = this.#seen === 1 ? value : value - this.#centre;
    const young = this.#seen <= YOUNG;
    this.#centre += rate * (young ? step : clamp(step, CLIP * this.#spread));
    if (this.#seen === 1) return;
    // A spread of zero has to be able to grow.
    const most = young || this.#spread === 0 ? Math.abs(step) : 2 * CLIP * this.#spread;
    this.#spread += rate * (Math.min(Math.abs(step), most) - this.#spread);
  }

  /** Begins anew, so that what is seen now is the centre. */
  forget(): void {
    this.#seen = 0;
    this.#centre = 0;
    this.#spread = 0;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#centre, this.#spread, this.#seen]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#centre = from.number();
    this.#spread = from.number();
    this.#seen = from.number();
  }
}

const clamp = (x: number, most: number): number => Math.max(-most, Math.min(most, x));
