import type { Readable } from 'node:stream';
import { HeadgateError } from '../domain/error.ts';
import type { EpochMs } from '../domain/time.ts';
import { parseNumber, parseTime } from './csv.ts';
import { openRecords } from './records.ts';

/** A table of samples as it streams in: one time and some numbers a row. */
export interface Table {
  /** Names of the numeric columns, in their order. */
  readonly columns: readonly string[];
  /** The row's own cell of time, its value, the stage it names (if any), and one number or gap for each column. */
  rows(): AsyncGenerator<TableRow>;
}

export interface TableRow {
  readonly time: string;
  readonly at: EpochMs;
  readonly stage: string | undefined;
  readonly values: readonly (number | undefined)[];
}

export interface TableOptions {
  /** A path, or `-` for standard input. */
  readonly input: string;
  readonly stdin: Readable;
  /** Where relative paths start. */
  readonly cwd: string;
  /** Name of the column of time; one that is called so, else the first, where left out. */
  readonly time: string | undefined;
  /** Columns to take; all others that are not time or stage where left out. */
  readonly values: readonly string[] | undefined;
}

/**
 * Opens a table of samples, CSV or Parquet.
 *
 * @throws HeadgateError as `openRecords`; `malformed` where there is no header, a named column is missing,
 * or (while rows are read) a time cannot be read.
 */
export async function openTable(options: TableOptions): Promise<Table> {
  const name = options.input === '-' ? 'standard input' : options.input;
  const records = await openRecords(options.input, options);
  const first = await records.next();
  if (first.done) throw new HeadgateError('malformed', `${name} is empty; want a header line and rows`);
  const head = first.value.cells.map((cell) => cell.trim());
  const time = options.time === undefined ? timeColumn(head) : columnOf(head, options.time, name);
  const stage = head.indexOf('stage');
  const columns = options.values ?? head.filter((name, index) => index !== time && index !== stage && name !== '');
  const places = columns.map((column) => columnOf(head, column, name));
  return {
    columns,
    async *rows() {
      for await (const { line, cells } of records) {
        const text = cells[time] ?? '';
        const at = parseTime(text);
        if (at === undefined) throw new HeadgateError('malformed', `${name} line ${line}: "${text}" is no time`);
        yield {
          time: text,
          at,
          stage: stage < 0 ? undefined : cells[stage],
          values: places.map((place) => parseNumber(cells[place])),
        };
      }
    },
  };
}

const TIME_NAMES = ['time', 'timestamp', 'ts', 'date', 'datetime'];

function timeColumn(head: readonly string[]): number {
  const names = head.map((name) => name.toLowerCase());
  const called = TIME_NAMES.map((name) => names.indexOf(name)).find((place) => place >= 0);
  return called ?? 0;
}

function columnOf(head: readonly string[], name: string, input: string): number {
  const place = head.indexOf(name);
  if (place < 0) throw new HeadgateError('malformed', `${input} has no column "${name}"; it has ${head.join(', ')}`);
  return place;
}
