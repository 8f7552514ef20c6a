import { z } from 'zod';
import type { DurationMs } from '../domain/time.ts';

const UNITS: Readonly<Record<string, DurationMs>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/y;

/**
 * Reads `250ms`, `15s`, `1h30m`, `7d`. The unit is always written; parts are added up.
 *
 * @returns milliseconds, or `undefined` where the text is no duration.
 * @example
 * parseDuration('1h30m') === 5_400_000
 */
export function parseDuration(text: string): DurationMs | undefined {
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (!part) return undefined;
    total += Number(part[1]) * (UNITS[part[2] as string] as number);
  }
  return text === '' ? undefined : total;
}

/**
 * The shortest exact spelling that `parseDuration` reads back.
 *
 * @example
 * formatDuration(5_400_000) === '1h30m'
 */
export function formatDuration(length: DurationMs): string {
  let rest = Math.round(length);
  let text = '';
  for (const unit of ['w', 'd', 'h', 'm', 's', 'ms']) {
    const size = UNITS[unit] as number;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text || '0s';
}

/** A duration in config: text such as `15s`; milliseconds after parsing. */
export const duration = z
  .string()
  .meta({ description: 'A duration such as 250ms, 15s, 5m, 1h30m, 7d.', examples: ['15s', '5m', '1h30m'] })
  .transform((text, context): DurationMs => {
    const length = parseDuration(text);
    if (length !== undefined) return length;
    context.addIssue({ code: 'custom', message: `want a duration such as 15s, 5m or 1h30m, got "${text}"` });
    return z.NEVER;
  });

/** A flow in config: text such as `100/s`, `5/m`; records per second after parsing. */
export const rate = z
  .string()
  .meta({ description: 'A rate such as 100/s, 5/m, 2000/h.', examples: ['100/s', '5/m'] })
  .transform((text, context): number => {
    const match = /^(\d+(?:\.\d+)?)\/(s|m|h|d)$/.exec(text.trim());
    if (match) return (Number(match[1]) * 1_000) / (UNITS[match[2] as string] as number);
    context.addIssue({ code: 'custom', message: `want a rate such as 100/s or 5/m, got "${text}"` });
    return z.NEVER;
  });
