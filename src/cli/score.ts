import { parseArgs } from 'node:util';
import { durationOf, engineForOne } from '../app/offline.ts';
import { HeadgateError } from '../domain/error.ts';
import { sharesOf } from '../domain/evidence.ts';
import type { Contribution, Expected, Score } from '../domain/score.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import { partOfSubject, VECTOR } from '../domain/subject.ts';
import { type DurationMs, type EpochMs, MINUTE } from '../domain/time.ts';
import { episodeLine } from '../engine/budget.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { replay } from '../engine/replay.ts';
import { parseTime } from '../files/csv.ts';
import { openTable, type Table, type TableRow } from '../files/table.ts';
import type { CommandIo } from './command.ts';
import { type Output, openOutput } from './output.ts';

export const summary = 'Scores the rows of a CSV or Parquet file with the default detectors.';
export const usage = `headgate score [--input X.csv] [--output Y.csv] [--time COLUMN] [--values A,B] [--learn-until TIME] [--every 1m] [--season 1d,7d] [--pages-per-week 1] [--format json]

Reads a CSV or Parquet file (a CSV from standard input where --input is left out) with a header, a column of time (--time, else one
called time, timestamp, ts, date or datetime, else the first) and numeric columns, and writes one row for each row:
time,score,pvalue,state,alert,warning,because, and expected,lower,upper where there is one column; with --format json one object a line.
Times are ISO 8601 (UTC without a zone) or seconds, milliseconds, microseconds or nanoseconds since 1970. An empty cell, and one that is
no number, is a gap. Row i depends on rows up to i. With one column score is the surprise of all votes, and 1 where a signal without a past
would page; with more it is of all columns together once three of them vary, else of the worst of them, and 1 is the line that keeps the
budget. alert is 1 while critical is held. After --learn-until nothing is learned any more.
With --every a row is answered as soon as it has come; without it the first 16 are looked at first, to see how far apart they are.`;

const STAGE: StageId = 'input.rows';
/** Rows looked at to find the usual distance of two; within the warm-up of every detector, so no score depends on later rows. */
const PEEK = 16;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values: options } = parseArgs({
    args: [...argv],
    options: {
      input: { type: 'string', default: '-' },
      output: { type: 'string', default: '-' },
      time: { type: 'string' },
      values: { type: 'string' },
      'learn-until': { type: 'string' },
      every: { type: 'string' },
      season: { type: 'string', default: '1d,7d' },
      'pages-per-week': { type: 'string', default: '1' },
      format: { type: 'string', default: 'csv' },
    },
  });
  const until = timeOf('learn-until', options['learn-until']);
  const pagesPerWeek = positive('pages-per-week', options['pages-per-week']);
  const json = formatOf(options.format) === 'json';
  const season = options.season.split(',').map(durationOf);
  const table = await openTable({
    input: options.input,
    stdin: io.stdin,
    cwd: io.cwd,
    time: options.time,
    values: options.values?.split(','),
  });
  const rows = table.rows();
  const { head, every } = await peek(rows, options.every);
  const engine = engineForOne({
    stage: STAGE,
    signals: table.columns,
    every,
    season,
    pagesPerWeek,
    learnUntil: until,
  });
  const output = await openOutput(options.output, io.stdout);
  const band = table.columns.length === 1;
  if (!json)
    await output.write(`time,score,pvalue,state,alert,warning,because${band ? ',expected,lower,upper' : ''}\n`);
  await writeScores(
    engine,
    table,
    chain(head, rows),
    output,
    (row) => (json ? jsonLine(row) : csvLine(row, band)),
    band ? -episodeLine(every).lnLine(pagesPerWeek) : undefined,
  );
  await output.end();
  return 0;
}

function timeOf(name: string, text: string | undefined): EpochMs | undefined {
  const time = text === undefined ? undefined : parseTime(text);
  if (text !== undefined && time === undefined)
    throw new HeadgateError('bad-config', `--${name} wants a time such as 2026-01-31T12:00:00Z, got "${text}"`);
  return time;
}

function formatOf(text: string): 'csv' | 'json' {
  if (text === 'csv' || text === 'json') return text;
  throw new HeadgateError('bad-config', `--format wants csv or json, got "${text}"`);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new HeadgateError('bad-config', `--${name} wants a number above 0, got "${text}"`);
}

async function* chain<T>(head: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* head;
  yield* rest;
}

/** The distance of rows that was given; else the usual one of the first rows, which are looked at for that and handed back. */
async function peek(
  rows: AsyncGenerator<TableRow>,
  every: string | undefined,
): Promise<{ head: TableRow[]; every: DurationMs }> {
  const head: TableRow[] = [];
  if (every !== undefined) return { head, every: durationOf(every) };
  while (head.length < PEEK) {
    const next = await rows.next();
    if (next.done) break;
    head.push(next.value);
  }
  const steps = head
    .slice(1)
    .map((row, index) => row.at - (head[index] as TableRow).at)
    .filter((step) => step > 0);
  const median = steps.sort((a, b) => a - b)[steps.length >> 1];
  return { head, every: median ?? MINUTE };
}

async function writeScores(
  engine: Engine,
  table: Table,
  rows: AsyncIterable<TableRow>,
  output: Output,
  lineOf: (row: Scored) => string,
  line: number | undefined,
): Promise<void> {
  for await (const row of rows) {
    const values = new Map(
      table.columns.flatMap((name, index) =>
        row.values[index] === undefined ? [] : [[name, row.values[index]] as const],
      ),
    );
    const outcome = replay(engine, [{ ...emptySnapshot(STAGE, row.at), values }], row.at).at(-1) as Outcome;
    await output.write(lineOf(scoredOf(row.time, outcome, line)));
  }
}

/** One row out, before it is written as CSV or JSON. */
interface Scored {
  readonly time: string;
  readonly score: number;
  readonly pvalue: number | undefined;
  readonly state: 'ready' | 'warming' | 'blind';
  readonly alert: boolean;
  readonly warning: boolean;
  /** The largest shares of the surprise of the row. */
  readonly because: readonly Contribution[];
  readonly expected: Expected | undefined;
}

const MOST_NAMED = 8;
/** Less reads as 0.00. */
const LEAST_SHARE = 0.005;

/** `line` is what one column's surprise is measured against: it stands still, so that scores can be compared over time. */
function scoredOf(time: string, { steps: [step] }: Outcome, line: number | undefined): Scored {
  const scores = step?.scores ?? [];
  const ready = scores.filter((score) => score.state === 'ready');
  const whole = ready.find((score) => partOfSubject(score.subject) === VECTOR);
  // What all columns together say, where they do; else the worst of a single one.
  const worst =
    whole ??
    ready.reduce<(typeof ready)[number] | undefined>(
      (a, b) => (a === undefined || b.value > a.value ? b : a),
      undefined,
    );
  const verdict = step?.verdict.state;
  return {
    time,
    score: worst === undefined ? 0 : line === undefined ? worst.value : surpriseOf(ready) / line,
    pvalue: worst?.pValue,
    state: worst ? 'ready' : scores.some((score) => score.state === 'warming') ? 'warming' : 'blind',
    alert: verdict === 'critical',
    warning: verdict === 'warning' || verdict === 'critical',
    because: sharesOf(whole ? [whole] : ready)
      .slice(0, MOST_NAMED)
      .filter(({ share }) => share >= LEAST_SHARE),
    expected: worst?.expected,
  };
}

const surpriseOf = (ready: readonly (Score & { state: 'ready' })[]): number =>
  Math.max(...ready.map(({ surprise, pValue }) => surprise ?? -Math.log(pValue)));

const precise = (number: number): string => number.toPrecision(6);
/** A cell that would not survive as it stands is quoted (RFC 4180). */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function csvLine(row: Scored, band: boolean): string {
  const { expected } = row;
  const cells = [
    cell(row.time),
    row.score === 0 ? '0' : precise(row.score),
    row.pvalue === undefined ? '' : precise(row.pvalue),
    row.state,
    row.alert ? '1' : '0',
    row.warning ? '1' : '0',
    cell(row.because.map(({ signal, share }) => `${signal}:${share.toFixed(2)}`).join(';')),
  ];
  if (band) cells.push(...(expected ? [expected.centre, expected.lower, expected.upper].map(precise) : ['', '', '']));
  return `${cells.join(',')}\n`;
}

function jsonLine({ expected, pvalue, ...row }: Scored): string {
  const { centre, lower, upper } = expected ?? {};
  const band = centre === undefined ? {} : { expected: centre, lower, upper };
  return `${JSON.stringify({ ...row, pvalue: pvalue ?? null, ...band })}\n`;
}
