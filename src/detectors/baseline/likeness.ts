import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import type { Substitute } from './moment.ts';

/** Errors beyond this many spreads say no more than "does not fit". */
const CLIP = 6;
/** The one in use is given up once it misses by this many spreads (0.8 is usual) while another misses by so much less. */
const MISSES = 1.7;
const CLEARLY = 0.6;
/** From another day back to the day itself as soon as that is nearly as good. */
const NEARLY = 1.25;

/**
 * Remembers which time of the season the last hours have looked like: their own, or one of a few substitutes. Errors are running means
 * of the residual in spreads. A fault looks like none of them; a holiday looks like a Sunday, and summer time like an hour ago.
 */
export class Likeness {
  readonly #substitutes: readonly Substitute[];
  /** The first is the moment itself. */
  readonly #errors: Float32Array;
  #chosen = 0;

  constructor(substitutes: readonly Substitute[]) {
    this.#substitutes = substitutes;
    this.#errors = new Float32Array(substitutes.length + 1);
  }

  /** 0: the moment itself; k: the k-th substitute. */
  get chosen(): number {
    return this.#chosen;
  }

  /** What is looked like is something else for today only. */
  get passing(): boolean {
    return this.#substitutes[this.#chosen - 1]?.lasting === false;
  }

  /** `residual(k)` is in spreads, NaN where the k-th is not known; `weight` in [0, 1] is what the sample counts. */
  follow(residual: (k: number) => number, weight: number): void {
    let best = 0;
    for (let k = 0; k < this.#errors.length; k++) {
      const size = Math.min(CLIP, Math.abs(residual(k)));
      const old = this.#errors[k] as number;
      this.#errors[k] = old + weight * ((Number.isNaN(size) ? CLIP : size) - old);
      if ((this.#errors[k] as number) < (this.#errors[best] as number)) best = k;
    }
    const taken = this.#errors[this.#chosen] as number;
    if (this.passing && (this.#errors[0] as number) <= NEARLY * taken) this.#chosen = 0;
    else if (taken > MISSES && (this.#errors[best] as number) < CLEARLY * taken) {
      // What fits no better than this is a fault, not another time.
      if ((this.#errors[best] as number) < MISSES) this.#chosen = best;
    }
  }

  write(to: NumberWriter): void {
    to.floats(this.#errors);
    to.number(this.#chosen);
  }

  read(from: NumberReader): void {
    from.floats(this.#errors);
    this.#chosen = from.number();
  }
}
