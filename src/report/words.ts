import type { DurationMs, EpochMs } from '../domain/time.ts';
import { clockTime, lengthOf } from '../domain/wording.ts';

/** The small words that every part of a report uses alike. */

export const day = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);
/** Day and time. */
export const moment = (at: EpochMs): string => clockTime(at, 0);
export const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
export const percent = (share: number | undefined): string =>
  share === undefined ? '–' : `${Math.round(100 * share)} %`;
/** A rate a week; a dash where no time was seen. */
export const perWeek = (rate: number | undefined): string => (rate === undefined ? '–' : rate.toFixed(2));
/** How long it took until an alert. */
export const delayWords = (delay: DurationMs | undefined): string =>
  delay === undefined ? '–' : delay === 0 ? 'at once' : lengthOf(delay);
