import { asHeadgateError, type HeadgateError } from '../domain/error.ts';
import type { Change, Clock, OutboxItem, Random } from '../domain/ports.ts';
import { type DurationMs, type EpochMs, HOUR, MINUTE, SECOND } from '../domain/time.ts';
import { type Backoff, backoff, nextAttempt } from '../kit/retry.ts';
import type { Folded } from './collapse.ts';
import type { Journal } from './journal.ts';
import { afterAttempt, afterFailure, firstOfLanes, type Pace, UNHURRIED } from './lane.ts';

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
  /** Items of a lane with the same answer are worked on one at a time, in the order in which they were created. */
  readonly threadOf?: (item: OutboxItem) => string | undefined;
  /** So many items of a lane, of different threads, are worked on at once; left out, one. A slow receiver gets one. */
  readonly atOnce?: (lane: string) => number;
  /** Asked before a lane goes on: whether what waits there is better done in fewer items. `slow`: the receiver holds it up. */
  readonly collapse?: (lane: string, items: readonly OutboxItem[], now: EpochMs, slow: boolean) => Folded | undefined;
}

export interface Outbox {
  /** Takes items that are already durable, replacing those of the same id. */
  add(items: readonly OutboxItem[]): void;
  drop(ids: readonly string[]): void;
  pending(): readonly OutboxItem[];
  /**
   * Resolves once nothing is due any more, or when `abort` fires; used at shutdown. Items for which `stay` holds are tried at
   * once, whenever they were due, and again without long waits until they are done: there is no later any more.
   */
  drained(abort: AbortSignal, stay?: (item: OutboxItem) => boolean): Promise<void>;
  /** Stops starting things and waits for what is under way. */
  close(): Promise<void>;
}

const RETRY: Backoff = { base: 2 * SECOND, cap: 5 * MINUTE };
const LAST_MOMENTS: Backoff = { base: SECOND / 2, cap: SECOND };
/** No item waits longer than this for its next attempt, whatever the receiver asks and wherever the wall clock is set. */
const LONGEST: DurationMs = HOUR;

/**
 * Works off what is owed. Lanes run beside each other; within a lane most urgent first, then oldest, and only as many at once as
 * its receiver allows. A lane whose receiver asks for time rests until then, whatever is added; one that is sent too much is
 * slowed down. An item leaves when its handler is done and that is committed: a crash in between repeats the item, never loses it.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { clock, journal } = options;
  const items = new Map<string, OutboxItem>();
  /** When each item is due on the monotonic clock: a wall clock that is set back holds nothing up. */
  const dueAt = new Map<string, DurationMs>();
  /** The lane and thread of each item. */
  const threads = new Map<string, string>();
  const paces = new Map<string, Pace>();
  /** Items under way, each with the thread it holds up. */
  const busy = new Map<OutboxItem, Promise<void>>();
  const held = new Map<string, OutboxItem>();
  const waiters = new Set<() => void>();
  let isUrgent: (item: OutboxItem) => boolean = () => false;
  const stop = new AbortController();
  let cancel: (() => void) | undefined;

  const told = (): void => {
    let oldest: EpochMs | undefined;
    for (const item of items.values()) oldest = Math.min(oldest ?? item.createdAt, item.createdAt);
    options.changed(items.size, oldest);
  };

  const put = (item: OutboxItem): void => {
    items.set(item.id, item);
    threads.set(item.id, `${item.lane} ${options.threadOf?.(item) ?? item.id}`);
    const wait = Math.min(Math.max(0, item.dueAt - clock.now()), LONGEST);
    dueAt.set(item.id, clock.monotonic() + wait);
  };
  const remove = (id: string): void => {
    items.delete(id);
    dueAt.delete(id);
    threads.delete(id);
  };

  const threadOf = (item: OutboxItem): string => threads.get(item.id) ?? item.id;
  const paceOf = (lane: string): Pace => paces.get(lane) ?? UNHURRIED;
  const itemsOf = (lane: string): readonly OutboxItem[] => [...items.values()].filter((item) => item.lane === lane);
  const readyAt = (item: OutboxItem): DurationMs => Math.max(dueAt.get(item.id) ?? 0, paceOf(item.lane).readyAt);

  const hasRoom = (lane: string): boolean => {
    let running = 0;
    for (const item of busy.keys()) if (item.lane === lane) running++;
    return running < (paceOf(lane).gap > 0 ? 1 : (options.atOnce?.(lane) ?? 1));
  };

  const firstDue = (): ReadonlyMap<string, OutboxItem> => {
    const now = clock.monotonic();
    return firstOfLanes(items.values(), (item) => readyAt(item) <= now && !held.has(threadOf(item)), threadOf);
  };

  /** For each lane with room the item to begin with now. */
  const next = (): readonly OutboxItem[] => [...firstDue()].flatMap(([lane, item]) => (hasRoom(lane) ? [item] : []));

  const pump = (): void => {
    cancel?.();
    cancel = undefined;
    if (stop.signal.aborted) return;
    for (let ready = next(); ready.length > 0; ready = next()) for (const item of ready) start(item);
    const now = clock.monotonic();
    let soonest = Number.POSITIVE_INFINITY;
    for (const item of items.values()) if (readyAt(item) > now) soonest = Math.min(soonest, readyAt(item));
    if (Number.isFinite(soonest)) cancel = clock.timer(soonest - now, pump);
    if (busy.size === 0) for (const wake of waiters) wake();
  };

  const start = (item: OutboxItem): void => {
    const thread = threadOf(item);
    const run = (fold(item.lane, clock.now()) ?? attempt(item, thread)).finally(() => {
      busy.delete(item);
      release(thread, item);
      told();
      pump();
    });
    busy.set(item, run);
    held.set(thread, item);
  };
  const release = (thread: string, item: OutboxItem): void => {
    if (held.get(thread) === item) held.delete(thread);
  };

  /** Puts fewer items in the place of those that wait; `undefined` where they stay as they are. */
  const fold = (lane: string, now: EpochMs): Promise<void> | undefined => {
    const changes: Change[] = [];
    const waiting = (): readonly OutboxItem[] => itemsOf(lane).filter((item) => !held.has(threadOf(item)));
    const fewer = (): Folded | undefined => options.collapse?.(lane, waiting(), now, paceOf(lane).gap > 0);
    for (let folded = fewer(); folded; folded = fewer()) {
      for (const id of folded.drop) remove(id);
      for (const item of folded.put) put(item);
      for (const id of folded.drop) changes.push({ drop: 'outbox', id });
      for (const item of folded.put) changes.push({ put: 'outbox', item });
    }
    return changes.length > 0 ? journal.commit(changes) : undefined;
  };

  const attempt = async (item: OutboxItem, thread: string): Promise<void> => {
    const handler = options.handlers[item.lane.slice(0, item.lane.indexOf(':'))];
    const abort = AbortSignal.any([stop.signal, AbortSignal.timeout(options.timeout)]);
    try {
      const changes = handler ? await handler(item, abort) : [];
      await finish(item, changes);
    } catch (thrown) {
      // It waits like the others of its thread now, and may be told together with them.
      release(thread, item);
      await failed(item, asHeadgateError(thrown));
    }
    const waiting = itemsOf(item.lane).length > 0;
    paces.set(item.lane, afterAttempt(paceOf(item.lane), waiting, clock.monotonic()));
  };

  /** An item that was replaced while it was being worked on stays: it owes something newer now. */
  const finish = async (item: OutboxItem, changes: readonly Change[]): Promise<void> => {
    const replaced = items.get(item.id) !== item;
    if (!replaced) remove(item.id);
    await journal.commit([...changes, ...(replaced ? [] : [{ drop: 'outbox' as const, id: item.id }])]);
  };

  const failed = async (item: OutboxItem, error: HeadgateError): Promise<void> => {
    if (stop.signal.aborted) return;
    const now = clock.now();
    const [attempt, limits] = isUrgent(item) ? [1, LAST_MOMENTS] : [item.attempts + 1, RETRY];
    const next = nextTry(error, attempt, now, options.random, limits);
    if (next === undefined) {
      options.failed(item, error, true);
      return finish(item, []);
    }
    const wait = Math.min(next - now, LONGEST);
    paces.set(item.lane, afterFailure(paceOf(item.lane), error, wait, clock.monotonic()));
    const replaced = items.get(item.id) !== item;
    const later = { ...item, attempts: item.attempts + 1, dueAt: next };
    if (!replaced) put(later);
    const isOld = next > item.giveUpAt;
    // What is too old to be tried once more may still be told together with others.
    const folded = isOld ? fold(item.lane, next) : undefined;
    const gaveUp = isOld && (replaced || items.get(item.id) === later);
    options.failed(item, error, gaveUp);
    await folded;
    if (gaveUp) return finish(replaced ? item : later, []);
    if (!replaced && !folded) await journal.commit([{ put: 'outbox', item: later }]);
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
      isUrgent = stay;
      for (const item of items.values()) if (stay(item)) dueAt.set(item.id, clock.monotonic());
      pump();
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

/** When to try again; `undefined` where that cannot help. A failure nobody foresaw may be a passing one. */
function nextTry(error: HeadgateError, attempt: number, now: EpochMs, random: Random, limits: Backoff) {
  if (error.code === 'internal') return now + backoff(attempt, random, limits);
  return nextAttempt(error, attempt, now, random, limits);
}
