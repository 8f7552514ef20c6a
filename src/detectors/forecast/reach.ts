import type { LimitPlan } from '../../domain/plan.ts';
import type { DurationMs } from '../../domain/time.ts';
import type { Course } from './course.ts';

/** Normal deviate of the trend over a dozen samples that chance gives once in a thousand. */
const CLEAR_TREND = 3.1;
/** It must show over this share of the way that is looked ahead: what has gone on for a minute says nothing of the next hour. */
const TREND_SHARE = 0.5;
/** A limit is reached for sure enough where it is also reached, with nine chances in ten, within so many times the likely time. */
const SURE_WITHIN = 2;
/** The farther ahead, the coarser it is looked: steps grow by this share. */
const COARSER = 0.1;

/** When a limit is reached, in samples from the last one. */
export interface Samples {
  readonly likely: number;
  readonly soonest: number;
  readonly latest: number;
}

/** A bound that a value can come near to; whether it is missing or zero cannot be seen coming. */
export const isBound = ({ rule }: LimitPlan): boolean => rule === 'above' || rule === 'below';

/**
 * When the signal reaches the limit at its present course, no more than `farthest` samples ahead. `undefined` where it is
 * where it often is, does not head there clearly, where one chance in ten is left that it does not arrive, or where it is already beyond.
 */
export function reachOf(course: Course, limit: LimitPlan, value: number, farthest: number): Samples | undefined {
  const side = limit.rule === 'above' ? 1 : -1;
  const isBeyond = (x: number): boolean => side * (x - limit.value) > 0;
  if (isBeyond(value) || !course.isUnusual(side) || side * course.trend() < CLEAR_TREND) return undefined;
  let soonest: number | undefined;
  let likely: number | undefined;
  for (let samples = 1; samples <= SURE_WITHIN * (likely ?? farthest / SURE_WITHIN); samples += stepAt(samples)) {
    const ahead = course.ahead(samples);
    if (!ahead) return undefined;
    const [early, late] = side > 0 ? [ahead.upper, ahead.lower] : [ahead.lower, ahead.upper];
    if (isBeyond(early)) soonest ??= samples;
    if (isBeyond(ahead.centre)) likely ??= samples;
    if (!isBeyond(late)) continue;
    likely ??= samples;
    const lasting = side * course.trend(Math.floor(TREND_SHARE * likely)) >= CLEAR_TREND;
    return lasting ? { likely, soonest: soonest ?? likely, latest: samples } : undefined;
  }
  return undefined;
}

const stepAt = (samples: number): number => Math.max(1, Math.floor(COARSER * samples));

/** In time from `since` after the last sample; never in the past. */
export function inTime({ likely, soonest, latest }: Samples, every: DurationMs, since: DurationMs) {
  const left = (samples: number): DurationMs => Math.max(0, samples * every - since);
  return { likely: left(likely), soonest: left(soonest), latest: left(latest) };
}
