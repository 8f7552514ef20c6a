import type { ApiIncident, ApiSeries } from '../../server/api.ts';
import type { Window } from '../net/series-cache.ts';
import { epoch, RANGES } from '../text/time.ts';
import type { Route } from './route.ts';

const MINUTE = 60_000;
const DEFAULT = 120 * MINUTE;
/** Lengths of a window that follows what there is: three fifths of it are full, and it is asked for anew a few times in two hours. */
const FITTING = [3, 5, 8, 12, 20, 30, 45, 70, 120].map((minutes) => minutes * MINUTE);

/** The stretch of time a screen shows. `live` moves with the clock. */
export interface Shown {
  readonly from: number;
  readonly to: number;
  readonly live: boolean;
  /** What is asked of the series cache; stable from second to second. */
  readonly window: Window;
}

/**
 * The range in the URL: `from` and `to` (milliseconds), else `range`, else from half an hour before the open incident, else two
 * hours; the last two no further back than `since`, where data begins. A range that makes no sense counts as none.
 */
export function shownWindow(route: Route, now: number, incident?: ApiIncident, since?: number): Shown {
  const [from, to] = [Number(route.query.from), Number(route.query.to)];
  if (from > 0 && to > from) return { from, to, live: false, window: { from, to } };
  const chosen = RANGES.find((range) => range.key === route.query.range)?.length;
  const length = chosen ?? Math.min(incident ? sinceBefore(incident, now) : DEFAULT, fitting(now, since));
  return { from: now - length, to: now, live: true, window: { length } };
}

/** Where data begins in the longest window that is shown unasked; undefined while that is not known. */
export const beginningOf = (series: ApiSeries | undefined): number | undefined => {
  const firsts = (series?.signals ?? []).flatMap(({ at }) => at.slice(0, 1));
  return firsts.length > 0 ? Math.min(...firsts) : undefined;
};

/** Whether the reader leaves it to the page. */
export const isUnasked = ({ query }: Route): boolean => !query.range && !(Number(query.from) > 0);

export const UNASKED: Window = { length: DEFAULT };

const fitting = (now: number, since: number | undefined): number =>
  FITTING.find((length) => since !== undefined && now - since <= length) ?? DEFAULT;

/** Long enough to see the calm before; in steps of five minutes, so that the window is not asked for anew each second. */
function sinceBefore(incident: ApiIncident, now: number): number {
  const open = now - epoch(incident.openedAt);
  return Math.max(
    10 * MINUTE,
    Math.ceil((open + Math.min(30 * MINUTE, 3 * open + 5 * MINUTE)) / (5 * MINUTE)) * 5 * MINUTE,
  );
}

/** The query for a window moved by half its length; `0` for both means live again. */
export function shifted(shown: Shown, direction: -1 | 1, now: number): { from: string; to: string } {
  const length = shown.to - shown.from;
  const to = shown.to + (direction * length) / 2;
  if (to >= now) return { from: '', to: '' };
  return { from: String(Math.round(to - length)), to: String(Math.round(to)) };
}
