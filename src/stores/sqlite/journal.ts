import { createHash } from 'node:crypto';
import { CHAIN_START, type ChainEnd, linkOf, type Sha256 } from '../../domain/audit.ts';
import type { Incident } from '../../domain/incident.ts';
import { isInForce, type Lease } from '../../domain/lease.ts';
import type { AuditEntry, Change, OutboxItem } from '../../domain/ports.ts';
import type { Connection } from './connection.ts';
import { isOver, pause } from './slice.ts';
import type { StoreFile } from './store-file.ts';

const sha256: Sha256 = (text) => createHash('sha256').update(text).digest('hex');

/**
 * Writes the changes in one transaction, synced to the disk before it resolves. A long list is written in slices; readers
 * see nothing of it before its end, and other writes wait.
 */
export async function commit(file: StoreFile, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return file.read('commit', () => {});
  return file.write('commit', async () => {
    file.journal.exec('BEGIN IMMEDIATE');
    try {
      for (const change of changes) {
        write(file.journal, change);
        if (isOver()) await pause();
      }
      file.journal.exec('COMMIT');
    } catch (thrown) {
      file.journal.abandon(thrown);
      throw thrown;
    }
  });
}

function write(journal: Connection, change: Change): void {
  if ('drop' in change) {
    journal.run('DELETE FROM outbox WHERE id = ?', change.id);
    return;
  }
  switch (change.put) {
    case 'incident':
      putIncident(journal, change.incident);
      break;
    case 'lease':
      putLease(journal, change.lease);
      break;
    case 'outbox':
      putOutbox(journal, change.item);
      break;
    case 'audit':
      putAudit(journal, change.entry);
      break;
    case 'decision': {
      const { at, stage } = change.decision;
      const sql = 'INSERT INTO decision (at, stage, body) VALUES (?, ?, ?)';
      journal.run(sql, at, stage, JSON.stringify(change.decision));
      break;
    }
    case 'setting':
      journal.run(
        'INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)',
        change.key,
        JSON.stringify(change.value),
      );
      return;
  }
}

// Each put keeps the place (seq) of a row that is already there: among rows of one time, the one put first stays first.

function putIncident(journal: Connection, incident: Incident): void {
  const ended = incident.state === 'resolved' ? (incident.resolvedAt ?? incident.openedAt) : null;
  journal.run(
    `INSERT INTO incident (id, state, at, ended, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
     SET state = excluded.state, at = excluded.at, ended = excluded.ended, body = excluded.body`,
    incident.id,
    incident.state,
    incident.openedAt,
    ended,
    JSON.stringify(incident),
  );
}

function putLease(journal: Connection, lease: Lease): void {
  const inForce = isInForce(lease);
  journal.run(
    `INSERT INTO lease (id, state, in_force, at, ended, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
     SET state = excluded.state, in_force = excluded.in_force, at = excluded.at, ended = excluded.ended, body = excluded.body`,
    lease.id,
    lease.state,
    inForce ? 1 : 0,
    lease.grantedAt,
    inForce ? null : (lease.releasedAt ?? lease.expiresAt),
    JSON.stringify(lease),
  );
}

function putOutbox(journal: Connection, item: OutboxItem): void {
  journal.run(
    `INSERT INTO outbox (id, lane, priority, at, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
     SET lane = excluded.lane, priority = excluded.priority, at = excluded.at, body = excluded.body`,
    item.id,
    item.lane,
    item.priority,
    item.createdAt,
    JSON.stringify(item),
  );
}

function putAudit(journal: Connection, entry: AuditEntry): void {
  const last = journal.get<[number, string]>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
  const end: ChainEnd = last ? { seq: last[0], hash: last[1] } : CHAIN_START;
  // The hash is of what will be read back: JSON has no undefined and no NaN.
  const kept: AuditEntry = JSON.parse(JSON.stringify(entry));
  const { at, actor, action, detail, seq, previous, hash } = linkOf(kept, end, sha256);
  const body = JSON.stringify({ at, actor, action, detail });
  journal.run('INSERT INTO audit (seq, entry, previous, hash) VALUES (?, ?, ?, ?)', seq, body, previous, hash);
}
