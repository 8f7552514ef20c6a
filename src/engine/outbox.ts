import { asHeadgateError, type HeadgateError } from '../domain/error.ts';
import type { Change, Clock, OutboxItem, Random } from '../domain/ports.ts';
import { type DurationMs, type EpochMs, HOUR, MINUTE, SECOND } from '../domain/time.ts';
import type { Journal } from './journal.ts';

/** Does what an item owes. Answers with further changes to be committed together with the end of the item. */
export type OutboxHandler = (item: OutboxItem, abort: AbortSignal) => Promise<readonly Change[]>;

export interface OutboxOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  /** By the part of the lane before the first colon. */
  readonly handlers: Readonly<Record<string, OutboxHandler>>;
  readonly timeout: DurationMs;
  /** Told of every failed attempt; `gaveUp` where it was the last one. */
  readonly failed: (item: OutboxItem, error: HeadgateError, gaveUp: boolean) => void;
  readonly changed: (pending: number, oldestAt: EpochMs | undefined) => void;
}

export interface Outbox {
  /** Takes items that are already durable, replacing those of the same id. */
  add(items: readonly OutboxItem[]): void;
  drop(ids: readonly string[]): void;
  pending(): readonly OutboxItem[];
  /**
   * Resolves once nothing is due any more, or when `abort` fires; used at shutdown. Further attempts at items for which
   * `stay` holds are waited for as well.
   */
  drained(abort: AbortSignal, stay?: (item: OutboxItem) => boolean): Promise<void>;
  /** Stops starting things and waits for what is under way. */
  close(): Promise<void>;
}

const BASE: DurationMs = 2 * SECOND;
const CAP: DurationMs = 5 * MINUTE;
/** No item waits longer than this for its next attempt, whatever the receiver asks and wherever the wall clock is set. */
const LONGEST: DurationMs = HOUR;

/** Wait before attempt `attempts + 1`: full jitter under a doubling cap, and never sooner than the receiver asked for. */
export function retryDelay(attempts: number, error: HeadgateError, random: Random): DurationMs {
  const ceiling = Math.min(CAP, BASE * 2 ** Math.min(attempts - 1, 20));
  return Math.max(error.retryAfter ?? 0, ceiling * (0.5 + 0.5 * random()));
}

/**
 * Works off what is owed. Lanes run beside each other; within a lane one item at a time, most urgent first, then oldest.
 * An item leaves when its handler is done and that is committed: a crash in between repeats the item, never loses it.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { clock, journal } = options;
  const items = new Map<string, OutboxItem>();
  /** When each item is due on the monotonic clock: a wall clock that is set back holds nothing up. */
  const dueAt = new Map<string, DurationMs>();
  const busy = new Map<string, Promise<void>>();
  const waiters = new Set<() => void>();
  const stop = new AbortController();
  let cancel: (() => void) | undefined;

  const told = (): void => {
    let oldest: EpochMs | undefined;
    for (const item of items.values()) oldest = Math.min(oldest ?? item.createdAt, item.createdAt);
    options.changed(items.size, oldest);
  };

  const put = (item: OutboxItem): void => {
    items.set(item.id, item);
    const wait = Math.min(Math.max(0, item.dueAt - clock.now()), LONGEST);
    dueAt.set(item.id, clock.monotonic() + wait);
  };
  const remove = (id: string): void => {
    items.delete(id);
    dueAt.delete(id);
  };

  const firstDue = (): ReadonlyMap<string, OutboxItem> => {
    const now = clock.monotonic();
    return firstOfLanes([...items.values()].filter((item) => (dueAt.get(item.id) as DurationMs) <= now));
  };

  const pump = (): void => {
    cancel?.();
    cancel = undefined;
    if (stop.signal.aborted) return;
    for (const [lane, item] of firstDue()) if (!busy.has(lane)) start(lane, item);
    const now = clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const due of dueAt.values()) if (due > now) next = Math.min(next, due);
    if (Number.isFinite(next)) cancel = clock.timer(next - now, pump);
    if (busy.size === 0) for (const wake of waiters) wake();
  };

  const start = (lane: string, item: OutboxItem): void => {
    const run = attempt(item).finally(() => {
      busy.delete(lane);
      told();
      pump();
    });
    busy.set(lane, run);
  };

  const attempt = async (item: OutboxItem): Promise<void> => {
    const handler = options.handlers[item.lane.slice(0, item.lane.indexOf(':'))];
    const abort = AbortSignal.any([stop.signal, AbortSignal.timeout(options.timeout)]);
    try {
      const changes = handler ? await handler(item, abort) : [];
      await finish(item, changes);
    } catch (thrown) {
      await failed(item, asHeadgateError(thrown));
    }
  };

  /** An item that was replaced while it was being worked on stays: it owes something newer now. */
  const finish = async (item: OutboxItem, changes: readonly Change[]): Promise<void> => {
    const replaced = items.get(item.id) !== item;
    if (!replaced) remove(item.id);
    await journal.commit([...changes, ...(replaced ? [] : [{ drop: 'outbox' as const, id: item.id }])]);
  };

  const failed = async (item: OutboxItem, error: HeadgateError): Promise<void> => {
    if (stop.signal.aborted) return;
    const next = clock.now() + retryDelay(item.attempts + 1, error, options.random);
    const gaveUp = !(error.retryable || error.code === 'internal') || next > item.giveUpAt;
    options.failed(item, error, gaveUp);
    if (gaveUp) return finish(item, []);
    const later = { ...item, attempts: item.attempts + 1, dueAt: next };
    if (items.get(item.id) !== item) return;
    put(later);
    await journal.commit([{ put: 'outbox', item: later }]);
  };

  return {
    add(more) {
      for (const item of more) put(item);
      told();
      pump();
    },
    drop(ids) {
      for (const id of ids) remove(id);
      if (ids.length > 0) pump();
    },
    pending: () => [...items.values()],
    async drained(abort, stay = () => false) {
      const due = () => busy.size > 0 || firstDue().size > 0 || [...items.values()].some(stay);
      while (due() && !abort.aborted)
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiters.delete(wake);
            abort.removeEventListener('abort', wake);
            resolve();
          };
          waiters.add(wake);
          abort.addEventListener('abort', wake);
        });
    },
    async close() {
      stop.abort();
      cancel?.();
      await Promise.allSettled(busy.values());
    },
  };
}

/** For each lane the item to work on first: the most urgent, then the oldest. */
function firstOfLanes(items: readonly OutboxItem[]): Map<string, OutboxItem> {
  const first = new Map<string, OutboxItem>();
  for (const item of items) {
    const best = first.get(item.lane);
    const before =
      !best || item.priority < best.priority || (item.priority === best.priority && item.createdAt < best.createdAt);
    if (before) first.set(item.lane, item);
  }
  return first;
}
