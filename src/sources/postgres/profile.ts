import { HeadgateError } from '../../domain/error.ts';
import type { Profile } from '../../domain/profile.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import { columnOf, numberIn, planOf, type Table } from './catalog.ts';
import type { Query } from './connection.ts';

export interface Profiles {
  readonly columns: readonly string[];
  readonly window?: { readonly column: string; readonly last: DurationMs } | undefined;
  readonly every: DurationMs;
  readonly sample_rows: number;
  readonly top: number;
}

/** Every hundredth: fine enough for tests of distributions, and 1 kB. */
const GRID: readonly number[] = Array.from({ length: 101 }, (_, percent) => percent / 100);
/** Texts are cut to so many characters before they are counted. */
const LONGEST = 200;
const LEAST_PERCENT = 0.01;

/** Where the rows come from: all of them, those of a window, or a sample of the table's pages. */
interface Rows {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly exact: boolean;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** The distribution of each column, worked out by the server. What would cost more than `most` is taken from a sample. */
export async function readProfiles(
  query: Query,
  table: Table,
  { columns, window, sample_rows, top }: Profiles,
  most: number,
): Promise<Map<string, Profile>> {
  const rows = await rowsOf(query, table, { window, sample_rows }, most);
  const profiles = new Map<string, Profile>();
  for (const name of columns) {
    const { sql, kind } = await columnOf(query, table, name);
    const profile =
      kind === 'number' || kind === 'time'
        ? await ofNumbers(query, rows, name, sql, kind)
        : await ofCategories(query, rows, name, sql, kind, top);
    profiles.set(name, profile);
  }
  return profiles;
}

async function rowsOf(
  query: Query,
  table: Table,
  { window, sample_rows }: Pick<Profiles, 'window' | 'sample_rows'>,
  most: number,
): Promise<Rows> {
  const [clock] = await query('SELECT (extract(epoch FROM now()) * 1000)::float8 AS now');
  const to = Math.round(numberIn(clock, 'now') ?? 0);
  const from = window ? to - window.last : 0;
  const where = window
    ? ` WHERE ${(await columnOf(query, table, window.column)).sql} >= to_timestamp($1::float8 / 1000)` +
      ` AND ${(await columnOf(query, table, window.column)).sql} < to_timestamp($2::float8 / 1000)`
    : '';
  const values = window ? [from, to] : [];
  const all = `${table.sql}${where}`;
  const plan = await planOf(query, `SELECT * FROM ${all}`, values);
  const share = sample_rows / Math.max(plan.rows, 1);
  if (plan.cost <= most) {
    if (share >= 1) return { sql: all, values, exact: true, from, to };
    // Rows at random out of all: reading them is cheap enough, sorting them would not be.
    const sql = `${all} ${where ? 'AND' : 'WHERE'} random() < ${share.toFixed(6)}`;
    return { sql, values, exact: false, from, to };
  }
  if (table.isView) {
    const text = `profiles of the view ${table.name} would cost ${Math.round(plan.cost)}, and max_cost is ${most}`;
    throw new HeadgateError('unsupported', `${text}; a view cannot be sampled: profile its table, or set window`);
  }
  // Whole pages at random: the only sample that does not read everything, and coarser where neighbours are alike.
  const { cost } = await planOf(query, `SELECT * FROM ${table.sql}`);
  const percent = Math.max(100 * Math.min(share, most / cost, 1), LEAST_PERCENT);
  return { sql: `${table.sql} TABLESAMPLE SYSTEM (${percent.toFixed(4)})${where}`, values, exact: false, from, to };
}

/** Numbers as they are; times as milliseconds since 1970. NaN and infinity count as nulls. */
async function ofNumbers(
  query: Query,
  { sql: source, values, exact, from, to }: Rows,
  field: string,
  column: string,
  kind: 'number' | 'time',
): Promise<Profile> {
  const number = kind === 'time' ? `extract(epoch FROM ${column}::timestamptz)::float8 * 1000` : `${column}::float8`;
  const [row] = await query(
    `SELECT count(*) AS rows, count(*) - count(v) AS nulls, avg(v) AS mean, var_samp(v) AS variance,
            ${exact ? 'count(DISTINCT v)' : 'NULL'} AS "distinct",
            percentile_cont(ARRAY[${GRID.join(', ')}]::float8[]) WITHIN GROUP (ORDER BY v) AS quantiles
       FROM (SELECT CASE WHEN x NOT IN ('NaN', 'Infinity', '-Infinity') THEN x END AS v
               FROM (SELECT ${number} AS x FROM ${source}) AS raw) AS clean`,
    values,
  );
  const quantiles = (row?.quantiles ?? []) as readonly number[];
  const [mean, variance] = [numberIn(row, 'mean'), numberIn(row, 'variance')];
  return {
    field,
    kind,
    from,
    to,
    rows: numberIn(row, 'rows') ?? 0,
    nulls: numberIn(row, 'nulls') ?? 0,
    exact,
    // How many different values a sample has says little of the whole.
    ...(exact && { distinct: numberIn(row, 'distinct') ?? 0 }),
    quantiles: quantiles.map((value, index) => [GRID[index] as number, value] as const),
    ...(mean !== undefined && { moments: { mean, variance: variance ?? 0 } }),
  };
}

async function ofCategories(
  query: Query,
  { sql: source, values, exact, from, to }: Rows,
  field: string,
  column: string,
  kind: 'bool' | 'category',
  top: number,
): Promise<Profile> {
  const rows = await query(
    `WITH counts AS (SELECT left(${column}::text, ${LONGEST}) AS value, count(*) AS n FROM ${source} GROUP BY 1)
     SELECT value, n, (SELECT coalesce(sum(n), 0) FROM counts) AS rows,
            (SELECT coalesce(sum(n), 0) FROM counts WHERE value IS NULL) AS nulls,
            (SELECT count(value) FROM counts) AS "distinct"
       FROM (SELECT 1) AS one LEFT JOIN counts ON value IS NOT NULL
      ORDER BY n DESC NULLS LAST, value LIMIT ${Math.floor(top)}`,
    values,
  );
  const [first] = rows;
  return {
    field,
    kind,
    from,
    to,
    rows: numberIn(first, 'rows') ?? 0,
    nulls: numberIn(first, 'nulls') ?? 0,
    exact,
    ...(exact && { distinct: numberIn(first, 'distinct') ?? 0 }),
    top: rows.flatMap((row) => (typeof row.value === 'string' ? [[row.value, numberIn(row, 'n') ?? 0] as const] : [])),
  };
}
