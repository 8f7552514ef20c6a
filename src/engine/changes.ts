import type { IncidentId } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import type { Notice } from '../domain/notice.ts';
import type { AuditEntry, Change, OutboxItem } from '../domain/ports.ts';
import type { EpochMs } from '../domain/time.ts';
import type { GateWork } from './lease.ts';
import type { Outcome } from './ledger.ts';
import { outboxItemsOf, type Route } from './notify.ts';

/** A gate is owed its revert for as long as it takes. */
const NEVER: EpochMs = Number.MAX_SAFE_INTEGER;

/** Reverts go before applies, so that letting go never waits behind holding on. */
const PRIORITY = { revert: 0, apply: 1 } as const;

export const workItemId = (work: GateWork): string => `${work.lease}:${work.step}`;

/**
 * The durable facts of an outcome, to be committed as one: what is open, why it was decided, and everything that is now owed
 * to the outside. `heard` names the notifiers that know of an incident, or are about to.
 */
export function changesOf(
  outcome: Outcome,
  notices: readonly Notice[],
  routes: readonly Route[],
  now: EpochMs,
  heard?: (incident: IncidentId) => readonly string[],
): readonly Change[] {
  const changes: Change[] = [];
  for (const { incident } of outcome.incidents) changes.push({ put: 'incident', incident });
  for (const lease of outcome.leases) changes.push({ put: 'lease', lease });
  for (const decision of outcome.decisions) {
    changes.push({ put: 'decision', decision });
    if (decision.kind !== 'withhold')
      changes.push({
        put: 'audit',
        entry: auditOf(decision.at, 'headgate', decision.kind, decision as unknown as Json),
      });
  }
  for (const work of outcome.work) {
    // The end of a lease overtakes whatever was still to be done for it.
    if (work.step === 'revert') changes.push({ drop: 'outbox', id: workItemId({ ...work, step: 'apply' }) });
    changes.push({ put: 'outbox', item: workItem(work, outcome, now) });
  }
  for (const notice of notices)
    for (const item of outboxItemsOf(notice, routes, heard?.(notice.incident.id)))
      changes.push({ put: 'outbox', item });
  return changes;
}

function workItem(work: GateWork, outcome: Outcome, now: EpochMs): OutboxItem {
  const lease = outcome.leases.find((one) => one.id === work.lease);
  return {
    id: workItemId(work),
    // Work on one gate is done in order; gates do not wait for each other.
    lane: `gate:${lease ? `${lease.actuator}:${lease.stage}` : work.lease}`,
    priority: PRIORITY[work.step],
    createdAt: now,
    dueAt: now,
    attempts: 0,
    giveUpAt: NEVER,
    body: { lease: work.lease, step: work.step },
  };
}

export const auditOf = (at: EpochMs, actor: string, action: string, detail: Json): AuditEntry => ({
  at,
  actor,
  action,
  detail,
});
