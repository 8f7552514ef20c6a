import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ALONE, type Piece, type Room } from '../../stats/room.ts';

/** Rates of the running means, in samples: from nearly the last value to nearly none of it. */
const RATES = [0.3, 0.05, 0.005] as const;
/** Samples over which the error of each is averaged. */
const ERROR_MEMORY = 300;

/** Three running means of one signal, and how far each has missed; the one that missed least lately speaks. */
export class Predictors {
  readonly #piece: Piece;
  /** Where the means begin, and behind them the errors. */
  readonly #means: number;
  readonly #errors: number;
  #seen = 0;

  constructor(room: Room = ALONE) {
    const { piece, at } = room.take(2 * RATES.length);
    [this.#piece, this.#means, this.#errors] = [piece, at, at + RATES.length];
  }

  /** How far a value is from what the best of them said; NaN before the first value. */
  miss(x: number): number {
    if (this.#seen === 0) return Number.NaN;
    const { doubles } = this.#piece;
    const errors = this.#errors;
    let best = 0;
    for (let k = 1; k < RATES.length; k++)
      if ((doubles[errors + k] as number) < (doubles[errors + best] as number)) best = k;
    return Math.abs(x - (doubles[this.#means + best] as number));
  }

  learn(x: number): void {
    this.#seen += 1;
    const { doubles } = this.#piece;
    for (let k = 0; k < RATES.length; k++) {
      const mean = doubles[this.#means + k] as number;
      if (this.#seen > 1) {
        const error = doubles[this.#errors + k] as number;
        const rate = Math.max(1 / ERROR_MEMORY, 1 / this.#seen);
        doubles[this.#errors + k] = error + rate * (Math.abs(x - mean) - error);
      }
      doubles[this.#means + k] = this.#seen === 1 ? x : mean + (RATES[k] as number) * (x - mean);
    }
  }

  /** All of them stand at a level from now on. */
  restart(level: number): void {
    this.#piece.doubles.fill(level, this.#means, this.#errors);
  }

  write(to: NumberWriter): void {
    for (let k = 0; k < 2 * RATES.length; k++) to.number(this.#piece.doubles[this.#means + k] as number);
    to.number(this.#seen);
  }

  read(from: NumberReader): void {
    for (let k = 0; k < 2 * RATES.length; k++) this.#piece.doubles[this.#means + k] = from.number();
    this.#seen = from.number();
  }
}
