import { parseArgs } from 'node:util';
import { durationOf, engineForOne } from '../app/offline.ts';
import { HeadgateError } from '../domain/error.ts';
import { sharesOf } from '../domain/evidence.ts';
import type { ExcludedRange } from '../domain/excluded.ts';
import type { Contribution, Expected, Score } from '../domain/score.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import { subjectOf, VECTOR } from '../domain/subject.ts';
import { type DurationMs, type EpochMs, MINUTE } from '../domain/time.ts';
import { EpisodeLine } from '../engine/budget.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { replay } from '../engine/replay.ts';
import { parseTime } from '../files/csv.ts';
import { openTable, type Table, type TableRow } from '../files/table.ts';
import type { CommandIo } from './command.ts';
import { type Output, openOutput } from './output.ts';

export const summary = 'Scores the rows of a CSV or Parquet file with the default detectors.';
export const usage = `headgate score [--input X.csv] [--output Y.csv] [--time COLUMN] [--values A,B] [--learn-until TIME] [--exclude FROM/TO] [--every 1m] [--season 1d,7d] [--pages-per-week 1] [--format json]

Reads a CSV or Parquet file (a CSV from standard input where --input is left out) with a header, a column of time (--time, else one
called time, timestamp, ts, date or datetime, else the first) and numeric columns, and writes one row for each row:
time,score,pvalue,state,alert,warning,because, and expected,lower,upper where there is one column; with --format json one object a line.
Times are ISO 8601 (UTC without a zone) or seconds, milliseconds, microseconds or nanoseconds since 1970. An empty cell, and one that is
no number, is a gap. Row i depends on rows up to i. With one column, and with more once three of them vary (then it is of all together), score
is the surprise of all votes, and 1 where what has no past would page; else it is of the worst column, and 1 is the line that keeps the
budget. Shares in because add up to 1 - pvalue where there is more than one column. alert is 1 while critical is held. What lies before
--learn-until is taken for normal, also what is strange in it; after it nothing is learned any more. Times of --exclude FROM/TO (as often
as needed; TO is not in it) are scored, but neither learned nor alerted: a load test, maintenance, a known incident.
With --every a row is answered as soon as it has come; without it the first 16 are looked at first, to see how far apart they are.
Of one column, what is left of a strange row (four fifths, row by row) counts in the score of the next ones, never in pvalue or alert; of
more, half of it does, and fades by 3 % a row.`;

const STAGE: StageId = 'input.rows';
const WHOLE = subjectOf(STAGE, VECTOR);
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
      exclude: { type: 'string', multiple: true, default: [] },
      every: { type: 'string' },
      season: { type: 'string', default: '1d,7d' },
      'pages-per-week': { type: 'string', default: '1' },
      format: { type: 'string', default: 'csv' },
    },
  });
  const until = timeOf('learn-until', options['learn-until']);
  const excluded = options.exclude.map(rangeOf);
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
    excluded,
  });
  const output = await openOutput(options.output, io.stdout);
  const band = table.columns.length === 1;
  if (!json)
    await output.write(`time,score,pvalue,state,alert,warning,because${band ? ',expected,lower,upper' : ''}\n`);
  await writeScores(
    engine,
    table,
    head,
    rows,
    output,
    (row) => (json ? jsonLine(row) : csvLine(row, band)),
    -new EpisodeLine(every).lnLine(pagesPerWeek),
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

function rangeOf(text: string): ExcludedRange {
  const [from, to] = text.split('/').map((one) => parseTime(one.trim()));
  if (from !== undefined && to !== undefined && from < to) return { from, to, why: 'excluded' };
  throw new HeadgateError(
    'bad-config',
    `--exclude wants two times in order, such as 2026-01-31T12:00:00Z/2026-01-31T14:00:00Z, got "${text}"`,
  );
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
  { columns }: Table,
  head: readonly TableRow[],
  rows: AsyncIterable<TableRow>,
  output: Output,
  lineOf: (row: Scored) => string,
  line: number,
): Promise<void> {
  const lineFor = (row: TableRow): string => {
    const values = new Map<string, number>();
    for (const [index, value] of row.values.entries())
      if (value !== undefined) values.set(columns[index] as string, value);
    const outcome = replay(engine, [{ ...emptySnapshot(STAGE, row.at), values }], row.at).at(-1) as Outcome;
    return lineOf(scoredOf(row.time, outcome, line, columns.length === 1));
  };
  for (const row of head) await output.write(lineFor(row));
  for await (const row of rows) {
    const full = output.write(lineFor(row));
    if (full) await full;
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

/**
 * `line` is what the surprise of one column, or of all together, is measured against: it stands still, so that scores can be compared
 * over time. `alone`: there is but one column.
 */
function scoredOf(time: string, { steps: [step] }: Outcome, line: number, alone: boolean): Scored {
  const scores = step?.scores ?? [];
  const ready = scores.filter((score) => score.state === 'ready');
  const whole = ready.find((score) => score.subject === WHOLE);
  // What all columns together say, where they do; else the worst of a single one.
  const worst =
    whole ??
    ready.reduce<(typeof ready)[number] | undefined>(
      (a, b) => (a === undefined || b.value > a.value ? b : a),
      undefined,
    );
  const verdict = step?.verdict.state;
  // What comes as often as that by chance is nobody's fault: shares of a usual row are next to nothing.
  const byFault = whole ? 1 - whole.pValue : 1;
  return {
    time,
    score: alone ? surpriseOf(ready) / line : whole ? surpriseOf([whole]) / line : (worst?.value ?? 0),
    pvalue: worst?.pValue,
    state: worst ? 'ready' : scores.some((score) => score.state === 'warming') ? 'warming' : 'blind',
    alert: verdict === 'critical',
    warning: verdict === 'warning' || verdict === 'critical',
    because: sharesOf(whole ? [whole] : ready)
      .slice(0, MOST_NAMED)
      .map(({ signal, share, ...more }) => ({ signal, share: share * byFault, ...more }))
      .filter(({ share }) => share >= LEAST_SHARE),
    expected: worst?.expected,
  };
}

const surpriseOf = (ready: readonly (Score & { state: 'ready' })[]): number =>
  Math.max(0, ...ready.map(({ surprise, pValue }) => surprise ?? -Math.log(pValue)));

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
