/** Joins byte strings into one: a count, the lengths (unsigned 32 bit, little endian), then the bytes. */
export function packBlobs(blobs: readonly Uint8Array[]): Uint8Array {
  const head = 4 * (1 + blobs.length);
  const packed = new Uint8Array(head + blobs.reduce((sum, blob) => sum + blob.length, 0));
  const view = new DataView(packed.buffer);
  view.setUint32(0, blobs.length, true);
  let at = head;
  blobs.forEach((blob, index) => {
    view.setUint32(4 * (1 + index), blob.length, true);
    packed.set(blob, at);
    at += blob.length;
  });
  return packed;
}

/** The inverse of `packBlobs`; `undefined` for bytes that are cut short or were never packed. Each blob is a view of the whole. */
export function unpackBlobs(packed: Uint8Array): readonly Uint8Array[] | undefined {
  if (packed.length < 4) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getUint32(0, true);
  let at = 4 * (1 + count);
  if (at > packed.length) return undefined;
  const blobs: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const length = view.getUint32(4 * (1 + index), true);
    if (at + length > packed.length) return undefined;
    blobs.push(packed.subarray(at, at + length));
    at += length;
  }
  return at === packed.length ? blobs : undefined;
}

/**
 * Gives the memory of bytes back at once; they are empty from then on. For what is large and soon done with: outside of the heap the
 * collector lets tens of megabytes lie before it comes.
 */
export function discard({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
