import { DAY, type EpochMs, HOUR } from '../../domain/time.ts';
import { type SlotPosition, slotPosition } from '../../stats/season-table.ts';
import type { Settings } from './settings.ts';

/** A time as the models see it: once computed, shared by all signals of a snapshot. */
export interface Moment {
  readonly at: EpochMs;
  /** One for each season, shortest first. */
  readonly positions: readonly SlotPosition[];
  /** The learned season does not hold today. */
  readonly holiday: boolean;
  /** What this moment may stand for instead, as `substitutesOf` says. */
  readonly substitutes: readonly Moment[];
}

/** A time that another may look like. `lasting`: the season itself has moved, and is learned as if it had not. */
export interface Substitute {
  readonly shift: number;
  readonly lasting: boolean;
}

/**
 * Days look like their neighbours an hour off where clocks are set to summer time, and like another day of the week on a holiday.
 * Only seasons of whole days have such substitutes.
 */
export function substitutesOf(settings: Settings): readonly Substitute[] {
  const longest = settings.seasons.at(-1)?.length ?? 0;
  if (longest < DAY || longest % DAY !== 0) return [];
  const hours = [-HOUR, HOUR].map((shift) => ({ shift, lasting: true }));
  const days = Array.from({ length: Math.min(7, longest / DAY) - 1 }, (_, i) => ({
    shift: (i + 1) * DAY,
    lasting: false,
  }));
  return [...hours, ...days];
}

export function momentOf(
  at: EpochMs,
  settings: Settings,
  holidays: ReadonlySet<EpochMs>,
  substitutes: readonly Substitute[],
): Moment {
  const holiday = holidays.size > 0 && holidays.has(Math.floor(at / DAY) * DAY);
  const positionsAt = (time: EpochMs): readonly SlotPosition[] =>
    settings.seasons.map((season) => slotPosition(time, season.length, season.slots));
  return {
    at,
    positions: positionsAt(at),
    holiday,
    substitutes: substitutes.map(({ shift }) => ({ at, positions: positionsAt(at + shift), holiday, substitutes: [] })),
  };
}
