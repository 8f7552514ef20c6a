import { DAY, type DurationMs, type EpochMs } from '../../domain/time.ts';
import { type SlotPosition, slotPosition } from '../../stats/season-table.ts';
import type { Settings } from './settings.ts';

/** A time as the models see it. */
export interface Moment {
  readonly at: EpochMs;
  /** One for each season, shortest first. */
  readonly positions: readonly SlotPosition[];
  /** The learned season does not hold today. */
  readonly holiday: boolean;
}

export const momentOf = (at: EpochMs, settings: Settings, holidays: ReadonlySet<EpochMs>): Moment => ({
  at,
  positions: positionsAt(at, settings),
  holiday: holidays.size > 0 && holidays.has(Math.floor(at / DAY) * DAY),
});

/** The same moment, placed in the seasons as if it were `shift` later. */
export const shifted = (moment: Moment, shift: DurationMs, settings: Settings): Moment =>
  shift === 0 ? moment : { ...moment, positions: positionsAt(moment.at + shift, settings) };

const positionsAt = (at: EpochMs, settings: Settings): readonly SlotPosition[] =>
  settings.seasons.map((season) => slotPosition(at, season.length, season.slots));
