import { parseArgs } from 'node:util';
import { durationOf, engineForOne } from '../app/offline.ts';
import { HeadgateError } from '../domain/error.ts';
import type { Score } from '../domain/score.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import { type DurationMs, type EpochMs, MINUTE } from '../domain/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { replay } from '../engine/replay.ts';
import { parseTime } from '../files/csv.ts';
import type { CommandIo } from './command.ts';
import { type Output, openOutput } from './output.ts';
import { openTable, type Table, type TableRow } from './table.ts';

export const summary = 'Scores the rows of a CSV with the default detectors.';
export const usage = `headgate score [--input X.csv] [--output Y.csv] [--time COLUMN] [--values A,B] [--learn-until TIME] [--every 1m] [--season 1d,7d] [--pages-per-week 1]

Reads a CSV with a header, a column of time and numeric columns (standard input where --input is left out) and writes one row for
each: time,score,pvalue,state,alert,warning,because, and expected,lower,upper where there is one column. Row i depends on rows up to i.
score 1 is the line that keeps the budget; alert is 1 while critical is held. After --learn-until nothing is learned any more.
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
    },
  });
  const until = timeOf('learn-until', options['learn-until']);
  const pagesPerWeek = positive('pages-per-week', options['pages-per-week']);
  const season = options.season.split(',').map(durationOf);
  const table = await openTable({
    input: options.input,
    stdin: io.stdin,
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
  await writeScores(engine, table, chain(head, rows), output);
  await output.end();
  return 0;
}

function timeOf(name: string, text: string | undefined): EpochMs | undefined {
  const time = text === undefined ? undefined : parseTime(text);
  if (text !== undefined && time === undefined)
    throw new HeadgateError('bad-config', `--${name} wants a time such as 2026-01-31T12:00:00Z, got "${text}"`);
  return time;
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

async function writeScores(engine: Engine, table: Table, rows: AsyncIterable<TableRow>, output: Output): Promise<void> {
  const one = table.columns.length === 1;
  await output.write(`time,score,pvalue,state,alert,warning,because${one ? ',expected,lower,upper' : ''}\n`);
  for await (const row of rows) {
    const values = new Map(
      table.columns.flatMap((name, index) =>
        row.values[index] === undefined ? [] : [[name, row.values[index]] as const],
      ),
    );
    const outcome = replay(engine, [{ ...emptySnapshot(STAGE, row.at), values }], row.at).at(-1) as Outcome;
    await output.write(rowOf(row.time, outcome, one));
  }
}

function rowOf(time: string, outcome: Outcome, one: boolean): string {
  const [step] = outcome.steps;
  const scores = step?.scores ?? [];
  const ready = scores.filter((score) => score.state === 'ready');
  const worst = ready.reduce<Score | undefined>((a, b) => (a === undefined || b.value > a.value ? b : a), undefined);
  const state = worst ? 'ready' : scores.some((score) => score.state === 'warming') ? 'warming' : 'blind';
  const verdict = step?.verdict.state;
  const p = worst?.state === 'ready' ? worst.pValue.toPrecision(6) : '';
  const flag = (is: boolean) => (is ? '1' : '0');
  const cells = [
    time,
    worst ? worst.value.toPrecision(6) : '0',
    p,
    state,
    flag(verdict === 'critical'),
    flag(verdict === 'warning' || verdict === 'critical'),
    shares(ready),
  ];
  if (one) {
    const expected = worst?.state === 'ready' ? worst.expected : undefined;
    cells.push(
      ...(expected ? [expected.centre, expected.lower, expected.upper].map((x) => x.toPrecision(6)) : ['', '', '']),
    );
  }
  return `${cells.join(',')}\n`;
}

/** Each column's share of the surprise of the row, the largest eight: `v3:0.41;v7:0.22`. */
function shares(scores: readonly (Score & { state: 'ready' })[]): string {
  const values = new Map<string, number>();
  let total = 0;
  for (const { value, because } of scores) {
    total += value;
    for (const { signal, share } of because) values.set(signal, (values.get(signal) ?? 0) + value * share);
  }
  if (!(total > 0)) return '';
  return [...values]
    .map(([name, value]) => ({ name, share: value / total }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 8)
    .filter(({ share }) => share >= 0.005)
    .map(({ name, share }) => `${name}:${share.toFixed(2)}`)
    .join(';');
}
