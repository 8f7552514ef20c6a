import { type PastAsk, pastOf } from '../app/history.ts';
import { durationOf } from '../app/offline.ts';
import type { Config } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import { stagesOf } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import { type EpochMs, SECOND } from '../domain/time.ts';
import { batchesOf } from '../files/snapshots.ts';
import { openTable } from '../files/table.ts';
import { registry } from '../registry.ts';
import type { CommandIo } from './command.ts';

/** Where a command takes a recorded past from; the same options for every command that needs one. */
export const PAST_OPTIONS = {
  config: { type: 'string', default: './headgate.yaml' },
  input: { type: 'string', default: '-' },
  stage: { type: 'string' },
  time: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  step: { type: 'string' },
  prometheus: { type: 'string' },
} as const;

export const PAST_USAGE = `The CSV or Parquet file has a column of time and one column for each signal; a column "stage" names the stage of a row, or --stage names
it for all; where the config has one stage only, it is of that. With --from the past is asked of Prometheus instead: every query of the config's probes of type prometheus, from --from to
--to (now), each time its stage would have looked, or every --step. TIME is 2026-01-05T08:00Z, or a duration before now such as 7d.
--prometheus asks that server instead of the ones in the config. An empty cell is a signal that was not there, a row without any number\na look without an answer.`;

export interface PastOptions {
  readonly input: string;
  readonly stage?: string | undefined;
  readonly time?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly step?: string | undefined;
  readonly prometheus?: string | undefined;
}

/**
 * The snapshots of the past, one batch for each moment, oldest first.
 *
 * @throws HeadgateError `bad-config` where the options contradict each other or the config, else as the file or the source does.
 */
export async function openPast(
  config: Config,
  options: PastOptions,
  io: CommandIo,
): Promise<AsyncIterable<readonly Snapshot[]>> {
  const past = pastAsk(options, Date.now());
  if (past) return pastOf(config, registry, past, new AbortController().signal);
  const table = await openTable({ ...io, input: options.input, time: options.time, values: undefined });
  const known = stagesOf(config.plan).map((stage) => stage.id);
  return batchesOf(table, (name) => stageOf(name ?? options.stage, known));
}

/** What of the past is asked for; `undefined` where a file is to be read. */
function pastAsk({ from, to, step, prometheus }: PastOptions, now: EpochMs): PastAsk | undefined {
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

function stageOf(name: string | undefined, known: readonly StageId[]): StageId {
  const id = name === undefined && known.length === 1 ? known[0] : known.find((one) => one === name);
  if (id !== undefined) return id;
  throw new HeadgateError(
    'bad-config',
    `${name === undefined ? 'no stage is named; give --stage or a column "stage"' : `there is no stage "${name}"`}; the config has ${known.join(', ')}`,
  );
}
