import { COMPACT_SHARES } from '../../stats/cdf.ts';
import type { FieldSample } from '../../stats/drift.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** Writes a sample as `keptOf` leaves it: values at fixed shares, or counts by name. */
export function writeSample(to: NumberWriter, { nulls, values }: FieldSample): void {
  to.number(nulls);
  if (values.kind === 'number') {
    to.number(-1);
    to.number(values.cdf.rows);
    if (values.cdf.rows > 0) to.floats(Float32Array.from(values.cdf.at));
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
  const at = new Float32Array(rows > 0 ? COMPACT_SHARES.length : 0);
  if (rows > 0) from.floats(at);
  const share = Float64Array.from(rows > 0 ? COMPACT_SHARES : []);
  return { nulls, values: { kind: 'number', cdf: { rows, at: Float64Array.from(at), share }, exact: false } };
}
