import { HeadgateError } from '../../domain/error.ts';
import type { Signal } from '../../domain/signal.ts';
import { affordable, columnOf, literal, numberIn, planOf, quoted, type Table, tableOf } from './catalog.ts';
import type { Query } from './connection.ts';

export type Values = Map<Signal, number>;

/** `false` leaves the rows uncounted. */
export type RowsMode = 'auto' | 'exact' | 'estimate' | false;

/** Of how many rows a table is known by which way; the two are signals of their own, so that neither passes for the other. */
export async function readRows(
  query: Query,
  table: Table,
  mode: Exclude<RowsMode, false>,
  most: number,
  values: Values,
): Promise<void> {
  const count = `SELECT count(*) AS rows FROM ${table.sql}`;
  const exact = mode === 'exact' || (mode === 'auto' && (await planOf(query, count)).cost <= most);
  if (!exact) return estimate(query, table, values);
  const [row] = await query(count);
  values.set('rows', numberIn(row, 'rows') ?? 0);
}

/**
 * What the statistics say, without a look at the table: rows to a page as the last ANALYZE or VACUUM found them, times the pages
 * there are now (T. Lane, pgsql-general, 2016; the planner does the same). `n_live_tup` is not used: rows that were inserted
 * just before an ANALYZE are in it twice (seen on 15.18).
 */
async function estimate(query: Query, table: Table, values: Values): Promise<void> {
  if (table.isView) throw new HeadgateError('unsupported', `${table.name} is a view; only rows: exact can count it`);
  const [row] = await query(
    `SELECT sum(c.reltuples / greatest(c.relpages, 1) *
                (pg_relation_size(c.oid) / current_setting('block_size')::int))::float8 AS rows,
            coalesce(bool_or(c.reltuples < 0), false) AS unknown,
            extract(epoch FROM now() - min(greatest(s.last_analyze, s.last_autoanalyze, s.last_vacuum, s.last_autovacuum)))::float8 AS age
       FROM (SELECT oid FROM pg_class WHERE oid = $1::int8::oid AND relkind <> 'p'
             UNION SELECT relid FROM pg_partition_tree($1::int8::oid::regclass) WHERE isleaf) p
       JOIN pg_class c ON c.oid = p.oid
       LEFT JOIN pg_stat_all_tables s ON s.relid = p.oid`,
    [table.oid],
  );
  const rows = numberIn(row, 'rows');
  if (rows === undefined || row?.unknown === true) {
    const text = `${table.name} was never analysed, so nothing is known of its rows; run ANALYZE ${table.sql}, or set rows: exact`;
    throw new HeadgateError('unsupported', text);
  }
  values.set('rows_estimated', Math.round(Math.max(rows, 0)));
  const age = numberIn(row, 'age');
  if (age !== undefined) values.set('rows_estimate_age_seconds', Math.max(age, 0));
}

/** The age of the newest row; absent where there is none. Refused where no index gives it and the table is not small. */
export async function readFreshness(
  query: Query,
  table: Table,
  column: string,
  most: number,
): Promise<number | undefined> {
  const { sql, kind } = await columnOf(query, table, column);
  if (kind !== 'time')
    throw new HeadgateError('unsupported', `column ${column} of ${table.name} is no date or timestamp`);
  const text = `SELECT max(${sql}) AS newest FROM ${table.sql}`;
  await affordable(query, text, [], {
    most,
    task: `max(${column}) of ${table.name}`,
    advice: `CREATE INDEX CONCURRENTLY ON ${table.sql} (${sql})`,
  });
  const [row] = await query(
    `SELECT extract(epoch FROM now() - newest::timestamptz)::float8 AS age FROM (${text}) AS q`,
  );
  const age = numberIn(row, 'age');
  return age === undefined ? undefined : Math.max(age, 0);
}

/** A table that is used as a queue. */
export interface Queue {
  readonly table: string;
  readonly created: string;
  readonly status?: string | undefined;
  readonly waiting: readonly string[];
  readonly running: readonly string[];
  readonly dead: readonly string[];
  readonly done?: string | undefined;
}

export async function readQueue(query: Query, queue: Queue, most: number, values: Values): Promise<void> {
  const table = await tableOf(query, queue.table);
  const created = await columnOf(query, table, queue.created);
  const status = queue.status === undefined ? undefined : await columnOf(query, table, queue.status);
  const done = queue.done === undefined ? undefined : await columnOf(query, table, queue.done);
  const ask = async (states: readonly string[], oldest: boolean) => {
    const where = status ? `WHERE ${status.sql} = ANY($1)` : done ? `WHERE ${done.sql} IS NULL` : '';
    const age = oldest ? `, extract(epoch FROM now() - min(${created.sql})::timestamptz)::float8 AS age` : '';
    const text = `SELECT count(*) AS records${age} FROM ${table.sql} ${where}`;
    const parameters = status ? [states] : [];
    const partial = status
      ? ` WHERE ${quoted(queue.status ?? '')} IN (${states.map(literal).join(', ')})`
      : where && ` ${where}`;
    const advice = `CREATE INDEX CONCURRENTLY ON ${table.sql} (${created.sql})${partial}, and VACUUM the table often`;
    await affordable(query, text, parameters, { most, task: `counting ${table.name} ${states.join(', ')}`, advice });
    const [row] = await query(text, parameters);
    return { records: numberIn(row, 'records') ?? 0, age: numberIn(row, 'age') };
  };
  const waiting = await ask(queue.waiting, true);
  values.set('lag_records', waiting.records);
  values.set('lag_seconds', Math.max(waiting.age ?? 0, 0));
  if (status && queue.running.length > 0) values.set('pending_records', (await ask(queue.running, false)).records);
  if (status && queue.dead.length > 0) values.set('dlq_depth', (await ask(queue.dead, false)).records);
}

/**
 * One number by the user's own SELECT. It stands in brackets as a value, so that only a SELECT can be meant, and alone, so that
 * nothing can follow it; the server itself refuses several rows or columns.
 *
 * @returns `undefined` for NULL and for no row.
 */
export async function readSql(query: Query, signal: Signal, text: string): Promise<number | undefined> {
  const [row] = await query(`SELECT (\n${text.trim().replace(/;\s*$/, '')}\n) AS answer`);
  try {
    return numberIn(row, 'answer');
  } catch (cause) {
    const advice = 'an interval becomes one by extract(epoch FROM …)';
    throw new HeadgateError('malformed', `sql of ${signal} gives no finite number; ${advice}`, { cause });
  }
}
