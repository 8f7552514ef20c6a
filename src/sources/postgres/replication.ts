import { HeadgateError } from '../../domain/error.ts';
import type { Signal } from '../../domain/signal.ts';
import { numberIn } from './catalog.ts';
import type { Query, Row } from './connection.ts';
import type { Values } from './table.ts';

export interface Replication {
  readonly standby?: string | undefined;
  readonly slot?: string | undefined;
}

export const REPLICATION_SIGNALS: readonly Signal[] = [
  'standbys',
  'replication_lag_bytes',
  'replication_lag_seconds',
  'slots',
  'slots_inactive',
  'slots_lost',
  'slot_lag_bytes',
];

/**
 * On a primary: its standbys and slots. On a standby: how far it is behind what it was sent. Signals that the role of the
 * server has no answer for go to `absent`.
 */
export async function readReplication(
  query: Query,
  { standby, slot }: Replication,
  values: Values,
  absent: Signal[],
): Promise<void> {
  const [role] = await query('SELECT pg_is_in_recovery() AS standby');
  const found = role?.standby === true ? await onStandby(query) : await onPrimary(query, standby);
  const slots = role?.standby === true ? undefined : await slotsOf(query, slot);
  for (const signal of REPLICATION_SIGNALS) {
    const value = numberIn(found, signal) ?? numberIn(slots, signal);
    if (value === undefined) absent.push(signal);
    else values.set(signal, Math.max(value, 0));
  }
}

async function onPrimary(query: Query, standby: string | undefined): Promise<Row | undefined> {
  // replay_lag is NULL as well where a standby has caught up and nothing is written: then it is 0 behind.
  const [row] = await query(
    `SELECT count(*) AS standbys,
            max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) AS replication_lag_bytes,
            extract(epoch FROM max(coalesce(replay_lag, interval '0')))::float8 AS replication_lag_seconds,
            coalesce(bool_or(state IS NULL), false) AS hidden
       FROM pg_stat_replication WHERE $1::text IS NULL OR application_name = $1`,
    [standby ?? null],
  );
  if (row?.hidden !== true) return row;
  const [who] = await query('SELECT quote_ident(current_user) AS role');
  throw new HeadgateError(
    'unauthorized',
    `how far the standbys are is hidden from this role; GRANT pg_monitor TO ${String(who?.role)}`,
  );
}

async function onStandby(query: Query): Promise<Row | undefined> {
  // Each place is read once: between two readings the standby may go on, and level would be behind in the next column.
  const [row] = await query(
    `SELECT pg_wal_lsn_diff(received, replayed) AS replication_lag_bytes,
            CASE WHEN received = replayed THEN 0 ELSE extract(epoch FROM now() - told) END::float8 AS replication_lag_seconds
       FROM (SELECT pg_last_wal_receive_lsn() AS received, pg_last_wal_replay_lsn() AS replayed,
                    pg_last_xact_replay_timestamp() AS told) AS standing`,
  );
  return row;
}

async function slotsOf(query: Query, slot: string | undefined): Promise<Row | undefined> {
  const [row] = await query(
    `SELECT count(*) AS slots, count(*) FILTER (WHERE NOT active) AS slots_inactive,
            count(*) FILTER (WHERE wal_status = 'lost') AS slots_lost,
            max(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(confirmed_flush_lsn, restart_lsn))) AS slot_lag_bytes
       FROM pg_replication_slots WHERE $1::text IS NULL OR slot_name::text = $1`,
    [slot ?? null],
  );
  return row;
}
