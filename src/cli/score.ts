import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { durationOf, engineForOne } from '../app/offline.ts';
import type { Score } from '../domain/score.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { type DurationMs, MINUTE } from '../domain/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { replay } from '../engine/replay.ts';
import { parseTime } from '../files/csv.ts';
import { type CommandIo, write } from './command.ts';
import { openTable, type Table, type TableRow } from './table.ts';

export const summary = 'Scores the rows of a CSV with the default detectors.';
export const usage = `headgate score [--input X.csv] [--output Y.csv] [--time COLUMN] [--values A,B] [--learn-until TIME] [--every 1m] [--season 1d,7d] [--pages-per-week 1]

Reads a CSV with a header, a column of time and numeric columns (standard input where --input is left out) and writes one row for
each: time,score,pvalue,state,alert,warning,because, and expected,lower,upper where there is one column. Row i depends on rows up to i.
score 1 is the line that keeps the budget; alert is 1 while critical is held. After --learn-until nothing is learned any more.`;

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
  const table = await openTable({
    input: options.input,
    stdin: io.stdin,
    time: options.time,
    values: options.values?.split(','),
  });
  const until = options['learn-until'] === undefined ? undefined : parseTime(options['learn-until']);
  const rows = table.rows();
  const { head, every } = await peek(rows, options.every);
  const engine = engineForOne({
    stage: STAGE,
    signals: table.columns,
    every,
    season: options.season.split(',').map(durationOf),
    pagesPerWeek: Number(options['pages-per-week']),
    learnUntil: until,
  });
  const output = options.output === '-' ? io.stdout : createWriteStream(options.output);
  await writeScores(engine, table, chain(head, rows), output);
  if (output !== io.stdout)
    await new Promise<void>((resolve, reject) =>
      output.end((error?: Error | null) => (error ? reject(error) : resolve())),
    );
  return 0;
}

async function* chain<T>(head: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* head;
  yield* rest;
}

/** The first rows, and the usual distance between them. */
async function peek(
  rows: AsyncGenerator<TableRow>,
  every: string | undefined,
): Promise<{ head: TableRow[]; every: DurationMs }> {
  const head: TableRow[] = [];
  while (head.length < PEEK) {
    const next = await rows.next();
    if (next.done) break;
    head.push(next.value);
  }
  const given = every === undefined ? undefined : durationOf(every);
  const steps = head
    .slice(1)
    .map((row, index) => row.at - (head[index] as TableRow).at)
    .filter((step) => step > 0);
  const median = steps.sort((a, b) => a - b)[steps.length >> 1];
  return { head, every: given ?? median ?? MINUTE };
}

async function writeScores(
  engine: Engine,
  table: Table,
  rows: AsyncIterable<TableRow>,
  output: Writable,
): Promise<void> {
  const one = table.columns.length === 1;
  let text = `time,score,pvalue,state,alert,warning,because${one ? ',expected,lower,upper' : ''}\n`;
  for await (const row of rows) {
    const values = new Map(
      table.columns.flatMap((name, index) =>
        row.values[index] === undefined ? [] : [[name, row.values[index]] as const],
      ),
    );
    const outcome = replay(engine, [{ ...emptySnapshot(STAGE, row.at), values }], row.at).at(-1) as Outcome;
    text += rowOf(row.time, outcome, one);
    if (text.length > 65_536) {
      await write(output, text);
      text = '';
    }
  }
  await write(output, text);
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
function shares(scores: readonly Score[]): string {
  const total = scores.reduce((sum, score) => sum + score.value, 0);
  if (!(total > 0)) return '';
  return scores
    .map((score) => ({ name: partOfSubject(score.subject), share: score.value / total }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 8)
    .filter(({ share }) => share >= 0.005)
    .map(({ name, share }) => `${name}:${share.toFixed(2)}`)
    .join(';');
}
