import type { Clock } from '../domain/ports.ts';
import type { DurationMs } from '../domain/time.ts';
import { fnv1a } from '../stats/fnv1a.ts';
import { DueQueue } from './queue.ts';

export interface Schedule {
  /**
   * Calls `run`, which must not reject, once in every slot from now on. A running call is never joined by a second: its slots
   * are skipped. An id that is there already and keeps its distance keeps its slots too, and gets the new `run`.
   */
  add(id: string, every: DurationMs, run: () => Promise<void>): void;
  /** A call that is running is let finish. */
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
}

/**
 * Calls things at fixed distances on the monotonic clock: slot k is due at start + k × every, so lateness never adds up and a
 * jump of the wall clock changes nothing. Starts are spread over the interval by a hash of the id, so that a thousand stages
 * do not probe in the same millisecond. One timer serves all entries, and a slot costs O(log entries).
 *
 * @param skipped told how many slots an entry had to leave out
 */
export function createSchedule(clock: Clock, skipped: (id: string, count: number) => void): Schedule {
  const entries = new Map<string, Entry>();
  /** By the slot that comes next. An entry that was removed or replaced is left out when its turn comes. */
  const queue = new DueQueue<Entry>();
  const running = new Map<string, Promise<void>>();
  let armedFor = Number.POSITIVE_INFINITY;
  let cancel: (() => void) | undefined;
  let stopped = false;

  const due = (entry: Entry): DurationMs => entry.start + entry.slot * entry.every;

  const fire = (entry: Entry, now: DurationMs): void => {
    const missed = Math.floor((now - due(entry)) / entry.every);
    entry.slot += missed + 1;
    if (running.has(entry.id)) {
      skipped(entry.id, missed + 1);
      return;
    }
    if (missed > 0) skipped(entry.id, missed);
    running.set(
      entry.id,
      entry.run().finally(() => running.delete(entry.id)),
    );
  };

  const isThere = (entry: Entry): boolean => entries.get(entry.id) === entry;

  const arm = (): void => {
    while (queue.first && !isThere(queue.first.item)) queue.pop();
    const next = stopped ? undefined : queue.first?.due;
    if (next === armedFor) return;
    cancel?.();
    armedFor = next ?? Number.POSITIVE_INFINITY;
    cancel = next === undefined ? undefined : clock.timer(Math.max(0, next - clock.monotonic()), tick);
  };

  const tick = (): void => {
    const now = clock.monotonic();
    armedFor = Number.POSITIVE_INFINITY;
    while (queue.first && queue.first.due <= now) {
      const entry = queue.pop();
      if (!entry || !isThere(entry)) continue;
      fire(entry, now);
      queue.push(due(entry), entry);
    }
    arm();
  };

  return {
    add(id, every, run) {
      const before = entries.get(id);
      const kept = before?.every === every ? before : { start: clock.monotonic() + phaseOf(id) * every, slot: 0 };
      const entry = { id, every, run, start: kept.start, slot: kept.slot };
      entries.set(id, entry);
      queue.push(due(entry), entry);
      arm();
    },
    remove(id) {
      entries.delete(id);
      arm();
    },
    async stop() {
      stopped = true;
      cancel?.();
      await Promise.allSettled(running.values());
      entries.clear();
      queue.clear();
    },
  };
}

const UTF8 = new TextEncoder();

/**
 * A stable number in [0, 1) from a name. The hash is mixed once more (the finaliser of MurmurHash3), because FNV-1a alone puts
 * names that differ only in their last letters, as those of stages do, close to each other.
 */
export function phaseOf(id: string): number {
  let hash = fnv1a(UTF8.encode(id));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
