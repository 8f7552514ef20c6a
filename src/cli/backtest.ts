import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BacktestLog } from '../app/backtest-log.ts';
import { BacktestSeries } from '../app/backtest-series.ts';
import { backtestAgain, batchesOf, withPages } from '../app/budgets.ts';
import { readConfigFile } from '../app/config-file.ts';
import { durationOf, engineForConfig } from '../app/offline.ts';
import { record } from '../app/recorded.ts';
import { HeadgateError } from '../domain/error.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Outcome } from '../engine/ledger.ts';
import { recordOf } from '../engine/record.ts';
import { replay } from '../engine/replay.ts';
import { readLabels } from '../files/labels.ts';
import { renderBacktest } from '../report/backtest.ts';
import { VERSION } from '../version.ts';
import { type Assessed, assess, summaryOf, textOf } from './assess.ts';
import type { CommandIo } from './command.ts';
import { openInput } from './input.ts';
import { type Output, openOutput } from './output.ts';
import { openPast, PAST_OPTIONS, PAST_USAGE } from './past.ts';

export const summary =
  'Runs recorded samples through a config: what would have been told, and what would have been done.';
export const usage = `headgate backtest --config FILE --input X.csv [--stage pipeline.stage] [--time COLUMN]
       headgate backtest --config FILE --from TIME [--to TIME] [--step DURATION] [--prometheus URL]
       [--labels FILE [--slack 15m]] [--budgets 0.5,1,2,5] [--html REPORT.html] [--output Y.ndjson] [--format json]

${PAST_USAGE}
--labels names known incidents: a CSV with the columns from,to (or time, for a point) and stage, signal, name where known, or the same as
a list in JSON. Then recall, precision, delay and false alarms a week are said, for all, each stage and each signal; an alert up to --slack
before or after a label belongs to it. --budgets lives through the same past with other pages a week allowed. --html writes a report of
one file that loads nothing: every signal with its band, alerts with their reasons, gates, labels, and the rates against the budget (it
keeps 24 bytes for each value in memory).
Gates are taken to obey at once. --output takes every score, verdict, incident and decision as one JSON object a line: the same bytes
as the daemon gives for the same day.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...PAST_OPTIONS,
      labels: { type: 'string' },
      slack: { type: 'string', default: '15m' },
      budgets: { type: 'string' },
      html: { type: 'string' },
      output: { type: 'string' },
      format: { type: 'string', default: 'text' },
    },
  });
  const { config, text } = readConfigFile(values.config, io.env);
  const slack = durationOf(values.slack);
  const labels = values.labels === undefined ? undefined : await labelsFrom(values.labels, io);
  const budgets = values.budgets?.split(',').map(budgetOf) ?? [];
  const engine = engineForConfig(config);
  const opened = await openPast(config, values, io);
  // What is lived through more than once is held in memory.
  const kept = budgets.length > 0 ? await record(opened) : undefined;
  const recorded = kept ? batchesOf(kept) : opened;
  const output = values.output === undefined ? undefined : await openOutput(values.output, io.stdout);
  const log = new BacktestLog();
  const series = values.html === undefined ? undefined : new BacktestSeries();
  for await (const batch of recorded) {
    const at = (batch[0] as Snapshot).at;
    for (const outcome of replay(engine, batch, at)) {
      log.add(outcome, at);
      series?.add(outcome);
      if (output) await writeLines(output, outcome, at);
    }
  }
  await output?.end();
  const others = new Map(
    kept ? budgets.map((pages) => [pages, backtestAgain(withPages(config, pages), kept)] as const) : [],
  );
  const assessed = assess({ log, plan: config.plan, labels, slack, others });
  if (values.html !== undefined && series) {
    const data = values.from === undefined ? values.input : 'Prometheus';
    const digest = createHash('sha256').update(text).digest('hex');
    const command = `headgate backtest ${argv.map(withoutSecrets).map(quoted).join(' ')}`;
    const made = { version: VERSION, command, config: values.config, data, digest };
    await writeReport(resolve(io.cwd, values.html), assessed, series, made);
  }
  io.stdout.write(values.format === 'json' ? `${JSON.stringify(summaryOf(assessed))}\n` : textOf(assessed));
  return 0;
}

function budgetOf(text: string): number {
  const pages = Number(text);
  if (text.trim() !== '' && Number.isFinite(pages) && pages > 0) return pages;
  throw new HeadgateError('bad-config', `--budgets wants numbers of pages a week above 0, got "${text}"`);
}

/** A report is sent around; what stands before the @ of an address is not. */
const withoutSecrets = (text: string): string => text.replace(/\/\/[^/@\s]+@/, '//…@');

/** An argument as a shell takes it. */
const quoted = (text: string): string => (/^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

async function labelsFrom(path: string, io: CommandIo) {
  const input = await openInput(path, io);
  input.setEncoding('utf8');
  return readLabels(path, input as AsyncIterable<string>);
}

async function writeReport(
  path: string,
  assessed: Assessed,
  series: BacktestSeries,
  made: Parameters<typeof renderBacktest>[0]['made'],
): Promise<void> {
  const { log, labels, tally, stages, budget, budgets } = assessed;
  const page = renderBacktest({
    made,
    from: log.first ?? 0,
    to: log.last,
    weeks: log.weeks,
    samples: log.samples,
    learnedAt: log.learnedAt,
    budget,
    incidents: [...log.incidents.values()],
    leases: [...log.leases.values()],
    withheld: new Map([...log.withheld].map(([id, decisions]) => [id, [...decisions.values()]])),
    decisions: log.decisions,
    held: log.held,
    labels,
    tally,
    stages,
    budgets,
    series: (stage, signal) => series.of(stage, signal),
    figures: shortened(summaryOf(assessed)),
  });
  try {
    await writeFile(path, page);
  } catch (cause) {
    throw new HeadgateError('bad-config', `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/** A report holds so many incidents for programs; `--format json` has all of them. */
const MOST_FIGURES = 1_000;

const shortened = (figures: ReturnType<typeof summaryOf>) => ({
  ...figures,
  incidents: figures.incidents.slice(0, MOST_FIGURES),
  incidentsLeftOut: Math.max(0, figures.incidents.length - MOST_FIGURES),
});

async function writeLines(output: Output, outcome: Outcome, at: EpochMs): Promise<void> {
  const lines = recordOf(outcome, at);
  if (lines.length > 0) await output.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
