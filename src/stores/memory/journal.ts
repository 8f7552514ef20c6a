import { createHash } from 'node:crypto';
import { CHAIN_START, linkOf, type Sha256 } from '../../domain/audit.ts';
import type { Decision } from '../../domain/decision.ts';
import type { Incident, IncidentId } from '../../domain/incident.ts';
import type { Json } from '../../domain/json.ts';
import { isInForce, type Lease, type LeaseId } from '../../domain/lease.ts';
import type { AuditEntry, AuditLink, Change, OutboxItem } from '../../domain/ports.ts';
import type { EpochMs } from '../../domain/time.ts';

const sha256: Sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Rows in the order they were first put; a row put again keeps its place. */
export interface Journal {
  readonly incidents: Map<IncidentId, Incident>;
  readonly leases: Map<LeaseId, Lease>;
  decisions: Decision[];
  readonly outbox: Map<string, OutboxItem>;
  readonly audit: AuditLink[];
  readonly settings: Map<string, Json>;
}

export const emptyJournal = (): Journal => ({
  incidents: new Map(),
  leases: new Map(),
  decisions: [],
  outbox: new Map(),
  audit: [],
  settings: new Map(),
});

/** What would be read back from a file: JSON has no undefined and no NaN, and nobody else holds the copy. */
export const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** `change` must be a copy. */
export function apply(journal: Journal, change: Change): void {
  if ('drop' in change) journal.outbox.delete(change.id);
  else if (change.put === 'incident') journal.incidents.set(change.incident.id, change.incident);
  else if (change.put === 'lease') journal.leases.set(change.lease.id, change.lease);
  else if (change.put === 'decision') journal.decisions.push(change.decision);
  else if (change.put === 'outbox') journal.outbox.set(change.item.id, change.item);
  else if (change.put === 'audit') journal.audit.push(linkAfter(journal.audit, change.entry));
  else journal.settings.set(change.key, change.value);
}

const linkAfter = (links: readonly AuditLink[], entry: AuditEntry): AuditLink =>
  linkOf(entry, links.at(-1) ?? CHAIN_START, sha256);

/** The newest `limit` rows: by time, and among equal times the one put last first. */
export function newest<T>(rows: Iterable<T>, at: (row: T) => EpochMs, limit: number): readonly T[] {
  const sorted = [...rows].reverse().sort((a, b) => at(b) - at(a));
  return copyOf(sorted.slice(0, Math.max(0, limit)));
}

/** In the order of lane, priority, creation, and then of the first put. Lanes sort by their bytes in UTF-8, as a database does. */
export function outboxInOrder(journal: Journal): readonly OutboxItem[] {
  const byLane = (a: OutboxItem, b: OutboxItem): number =>
    a.lane === b.lane ? 0 : Buffer.compare(Buffer.from(a.lane), Buffer.from(b.lane));
  const sorted = [...journal.outbox.values()].sort(
    (a, b) => byLane(a, b) || a.priority - b.priority || a.createdAt - b.createdAt,
  );
  return copyOf(sorted);
}

/** Deletes decisions, resolved incidents and ended leases that are older than `before`. */
export function deleteHistory(journal: Journal, before: EpochMs): void {
  journal.decisions = journal.decisions.filter((decision) => decision.at >= before);
  for (const [id, incident] of journal.incidents) {
    const ended = incident.state === 'resolved' && (incident.resolvedAt ?? incident.openedAt) < before;
    if (ended) journal.incidents.delete(id);
  }
  for (const [id, lease] of journal.leases) {
    if (!isInForce(lease) && (lease.releasedAt ?? lease.expiresAt) < before) journal.leases.delete(id);
  }
}
