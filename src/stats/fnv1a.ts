/**
 * 32-bit FNV-1a of bytes, as an unsigned integer: tells a damaged or foreign blob from one's own. Not for secrets.
 *
 * Source: G. Fowler, L. C. Noll, K.-P. Vo, draft-eastlake-fnv.
 */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
