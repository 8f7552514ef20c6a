import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { HeadgateError } from '../domain/error.ts';
import { lazyImport } from '../kit/lazy-import.ts';
import type { CsvRecord } from './csv.ts';

/** One worker beside the main thread is enough: decoding is faster than what is done with the rows. */
const SETTINGS = { threads: '2', memory_limit: '512MB' };

/**
 * The rows of a Parquet file as records, the names of the columns first, so that whoever reads CSV reads Parquet: times without a
 * zone are UTC, as in CSV; what is null is an empty cell; lists and structures are JSON. Rows come in their order, a few thousand in
 * memory at a time. DuckDB reads the file; it is an optional package of 70 MB that only this needs.
 *
 * @throws HeadgateError `missing-package` where DuckDB is not installed, `malformed` where the file is damaged.
 */
export async function* readParquet(name: string, path: string): AsyncGenerator<CsvRecord> {
  const duckdb = await lazyImport('@duckdb/node-api', '^1.5.5-r.5', () => import('@duckdb/node-api'));
  const instance = await duckdb.DuckDBInstance.create(':memory:', SETTINGS);
  const connection = await instance.connect();
  try {
    const result = await rowsOf(connection, path);
    yield { line: 1, cells: result.columnNames() };
    let line = 2;
    for await (const rows of result.yieldRowsJs())
      for (const row of rows) yield { line: line++, cells: row.map(cellOf) };
  } catch (cause) {
    if (cause instanceof HeadgateError) throw cause;
    throw new HeadgateError('malformed', `${name} cannot be read as Parquet: ${firstLine(cause)}`, { cause });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const rowsOf = (connection: DuckDBConnection, path: string): Promise<DuckDBResult> =>
  connection.stream(`SELECT * FROM read_parquet('${path.replaceAll(/[*?[]/g, '[$&]').replaceAll("'", "''")}')`);

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? '';

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  // Counted and summed like other numbers.
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'object')
    return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));
  return String(value);
}
