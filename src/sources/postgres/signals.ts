import { describeSignal, type Signal, signalSpecsWith } from '../../domain/signal.ts';
import type { PostgresProbe } from './config.ts';
import { REPLICATION_SIGNALS } from './replication.ts';
import type { Queue, RowsMode } from './table.ts';

export const specOf = signalSpecsWith([
  describeSignal('rows_estimated', 'count', 'both', 'Rows of the table by the statistics of the server.'),
  describeSignal('rows_estimate_age_seconds', 'seconds', 'up', 'Time since the statistics of the table were made.'),
  describeSignal('pending_records', 'records', 'up', 'Records that are being worked on.'),
  describeSignal('standbys', 'count', 'down', 'Standbys that are connected.'),
  describeSignal('replication_lag_bytes', 'bytes', 'up', 'Log that the slowest standby has not replayed.'),
  describeSignal('replication_lag_seconds', 'seconds', 'up', 'How far the slowest standby is behind.'),
  describeSignal('slots', 'count', 'both', 'Replication slots.'),
  describeSignal('slots_inactive', 'count', 'up', 'Replication slots that nobody reads.'),
  describeSignal('slots_lost', 'count', 'up', 'Replication slots whose log is gone.'),
  describeSignal('slot_lag_bytes', 'bytes', 'up', 'Log that the slowest slot has not confirmed.'),
]);

export const rowSignals = (rows: RowsMode): readonly Signal[] => [
  ...(rows === 'auto' || rows === 'exact' ? ['rows'] : []),
  ...(rows === 'auto' || rows === 'estimate' ? ['rows_estimated', 'rows_estimate_age_seconds'] : []),
];

export const queueSignals = ({ running, dead }: Queue): readonly Signal[] => [
  'lag_records',
  'lag_seconds',
  ...(running.length > 0 ? ['pending_records'] : []),
  ...(dead.length > 0 ? ['dlq_depth'] : []),
];

export const signalsOf = ({ table, rows, freshness, sql, queue, replication }: PostgresProbe): readonly Signal[] => [
  ...(table ? rowSignals(rows) : []),
  ...(freshness ? ['freshness_seconds'] : []),
  ...(queue ? queueSignals(queue) : []),
  ...(replication ? REPLICATION_SIGNALS : []),
  ...Object.keys(sql),
];
