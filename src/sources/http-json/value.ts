import { HeadgateError } from '../../domain/error.ts';
import type { EpochMs } from '../../domain/time.ts';
import { type JsonPointer, resolvePointer } from '../../kit/json-pointer.ts';

const NUMERIC = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;
/** As seconds the year 5138, as milliseconds 1973: numbers from here on are milliseconds. */
const MILLISECONDS_FROM = 1e11;

/** A pointer as it was written. */
export const written = (pointer: JsonPointer): string =>
  pointer.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') || '(the whole document)';

const wrong = (pointer: JsonPointer, found: unknown, want: string): HeadgateError => {
  const type = Array.isArray(found) ? 'a list' : typeof found === 'object' ? 'an object' : `a ${typeof found}`;
  return new HeadgateError('malformed', `${written(pointer)} is ${type} that is not ${want}`);
};

/**
 * The finite number at `pointer`, also where it is written as text that is a number and nothing else.
 *
 * @returns `undefined` where there is nothing, or null.
 * @throws HeadgateError `malformed` for anything else: other types, NaN, numbers beyond 1.8e308.
 */
export function numberAt(document: unknown, pointer: JsonPointer): number | undefined {
  const found = resolvePointer(document, pointer);
  if (found === undefined || found === null) return undefined;
  const value = typeof found === 'string' && NUMERIC.test(found) ? Number(found) : found;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(pointer, found, 'a finite number');
}

/**
 * The time at `pointer`: ISO 8601 (without a zone it is UTC), or Unix time in seconds or milliseconds, which are told apart
 * by size.
 *
 * @returns `undefined` where there is nothing, or null, or empty text.
 * @throws HeadgateError `malformed` for anything else.
 */
export function timeAt(document: unknown, pointer: JsonPointer): EpochMs | undefined {
  const found = resolvePointer(document, pointer);
  if (found === undefined || found === null || found === '') return undefined;
  const time = typeof found === 'string' && ISO.test(found) ? isoTime(found) : unixTime(found);
  if (time !== undefined && Math.abs(time) <= 8.64e15) return time;
  throw wrong(pointer, found, 'a time (ISO 8601, or Unix seconds or milliseconds)');
}

function isoTime(text: string): EpochMs | undefined {
  const zoned = text.length === 10 || /(Z|[+-]\d\d:?\d\d)$/.test(text.slice(10)) ? text : `${text}Z`;
  const time = Date.parse(zoned.replace(' ', 'T'));
  return Number.isNaN(time) ? undefined : time;
}

function unixTime(found: unknown): EpochMs | undefined {
  const value = typeof found === 'string' && NUMERIC.test(found) ? Number(found) : found;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined;
  return value >= MILLISECONDS_FROM ? value : value * 1_000;
}
