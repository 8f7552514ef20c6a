import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { HeadgateError } from '../domain/error.ts';
import type { EpochMs } from '../domain/time.ts';
import { parseNumber, parseTime, readCsv } from '../files/csv.ts';

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
  /** Name of the column of time; the first column where left out. */
  readonly time: string | undefined;
  /** Columns to take; all others that are not time or stage where left out. */
  readonly values: readonly string[] | undefined;
}

/**
 * Opens a CSV of samples.
 *
 * @throws HeadgateError `not-found` where there is no such file, `malformed` where there is no header, a named column is missing,
 * or (while rows are read) a time cannot be read.
 */
export async function openTable(options: TableOptions): Promise<Table> {
  const name = options.input === '-' ? 'standard input' : options.input;
  const source = options.input === '-' ? options.stdin : await openFile(options.input);
  source.setEncoding('utf8');
  const records = readCsv(source as AsyncIterable<string>);
  const first = await records.next();
  if (first.done) throw new HeadgateError('malformed', `${name} is empty; want a header line and rows`);
  const head = first.value.cells.map((cell) => cell.trim());
  const time = options.time === undefined ? 0 : columnOf(head, options.time, name);
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

async function openFile(path: string): Promise<Readable> {
  const file = createReadStream(path);
  try {
    await once(file, 'open');
  } catch (cause) {
    throw new HeadgateError('not-found', `${path} cannot be read; is the path right?`, { cause });
  }
  return file;
}

function columnOf(head: readonly string[], name: string, input: string): number {
  const place = head.indexOf(name);
  if (place < 0) throw new HeadgateError('malformed', `${input} has no column "${name}"; it has ${head.join(', ')}`);
  return place;
}
