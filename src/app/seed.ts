import { asHeadgateError, HeadgateError } from '../domain/error.ts';
import type { Plan } from '../domain/plan.ts';
import type { Clock, Events, Store } from '../domain/ports.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import { graphOf, pipelineOf, type StageId } from '../domain/stage.ts';
import { type EpochMs, MINUTE, SECOND } from '../domain/time.ts';
import { pseudoStageOf } from '../engine/end-to-end.ts';
import { Engine } from '../engine/engine.ts';
import type { Jobs } from '../engine/jobs.ts';
import { withKeptLimits } from '../engine/plan.ts';
import { replay } from '../engine/replay.ts';
import { breaths } from '../kit/breath.ts';
import type { World } from './world.ts';

export interface SeedParts {
  readonly engine: Engine;
  readonly world: World;
  readonly store: Store;
  readonly clock: Clock;
  readonly jobs: Jobs | undefined;
  readonly events: Pick<Events, 'seeded' | 'failed'>;
  /** Writes what was seen since, so that it can be read back. */
  readonly flush: () => Promise<void>;
}

const TELL_EVERY = 10 * SECOND;
/** A stage that learns its past begins after this long at the latest; its limits wait no longer. */
const LONGEST_WAIT = MINUTE;
/** A first start that ended before its seeds were learned, or could not be given them, is tried again at the next. */
const owedKey = (id: StageId): string => `seed/${id}`;

/** Calls `begin` for every stage: at once, or where it has a past to learn from, once it knows it. */
export async function beginSeeded(
  parts: SeedParts,
  {
    stages,
    learned,
    begin,
  }: {
    readonly stages: readonly StageId[];
    readonly learned: ReadonlySet<StageId>;
    readonly begin: (id: StageId) => void;
  },
  over: AbortSignal,
): Promise<void> {
  const seeding = seedStages(parts, await stagesToSeed(parts, stages, learned), over);
  const { promise: waited, resolve } = Promise.withResolvers<void>();
  if (seeding.size > 0) {
    const cancel = parts.clock.timer(LONGEST_WAIT, resolve);
    over.addEventListener('abort', cancel, { once: true });
  }
  for (const id of stages) {
    const seeded = seeding.get(id);
    if (seeded) void Promise.race([seeded, waited]).then(() => begin(id));
    else begin(id);
  }
}

/** Stages that have not learned anything, or are still owed a past from an earlier start. */
async function stagesToSeed(
  { world, store }: Pick<SeedParts, 'world' | 'store'>,
  stages: readonly StageId[],
  learned: ReadonlySet<StageId>,
): Promise<readonly StageId[]> {
  const wanted = stages.filter((id) => world.seeds?.stages.has(id));
  const owed = await Promise.all(
    wanted.map(async (id) => !learned.has(id) || (await store.setting(owedKey(id)).catch(() => null)) === true),
  );
  return wanted.filter((_, index) => owed[index]);
}

/**
 * Lets stages learn from their past, one pipeline after the other, without anything being opened, decided or told: a second engine
 * lives through it, and what it has learned is then handed to the one that runs. Never rejects; what fails is told, and the
 * stages of that pipeline begin with nothing.
 *
 * @returns for each stage when it has been seen to, well or not
 */
function seedStages(
  parts: SeedParts,
  stages: readonly StageId[],
  abort: AbortSignal,
): ReadonlyMap<StageId, Promise<void>> {
  let before: Promise<void> = Promise.resolve();
  const done = new Map<StageId, Promise<void>>();
  for (const [pipeline, ids] of Map.groupBy(stages, pipelineOf)) {
    before = before.then(() => seedPipeline(parts, pipeline, ids, abort));
    for (const id of ids) done.set(id, before);
  }
  return done;
}

async function seedPipeline(
  parts: SeedParts,
  pipeline: string,
  stages: readonly StageId[],
  abort: AbortSignal,
): Promise<void> {
  const { store, clock, events, engine } = parts;
  if (abort.aborted) return;
  const pass: Pass = { pipeline, stages, now: clock.now() };
  const progress = progressOf(parts, pass);
  await store.commit(stages.map((id) => ({ put: 'setting', key: owedKey(id), value: true }))).catch(() => {});
  let well = false;
  try {
    const second = secondEngine(parts, pipeline);
    await live(parts, second, pass, progress, abort);
    await catchUp(parts, second, stages, pass.now);
    const taken: StageId[] = [];
    const breathe = breaths();
    for (const id of [...stages, pseudoStageOf(pipeline)]) {
      if (handOver(second, engine, id)) taken.push(id);
      await breathe();
    }
    await store.commit(stages.map((id) => ({ put: 'setting', key: owedKey(id), value: false }))).catch(() => {});
    const without = stages.filter((id) => !taken.includes(id));
    if (without.length > 0)
      throw new HeadgateError(
        'not-found',
        `no past was found of ${without.join(', ')}; is the time of its samples within seed.from?`,
      );
    well = true;
  } catch (thrown) {
    if (!abort.aborted) events.failed({ what: `seeding of pipeline ${pipeline}`, error: asHeadgateError(thrown) });
  } finally {
    progress.over(well);
  }
}

/** An engine for one pipeline as it is in the one that runs, without policies: it has no gates to move. */
function secondEngine({ world, jobs }: SeedParts, name: string): Engine {
  const { pipelines, holidays } = withKeptLimits(world.plan);
  const own = pipelines.filter((pipeline) => pipeline.name === name);
  const edges = own.flatMap(({ stages }) => stages).map(({ id, after }) => [id, after] as const);
  const plan: Plan = { pipelines: own, policies: [], graph: graphOf(new Map(edges)), holidays };
  return new Engine({
    plan,
    detectors: world.detectors,
    reversibility: new Map(),
    inMaintenance: () => false,
    sequence: 0,
    ...(jobs && { jobs }),
  });
}

interface Pass {
  readonly pipeline: string;
  readonly stages: readonly StageId[];
  readonly now: EpochMs;
}

async function live(
  { world, store }: SeedParts,
  second: Engine,
  { stages, now }: Pass,
  progress: Progress,
  abort: AbortSignal,
): Promise<void> {
  const breathe = breaths();
  for await (const batch of world.seeds?.past(stages, store, now, abort) ?? []) {
    if (abort.aborted) throw new HeadgateError('aborted', 'given up');
    const at = batch[0]?.at ?? now;
    for (const { stage } of batch) await second.resultsDue(stage);
    // One after the other: a thousand stages of one moment would hold the event loop.
    for (const snapshot of batch) {
      replay(second, [snapshot], at);
      await breathe();
    }
    progress.lived(at, batch.length);
  }
}

interface Progress {
  lived(at: EpochMs, samples: number): void;
  over(well: boolean): void;
}

/** Tells how far the past of a pipeline is learned: at once, every ten seconds, and at the end, however that came. */
function progressOf({ clock, events }: SeedParts, { pipeline, stages, now }: Pass): Progress {
  let samples = 0;
  let share = 0;
  let first: EpochMs | undefined;
  let told = clock.monotonic();
  const tell = (over: boolean): void => events.seeded({ pipeline, stages: stages.length, samples, share, over });
  tell(false);
  return {
    lived(at, more) {
      first ??= at;
      samples += more;
      share = Math.min(1, Math.max(0, at - first) / Math.max(1, now - first));
      if (clock.monotonic() - told < TELL_EVERY) return;
      told = clock.monotonic();
      tell(false);
    },
    over(well) {
      if (well) share = 1;
      tell(true);
    },
  };
}

/** What was seen while the past was being learned. */
async function catchUp(
  { store, flush }: SeedParts,
  second: Engine,
  stages: readonly StageId[],
  since: EpochMs,
): Promise<void> {
  await flush();
  const breathe = breaths();
  for (const id of stages) {
    for (const row of await store.samplesSince(id, since)) {
      await second.resultsDue(id);
      second.relearn({ ...emptySnapshot(id, row.at), values: row.values });
      await breathe();
    }
  }
}

function handOver(from: Engine, to: Engine, id: StageId): boolean {
  const learned = from.line(id);
  return learned?.last !== undefined && to.line(id)?.restore(learned.save()) === true;
}
