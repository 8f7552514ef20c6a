import { clockOrDay } from './time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = new RegExp(
  String.raw`(?<![\d:])(?:(\d{1,2}) (${MONTHS.join('|')}) )?([01]\d|2[0-3]):([0-5]\d)(?![\d:])`,
  'g',
);

const DAY = 86_400_000;

/** The moment a UTC time of day without a day means: the one nearest to now. */
function nearest(hours: number, minutes: number, now: number): number {
  const at = Math.floor(now / DAY) * DAY + (hours * 60 + minutes) * 60_000;
  return [at - DAY, at, at + DAY].reduce((best, one) => (Math.abs(one - now) < Math.abs(best - now) ? one : best));
}

/**
 * The times of day in a sentence of the daemon, which says them in UTC, in the zone of the reader. Everything else stays.
 * In UTC the sentence comes back as it is, except that a day that is today's is left out.
 */
export function inReadersZone(sentence: string, now: number): string {
  return sentence.replaceAll(
    TIME,
    (_, day: string | undefined, month: string | undefined, hours: string, minutes: string) => {
      const time = [Number(hours), Number(minutes)] as const;
      if (day === undefined) return clockOrDay(nearest(time[0], time[1], now), now);
      const year = new Date(now).getUTCFullYear();
      const at = Date.UTC(year, MONTHS.indexOf(month ?? ''), Number(day), time[0], time[1]);
      return clockOrDay(
        at - now > DAY ? Date.UTC(year - 1, MONTHS.indexOf(month ?? ''), Number(day), ...time) : at,
        now,
      );
    },
  );
}
