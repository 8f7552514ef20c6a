import { DAY, type EpochMs } from '../../domain/time.ts';
import { type SlotPosition, slotPosition } from '../../stats/season-table.ts';
import type { Settings } from './settings.ts';

/** A time as the models see it: once computed, shared by all signals of a snapshot. */
export interface Moment {
  readonly at: EpochMs;
  /** One for each season, shortest first. */
  readonly positions: readonly SlotPosition[];
  /** The learned season does not hold today. */
  readonly holiday: boolean;
}

export const momentOf = (at: EpochMs, settings: Settings, holidays: ReadonlySet<EpochMs>): Moment => ({
  at,
  positions: settings.seasons.map((season) => slotPosition(at, season.length, season.slots)),
  holiday: holidays.size > 0 && holidays.has(Math.floor(at / DAY) * DAY),
});
