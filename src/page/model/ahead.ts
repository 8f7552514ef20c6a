import type { ApiExcluded, ApiSeries } from '../../server/api.ts';
import type { Marks } from '../chart/marks.ts';
import { formatValue } from '../text/number.ts';
import { clock, epoch } from '../text/time.ts';

/** What lies ahead gets so much of what is shown at most. */
const MOST_ROOM = 1 / 4;

/** Where charts of a stage end that show what is likely: all of them alike, so that one cursor fits them all. */
export function shownUntil(series: ApiSeries | undefined, from: number, now: number): number {
  const ends = (series?.ahead ?? []).map(({ at }) => at.at(-1) ?? now);
  return Math.min(Math.max(now, ...ends), now + (MOST_ROOM / (1 - MOST_ROOM)) * (now - from));
}

/** The course of one signal from the newest sample on; nothing where it is not followed, or was looked up too long ago. */
export function outlookOf(series: ApiSeries | undefined, signal: string, unit: string, now: number): Marks['outlook'] {
  const found = series?.ahead.find((one) => one.signal === signal);
  const last = series?.signals.find((one) => one.signal === signal)?.at.at(-1);
  if (!found || last === undefined) return undefined;
  const first = found.at.findIndex((at) => at > Math.max(now, last));
  if (first < 0) return undefined;
  const { reach } = found;
  const asOf = (found.at[0] ?? 0) - stepOf(found.at);
  const at = reach && asOf + reach.likelySeconds * 1_000;
  return {
    at: found.at.slice(first),
    lower: found.lower.slice(first),
    centre: found.centre.slice(first),
    upper: found.upper.slice(first),
    ...(reach &&
      at && { limit: { value: reach.limit, at, label: `${formatValue(reach.limit, unit)} about ${clock(at)}` } }),
  };
}

const stepOf = (at: readonly number[]): number => (at[1] ?? at[0] ?? 0) - (at[0] ?? 0);

/** Times of a signal that are not learned, as they are marked in its chart. */
export const excludedOf = (series: ApiSeries | undefined, signal: string): NonNullable<Marks['excluded']> =>
  (series?.excluded ?? [])
    .filter((range) => range.signal === null || range.signal === signal)
    .map(({ from, to, why }) => ({ from: epoch(from), to: epoch(to), label: why }));

/** "load test until 14:00, only lag_seconds" */
export const exclusionText = ({ why, to, signal }: ApiExcluded): string =>
  `${why} until ${clock(epoch(to))}${signal === null ? '' : `, only ${signal}`}`;
