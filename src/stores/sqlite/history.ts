import type { SQLInputValue } from 'node:sqlite';
import type { Decision } from '../../domain/decision.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Json } from '../../domain/json.ts';
import type { Lease } from '../../domain/lease.ts';
import type { AuditLink, OutboxItem, Store } from '../../domain/ports.ts';
import type { Cells } from './connection.ts';
import { isOver, pause } from './slice.ts';
import type { StoreFile } from './store-file.ts';

/** Rows read and parsed in one step; a few milliseconds. */
const PAGE = 200;

type BodyCells = [seq: number, at: number, body: string];

type History = Pick<
  Store,
  'openIncidents' | 'incidents' | 'leasesInForce' | 'leases' | 'decisions' | 'outbox' | 'audit' | 'setting'
>;

/**
 * Reads of the journal. Long answers are read in pages that each go on where the last row stood: a row put or dropped
 * meanwhile may or may not be in the answer, every other row is in it once.
 */
export function history(file: StoreFile): History {
  /** Newest first: by time, and among equal times the one put last. `where` names columns of `table`. */
  const newest = <T>(table: string, limit: number, where: Readonly<Record<string, SQLInputValue | undefined>>) => {
    const filters = Object.entries(where).flatMap(([column, value]) =>
      value === undefined ? [] : [{ column, value }],
    );
    const conditions = [...filters.map(({ column }) => `${column} = ?`), '(at, seq) < (?, ?)'].join(' AND ');
    const sql = `SELECT seq, at, body FROM ${table} WHERE ${conditions} ORDER BY at DESC, seq DESC LIMIT ?`;
    const values = filters.map(({ value }) => value);
    const start: [SQLInputValue, SQLInputValue] = [Number.POSITIVE_INFINITY, 0];
    const page = (last: BodyCells | undefined, size: number): BodyCells[] =>
      file.main.all<BodyCells>(sql, ...values, ...(last ? [last[1], last[0]] : start), size);
    return file.read(`read ${table}s`, () => inPages(page, limit, ([, , body]): T => JSON.parse(body)));
  };

  return {
    openIncidents: async () => {
      const [open, recovering] = await Promise.all([
        newest<Incident>('incident', Number.POSITIVE_INFINITY, { state: 'open' }),
        newest<Incident>('incident', Number.POSITIVE_INFINITY, { state: 'recovering' }),
      ]);
      return [...open, ...recovering].sort((a, b) => b.openedAt - a.openedAt);
    },
    incidents: ({ state, limit }) => newest<Incident>('incident', limit, { state }),
    leasesInForce: () => newest<Lease>('lease', Number.POSITIVE_INFINITY, { in_force: 1 }),
    leases: ({ state, limit }) => newest<Lease>('lease', limit, { state }),
    decisions: ({ stage, limit }) => newest<Decision>('decision', limit, { stage }),
    outbox: () => file.read('read the outbox', () => outbox(file)),
    audit: (after, limit) => file.read('read the audit log', () => audit(file, after, limit)),
    setting: (key) =>
      file.read('read a setting', (): Json | undefined => {
        const found = file.main.get<[string]>('SELECT value FROM setting WHERE key = ?', key);
        return found && JSON.parse(found[0]);
      }),
  };
}

type OutboxCells = [lane: string, priority: number, at: number, seq: number, body: string];

function outbox(file: StoreFile): Promise<OutboxItem[]> {
  const sql = (where: string) =>
    `SELECT lane, priority, at, seq, body FROM outbox ${where} ORDER BY lane, priority, at, seq LIMIT ?`;
  const page = (last: OutboxCells | undefined, size: number): OutboxCells[] =>
    last
      ? file.main.all(sql('WHERE (lane, priority, at, seq) > (?, ?, ?, ?)'), ...last.slice(0, 4), size)
      : file.main.all(sql(''), size);
  return inPages(page, Number.POSITIVE_INFINITY, (cells): OutboxItem => JSON.parse(cells[4]));
}

type AuditCells = [seq: number, entry: string, previous: string, hash: string];

function audit(file: StoreFile, after: number, limit: number): Promise<AuditLink[]> {
  const sql = 'SELECT seq, entry, previous, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?';
  const page = (last: AuditCells | undefined, size: number): AuditCells[] =>
    file.main.all<AuditCells>(sql, last ? last[0] : after, size);
  return inPages(page, limit, ([seq, entry, previous, hash]) => ({ ...JSON.parse(entry), seq, previous, hash }));
}

/** At most `limit` rows (a fraction counts down, less than one is none), in pages with a pause where they take long. */
async function inPages<Row extends Cells, T>(
  page: (last: Row | undefined, size: number) => readonly Row[],
  limit: number,
  parse: (row: Row) => T,
): Promise<T[]> {
  const found: T[] = [];
  let last: Row | undefined;
  while (found.length + 1 <= limit) {
    const size = Math.floor(Math.min(PAGE, limit - found.length));
    const rows = page(last, size);
    for (const row of rows) found.push(parse(row));
    last = rows.at(-1);
    if (rows.length < size) break;
    if (isOver()) await pause();
  }
  return found;
}
