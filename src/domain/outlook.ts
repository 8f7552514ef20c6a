import type { Signal } from './signal.ts';
import type { DurationMs, EpochMs } from './time.ts';

/** What is likely so long after the last sample; one chance in ten that it is beyond either end. `lower <= centre <= upper`. */
export interface OutlookPoint {
  readonly after: DurationMs;
  readonly lower: number;
  readonly centre: number;
  readonly upper: number;
}

/** So many points draw a course well enough. */
export const OUTLOOK_POINTS = 24;

/** Where one signal goes from its last sample on. */
export interface Outlook {
  readonly signal: Signal;
  /** When the last sample was. */
  readonly at: EpochMs;
  /** The nearest first; at least one. */
  readonly points: readonly OutlookPoint[];
}
