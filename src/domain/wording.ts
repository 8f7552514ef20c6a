import type { GateRequest } from './lease.ts';
import type { Unit } from './signal.ts';
import { DAY, type DurationMs, type EpochMs, HOUR, MINUTE, SECOND } from './time.ts';

/** How numbers, ranges, lengths and times are said to people; every sentence of the product is made of these. */

interface Scale {
  readonly size: number;
  readonly suffix: string;
}

const SECONDS: readonly Scale[] = [
  { size: 0.001, suffix: ' ms' },
  { size: 1, suffix: ' s' },
  { size: 60, suffix: ' min' },
  { size: 3_600, suffix: ' h' },
  { size: 86_400, suffix: ' d' },
];
/** From this many seconds on the next scale is used: 321 s stays in seconds, 12 min does not. */
const SECONDS_FROM: readonly number[] = [0, 0.1, 600, 2 * 3_600, 2 * 86_400];

const thousands = (unit: string): readonly Scale[] =>
  ['', 'k', 'M', 'G', 'T'].map((prefix, power) => ({ size: 1_000 ** power, suffix: suffixOf(prefix, unit) }));
const suffixOf = (prefix: string, unit: string): string =>
  unit === '/s' ? `${prefix && ` ${prefix}`}/s` : prefix + unit === '' ? '' : ` ${prefix}${unit}`;
const COUNTS = thousands('');
const RATES = thousands('/s');
const BYTES = thousands('B');

/** The scale in which the number reads best; a range takes the scale of its greater end. */
function scaleOf(value: number, unit: Unit): Scale {
  const size = Math.abs(value);
  // Beyond this no unit helps, and a division by the scale could overflow.
  if (size > 1e300) return { size: 1, suffix: '' };
  if (unit === 'ratio') return { size: 0.01, suffix: ' %' };
  if (unit === 'seconds') {
    const index = size === 0 ? 1 : SECONDS_FROM.findLastIndex((from) => size >= from);
    return SECONDS[index] ?? { size: 1, suffix: ' s' };
  }
  const scales = unit === 'bytes' ? BYTES : unit === 'records_per_second' ? RATES : COUNTS;
  // Up to four digits are read at a glance; bytes are always said in thousands.
  const step = unit === 'bytes' ? 1 : 10;
  return scales.findLast((scale, power) => power === 0 || size >= scale.size * step) ?? { size: 1, suffix: '' };
}

/** Two digits below 10, whole numbers above; never more than a person compares. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e7) return value.toExponential(1);
  if (size >= 9.95 || value === 0) return value.toFixed(0);
  if (size >= 0.095) return trim(value.toFixed(1));
  return size < 1e-6 ? value.toExponential(0) : trim(value.toPrecision(2));
}

const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/**
 * One number with its unit. A number that is not finite reads `not known`.
 *
 * @example
 * quantity(321, 'seconds') === '321 s'
 */
export function quantity(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'not known';
  const scale = scaleOf(value, unit);
  return digits(value / scale.size) + scale.suffix;
}

/**
 * A range in one unit, that of its greater end. Ends that cannot be (a negative time or count of records) read 0.
 *
 * @example
 * range(1.8, 16, 'seconds') === '1.8 to 16 s'
 */
export function range(lower: number, upper: number, unit: Unit): string {
  if (!Number.isFinite(lower) && !Number.isFinite(upper)) return 'not known';
  const from = unit === 'count' ? lower : Math.max(0, lower);
  const to = unit === 'count' ? upper : Math.max(0, upper);
  if (!Number.isFinite(lower)) return `at most ${quantity(to, unit)}`;
  if (!Number.isFinite(upper)) return `at least ${quantity(from, unit)}`;
  const scale = scaleOf(Math.max(Math.abs(from), Math.abs(to)), unit);
  const low = digits(from / scale.size);
  const high = digits(to / scale.size);
  return (low === high ? high : `${low} to ${high}`) + scale.suffix;
}

/**
 * A probability with one digit, as a person says it.
 *
 * @example
 * probability(0.0000042) === '4e-6'
 */
export const probability = (p: number): string => (p >= 0.001 ? String(Number(p.toPrecision(1))) : p.toExponential(0));

/**
 * A length of time in the one unit that says it best, rounded.
 *
 * @example
 * lengthOf(480_000) === '8 min'
 */
export function lengthOf(length: DurationMs): string {
  if (length < 100) return `${Math.max(0, Math.round(length))} ms`;
  if (length < 2 * MINUTE) return `${digits(length / SECOND)} s`;
  if (length < 2 * HOUR) return `${Math.round(length / MINUTE)} min`;
  return length < 2 * DAY ? `${digits(length / HOUR)} h` : `${digits(length / DAY)} d`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * The time of day as HH:MM, `offset` minutes east of UTC; with the day in front where it is not the day of `now`.
 *
 * @example
 * clockTime(Date.UTC(2026, 10, 21, 3, 16), Date.UTC(2026, 10, 21, 3, 10), 0) === '03:16'
 */
export function clockTime(at: EpochMs, now: EpochMs, offset = 0): string {
  const local = at + offset * MINUTE;
  const minutes = Math.floor((local - Math.floor(local / DAY) * DAY) / MINUTE);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const day = Math.floor(local / DAY);
  if (day === Math.floor((now + offset * MINUTE) / DAY)) return time;
  const { month, date } = civil(day);
  return `${date} ${MONTHS[month - 1]} ${time}`;
}

/** Month and day of a count of days since 1970-01-01. Source: H. Hinnant, "chrono-compatible low-level date algorithms". */
function civil(days: number): { month: number; date: number } {
  const shifted = days + 719_468;
  const dayOfEra = shifted - Math.floor(shifted / 146_097) * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  return { month: month < 10 ? month + 3 : month - 9, date: dayOfYear - Math.floor((153 * month + 2) / 5) + 1 };
}

/** What was asked of a gate, as a participle: "throttled to 40/s", "paused", "scaled to 4". */
export function requestWords(request: GateRequest): string {
  if (request.kind === 'throttle') return `throttled to ${quantity(request.rate, 'records_per_second')}`;
  return request.kind === 'pause' ? 'paused' : `scaled to ${request.replicas}`;
}

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
