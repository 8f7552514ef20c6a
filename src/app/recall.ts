import type { Clock, Events, StateBlob, Store } from '../domain/ports.ts';
import type { Relearning } from '../domain/relearning.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { Engine } from '../engine/engine.ts';
import { discard } from '../engine/pack.ts';
import { breaths } from '../kit/breath.ts';

/** Runs work that may fail without harm; false where it did. */
export type Trying = (what: string, work: () => Promise<void>) => Promise<boolean>;

/** Under which name the store keeps what a stage has learned. */
export const stateKey = (stage: string): string => `stage/${stage}`;
export const modeKey = (policy: { readonly name: string; readonly fingerprint: string }): string =>
  `mode/${policy.name}/${policy.fingerprint}`;
export const holdOffKey = (policy: string): string => `hold-off/${policy}`;
export const STOPPED_KEY = 'stopped';
export const SEQUENCE_KEY = 'sequence';

/** Bytes handed to the store at once: one transaction for a few stages. */
const SLICE_BYTES = 256 * 1024;

/**
 * Loads what each stage had learned, and learns from the samples that were kept since; answers with those that had. What a detector
 * cannot go on with is told, once for all stages. The event loop goes round in between.
 */
export async function recallLearned(
  engine: Engine,
  store: Store,
  trying: Trying,
  events: Pick<Events, 'relearning'>,
  clock: Pick<Clock, 'now'>,
  stages: readonly StageId[] = engine.plan.graph.order,
): Promise<ReadonlySet<StageId>> {
  const learned = new Set<StageId>();
  const told = new Map<string, Parameters<Events['relearning']>[0]>();
  const breathe = breaths();
  for (const id of stages) {
    await trying(`loading what was learned of ${id}`, async () => {
      const blob = await store.loadState(stateKey(id));
      // Reading and taking in are two steps; either is the longest there is for a stage of many signals.
      await breathe();
      if (!blob) return;
      const isKnown = engine.line(id)?.restore(blob.bytes);
      discard(blob.bytes);
      for (const one of engine.line(id)?.relearning ?? []) count(told, one, id);
      if (!isKnown) return;
      learned.add(id);
      engine.remember(id, clock.now());
      for (const row of await store.samplesSince(id, blob.at)) {
        await engine.resultsDue(id);
        engine.relearn({ ...emptySnapshot(id, row.at), values: row.values });
        await breathe();
      }
    });
    await breathe();
  }
  for (const event of told.values()) events.relearning(event);
  return learned;
}

function count(told: Map<string, Parameters<Events['relearning']>[0]>, one: Relearning, stage: StageId): void {
  const key = `${one.detector} ${one.why}`;
  const before = told.get(key);
  told.set(key, before ? { ...before, stages: before.stages + 1 } : { ...one, stages: 1, stage });
}

/** Writes what was learned, a few stages at a time so that the event loop stays free; stops at the first failure. */
export async function saveLearned(
  engine: Engine,
  store: Store,
  clock: Pick<Clock, 'now'>,
  trying: Trying,
  stages: readonly StageId[],
): Promise<void> {
  let blobs: StateBlob[] = [];
  let size = 0;
  const breathe = breaths();
  const write = async (): Promise<boolean> => {
    const slice = blobs;
    blobs = [];
    size = 0;
    const saved = slice.length === 0 || (await trying('saving what was learned', () => store.saveState(slice)));
    for (const { bytes } of slice) discard(bytes);
    return saved;
  };
  for (const id of stages) {
    const line = engine.line(id);
    if (!line) continue;
    const bytes = line.save();
    // What is learned from now on stands in the samples after this moment.
    blobs.push({ key: stateKey(id), at: clock.now(), bytes });
    size += bytes.length;
    if (size >= SLICE_BYTES && !(await write())) return;
    await breathe();
  }
  await write();
}

/** What people decided at run time outlives the process: modes of policies, hold-offs, and that nothing is to be done at all. */
export async function recallSettings(engine: Engine, store: Store): Promise<void> {
  engine.stopActing((await store.setting(STOPPED_KEY)) === true);
  for (const policy of engine.plan.policies) {
    const mode = await store.setting(modeKey(policy));
    if (mode === 'observe' || mode === 'dry-run' || mode === 'enforce') engine.setMode(policy.name, mode);
    const until = await store.setting(holdOffKey(policy.name));
    const memory = engine.memory(policy.name);
    if (memory && typeof until === 'number') memory.cooldownUntil = until;
  }
}
