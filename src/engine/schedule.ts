import type { Clock } from '../domain/ports.ts';
import type { DurationMs } from '../domain/time.ts';

export interface Schedule {
  /** Calls `run` once in every slot from now on. A running call is never joined by a second: its slots are skipped. */
  add(id: string, every: DurationMs, run: () => Promise<void>): void;
  remove(id: string): void;
  /** Resolves when no call is running any more; nothing new is started. */
  stop(): Promise<void>;
}

interface Entry {
  readonly id: string;
  readonly every: DurationMs;
  readonly run: () => Promise<void>;
  readonly start: DurationMs;
  slot: number;
  running: Promise<void> | undefined;
}

/**
 * Calls things at fixed distances on the monotonic clock: slot k is due at start + k × every, so lateness never adds up and a
 * jump of the wall clock changes nothing. Starts are spread over the interval by a hash of the id, so that a thousand stages
 * do not probe in the same millisecond. One timer serves all entries.
 *
 * @param skipped told how many slots an entry had to leave out
 */
export function createSchedule(clock: Clock, skipped: (id: string, count: number) => void): Schedule {
  const entries = new Map<string, Entry>();
  let cancel: (() => void) | undefined;
  let stopped = false;

  const due = (entry: Entry): DurationMs => entry.start + entry.slot * entry.every;

  const fire = (entry: Entry, now: DurationMs): void => {
    const missed = Math.floor((now - due(entry)) / entry.every);
    entry.slot += missed + 1;
    if (entry.running) {
      skipped(entry.id, missed + 1);
      return;
    }
    if (missed > 0) skipped(entry.id, missed);
    entry.running = entry.run().finally(() => {
      entry.running = undefined;
    });
  };

  const arm = (): void => {
    cancel?.();
    cancel = undefined;
    if (stopped || entries.size === 0) return;
    let next = Number.POSITIVE_INFINITY;
    for (const entry of entries.values()) next = Math.min(next, due(entry));
    cancel = clock.timer(Math.max(0, next - clock.monotonic()), tick);
  };

  const tick = (): void => {
    const now = clock.monotonic();
    for (const entry of entries.values()) if (due(entry) <= now) fire(entry, now);
    arm();
  };

  return {
    add(id, every, run) {
      const start = clock.monotonic() + phaseOf(id) * every;
      entries.set(id, { id, every, run, start, slot: 0, running: undefined });
      arm();
    },
    remove(id) {
      entries.delete(id);
      arm();
    },
    async stop() {
      stopped = true;
      cancel?.();
      await Promise.allSettled([...entries.values()].map((entry) => entry.running));
      entries.clear();
    },
  };
}

/** A stable number in [0, 1) from a name (FNV-1a). */
export function phaseOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  return hash / 2 ** 32;
}
