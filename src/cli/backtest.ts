import { parseArgs } from 'node:util';
import { readConfigFile } from '../app/config-file.ts';
import { engineForConfig } from '../app/offline.ts';
import type { Incident } from '../domain/incident.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { type EpochMs, MINUTE, WEEK } from '../domain/time.ts';
import type { Outcome } from '../engine/ledger.ts';
import { recordOf } from '../engine/record.ts';
import { replay } from '../engine/replay.ts';
import type { CommandIo } from './command.ts';
import { type Output, openOutput } from './output.ts';
import { openPast, PAST_OPTIONS, PAST_USAGE } from './past.ts';

export const summary =
  'Runs recorded samples through a config: what would have been told, and what would have been done.';
export const usage = `headgate backtest --config FILE --input X.csv [--stage pipeline.stage] [--time COLUMN] [--output Y.ndjson] [--format json]
       headgate backtest --config FILE --from TIME [--to TIME] [--step DURATION] [--prometheus URL] [--output …] [--format json]

${PAST_USAGE}
Gates are taken to obey at once. --output takes every score, verdict, incident and decision as one JSON object a line: the same bytes
as the daemon gives for the same day.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { ...PAST_OPTIONS, output: { type: 'string' }, format: { type: 'string', default: 'text' } },
  });
  const { config } = readConfigFile(values.config, io.env);
  const engine = engineForConfig(config);
  const recorded = await openPast(config, values, io);
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

async function writeLines(output: Output, outcome: Outcome, at: EpochMs): Promise<void> {
  const lines = recordOf(outcome, at);
  if (lines.length > 0) await output.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
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
