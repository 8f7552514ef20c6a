import { fnv1a } from './fnv1a.ts';
import { NumberReader, NumberWriter } from './number-codec.ts';

/** Bytes of the checksum at the end. */
const SUM = 8;

/** What `write` writes as bytes, between a head that says what it is and a checksum of all before it. */
export function seal(head: string, write: (to: NumberWriter) => void): Uint8Array {
  const to = new NumberWriter();
  to.text(head);
  write(to);
  to.number(fnv1a(to.done()));
  return to.done();
}

/** What `read` makes of sealed bytes; `undefined` where they are damaged, of another head, too short or too long. */
export function unseal<T>(bytes: Uint8Array, head: string, read: (from: NumberReader) => T): T | undefined {
  if (bytes.length < SUM) return undefined;
  const body = bytes.subarray(0, bytes.length - SUM);
  if (new NumberReader(bytes.subarray(bytes.length - SUM)).number() !== fnv1a(body)) return undefined;
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
