import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { SampleRow } from '../../domain/ports.ts';
import type { Bucket, Cell } from '../../domain/rollup.ts';
import type { Signal } from '../../domain/signal.ts';
import type { StageId } from '../../domain/stage.ts';

// Numbers are packed in the byte order of the machine; every machine Node runs on for servers today is little-endian.

/** `n` values of 64 bits, and after them `n` pairs of 32 bits (lower, upper) where the tick has any band. NaN is unknown. */
export function packTick(signals: readonly Signal[], row: SampleRow): Uint8Array {
  const n = signals.length;
  const banded = row.bands.size > 0;
  const buffer = new ArrayBuffer(banded ? n * 16 : n * 8);
  new Float64Array(buffer, 0, n).set(signals.map((signal) => row.values.get(signal) ?? Number.NaN));
  if (banded) {
    const bands = new Float32Array(buffer, n * 8);
    signals.forEach((signal, index) => {
      const band = row.bands.get(signal);
      bands[index * 2] = band?.lower ?? Number.NaN;
      bands[index * 2 + 1] = band?.upper ?? Number.NaN;
    });
  }
  return new Uint8Array(buffer);
}

export function unpackTick(signals: readonly Signal[], stage: StageId, at: number, bytes: Uint8Array): SampleRow {
  const n = signals.length;
  const whole = aligned(bytes);
  const values = new Float64Array(whole.buffer, whole.byteOffset, n);
  const bands = bytes.length > n * 8 ? new Float32Array(whole.buffer, whole.byteOffset + n * 8, n * 2) : undefined;
  return rowOf(signals, stage, at, values, bands);
}

function rowOf(
  signals: readonly Signal[],
  stage: StageId,
  at: number,
  cells: ArrayLike<number>,
  bounds: ArrayLike<number> | undefined,
): SampleRow {
  const values = new Map<Signal, number>();
  const bands = new Map<Signal, { lower: number; upper: number }>();
  signals.forEach((signal, index) => {
    const value = cells[index] as number;
    if (!Number.isNaN(value)) values.set(signal, value);
    const [lower, upper] = bounds ? [bounds[index * 2] as number, bounds[index * 2 + 1] as number] : [NaN, NaN];
    if (!Number.isNaN(lower) || !Number.isNaN(upper)) bands.set(signal, { lower, upper });
  });
  return { stage, at, values, bands };
}

const PER_CELL = 6;

/** Six numbers of 32 bits for each signal: count, mean, min, max, lower, upper. */
export function packBucket(signals: readonly Signal[], bucket: Bucket): Uint8Array {
  const numbers = new Float32Array(signals.length * PER_CELL);
  signals.forEach((signal, index) => {
    const { count, mean, min, max, lower, upper } = bucket.cells.get(signal) as Cell;
    numbers.set([count, mean, min, max, lower, upper], index * PER_CELL);
  });
  return new Uint8Array(numbers.buffer);
}

export function unpackBucket(signals: readonly Signal[], at: number, bytes: Uint8Array): Bucket {
  const whole = aligned(bytes);
  const numbers = new Float32Array(whole.buffer, whole.byteOffset, signals.length * PER_CELL);
  const cell = (index: number): Cell => {
    const [count, mean, min, max, lower, upper] = numbers.subarray(index * PER_CELL) as unknown as Six;
    return { count, mean, min, max, lower, upper };
  };
  return { at, cells: new Map(signals.map((signal, index) => [signal, cell(index)])) };
}

type Six = [number, number, number, number, number, number];

/** Bytes of one tick inside a sealed row, before compression. */
export const sealedWidth = (signals: number): number => 8 + signals * 16;

/**
 * Many ticks of one stage as one compressed text: their bytes turned from rows into columns, so that the slow-moving high
 * bytes of one signal stand side by side, and deflated.
 */
export function packSealed(signals: readonly Signal[], rows: readonly SampleRow[]): Uint8Array {
  const width = sealedWidth(signals.length);
  const columns = new Uint8Array(width * rows.length);
  const one = new Uint8Array(width);
  const clock = new Float64Array(one.buffer, 0, 1);
  const values = new Float64Array(one.buffer, 8, signals.length);
  const bands = new Float32Array(one.buffer, 8 + signals.length * 8, signals.length * 2);
  rows.forEach((row, place) => {
    clock[0] = row.at;
    signals.forEach((signal, index) => {
      const band = row.bands.get(signal);
      values[index] = row.values.get(signal) ?? Number.NaN;
      bands[index * 2] = band?.lower ?? Number.NaN;
      bands[index * 2 + 1] = band?.upper ?? Number.NaN;
    });
    for (let byte = 0; byte < width; byte++) columns[byte * rows.length + place] = one[byte] as number;
  });
  return deflateRawSync(columns, { level: 1 });
}

export function unpackSealed(
  signals: readonly Signal[],
  stage: StageId,
  count: number,
  bytes: Uint8Array,
): SampleRow[] {
  const width = sealedWidth(signals.length);
  const columns = inflateRawSync(bytes);
  const one = new Uint8Array(width);
  const clock = new Float64Array(one.buffer, 0, 1);
  const values = new Float64Array(one.buffer, 8, signals.length);
  const bands = new Float32Array(one.buffer, 8 + signals.length * 8, signals.length * 2);
  return Array.from({ length: count }, (_, place) => {
    for (let byte = 0; byte < width; byte++) one[byte] = columns[byte * count + place] as number;
    return rowOf(signals, stage, clock[0] as number, values, bands);
  });
}

/** The bytes at an address that a Float64Array may start at. */
const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
