import type { Exclusion } from '../domain/excluded.ts';
import type { Outlook } from '../domain/outlook.ts';
import type { Reach, Score } from '../domain/score.ts';
import type { Signal } from '../domain/signal.ts';
import type { StageId } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { type DurationMs, type EpochMs, SECOND } from '../domain/time.ts';
import type { Series } from '../domain/views.ts';
import type { ApiExcluded, ApiReach, ApiSeries } from './api.ts';
import { number, time } from './to-api.ts';

export interface SeriesParts {
  readonly stage: StageId;
  readonly window: { readonly from: EpochMs; readonly to: EpochMs; readonly step: DurationMs };
  readonly series: readonly Series[];
  readonly outlooks: readonly Outlook[];
  /** What was said of the stage last; a limit in sight is told with its outlook. */
  readonly scores: readonly Score[];
  readonly excluded: readonly Exclusion[];
}

/** What was seen and expected, and what lies ahead. */
export function toApiSeries({ stage, window, series, outlooks, scores, excluded }: SeriesParts): ApiSeries {
  const end = Math.max(window.to, ...outlooks.map(({ at, points }) => at + (points.at(-1)?.after ?? 0)));
  return {
    stage,
    from: time(window.from),
    to: time(window.to),
    stepSeconds: window.step / 1_000,
    signals: series.map((one) => ({
      signal: one.signal,
      at: [...one.at],
      value: Array.from(one.value, number),
      lower: Array.from(one.lower, number),
      upper: Array.from(one.upper, number),
    })),
    ahead: outlooks.map(({ signal, at, points }) => ({
      signal,
      at: points.map(({ after }) => at + after),
      lower: points.map(({ lower }) => lower),
      centre: points.map(({ centre }) => centre),
      upper: points.map(({ upper }) => upper),
      reach: reachOf(signal, scores),
    })),
    excluded: toApiExcluded(excluded.filter(({ from, to }) => from < end && to > window.from)),
  };
}

function reachOf(signal: Signal, scores: readonly Score[]): ApiReach | null {
  for (const score of scores)
    if (score.state === 'limit' && score.reach && partOfSubject(score.subject) === signal)
      return toApiReach(score.limit, score.reach);
  return null;
}

export const toApiReach = (limit: number, { likely, soonest, latest }: Reach): ApiReach => ({
  limit,
  likelySeconds: likely / SECOND,
  soonestSeconds: soonest / SECOND,
  latestSeconds: latest === undefined ? null : latest / SECOND,
});

export const toApiExcluded = (ranges: readonly Exclusion[]): ApiExcluded[] =>
  ranges.map(({ from, to, why, signal }) => ({ from: time(from), to: time(to), why, signal: signal ?? null }));
