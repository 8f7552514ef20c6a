/** The tests of drift: two of numbers, one of categories, one of missing values. */
export type DriftTest = 'mann-whitney' | 'kolmogorov-smirnov' | 'chi-square' | 'nulls';

/** How the values of a field are spread, as a chart needs it: quantiles of numbers, or counts of categories. */
export interface Spread {
  readonly rows: number;
  readonly nulls: number;
  /** Pairs of probability and value, both ascending. */
  readonly quantiles?: readonly (readonly [probability: number, value: number])[];
  /** Most frequent values, most frequent first. */
  readonly top?: readonly (readonly [value: string, count: number])[];
}

/** What a field was compared with, and what came of it. */
export interface Drift {
  readonly test: DriftTest;
  readonly statistic: number;
  readonly pValue: number;
  /** Among all fields of the stage (Benjamini–Hochberg). */
  readonly adjustedP: number;
  /** How often past windows of the field differed as much from theirs. */
  readonly usualP: number;
  /** Population stability index, and what chance alone gives. */
  readonly effect: number;
  readonly effectNull: number;
  /** The effect beyond chance from which on a change matters. */
  readonly line: number;
  /** Rows with a value on either side. */
  readonly nRef: number;
  readonly nCur: number;
  /** What moved from where to where: "median 20 → 31". */
  readonly moved: string;
  readonly reference: Spread;
}

/** From here on a difference is one that chance makes. */
const CHANCE = 0.01;

/** Why a comparison is news, or is none. */
export function driftWords({ adjustedP, usualP, effect, effectNull, line }: Drift, isNews: boolean): string {
  const beyond = Math.max(0, effect - effectNull);
  if (isNews) return `significant, and larger than chance by ${beyond.toFixed(3)}`;
  if (adjustedP > CHANCE) return 'as chance would have it';
  if (beyond <= line) return `significant, but larger than chance by only ${beyond.toFixed(3)}`;
  if (usualP > CHANCE) return 'no more than this field differs at other times';
  return 'unusual, but within the budget';
}
