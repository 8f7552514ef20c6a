import { asHeadgateError } from '../domain/error.ts';
import type { Change, Clock, Events, Store } from '../domain/ports.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';

const RETRY_EVERY: DurationMs = 5 * SECOND;
/** What is kept in memory while the store does not take it; beyond it the oldest decisions go first, never what is owed. */
const KEEP = 50_000;

export interface Journal {
  /** Resolves when the changes are durable, or kept in memory because the store takes nothing: then `degraded` is true. */
  commit(changes: readonly Change[]): Promise<void>;
  readonly degraded: boolean;
  /** Waits for all commits under way. */
  close(): Promise<void>;
}

/**
 * Commits in order, one at a time. When the store fails (disk full, IO error) the daemon goes on without: changes wait in memory,
 * that is said, and they are written as soon as the store takes them again.
 */
export function createJournal(store: Store, clock: Clock, events: Events): Journal {
  let backlog: Change[] = [];
  let degraded = false;
  let cancel: (() => void) | undefined;
  let last: Promise<void> = Promise.resolve();

  const write = async (changes: readonly Change[]): Promise<void> => {
    const all = backlog.length === 0 ? changes : [...backlog, ...changes];
    try {
      if (all.length > 0) await store.commit(all);
      backlog = [];
      if (degraded) events.storeDegraded({ degraded: false, message: 'the store takes writes again' });
      degraded = false;
    } catch (thrown) {
      backlog = shorten([...all]);
      if (!degraded) events.storeDegraded({ degraded: true, message: asHeadgateError(thrown).message });
      degraded = true;
      cancel?.();
      cancel = clock.timer(RETRY_EVERY, () => void enqueue([]));
    }
  };
  const enqueue = (changes: readonly Change[]): Promise<void> => {
    last = last.then(() => write(changes));
    return last;
  };
  return {
    commit: enqueue,
    get degraded() {
      return degraded;
    },
    async close() {
      cancel?.();
      await last;
    },
  };
}

function shorten(changes: Change[]): Change[] {
  if (changes.length <= KEEP) return changes;
  const owed = changes.filter((change) => !('put' in change && (change.put === 'decision' || change.put === 'audit')));
  return owed.slice(-KEEP);
}
