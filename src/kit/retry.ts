import { asHeadgateError } from '../domain/error.ts';
import type { Random } from '../domain/ports.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';

/** The first wait is up to `base`; it doubles with every attempt, up to `cap`. */
export interface Backoff {
  readonly base: DurationMs;
  readonly cap: DurationMs;
}

/**
 * How long to wait after `attempt` attempts have failed (1 after the first): exponential with full jitter, that is uniform
 * between 0 and min(cap, base × 2^(attempt − 1)). Full jitter spreads callers that failed together best (M. Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @example
 * backoff(3, () => 0.5, { base: 1_000, cap: 60_000 }) === 2_000
 */
export function backoff(attempt: number, random: Random, { base, cap }: Backoff): DurationMs {
  return random() * Math.min(cap, base * 2 ** Math.min(Math.max(attempt, 1) - 1, 60));
}

/**
 * When to try again after the failure number `attempt`. A `Retry-After` of the other side is a floor: never earlier, and
 * later by up to a tenth, so that those who were told the same do not come back together.
 *
 * @returns the moment, or `undefined` where trying again cannot help (the error is not retryable).
 */
export function nextAttempt(
  thrown: unknown,
  attempt: number,
  now: EpochMs,
  random: Random,
  limits: Backoff,
): EpochMs | undefined {
  const error = asHeadgateError(thrown);
  if (!error.retryable) return undefined;
  const own = backoff(attempt, random, limits);
  if (error.retryAfter === undefined) return now + own;
  return now + Math.max(own, error.retryAfter * (1 + random() / 10));
}
