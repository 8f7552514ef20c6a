import type { Change } from '../domain/ports.ts';

/** Batches of changes that wait for the store, oldest first. */
export interface Backlog {
  add(batch: readonly Change[]): void;
  /** The oldest batches that hold about `size` changes together; none is cut in two. Empty where nothing waits. */
  first(size: number): readonly (readonly Change[])[];
  remove(batches: number): void;
}

/** More changes than this are thinned out. */
const KEEP = 50_000;

/**
 * Changes in memory, bounded however long the store fails: beyond `KEEP` only the newest form of everything is kept, and then
 * the oldest decisions go. What is owed, what is open, and who did what is never given up.
 */
export function createBacklog(): Backlog {
  let batches: (readonly Change[])[] = [];
  let size = 0;
  return {
    add(batch) {
      batches.push(batch);
      size += batch.length;
      if (size <= KEEP) return;
      // Down to half, so that it is not done anew for every batch that follows.
      batches = withoutOldDecisions(newestForms(batches), KEEP / 2);
      size = countOf(batches);
    },
    first(wanted) {
      let end = 0;
      for (let count = 0; count < wanted && end < batches.length; end++) count += batches[end]?.length ?? 0;
      return batches.slice(0, end);
    },
    remove(count) {
      size -= countOf(batches.slice(0, count));
      batches = batches.slice(count);
    },
  };
}

const countOf = (batches: readonly (readonly Change[])[]): number =>
  batches.reduce((sum, batch) => sum + batch.length, 0);

/** What a change says something about; nothing where every change stands for itself. */
function keyOf(change: Change): string | undefined {
  if ('drop' in change) return `outbox ${change.id}`;
  switch (change.put) {
    case 'incident':
      return `incident ${change.incident.id}`;
    case 'lease':
      return `lease ${change.lease.id}`;
    case 'outbox':
      return `outbox ${change.item.id}`;
    case 'setting':
      return `setting ${change.key}`;
    case 'decision':
    case 'audit':
      return undefined;
  }
}

function newestForms(batches: readonly (readonly Change[])[]): (readonly Change[])[] {
  const seen = new Set<string>();
  const isNewest = (change: Change): boolean => {
    const key = keyOf(change);
    if (key === undefined) return true;
    const first = !seen.has(key);
    seen.add(key);
    return first;
  };
  return batches
    .toReversed()
    .map((batch) => batch.toReversed().filter(isNewest).reverse())
    .filter((batch) => batch.length > 0)
    .reverse();
}

function withoutOldDecisions(batches: readonly (readonly Change[])[], keep: number): (readonly Change[])[] {
  let over = countOf(batches) - keep;
  const stays = (change: Change): boolean => !('put' in change && change.put === 'decision' && over-- > 0);
  return batches.map((batch) => batch.filter(stays)).filter((batch) => batch.length > 0);
}
