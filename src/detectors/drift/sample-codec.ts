import { COMPACT_SHARES } from '../../stats/cdf.ts';
import type { FieldSample } from '../../stats/drift.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** In the place of a number of categories: values at the fixed shares, or at shares of their own. */
const PLAIN = -1;
const WITH_STEPS = -2;

/** Writes a sample as `keptOf` leaves it: values at fixed shares, or counts by name. */
export function writeSample(to: NumberWriter, { nulls, values }: FieldSample): void {
  to.number(nulls);
  if (values.kind === 'number') {
    const { rows, at, share } = values.cdf;
    const isPlain = rows === 0 || share.every((one, index) => one === COMPACT_SHARES[index]);
    to.number(isPlain ? PLAIN : WITH_STEPS);
    to.number(rows);
    if (!isPlain) to.number(at.length);
    if (rows > 0) to.floats(Float32Array.from(at));
    if (!isPlain) to.floats(Float32Array.from(share));
    return;
  }
  to.number(values.counts.size);
  for (const [name, count] of values.counts) {
    to.text(name);
    to.number(count);
  }
  to.number(values.other);
}

export function readSample(from: NumberReader): FieldSample {
  const nulls = from.number();
  const size = from.number();
  if (size >= 0) {
    const counts = new Map(Array.from({ length: size }, () => [from.text(), from.number()] as const));
    return { nulls, values: { kind: 'category', counts, other: from.number() } };
  }
  const rows = from.number();
  const points = size === WITH_STEPS ? from.number() : rows > 0 ? COMPACT_SHARES.length : 0;
  const at = new Float32Array(points);
  if (points > 0) from.floats(at);
  const share = new Float32Array(size === WITH_STEPS ? points : 0);
  if (size === WITH_STEPS) from.floats(share);
  const shares = Float64Array.from(size === WITH_STEPS ? share : COMPACT_SHARES.slice(0, points));
  return { nulls, values: { kind: 'number', cdf: { rows, at: Float64Array.from(at), share: shares }, exact: false } };
}
