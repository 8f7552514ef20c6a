import { Readable } from 'node:stream';
import type { Config, SeedConfig } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import type { Store } from '../domain/ports.ts';
import { emptySnapshot, type Snapshot } from '../domain/snapshot.ts';
import { pipelineOf, type StageId, stageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import { batchesOf, inOrder } from '../files/snapshots.ts';
import { openTable } from '../files/table.ts';
import type { Registry } from '../kit/component.ts';
import { pastOf } from './history.ts';

/** Where stages take their past from. */
export interface Seeds {
  readonly stages: ReadonlySet<StageId>;
  /**
   * The past of some of them up to a moment, a batch for each moment, oldest first. Where the store has samples of a stage they
   * are taken from their first on, and the file or the server for the time before.
   *
   * @throws HeadgateError while it is read, as the file, the server or the store does.
   */
  past(stages: readonly StageId[], store: Store, now: EpochMs, abort: AbortSignal): AsyncIterable<readonly Snapshot[]>;
}

/** Beside a daemon at work: the answer for a signal with a hundred partitions is read within some milliseconds. */
const STEPS = 200;

type Batches = AsyncIterable<readonly Snapshot[]>;

export const seedsOf = (config: Config, registry: Registry): Seeds => ({
  stages: new Set(config.seeds.keys()),
  async *past(stages, store, now, abort) {
    const seeds = new Map([...config.seeds].filter(([id]) => stages.includes(id)));
    const kept = await keptSamples(seeds, store, now);
    const isWanted = ({ stage, at }: Snapshot): boolean => {
      const seed = seeds.get(stage);
      return seed !== undefined && at >= now - seed.from && at < (kept.get(stage)?.[0]?.at ?? now);
    };
    const foreign = [...files(seeds), ...servers(config, registry, seeds, now, abort)];
    yield* merged([...foreign.map((batches) => only(batches, isWanted)), ...[...kept.values()].map(each)]);
  },
});

async function keptSamples(seeds: ReadonlyMap<StageId, SeedConfig>, store: Store, now: EpochMs) {
  const kept = new Map<StageId, readonly Snapshot[]>();
  for (const [id, { store: isWanted, from }] of seeds) {
    if (!isWanted) continue;
    const rows = await store.samplesSince(id, now - from);
    if (rows.length > 0)
      kept.set(
        id,
        rows.map(({ at, values }) => ({ ...emptySnapshot(id, at), values })),
      );
  }
  return kept;
}

function files(seeds: ReadonlyMap<StageId, SeedConfig>): readonly Batches[] {
  const byFile = Map.groupBy(seeds.keys(), (id) => seeds.get(id)?.historyFile);
  return [...byFile].flatMap(([file, stages]) => (file === undefined ? [] : [fileOf(file, stages)]));
}

/** A file is named by its stages; a row says which of them, by the name with or without that of the pipeline. */
async function* fileOf(file: string, stages: readonly StageId[]): AsyncGenerator<readonly Snapshot[]> {
  const [first] = stages as [StageId];
  const stageOf = (name: string | undefined): StageId | undefined => {
    if (name === undefined && stages.length === 1) return first;
    if (name === undefined)
      throw new HeadgateError('malformed', `${file} has no column "stage", and stands for ${stages.join(', ')}`);
    return stages.find((id) => id === name || id === stageId(pipelineOf(first), name));
  };
  yield* inOrder(
    batchesOf(
      await openTable({ input: file, cwd: '/', stdin: Readable.from([]), time: undefined, values: undefined }),
      stageOf,
    ),
    file,
  );
}

/** A stage with a file of its own needs no server. */
function servers(
  config: Config,
  registry: Registry,
  seeds: ReadonlyMap<StageId, SeedConfig>,
  now: EpochMs,
  abort: AbortSignal,
): readonly Batches[] {
  const asked = [...seeds].filter(([, { historyFile, probes }]) => historyFile === undefined && probes.length > 0);
  if (asked.length === 0) return [];
  const probes = new Map(asked.map(([id, seed]) => [id, seed.probes]));
  const from = now - Math.max(...asked.map(([, seed]) => seed.from));
  return [
    pastOf({ ...config, probes }, registry, { from, to: now, step: undefined, url: undefined, steps: STEPS }, abort),
  ];
}

async function* only(batches: Batches, isWanted: (one: Snapshot) => boolean): AsyncGenerator<readonly Snapshot[]> {
  for await (const batch of batches) {
    const wanted = batch.filter(isWanted);
    if (wanted.length > 0) yield wanted;
  }
}

async function* each(snapshots: readonly Snapshot[]): AsyncGenerator<readonly Snapshot[]> {
  for (const snapshot of snapshots) yield [snapshot];
}

/** Several pasts as one; those of one moment become one batch. All are ended as soon as one of them fails or nobody listens. */
async function* merged(all: readonly AsyncGenerator<readonly Snapshot[]>[]): AsyncGenerator<readonly Snapshot[]> {
  const heads = new Map<AsyncGenerator<readonly Snapshot[]>, readonly Snapshot[]>();
  const step = async (one: AsyncGenerator<readonly Snapshot[]>): Promise<void> => {
    const { done, value } = await one.next();
    if (done) heads.delete(one);
    else heads.set(one, value);
  };
  try {
    for (const one of all) await step(one);
    while (heads.size > 0) {
      const at = Math.min(...[...heads.values()].map((batch) => (batch[0] as Snapshot).at));
      const due = [...heads].filter(([, batch]) => (batch[0] as Snapshot).at === at);
      yield due.flatMap(([, batch]) => batch);
      for (const [one] of due) await step(one);
    }
  } finally {
    await Promise.allSettled(all.map((one) => one.return(undefined)));
  }
}
