import type { Contribution, Expected, Surprise } from './score.ts';
import type { Signal } from './signal.ts';
import { partOfSubject } from './subject.ts';

/** What detectors of single signals expect at this moment, by signal. */
export function bandsIn(before: readonly Surprise[]): ReadonlyMap<Signal, Expected> {
  const bands = new Map<Signal, Expected>();
  for (const one of before)
    if (one.state === 'ready' && one.expected) bands.set(partOfSubject(one.subject), one.expected);
  return bands;
}

/** The parts of a surprise with what each signal shows beside what was expected of it at this very moment, where both are known. */
export function withBands(
  parts: readonly Contribution[],
  before: readonly Surprise[],
  values: ReadonlyMap<Signal, number>,
): readonly Contribution[] {
  const bands = bandsIn(before);
  return parts.map((one) => {
    const [observed, expected] = [values.get(one.signal), bands.get(one.signal)];
    return observed === undefined || !expected ? one : { ...one, observed, expected };
  });
}
