import { NARROW_SPACE } from './number.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (n: number): string => String(n).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Milliseconds since 1970 of an RFC 3339 string; NaN where there is none. */
export const epoch = (time: string | null | undefined): number => (time ? Date.parse(time) : Number.NaN);

/** Wall clock of the reader's own zone: `03:04`. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Wall clock with seconds: `03:07:46`. */
export const clockSeconds = (at: number): string => `${clock(at)}:${two(new Date(at).getSeconds())}`;

/** Day of the month, without the year: `12 Nov`. */
export function day(at: number): string {
  const date = new Date(at);
  return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
}

/** Wall clock; with the day where it is not the day of `now`: `03:04`, `12 Nov 22:41`. */
export function clockOrDay(at: number, now: number): string {
  const same = new Date(at).toDateString() === new Date(now).toDateString();
  return same ? clock(at) : `${day(at)} ${clock(at)}`;
}

/** As short as it can be: the wall clock within 20 hours, else the day. For narrow columns. */
export const clockOrJustDay = (at: number, now: number): string => (now - at < 20 * HOUR ? clock(at) : day(at));

const part = (n: number, unit: string): string => `${n}${NARROW_SPACE}${unit}`;

/**
 * A length of time in at most two units, rounded down: `42 s`, `8 min`, `4 h 25 min`, `3 d 4 h`.
 * `fine` keeps the seconds below ten minutes (`2 min 14 s`). Negative counts as zero.
 */
export function duration(ms: number, fine = false): string {
  const length = Math.max(0, ms);
  if (length < MINUTE) return part(Math.floor(length / SECOND), 's');
  if (length < HOUR) {
    const seconds = Math.floor((length % MINUTE) / SECOND);
    const minutes = part(Math.floor(length / MINUTE), 'min');
    return fine && length < 10 * MINUTE && seconds > 0 ? `${minutes} ${part(seconds, 's')}` : minutes;
  }
  if (length < DAY) {
    const minutes = Math.floor((length % HOUR) / MINUTE);
    const hours = part(Math.floor(length / HOUR), 'h');
    return minutes > 0 && length < 10 * HOUR ? `${hours} ${part(minutes, 'min')}` : hours;
  }
  const hours = Math.floor((length % DAY) / HOUR);
  const days = part(Math.floor(length / DAY), 'd');
  return hours > 0 && length < 10 * DAY ? `${days} ${part(hours, 'h')}` : days;
}

/** How long ago, never in the future: a clock that is a little ahead reads `just now`. */
export const ago = (at: number, now: number): string => (now - at < 1_500 ? 'just now' : `${duration(now - at)} ago`);

/** Ranges a reader can choose, in milliseconds, with the word in the URL. */
export const RANGES: readonly { readonly key: string; readonly label: string; readonly length: number }[] = [
  { key: '30m', label: part(30, 'min'), length: 30 * MINUTE },
  { key: '2h', label: part(2, 'h'), length: 2 * HOUR },
  { key: '12h', label: part(12, 'h'), length: 12 * HOUR },
  { key: '2d', label: part(2, 'd'), length: 2 * DAY },
  { key: '14d', label: part(14, 'd'), length: 14 * DAY },
];
