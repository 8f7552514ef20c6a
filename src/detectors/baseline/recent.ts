import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ALONE, type Piece, type Room } from '../../stats/room.ts';

/** The last few numbers, oldest dropped first. */
export class Recent {
  readonly #piece: Piece;
  readonly #at: number;
  readonly #size: number;
  #count = 0;

  constructor(size: number, room: Room = ALONE) {
    const { piece, at } = room.take(size);
    [this.#piece, this.#at, this.#size] = [piece, at, size];
  }

  push(value: number): void {
    this.#piece.doubles[this.#at + (this.#count % this.#size)] = value;
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  /** At most `most` of the newest, newest first. */
  newest(most: number): number[] {
    const length = Math.min(most, this.#count, this.#size);
    return Array.from({ length }, (_, back) => this.#back(back));
  }

  /** The newest; of none NaN. */
  get last(): number {
    return this.#count === 0 ? Number.NaN : this.#back(0);
  }

  /** Mean of `x` and the newest before it, `most` in all. */
  meanWith(x: number, most: number): number {
    const length = Math.min(most - 1, this.#count, this.#size);
    const { doubles } = this.#piece;
    // Each one is divided before it is added, so that the sum of large numbers stays finite.
    const share = 1 / (length + 1);
    let sum = x * share;
    // Backwards from the newest to the beginning of the place, then from its end.
    const newest = this.#at + ((this.#count - 1) % this.#size);
    const before = Math.max(this.#at - 1, newest - length);
    for (let place = newest; place > before; place--) sum += (doubles[place] as number) * share;
    const wrapped = length - (newest - before);
    const end = this.#at + this.#size;
    for (let place = end - 1; place >= end - wrapped; place--) sum += (doubles[place] as number) * share;
    return sum;
  }

  write(to: NumberWriter): void {
    to.number(this.#count);
    for (let i = 0; i < this.#size; i++) to.number(this.#piece.doubles[this.#at + i] as number);
  }

  read(from: NumberReader): void {
    this.#count = from.number();
    for (let i = 0; i < this.#size; i++) this.#piece.doubles[this.#at + i] = from.number();
  }

  #back(back: number): number {
    return this.#piece.doubles[this.#at + ((this.#count - 1 - back) % this.#size)] as number;
  }
}
