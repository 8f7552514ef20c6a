import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** The last few numbers, oldest dropped first. */
export class Recent {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  push(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  /** At most `most` of the newest, newest first. */
  newest(most: number): number[] {
    const length = Math.min(most, this.#count, this.#values.length);
    return Array.from({ length }, (_, back) => this.#values[(this.#count - 1 - back) % this.#values.length] as number);
  }

  /** The newest; of none NaN. */
  get last(): number {
    return this.#count === 0 ? Number.NaN : (this.#values[(this.#count - 1) % this.#values.length] as number);
  }

  /** Mean of `x` and the newest before it, `most` in all. */
  meanWith(x: number, most: number): number {
    const length = Math.min(most - 1, this.#count, this.#values.length);
    let sum = x / (length + 1);
    for (let back = 0; back < length; back++) {
      sum += (this.#values[(this.#count - 1 - back) % this.#values.length] as number) / (length + 1);
    }
    return sum;
  }

  write(to: NumberWriter): void {
    to.number(this.#count);
    for (const value of this.#values) to.number(value);
  }

  read(from: NumberReader): void {
    this.#count = from.number();
    for (let i = 0; i < this.#values.length; i++) this.#values[i] = from.number();
  }
}
