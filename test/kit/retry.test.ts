import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeadgateError } from '../../src/domain/error.ts';
import { backoff, nextAttempt } from '../../src/kit/retry.ts';

const LIMITS = { base: 1_000, cap: 60_000 };
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the upper end doubles with each attempt up to the cap', () => {
  const most = [1, 2, 3, 6, 7, 8, 1_000].map((attempt) => backoff(attempt, () => 1, LIMITS));
  assert.deepEqual(most, [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

test('every wait is within its bounds, and all of the range is used', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), share, (attempt, random) => {
      const wait = backoff(attempt, () => random, LIMITS);
      return wait >= 0 && wait <= Math.min(LIMITS.cap, LIMITS.base * 2 ** (attempt - 1));
    }),
  );
  assert.equal(
    backoff(4, () => 0, LIMITS),
    0,
  );
});

test('what cannot help is not tried again', () => {
  for (const code of ['unauthorized', 'not-found', 'rejected', 'malformed', 'too-large', 'bad-config'] as const) {
    assert.equal(
      nextAttempt(new HeadgateError(code, 'x'), 1, 0, () => 0.5, LIMITS),
      undefined,
      code,
    );
  }
  assert.equal(
    nextAttempt(new TypeError('a defect'), 1, 0, () => 0.5, LIMITS),
    undefined,
  );
});

test('what may pass is tried again after its backoff', () => {
  for (const code of ['timeout', 'unreachable', 'rate-limited', 'server-error'] as const) {
    assert.equal(
      nextAttempt(new HeadgateError(code, 'x'), 2, 5_000, () => 0.5, LIMITS),
      6_000,
      code,
    );
  }
});

test('never earlier than Retry-After asks, and little later than needed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 86_400_000 }),
      fc.integer({ min: 1, max: 50 }),
      share,
      (retryAfter, attempt, random) => {
        const error = new HeadgateError('rate-limited', 'x', { retryAfter });
        const at = nextAttempt(error, attempt, 1_000, () => random, LIMITS) ?? assert.fail();
        return at >= 1_000 + retryAfter && at <= 1_000 + Math.max(retryAfter * 1.1, LIMITS.cap);
      },
    ),
  );
});
