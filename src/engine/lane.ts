import type { HeadgateError } from '../domain/error.ts';
import type { OutboxItem } from '../domain/ports.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';

/** How fast a lane may go, on the monotonic clock. */
export interface Pace {
  /** Nothing is begun before. */
  readonly readyAt: DurationMs;
  /** Distance of two sends that the receiver seems to bear; 0 while it has not complained. */
  readonly gap: DurationMs;
}

export const UNHURRIED: Pace = { readyAt: 0, gap: 0 };

const FIRST_GAP = { least: SECOND / 10, most: SECOND };
const LONGEST_GAP: DurationMs = 30 * SECOND;
const WIDER = 1.25;
/** A little slower than the limit, since sends do not take equally long. */
const MARGIN = 1.05;

/** A receiver that says it is asked too often is let rest, and from then on sent to at a distance, wider after each complaint. */
export function afterFailure(pace: Pace, error: HeadgateError, wait: DurationMs, now: DurationMs): Pace {
  const limited = error.code === 'rate-limited';
  if (!limited && error.retryAfter === undefined) return pace;
  const asked = Math.min(Math.max(error.retryAfter ?? SECOND, FIRST_GAP.least), FIRST_GAP.most) * MARGIN;
  const gap = pace.gap === 0 ? asked : Math.min(WIDER * pace.gap, LONGEST_GAP);
  return { readyAt: Math.max(pace.readyAt, now + wait), gap: limited ? gap : pace.gap };
}

/** After every attempt: the next is a gap away. What was learned of the receiver is forgotten once nothing waits for it. */
export const afterAttempt = (pace: Pace, waiting: boolean, now: DurationMs): Pace => ({
  readyAt: Math.max(pace.readyAt, now + pace.gap),
  gap: waiting ? pace.gap : 0,
});

interface Thread {
  readonly head: OutboxItem;
  readonly priority: number;
}

/**
 * For each lane the item to work on first: the most urgent, then the oldest. Items of one thread keep the order in which they
 * were created, and an urgent one lends its urgency to those before it: what opened is told before what followed.
 *
 * @param threadOf a name of the lane and thread of an item
 */
export function firstOfLanes(
  items: Iterable<OutboxItem>,
  isDue: (item: OutboxItem) => boolean,
  threadOf: (item: OutboxItem) => string,
): ReadonlyMap<string, OutboxItem> {
  const threads = new Map<string, Thread>();
  for (const item of items) {
    const key = threadOf(item);
    const known = threads.get(key);
    const head = known === undefined || isOlder(item, known.head) ? item : known.head;
    threads.set(key, { head, priority: Math.min(known?.priority ?? item.priority, item.priority) });
  }
  const first = new Map<string, Thread>();
  for (const thread of threads.values()) {
    const { lane } = thread.head;
    const best = first.get(lane);
    if ((!best || goesBefore(thread, best)) && isDue(thread.head)) first.set(lane, thread);
  }
  return new Map([...first].map(([lane, { head }]) => [lane, head]));
}

const isOlder = (a: OutboxItem, b: OutboxItem): boolean =>
  a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.priority < b.priority);

const goesBefore = (a: Thread, b: Thread): boolean =>
  a.priority < b.priority || (a.priority === b.priority && a.head.createdAt < b.head.createdAt);
