/**
 * Writes numbers, texts and arrays of numbers behind each other, little-endian and exact, for the compact state of
 * sketches and models. `NumberReader` reads them back in the same order. The buffer grows by doubling.
 */
export class NumberWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param memory is written over, and is left for a larger one once it is full */
  constructor(memory = new Uint8Array(1_024)) {
    this.#bytes = memory;
    this.#view = new DataView(memory.buffer);
  }

  /** A 64-bit float; exact for every number. */
  number(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** An array of 32-bit floats, with its length. */
  floats(values: Float32Array): void {
    this.number(values.length);
    this.#reserve(values.length * 4);
    for (const value of values) {
      this.#view.setFloat32(this.#length, value, true);
      this.#length += 4;
    }
  }

  /** 32-bit floats of which many are 0: a bit for each, and those that are not. Without their length, which the reader has to know. */
  sparse(values: Float32Array): void {
    const flags = this.#length;
    const bytes = Math.ceil(values.length / 8);
    this.#reserve(bytes + 4 * values.length);
    this.#bytes.fill(0, flags, flags + bytes);
    this.#length += bytes;
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      this.#bytes[flags + (i >> 3)] = (this.#bytes[flags + (i >> 3)] as number) | (1 << (i & 7));
      this.#view.setFloat32(this.#length, values[i] as number, true);
      this.#length += 4;
    }
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.number(encoded.length);
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  /** Bytes as they are, with their length. */
  bytes(values: Uint8Array): void {
    this.number(values.length);
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** What was written so far, to be looked at before anything else is written. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The memory that is written to now. */
  get memory(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** A copy of what was written so far. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what a `NumberWriter` wrote. Every read past the end, or of a wrong length, throws a RangeError. */
export class NumberReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** Fills `into`; its length must be the length that was written. */
  floats(into: Float32Array): void {
    if (this.number() !== into.length) throw new RangeError('array of another length');
    for (let i = 0; i < into.length; i++) {
      into[i] = this.#view.getFloat32(this.#at, true);
      this.#at += 4;
    }
  }

  /** Fills `into` with as many as were written with `sparse`. */
  sparse(into: Float32Array): void {
    const flags = this.#at;
    this.#at += Math.ceil(into.length / 8);
    for (let i = 0; i < into.length; i++) {
      const isThere = (this.#view.getUint8(flags + (i >> 3)) >> (i & 7)) & 1;
      into[i] = isThere ? this.#view.getFloat32(this.#at, true) : 0;
      if (isThere) this.#at += 4;
    }
  }

  text(): string {
    const length = this.number();
    if (!(length >= 0 && this.#at + length <= this.#bytes.length)) throw new RangeError('text past the end');
    const value = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return value;
  }

  /** A copy of the bytes that were written. */
  bytes(): Uint8Array {
    const length = this.number();
    if (!(length >= 0 && this.#at + length <= this.#bytes.length)) throw new RangeError('bytes past the end');
    const value = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}
