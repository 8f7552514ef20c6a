import type { StagePlan } from '../../domain/plan.ts';
import type { DurationMs } from '../../domain/time.ts';
import type { Tuning } from './tuning.ts';

/** How often a signal is told apart within a season: slots never shorter than two samples, never more than this many. */
const MOST_SLOTS = { first: 48, longer: 168 };

/** A season in which fewer can be told apart is none at this interval. */
const LEAST_SLOTS = 4;

/**
 * Errors of so many samples tell one time from another: their mean (0.8 spreads, where a time is its own) is then good to 0.3, three
 * of which are below the 1.7 that give it up. With twenty of them a holiday of hourly samples looked like itself until the evening.
 */
const LIKE_SAMPLES = 4;

/** A season to look for, cut into slots. */
export interface Season {
  readonly length: DurationMs;
  readonly slots: number;
}

/** What all models of one stage share: the config, and time scales that follow from the seasons and the interval. */
export interface Settings {
  readonly warmup: number;
  readonly coverage: number;
  /** Spread is never taken for smaller than this (relative change). */
  readonly leastSpread: number;
  readonly every: DurationMs;
  /** Shortest first. */
  readonly seasons: readonly Season[];
  /** How fast the level follows while no season is known. */
  readonly levelMemory: DurationMs;
  /** How fast the level follows beside the seasons. */
  readonly offsetMemory: DurationMs;
  /** Over how long the slow vote averages. */
  readonly slowMemory: DurationMs;
  /** Over how long it is averaged whether a fault still stands. */
  readonly standingMemory: DurationMs;
  /** Over how long a time must look like another one to be taken for it. */
  readonly likenessMemory: DurationMs;
  /** Updates after which the tails forget. */
  readonly tailMemory: number;
  /** Updates after which what was never met again is new again. */
  readonly noveltyMemory: number;
  /** What the votes are; the same for all stages but in the bench. */
  readonly tuning: Tuning;
}

export function settingsOf(
  config: { readonly warmup: number; readonly coverage: number; readonly spread_floor: number },
  stage: StagePlan,
  tuning: Tuning,
): Settings {
  const { every } = stage;
  const lengths = [...stage.season].filter((length) => length >= 2 * LEAST_SLOTS * every).sort((a, b) => a - b);
  const [shortest] = lengths;
  const longest = lengths.at(-1) ?? 2_000 * every;
  return {
    warmup: config.warmup,
    coverage: config.coverage,
    leastSpread: config.spread_floor,
    every,
    seasons: lengths.map((length, rank) => ({ length, slots: slotsOf(length, every, rank) })),
    levelMemory: shortest === undefined ? 300 * every : Math.max(shortest / 12, 20 * every),
    offsetMemory: shortest ?? 2_000 * every,
    slowMemory: shortest === undefined ? 60 * every : Math.max(shortest / 24, 4 * every),
    standingMemory: shortest === undefined ? 60 * every : Math.max(shortest / 12, 8 * every),
    likenessMemory: Math.max((shortest ?? 0) / 8, LIKE_SAMPLES * every),
    tailMemory: Math.min(20_000, Math.max(2_000, longest / every)),
    noveltyMemory: Math.min(40_000, Math.max(8_000, (4 * longest) / every)),
    tuning,
  };
}

function slotsOf(length: DurationMs, every: DurationMs, rank: number): number {
  const most = rank === 0 ? MOST_SLOTS.first : MOST_SLOTS.longer;
  return Math.min(most, Math.floor(length / (2 * every)));
}
