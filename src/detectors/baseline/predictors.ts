import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** Rates of the running means, in samples: from nearly the last value to nearly none of it. */
const RATES = [0.3, 0.05, 0.005] as const;
/** Samples over which the error of each is averaged. */
const ERROR_MEMORY = 300;

/** Three running means of one signal, and how far each has missed; the one that missed least lately speaks. */
export class Predictors {
  readonly #means = new Float64Array(RATES.length);
  readonly #errors = new Float64Array(RATES.length);
  #seen = 0;

  /** How far a value is from what the best of them said; NaN before the first value. */
  miss(x: number): number {
    if (this.#seen === 0) return Number.NaN;
    let best = 0;
    for (let k = 1; k < RATES.length; k++) if ((this.#errors[k] as number) < (this.#errors[best] as number)) best = k;
    return Math.abs(x - (this.#means[best] as number));
  }

  learn(x: number): void {
    this.#seen += 1;
    for (let k = 0; k < RATES.length; k++) {
      const mean = this.#means[k] as number;
      if (this.#seen > 1) {
        const error = this.#errors[k] as number;
        this.#errors[k] = error + Math.max(1 / ERROR_MEMORY, 1 / this.#seen) * (Math.abs(x - mean) - error);
      }
      this.#means[k] = this.#seen === 1 ? x : mean + (RATES[k] as number) * (x - mean);
    }
  }

  /** All of them stand at a level from now on. */
  restart(level: number): void {
    this.#means.fill(level);
  }

  write(to: NumberWriter): void {
    for (const value of [...this.#means, ...this.#errors, this.#seen]) to.number(value);
  }

  read(from: NumberReader): void {
    for (let k = 0; k < RATES.length; k++) this.#means[k] = from.number();
    for (let k = 0; k < RATES.length; k++) this.#errors[k] = from.number();
    this.#seen = from.number();
  }
}
