/** What is drawn over and under the line of a chart. All times in milliseconds since 1970. */
export interface Marks {
  /** When incidents opened. */
  readonly opened: readonly number[];
  /** When our leases stood, or will stand until. */
  readonly leases: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  /** When no answer came. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** Where the line is expected to go from its last value. */
  readonly ahead?: { readonly to: number; readonly value: number; readonly label: string };
}
