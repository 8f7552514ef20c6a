import type { EpochMs } from './time.ts';

/**
 * The distribution of one field at one time: small, mergeable, comparable with another of the same field.
 * Arrays are as long as stated; every number is finite.
 */
export interface Profile {
  readonly field: string;
  readonly kind: 'number' | 'category' | 'time' | 'text' | 'bool' | 'vector';
  /** The data described was produced in `[from, to)`. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly rows: number;
  readonly nulls: number;
  readonly distinct?: number;
  /** Pairs of probability (ascending, in [0, 1]) and value (ascending). */
  readonly quantiles?: readonly (readonly [probability: number, value: number])[];
  /** `edges` has one element more than `counts`. */
  readonly histogram?: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** Most frequent values, most frequent first. */
  readonly top?: readonly (readonly [value: string, count: number])[];
  readonly moments?: { readonly mean: number; readonly variance: number };
  /** False where a sample or a sketch stands for the data. */
  readonly exact: boolean;
}
