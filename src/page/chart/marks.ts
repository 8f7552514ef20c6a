/** What is drawn over and under the line of a chart. All times in milliseconds since 1970. */
export interface Marks {
  /** When incidents opened. */
  readonly opened: readonly number[];
  /** When our leases stood, or will stand until. */
  readonly leases: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  /** When no answer came. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** When what is seen is known not to be normal, and is not learned. */
  readonly excluded?: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  /** The band in which the signal is likely to go on; and the limit that it is likely to reach, and when. */
  readonly outlook?: {
    readonly at: readonly number[];
    readonly lower: readonly number[];
    readonly centre: readonly number[];
    readonly upper: readonly number[];
    readonly limit?: { readonly value: number; readonly at: number; readonly label: string };
  };
  /** Where the line is expected to go from its last value. */
  readonly ahead?: { readonly to: number; readonly value: number; readonly label: string };
}
