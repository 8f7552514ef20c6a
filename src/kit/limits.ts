import { BulkheadRejectedError, bulkhead, TaskCancelledError, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { HeadgateError } from '../domain/error.ts';
import type { DurationMs } from '../domain/time.ts';
import { unlessAborted } from './abort.ts';
import { formatDuration } from './duration.ts';

export interface Limits {
  /** How many calls run at once. */
  readonly concurrency: number;
  /** How many more may wait; one more is refused at once. */
  readonly queue: number;
  /** A call is aborted after this long. Waiting in the queue does not count. */
  readonly timeout: DurationMs;
}

/** Keeps the load on one watched system bounded. */
export interface Limiter {
  /**
   * Runs `call` as soon as there is room; `call` gets a signal that fires at the timeout and with `abort`.
   *
   * @throws HeadgateError `rate-limited` where the queue is full, `timeout`, `aborted`; errors of `call` pass through.
   */
  run<T>(call: (abort: AbortSignal) => Promise<T>, abort: AbortSignal): Promise<T>;
  readonly running: number;
  readonly waiting: number;
}

/** @param what the system that is protected, for messages. */
export function limiter(what: string, limits: Limits): Limiter {
  const room = bulkhead(limits.concurrency, limits.queue);
  const policy = wrap(room, timeout(limits.timeout, TimeoutStrategy.Aggressive));
  const meaningOf = (thrown: unknown, abort: AbortSignal): unknown => {
    if (thrown instanceof BulkheadRejectedError) {
      const text = `${what}: ${limits.concurrency} calls run and ${limits.queue} wait already; ask less often`;
      return new HeadgateError('rate-limited', text);
    }
    if (!(thrown instanceof TaskCancelledError)) return thrown;
    if (abort.aborted) return new HeadgateError('aborted', `${what}: given up`);
    return new HeadgateError('timeout', `${what}: not done within ${formatDuration(limits.timeout)}`);
  };
  return {
    run: async (call, abort) => {
      try {
        // The bulkhead notices the abort of a waiting call only when its turn comes.
        return await unlessAborted(
          policy.execute(({ signal }) => call(signal), abort),
          abort,
          what,
        );
      } catch (thrown) {
        throw meaningOf(thrown, abort);
      }
    },
    get running() {
      return limits.concurrency - room.executionSlots;
    },
    get waiting() {
      return limits.queue - room.queueSlots;
    },
  };
}
