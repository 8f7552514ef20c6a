import { HeadgateError } from '../../domain/error.ts';
import type { Query, Row } from './connection.ts';

/** A name as it stands between double quotes in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as a literal, for statements that people are shown. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A table, view or partitioned table that is there. `sql` is its full name, quoted. */
export interface Table {
  readonly oid: number;
  readonly sql: string;
  /** As it was written, for messages. */
  readonly name: string;
  readonly isView: boolean;
}

/** What can be made of a column: by PostgreSQL's own categories of types. */
export type ColumnKind = 'number' | 'time' | 'bool' | 'category';

/**
 * The table by the name as it was written: `name` or `schema.name`, by the server's own rules of quotes and search path.
 * Everything that is put into a statement later is made of what the catalogue says, never of what was written.
 */
export async function tableOf(query: Query, name: string): Promise<Table> {
  const [row] = await query(
    `SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'm', 'v', 'f')`,
    [name],
  );
  if (!row) {
    const text = `there is no table ${name}; write it with its schema, and give the role USAGE on that schema`;
    throw new HeadgateError('not-found', text);
  }
  const sql = `${quoted(String(row.schema))}.${quoted(String(row.name))}`;
  return { oid: Number(row.oid), sql, name, isView: row.kind === 'v' || row.kind === 'f' };
}

/** The quoted name of a column, and what kind of values it has. */
export async function columnOf(
  query: Query,
  table: Table,
  column: string,
): Promise<{ readonly sql: string; readonly kind: ColumnKind }> {
  const [row] = await query(
    `SELECT t.typcategory AS category
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = $1::int8::oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [table.oid, column],
  );
  if (!row)
    throw new HeadgateError('not-found', `table ${table.name} has no column ${column}; names are case-sensitive`);
  const kinds: Readonly<Record<string, ColumnKind>> = { N: 'number', D: 'time', B: 'bool' };
  return { sql: quoted(column), kind: kinds[String(row.category)] ?? 'category' };
}

/** More than anybody watches one by one. */
const MOST_TABLES = 20_000;

/**
 * Names of tables and views that fit a pattern (`*` any text, `?` one character), as they can be written in a probe, sorted. A
 * pattern with a dot is one of `schema.name`; one without means what is found without a schema. The parts of a partitioned
 * table are not told beside it, nor what belongs to the system.
 */
export async function tablesLike(query: Query, pattern: string): Promise<readonly string[]> {
  const rows = await query(
    `SELECT name FROM (
       SELECT CASE WHEN $2 THEN quote_ident(n.nspname) || '.' ELSE '' END || quote_ident(c.relname) AS name,
              CASE WHEN $2 THEN n.nspname || '.' ELSE '' END || c.relname AS plain
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND NOT c.relispartition
          AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
          AND ($2 OR pg_table_is_visible(c.oid))) AS q
      WHERE plain LIKE $1 ORDER BY plain LIMIT ${MOST_TABLES}`,
    [likeOf(pattern), pattern.includes('.')],
  );
  return rows.map(({ name }) => String(name)).toSorted();
}

const likeOf = (pattern: string): string =>
  pattern
    .replaceAll(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_');

/** What the planner thinks of a statement: its cost in units of about one page read in sequence, and how many rows come out. */
export async function planOf(
  query: Query,
  text: string,
  values: readonly unknown[] = [],
): Promise<{ readonly cost: number; readonly rows: number }> {
  const [row] = await query(`EXPLAIN (FORMAT JSON) ${text}`, values);
  const plans = row?.['QUERY PLAN'] as readonly { readonly Plan?: Row }[] | undefined;
  const plan = plans?.[0]?.Plan;
  const [cost, rows] = [Number(plan?.['Total Cost']), Number(plan?.['Plan Rows'])];
  if (Number.isFinite(cost) && Number.isFinite(rows)) return { cost, rows };
  throw new HeadgateError('malformed', 'EXPLAIN has given no cost; is this PostgreSQL?');
}

/** Refuses what is too dear, and says what makes it cheap. */
export async function affordable(
  query: Query,
  text: string,
  values: readonly unknown[],
  { most, task, advice }: { readonly most: number; readonly task: string; readonly advice: string },
): Promise<void> {
  const { cost } = await planOf(query, text, values);
  if (cost <= most) return;
  const message = `${task} would cost ${Math.round(cost)} by the planner, and max_cost is ${most}; ${advice}`;
  throw new HeadgateError('unsupported', message);
}

/** The finite number in a column of a row; `undefined` for NULL. `int8` and `numeric` come as text. */
export function numberIn(row: Row | undefined, column: string): number | undefined {
  const found = row?.[column];
  if (found === null || found === undefined) return undefined;
  const value = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new HeadgateError('malformed', `${column} is ${String(found).slice(0, 40)}, not a finite number`);
}
