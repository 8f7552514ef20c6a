import type { DurationMs } from './time.ts';

/**
 * Why something did not work, in a closed set. The code, never the text, decides what happens next:
 * `RETRYABLE` codes are tried again, all others are given up (a probe is simply asked again at its next slot).
 */
export type ErrorCode =
  | 'timeout'
  | 'unreachable'
  | 'unauthorized'
  | 'not-found'
  | 'rejected'
  | 'rate-limited'
  | 'server-error'
  | 'malformed'
  | 'too-large'
  | 'aborted'
  | 'unsupported'
  | 'missing-package'
  | 'bad-config'
  | 'conflict'
  | 'store-failed'
  | 'internal';

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'timeout',
  'unreachable',
  'rate-limited',
  'server-error',
  'aborted',
  'store-failed',
]);

/** The one error type that crosses a room's border. The message says what was tried, on what, and what to do next. */
export class HeadgateError extends Error {
  readonly code: ErrorCode;
  /** How long the other side asked us to wait, if it did. */
  readonly retryAfter: DurationMs | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfter?: DurationMs | undefined } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'HeadgateError';
    this.code = code;
    this.retryAfter = options.retryAfter;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** Any thrown value as a `HeadgateError`; what is not ours becomes `internal`, with the original as cause. */
export function asHeadgateError(thrown: unknown): HeadgateError {
  if (thrown instanceof HeadgateError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HeadgateError('internal', message, { cause: thrown });
}
