import { z } from 'zod';
import { type Signal, signalSpec } from '../domain/signal.ts';
import { DAY, type DurationMs, WEEK } from '../domain/time.ts';
import { parseDuration, rate } from '../kit/duration.ts';

const PERIODS: Readonly<Record<string, DurationMs>> = { day: DAY, week: WEEK, month: (365.25 / 12) * DAY };

/** `1 per week`: so many a week after parsing. */
export const frequency = z
  .string()
  .meta({
    description: 'How often is acceptable, such as 1 per week or 3 per day.',
    examples: ['1 per week', '1 per day'],
  })
  .transform((text, context): number => {
    const match = /^(\d+(?:\.\d+)?) per (day|week|month)$/.exec(text.trim());
    const count = Number(match?.[1]);
    if (match && count > 0) return (count * WEEK) / (PERIODS[match[2] as string] as number);
    context.addIssue({
      code: 'custom',
      message: 'want a frequency above zero such as 1 per week, 1 per day or 2 per month',
    });
    return z.NEVER;
  });

/** A bound as written: a number in the unit of its signal, or a duration or rate where the signal has that unit. */
export const bound = z.union([z.number(), z.string()]).meta({
  description:
    'A number in the unit of the signal; for _seconds also a duration (2m), for _per_second also a rate (100/s), for _ratio also a percentage (5%).',
  examples: ['2m', 1000, '100/s', '5%'],
});

export type Bound = z.output<typeof bound>;

/** The number a bound stands for in the unit of the signal, or what is wrong with it. */
export function boundOf(signal: Signal, written: Bound): { value: number } | { wrong: string } {
  if (typeof written === 'number') return { value: written };
  if (/^-?\d+(\.\d+)?$/.test(written)) return { value: Number(written) };
  const { unit } = signalSpec(signal);
  if (unit === 'seconds') {
    const length = parseDuration(written);
    return length === undefined
      ? { wrong: `${signal} is in seconds: want a duration such as 30s or 2m, or a number` }
      : { value: length / 1000 };
  }
  if (unit === 'records_per_second') {
    const flow = rate.safeParse(written);
    return flow.success ? { value: flow.data } : { wrong: `${signal} is a rate: want 100/s, 5/m or a number` };
  }
  if (unit === 'ratio') {
    const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(written);
    return percent ? { value: Number(percent[1]) / 100 } : { wrong: `${signal} is a ratio: want 5% or 0.05` };
  }
  return { wrong: `${signal} is ${unit === 'count' ? 'a count' : `in ${unit}`}: want a number` };
}

/** A time zone the runtime knows. */
export const timezone = z
  .string()
  .meta({ description: 'A time zone of the IANA database.', examples: ['Europe/Berlin'] })
  .refine(isTimezone, 'want a time zone of the IANA database such as Europe/Berlin');

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** `2026-12-25` as UTC midnight; days that no calendar has are refused. */
export const day = z
  .string()
  .meta({ description: 'A day as YYYY-MM-DD.', examples: ['2026-12-25'], format: 'date' })
  .transform((text, context): number => {
    const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
    if (Number.isFinite(at) && new Date(at).toISOString().startsWith(text)) return at;
    context.addIssue({ code: 'custom', message: 'want a day of the calendar as YYYY-MM-DD' });
    return z.NEVER;
  });

/** A moment with its zone; a day is its UTC midnight. Days and hours that no calendar has are refused. */
export const moment = z
  .string()
  .meta({
    description: 'A time with its zone, or a day (UTC).',
    examples: ['2026-11-27T09:00:00+01:00', '2026-11-27'],
  })
  .transform((text, context): number => {
    const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? day.safeParse(text) : clockTime.safeParse(text);
    if (at.success) return typeof at.data === 'number' ? at.data : Date.parse(at.data);
    context.addIssue({ code: 'custom', message: 'want a time with its zone such as 2026-11-27T09:00:00Z, or a day' });
    return z.NEVER;
  });

const clockTime = z.iso.datetime({ offset: true });

const CRON_RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

/** Five fields: minute, hour, day of month, month, day of week; numbers, lists, ranges and steps. */
export const cron = z
  .string()
  .meta({
    description: 'Cron expression with five fields: minute, hour, day of month, month, day of week.',
    examples: ['0 2 * * 6'],
  })
  .refine(isCron, 'want a cron expression with five fields such as 0 2 * * 6');

function isCron(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return (
    fields.length === 5 && fields.every((field, i) => isCronField(field, CRON_RANGES[i] as readonly [number, number]))
  );
}

function isCronField(field: string, [low, high]: readonly [number, number]): boolean {
  return field.split(',').every((part) => {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/([1-9]\d*))?$/.exec(part);
    if (!match) return false;
    const from = match[1] === undefined ? low : Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    return from >= low && to <= high && from <= to;
  });
}
