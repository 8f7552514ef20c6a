/** JSON with sorted keys; maps as sorted pairs. The same text for the same content, whatever the order it was written in. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) => {
      if (inner instanceof Map) return [...inner].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      if (inner instanceof Set) return [...inner].toSorted();
      if (typeof inner === 'number' && !Number.isFinite(inner)) return String(inner);
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
      return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? 'undefined'
  );
}
