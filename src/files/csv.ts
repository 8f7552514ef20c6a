import { HeadgateError } from '../domain/error.ts';
import type { EpochMs } from '../domain/time.ts';

/** Cells of one record, and the line it began on (from 1). */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** No table has records like that; a file without line breaks is no CSV. */
const LONGEST_RECORD = 4_000_000;

/**
 * Splits CSV text into records (RFC 4180: quotes, doubled quotes, line breaks inside quotes, CRLF). Takes text in pieces of any
 * length and holds back only the record that is not finished. Empty lines are passed over.
 */
export async function* readCsv(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<CsvRecord> {
  let rest = '';
  let line = 1;
  for await (const piece of pieces) {
    rest += piece;
    let from = 0;
    for (let end = endOfRecord(rest, from); end >= 0; end = endOfRecord(rest, from)) {
      const text = rest.slice(from, end);
      if (text !== '' && text !== '\r') yield { line, cells: cellsOf(text, line) };
      line += 1 + countBreaks(text);
      from = end + 1;
    }
    rest = rest.slice(from);
    if (rest.length > LONGEST_RECORD)
      throw new HeadgateError('too-large', `line ${line}: a record is longer than ${LONGEST_RECORD} characters`);
  }
  if (rest.trim() !== '') yield { line, cells: cellsOf(rest, line) };
}

/** Place of the line break that ends the record, or -1 where the record is not whole yet. */
function endOfRecord(text: string, from: number): number {
  let end = text.indexOf('\n', from);
  let quote = text.indexOf('"', from);
  while (end >= 0 && quote >= 0 && quote < end) {
    const close = text.indexOf('"', quote + 1);
    if (close < 0) return -1;
    if (close > end) end = text.indexOf('\n', close);
    quote = text.indexOf('"', close + 1);
  }
  return end;
}

const countBreaks = (text: string): number => text.split('\n').length - 1;

function cellsOf(record: string, line: number): string[] {
  const text = record.endsWith('\r') ? record.slice(0, -1) : record;
  if (!text.includes('"')) return text.split(',');
  const cells: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      cells.push(text.slice(at, end));
      at = end + 1;
      continue;
    }
    let end = text.indexOf('"', at + 1);
    while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
    if (end < 0) throw new HeadgateError('malformed', `line ${line}: a quote is never closed`);
    cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 2;
  }
  return cells;
}

/** Seconds (up to 11 digits), milliseconds (12 digits and more), or a date; without a zone it is taken as UTC. */
export function parseTime(text: string): EpochMs | undefined {
  const cell = text.trim();
  if (/^-?\d+(\.\d+)?$/.test(cell)) {
    const number = Number(cell);
    return Math.abs(number) < 1e11 ? number * 1_000 : number;
  }
  const iso = cell.replace(' ', 'T');
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`;
  const parsed = Date.parse(zoned);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** A finite number, or `undefined` for an empty cell and everything that is no number (`NaN`, `null`, `-`). */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
