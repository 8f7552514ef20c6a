import { fnv1a } from './fnv1a.ts';
import { NumberReader, NumberWriter } from './number-codec.ts';

/** Bytes of the checksum at the end. */
const SUM = 8;
/** No more is kept for the next one to write to. */
const LARGEST = 1 << 20;
/**
 * What the last one was written to. A daemon seals what each stage knows once a minute, and buffers that double until they are large
 * enough are ten times what is sealed: garbage outside of the heap, which nobody is in a hurry to collect.
 */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** A head that says who wrote in which version, and by a checksum of them under which settings: of one signal they are a twentieth of all. */
export const headFor = (name: string, version: number, settings: object): string =>
  `${name} ${version} ${fnv1a(new TextEncoder().encode(JSON.stringify(settings))).toString(36)}`;

/** What `write` writes as bytes, between a head that says what it is and a checksum of all before it. */
export function seal(head: string, write: (to: NumberWriter) => void): Uint8Array {
  const to = new NumberWriter(spare);
  spare = undefined;
  to.text(head);
  write(to);
  to.number(fnv1a(to.written));
  if (to.memory.length <= LARGEST) spare = to.memory;
  return to.done();
}

/** What `read` makes of sealed bytes; `undefined` where they are damaged, of another head, too short or too long. */
export function unseal<T>(bytes: Uint8Array, head: string, read: (from: NumberReader) => T): T | undefined {
  if (!isSealed(bytes)) return undefined;
  const body = bytes.subarray(0, bytes.length - SUM);
  try {
    const from = new NumberReader(body);
    if (from.text() !== head) return undefined;
    const made = read(from);
    return from.atEnd ? made : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether the bytes are as somebody sealed them, under whatever head. */
export function isSealed(bytes: Uint8Array): boolean {
  if (bytes.length < SUM) return false;
  const sum = new NumberReader(bytes.subarray(bytes.length - SUM)).number();
  return sum === fnv1a(bytes.subarray(0, bytes.length - SUM));
}
