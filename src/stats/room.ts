/** A piece of memory, seen as numbers of 64 bits and as numbers of 32. */
export class Piece {
  readonly doubles: Float64Array;
  readonly floats: Float32Array;

  /** @param size in numbers of 64 bits */
  constructor(size: number) {
    const memory = new ArrayBuffer(8 * size);
    this.doubles = new Float64Array(memory);
    this.floats = new Float32Array(memory);
  }
}

/** Where numbers lie: some of 64 bits from `doubles[at]` on, and those of 32 bits from `floats[floatsAt]` on, all 0 at first. */
export interface Place {
  readonly piece: Piece;
  readonly at: number;
  readonly floatsAt: number;
}

/**
 * Memory for all the numbers of one model, got at once. A typed array of its own costs some 400 bytes beside what is in it (view, buffer,
 * and what the allocator keeps of both), a number in a field of an object 24; a model of one signal has forty arrays and two hundred
 * numbers, so that two thirds of it would not be what it knows. What does not fit any more gets a piece of its own.
 */
export class Room {
  readonly #piece: Piece | undefined;
  readonly #size: number;
  #taken = 0;

  /** @param size in numbers of 64 bits */
  constructor(size: number) {
    this.#size = size;
    if (size > 0) this.#piece = new Piece(size);
  }

  /** What has been asked for so far, in numbers of 64 bits. */
  get taken(): number {
    return this.#taken;
  }

  take(doubles: number, floats = 0): Place {
    const size = doubles + Math.ceil(floats / 2);
    const at = this.#taken;
    this.#taken += size;
    if (this.#piece && this.#taken <= this.#size) return { piece: this.#piece, at, floatsAt: 2 * (at + doubles) };
    return { piece: new Piece(size), at: 0, floatsAt: 2 * doubles };
  }
}

/** For what stands alone: each place is a piece of its own. */
export const ALONE = new Room(0);
