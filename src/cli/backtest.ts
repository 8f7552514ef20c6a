import { parseArgs } from 'node:util';
import { readConfigFile } from '../app/config-file.ts';
import { type PastAsk, pastOf } from '../app/history.ts';
import { durationOf, engineForConfig } from '../app/offline.ts';
import { HeadgateError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import { emptySnapshot, type Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import { type EpochMs, MINUTE, SECOND, WEEK } from '../domain/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { Outcome } from '../engine/ledger.ts';
import { recordOf } from '../engine/record.ts';
import { replay } from '../engine/replay.ts';
import { registry } from '../registry.ts';
import type { CommandIo } from './command.ts';
import { type Output, openOutput } from './output.ts';
import { openTable, type Table, type TableRow } from './table.ts';

export const summary =
  'Runs recorded samples through a config: what would have been told, and what would have been done.';
export const usage = `headgate backtest --config FILE --input X.csv [--stage pipeline.stage] [--time COLUMN] [--output Y.ndjson] [--format json]
       headgate backtest --config FILE --from TIME [--to TIME] [--step DURATION] [--prometheus URL] [--output …] [--format json]

The CSV has a column of time and one column for each signal; a column "stage" names the stage of a row, or --stage names it for all.
With --from the past is asked of Prometheus instead: every query of the config's probes of type prometheus, from --from to --to (now),
each time its stage would have looked, or every --step. TIME is 2026-01-05T08:00Z, or a duration before now such as 7d. --prometheus
asks that server instead of the ones in the config.
Gates are taken to obey at once. --output takes every score, verdict, incident and decision as one JSON object a line: the same bytes
as the daemon gives for the same day.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: 'string', default: './headgate.yaml' },
      input: { type: 'string', default: '-' },
      stage: { type: 'string' },
      time: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      step: { type: 'string' },
      prometheus: { type: 'string' },
      output: { type: 'string' },
      format: { type: 'string', default: 'text' },
    },
  });
  const { config } = readConfigFile(values.config, io.env);
  const engine = engineForConfig(config);
  const past = pastAsk(values, Date.now());
  const recorded = past
    ? pastOf(config, registry, past, new AbortController().signal)
    : batches(
        await openTable({ input: values.input, stdin: io.stdin, time: values.time, values: undefined }),
        values.stage,
        engine,
      );
  const output = values.output === undefined ? undefined : await openOutput(values.output, io.stdout);
  const summary = new Summary();
  for await (const batch of recorded) {
    const at = (batch[0] as Snapshot).at;
    for (const outcome of replay(engine, batch, at)) {
      summary.add(outcome, at);
      if (output) await writeLines(output, outcome, at);
    }
  }
  await output?.end();
  io.stdout.write(values.format === 'json' ? `${JSON.stringify(summary.toJSON())}\n` : summary.toText());
  return 0;
}

/** What of the past is asked for; `undefined` where a file is to be read. */
function pastAsk(
  { from, to, step, prometheus }: { from?: string; to?: string; step?: string; prometheus?: string },
  now: EpochMs,
): PastAsk | undefined {
  if (from === undefined) {
    if (prometheus === undefined && to === undefined && step === undefined) return undefined;
    throw new HeadgateError('bad-config', '--prometheus, --to and --step need --from, such as --from 7d');
  }
  if (prometheus !== undefined && !URL.canParse(prometheus))
    throw new HeadgateError('bad-config', `--prometheus wants an address such as http://prometheus:9090`);
  const ask = {
    from: timeOf(from, now),
    to: to === undefined ? now : timeOf(to, now),
    step: step === undefined ? undefined : durationOf(step),
    url: prometheus,
  };
  if (ask.from > ask.to) throw new HeadgateError('bad-config', '--from is later than --to');
  if (ask.step !== undefined && ask.step < SECOND) throw new HeadgateError('bad-config', '--step is at least 1s');
  return ask;
}

function timeOf(text: string, now: EpochMs): EpochMs {
  if (/^[\d.]+[a-z]/.test(text)) return now - durationOf(text);
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw new HeadgateError(
    'bad-config',
    `"${text}" is no time; want 2026-01-05T08:00Z, or a duration before now such as 7d`,
  );
}

async function writeLines(output: Output, outcome: Outcome, at: EpochMs): Promise<void> {
  const lines = recordOf(outcome, at);
  if (lines.length > 0) await output.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** Rows of one time become one batch of snapshots. */
async function* batches(table: Table, stage: string | undefined, engine: Engine): AsyncGenerator<readonly Snapshot[]> {
  let batch: Snapshot[] = [];
  for await (const row of table.rows()) {
    const snapshot = snapshotOf(row, table, stageOf(row, stage, engine));
    if (batch.length > 0 && batch[0]?.at !== snapshot.at) {
      yield batch;
      batch = [];
    }
    batch.push(snapshot);
  }
  if (batch.length > 0) yield batch;
}

function stageOf(row: TableRow, given: string | undefined, engine: Engine): StageId {
  const id = (row.stage ?? given) as StageId | undefined;
  if (id !== undefined && engine.line(id)) return id;
  const known = engine.plan.graph.order.join(', ');
  throw new HeadgateError(
    'bad-config',
    `${id === undefined ? 'no stage is named; give --stage or a column "stage"' : `there is no stage "${id}"`}; the config has ${known}`,
  );
}

function snapshotOf(row: TableRow, table: Table, stage: StageId): Snapshot {
  const values = new Map<string, number>();
  table.columns.forEach((name, index) => {
    const value = row.values[index];
    if (value !== undefined) values.set(name, value);
  });
  return { ...emptySnapshot(stage, row.at), values };
}

/** What a backtest comes to. */
class Summary {
  readonly #incidents = new Map<string, Incident>();
  readonly #decisions = new Map<string, number>();
  #first: EpochMs | undefined;
  #last: EpochMs = 0;
  #samples = 0;
  #held = 0;

  add(outcome: Outcome, at: EpochMs): void {
    this.#first ??= at;
    this.#last = at;
    this.#samples += outcome.steps.length;
    for (const { incident } of outcome.incidents) this.#incidents.set(incident.id, incident);
    for (const { kind, reason } of outcome.decisions)
      this.#decisions.set(`${kind} ${reason}`, (this.#decisions.get(`${kind} ${reason}`) ?? 0) + 1);
    for (const lease of outcome.leases)
      if (lease.state === 'released') this.#held += (lease.releasedAt ?? at) - lease.grantedAt;
  }

  toJSON() {
    const weeks = Math.max(this.#last - (this.#first ?? 0), 1) / WEEK;
    const incidents = [...this.#incidents.values()];
    const pages = incidents.filter((one) => one.severity === 'critical').length;
    return {
      samples: this.#samples,
      weeks,
      pages,
      pagesPerWeek: pages / weeks,
      tickets: incidents.length - pages,
      gatesHeldSeconds: this.#held / 1_000,
      decisions: Object.fromEntries(this.#decisions),
      incidents: incidents.map(
        ({ id, root, affected, severity, cause, openedAt, resolvedAt, resolution, because }) => ({
          id,
          root,
          affected,
          severity,
          cause,
          openedAt: new Date(openedAt).toISOString(),
          resolvedAt: resolvedAt === undefined ? null : new Date(resolvedAt).toISOString(),
          resolution: resolution ?? null,
          because: because.map((fact) => fact.text),
        }),
      ),
    };
  }

  toText(): string {
    const said = this.toJSON();
    const lines = [
      `${said.samples} samples over ${said.weeks.toFixed(2)} weeks: ${said.pages} pages (${said.pagesPerWeek.toFixed(2)} a week), ${said.tickets} tickets, gates held for ${Math.round(said.gatesHeldSeconds / 60)} min`,
      ...said.incidents.map((one) => {
        const minutes =
          one.resolvedAt === null
            ? 'still open'
            : `${Math.round((Date.parse(one.resolvedAt) - Date.parse(one.openedAt)) / MINUTE)} min, ${one.resolution}`;
        return `  ${one.openedAt}  ${one.severity.padEnd(8)} ${one.root}  ${one.cause}  ${minutes}  ${one.because[0] ?? ''}`;
      }),
      ...Object.entries(said.decisions).map(([what, count]) => `  ${String(count).padStart(5)} × ${what}`),
    ];
    return `${lines.join('\n')}\n`;
  }
}
