import { asHeadgateError } from '../domain/error.ts';
import type { Change, Clock, Events, Store } from '../domain/ports.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';
import { createBacklog } from './backlog.ts';

const RETRY_EVERY: DurationMs = 5 * SECOND;
/** Changes written at once when the store takes them again, so that the event loop stays free. */
const SLICE = 200;

export interface Journal {
  /** Resolves when the changes are durable, or kept in memory because the store takes nothing: then `degraded` is true. */
  commit(changes: readonly Change[]): Promise<void>;
  readonly degraded: boolean;
  /** Waits for all commits under way, and tries once more what the store did not take. */
  close(): Promise<void>;
}

/**
 * Commits in order, one at a time; what is asked for while one is under way goes into the next together, so that a burst costs
 * a few syncs of the disk and not one for each. When the store fails (disk full, IO error) the daemon goes on without: changes wait in memory,
 * that is said, and every few seconds it is tried whether the store takes them again. Until then a commit costs nothing.
 */
export function createJournal(store: Store, clock: Clock, events: Events): Journal {
  const backlog = createBacklog();
  let degraded = false;
  let cancel: (() => void) | undefined;
  let last: Promise<void> = Promise.resolve();
  /** Asked for, and not begun yet. */
  let waiting: (readonly Change[])[] = [];
  let together: Promise<void> | undefined;

  const failed = (thrown: unknown): void => {
    if (!degraded) events.storeDegraded({ degraded: true, message: asHeadgateError(thrown).message });
    degraded = true;
    cancel?.();
    cancel = clock.timer(RETRY_EVERY, () => void enqueue(catchUp));
  };

  const write = async (): Promise<void> => {
    const all = waiting;
    waiting = [];
    together = undefined;
    if (!degraded) {
      try {
        return await store.commit(all.flat());
      } catch (thrown) {
        failed(thrown);
      }
    }
    for (const changes of all) backlog.add(changes);
  };

  const catchUp = async (): Promise<void> => {
    if (!degraded) return;
    try {
      for (let slice = backlog.first(SLICE); slice.length > 0; slice = backlog.first(SLICE)) {
        await store.commit(slice.flat());
        backlog.remove(slice.length);
      }
    } catch (thrown) {
      return failed(thrown);
    }
    degraded = false;
    events.storeDegraded({ degraded: false, message: 'the store takes writes again' });
  };

  const enqueue = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work);
    return last;
  };

  return {
    commit(changes) {
      if (changes.length === 0) return last;
      waiting.push(changes);
      together ??= enqueue(write);
      return together;
    },
    get degraded() {
      return degraded;
    },
    async close() {
      await enqueue(catchUp);
      cancel?.();
    },
  };
}
