import { asHeadgateError, type HeadgateError } from '../domain/error.ts';
import type { Clock } from '../domain/ports.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';
import type { Notifier, Standing } from '../kit/component.ts';

export interface RemindersOptions {
  readonly clock: Clock;
  /** Those of the present config, by name. */
  notifiers(): ReadonlyMap<string, Notifier>;
  /** Everything the notifier of that name has to be reminded of. */
  standing(name: string): readonly Standing[];
  /** Told when reminding begins to fail, not each time. */
  readonly failed: (name: string, error: HeadgateError) => void;
}

const LOOK_EVERY: DurationMs = SECOND;
/** While nobody asks to be reminded; a reload may bring somebody who does. */
const IDLE: DurationMs = 10 * SECOND;
/** A reminder that failed is not left waiting for its turn: the receiver may forget before that. */
const AGAIN_AFTER: DurationMs = 5 * SECOND;
const TIMEOUT: DurationMs = 20 * SECOND;

interface Rhythm {
  dueAt: DurationMs;
  running: Promise<void> | undefined;
  failing: boolean;
}

/**
 * Reminds those notifiers that ask for it, each in its own rhythm and first at once: after the start, and after a reload that
 * made it anew. Never two reminders of one notifier at a time.
 */
export function createReminders(options: RemindersOptions): { stop(): Promise<void> } {
  const { clock } = options;
  const rhythms = new Map<Notifier, Rhythm>();
  const stop = new AbortController();

  const remind = async (name: string, notifier: Notifier, rhythm: Rhythm, every: DurationMs): Promise<void> => {
    const began = clock.monotonic();
    rhythm.dueAt = began + Math.min(every, AGAIN_AFTER);
    try {
      const abort = AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT)]);
      await notifier.remind?.send(options.standing(name), abort);
      rhythm.dueAt = began + every;
      rhythm.failing = false;
    } catch (thrown) {
      if (!rhythm.failing && !stop.signal.aborted) options.failed(name, asHeadgateError(thrown));
      rhythm.failing = true;
    }
  };

  const look = (): void => {
    const notifiers = options.notifiers();
    const present = new Set(notifiers.values());
    for (const notifier of rhythms.keys()) if (!present.has(notifier)) rhythms.delete(notifier);
    const now = clock.monotonic();
    for (const [name, notifier] of notifiers) {
      if (!notifier.remind) continue;
      const { every } = notifier.remind;
      const rhythm = rhythms.get(notifier) ?? { dueAt: now, running: undefined, failing: false };
      rhythms.set(notifier, rhythm);
      if (rhythm.running || rhythm.dueAt > now) continue;
      rhythm.running = remind(name, notifier, rhythm, every).finally(() => {
        rhythm.running = undefined;
      });
    }
    if (!stop.signal.aborted) cancel = clock.timer(rhythms.size > 0 ? LOOK_EVERY : IDLE, look);
  };
  let cancel = (): void => {};
  look();
  return {
    async stop() {
      stop.abort();
      cancel();
      await Promise.allSettled([...rhythms.values()].map((rhythm) => rhythm.running));
    },
  };
}
