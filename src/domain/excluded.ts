import type { StagePlan } from './plan.ts';
import type { Signal } from './signal.ts';
import { partOfSubject, type Subject, VECTOR } from './subject.ts';
import type { EpochMs } from './time.ts';

/** A stretch of time that is known not to be normal: a load test, maintenance, an incident. From `from` on, and before `to`. */
export interface ExcludedRange {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** For people: what was going on. */
  readonly why: string;
}

/** A range that holds at a moment: for one signal, or without one for the whole stage. */
export type Exclusion = ExcludedRange & { readonly signal?: Signal };

/** All ranges of a stage: its own and those of its pipeline first, then those of single signals. */
export const exclusionsOf = ({
  excluded = [],
  signals,
}: Pick<StagePlan, 'excluded' | 'signals'>): readonly Exclusion[] => [
  ...excluded,
  ...[...signals.values()].flatMap(({ name, excluded: own = [] }) => own.map((range) => ({ ...range, signal: name }))),
];

export const holdsAt = ({ from, to }: ExcludedRange, at: EpochMs): boolean => from <= at && at < to;

/** Whether one of the ranges is for this subject. What is said of all signals together is excluded as soon as one of them is. */
export function isExcluded(ranges: readonly Exclusion[], subject: Subject): boolean {
  if (ranges.length === 0) return false;
  const part = partOfSubject(subject);
  return ranges.some(({ signal }) => signal === undefined || signal === part || part === VECTOR);
}

export const isWholeExcluded = (ranges: readonly Exclusion[]): boolean =>
  ranges.some(({ signal }) => signal === undefined);
