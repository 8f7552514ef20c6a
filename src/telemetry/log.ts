import { isSpanContextValid, trace } from '@opentelemetry/api';
import { destination, pino } from 'pino';

/** Static message, data in the object. */
export type Say = (data: Readonly<Record<string, unknown>>, message: string) => void;

export interface Log {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
}

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go, one call for each; standard output where not given. */
  readonly write?: (line: string) => void;
}

const SECRET_KEY =
  /authorization|passw(or)?d|secret|token|api[-_]?key|routing[-_]?key|cookie|credential|private[-_]?key/i;
const MASK = '[secret]';
/** Deeper than this, and beyond so many items, data is cut: a log line is no dump. */
const DEPTH = 6;
const ITEMS = 100;

/**
 * JSON lines on standard output, written at once, so that none is lost when the process ends. Each line carries the ids of
 * the span it was said in. What looks like a credential is masked wherever it stands.
 */
export function createLog({ level, write }: LogOptions): Log {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: traceIds,
      formatters: {
        level: (label) => ({ level: label }),
        log: (data) => clean(data, 0) as Record<string, unknown>,
      },
      // Errors have been made plain by `clean` already.
      serializers: { err: (value: unknown) => value },
    },
    write === undefined ? destination({ fd: 1, sync: true }) : { write },
  );
  return {
    debug: (data, message) => log.debug(data, scrub(message)),
    info: (data, message) => log.info(data, scrub(message)),
    warn: (data, message) => log.warn(data, scrub(message)),
    error: (data, message) => log.error(data, scrub(message)),
  };
}

function traceIds(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** Credentials inside a text: the password of an address, and what follows Bearer or Basic. */
export const scrub = (text: string): string =>
  text
    .replace(/:\/\/[^/\s@]+@/g, `://${MASK}@`)
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${MASK}`)
    .replace(/\bwhsec_[\w+/=-]+/g, MASK);

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (value instanceof Error) return describeError(value, depth);
  // A Secret, a Date and the like say themselves how they are written.
  if ('toJSON' in value && typeof value.toJSON === 'function') return clean(value.toJSON(), depth + 1);
  if (depth >= DEPTH) return '[more]';
  if (value instanceof Map) return clean(Object.fromEntries(value), depth + 1);
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, ITEMS).map((one) => clean(one, depth + 1));
  const entries = Object.entries(value).slice(0, ITEMS);
  return Object.fromEntries(entries.map(([key, one]) => [key, SECRET_KEY.test(key) ? MASK : clean(one, depth + 1)]));
}

/** An error with its code and the chain of its causes; the stack only where nobody gave it a code: that one is a bug. */
export function describeError(error: Error, depth = 0): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: scrub(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(code === undefined || code === 'internal' ? { stack: scrub(error.stack ?? '') } : {}),
    ...(error.cause === undefined || depth >= DEPTH ? {} : { cause: clean(error.cause, depth + 1) }),
  };
}
