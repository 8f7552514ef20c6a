import type { Surprise } from '../domain/score.ts';
import type { EpochMs } from '../domain/time.ts';

/** No score is higher. */
export const MAX_VALUE = 1_000;

/** What judging a limit needs to know of its subject. */
interface Limited {
  /** The ticket line, as a share of the page line. */
  readonly ticket: number;
  /** Since when each limit is broken or in sight, by what it is. */
  brokenSince: Map<string, EpochMs> | undefined;
}

/** A broken limit counts from the moment its patience is used up; how far it is broken lifts the value over the line. */
export function limitValue(state: Limited, limit: Surprise & { state: 'limit' }, at: EpochMs): number {
  const key = `${limit.rule} ${limit.limit} ${limit.severity}${limit.reach ? ' ahead' : ''}`;
  if (!limit.broken && !limit.reach) {
    state.brokenSince?.delete(key);
    return 0;
  }
  state.brokenSince ??= new Map();
  // A clock that was set back must not make the limit wait until it is where it was.
  const since = Math.min(state.brokenSince.get(key) ?? at, at);
  state.brokenSince.set(key, since);
  if (at - since < limit.patience) return 0;
  const { observed } = limit;
  const beyond =
    observed === undefined || limit.limit === 0 ? 1 : Math.max(1, timesBeyond(limit.rule, observed, limit.limit));
  return limit.severity === 'critical'
    ? Math.min(MAX_VALUE, beyond)
    : state.ticket + (0.999 - state.ticket) * (1 - 1 / beyond);
}

const timesBeyond = (rule: string, observed: number, limit: number): number =>
  rule === 'above' ? observed / limit : rule === 'below' ? limit / Math.max(observed, Number.MIN_VALUE) : 1;
