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
    const end = endsOf(rest);
    let from = 0;
    for (let at = end(from); at >= 0; at = end(from)) {
      const text = rest.slice(from, at);
      if (text !== '' && text !== '\r') yield { line, cells: cellsOf(text, line) };
      line += 1 + countBreaks(text);
      from = at + 1;
    }
    rest = rest.slice(from);
    if (rest.length > LONGEST_RECORD)
      throw new HeadgateError('too-large', `line ${line}: a record is longer than ${LONGEST_RECORD} characters`);
  }
  if (rest.trim() !== '') yield { line, cells: cellsOf(rest, line) };
}

/**
 * Answers for ascending places where the record that begins there ends: the place of its line break, -1 where it is not whole yet. The
 * next quote is looked for once, not for every record: most tables have none.
 */
function endsOf(text: string): (from: number) => number {
  let quote = text.indexOf('"');
  return (from) => {
    if (quote >= 0 && quote < from) quote = text.indexOf('"', from);
    let end = text.indexOf('\n', from);
    let open = quote;
    while (end >= 0 && open >= 0 && open < end) {
      const close = text.indexOf('"', open + 1);
      if (close < 0) return -1;
      if (close > end) end = text.indexOf('\n', close);
      open = text.indexOf('"', close + 1);
    }
    return end;
  };
}

const countBreaks = (text: string): number => (text.includes('\n') ? text.split('\n').length - 1 : 0);

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

/** As most programs write it; there is nothing about it to be put right. */
const USUAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/**
 * Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size (until the year 5138 no two of them mean the
 * same time), or a date of ISO 8601 (also with a blank for the T, or slashes); without a zone it is taken as UTC. Other dates have to
 * name their zone: what depends on where the program runs is no time.
 */
export function parseTime(text: string): EpochMs | undefined {
  if (USUAL_TIME.test(text)) {
    const parsed = Date.parse(text);
    if (!Number.isNaN(parsed)) return parsed;
  }
  const cell = text.trim();
  if (/^-?\d+(\.\d+)?(e\+?\d+)?$/i.test(cell)) return sinceEpoch(Number(cell));
  const iso = cell.replace(/^(\d{4})\/(\d\d)\/(\d\d)/, '$1-$2-$3').replace(/^(\d{4}-\d\d-\d\d) +/, '$1T');
  const zoned = /(Z|[+-]\d\d:?\d\d|GMT|UTC)$/.test(iso);
  if (!/^\d{4}-\d\d-\d\d/.test(iso) && !zoned) return undefined;
  const parsed = Date.parse(zoned || !iso.includes('T') ? iso.replace(/ (?=[+-]\d)/, '') : `${iso}Z`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function sinceEpoch(number: number): EpochMs | undefined {
  const size = Math.abs(number);
  if (size < 1e11) return number * 1_000;
  return size < 1e14 ? number : size < 1e17 ? number / 1_000 : size < 1e20 ? number / 1e6 : undefined;
}

/** A finite number, or `undefined` for an empty cell and everything that is no number (`NaN`, `null`, `-`). */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
