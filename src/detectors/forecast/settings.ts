import type { StagePlan } from '../../domain/plan.ts';
import type { DurationMs } from '../../domain/time.ts';

/** A season is told apart in so many parts, the shortest first; never finer than two samples. */
const MOST_SLOTS = [48, 168];
/** A season with fewer parts predicts nothing that the level does not. */
const LEAST_SLOTS = 4;
/** No farther than this is looked ahead, in samples: beyond, nothing has ever been compared with what came. */
const FARTHEST = 128;

export interface Season {
  readonly length: DurationMs;
  readonly slots: number;
}

export interface Settings {
  readonly every: DurationMs;
  /** At most two, shortest first. */
  readonly seasons: readonly Season[];
  /** How far it is looked ahead, in samples. */
  readonly ahead: number;
  /** Samples in a row that must say the same. */
  readonly confirm: number;
}

export function settingsOf(
  config: { readonly ahead: DurationMs; readonly confirm: number },
  { every, season }: StagePlan,
): Settings {
  const seasons = [...season]
    .sort((a, b) => a - b)
    .slice(0, MOST_SLOTS.length)
    .map((length, rank) => ({ length, slots: Math.min(MOST_SLOTS[rank] as number, Math.floor(length / (2 * every))) }))
    .filter(({ slots }) => slots >= LEAST_SLOTS);
  const ahead = Math.max(1, Math.min(FARTHEST, Math.floor(config.ahead / every)));
  return { every, seasons, ahead, confirm: config.confirm };
}
