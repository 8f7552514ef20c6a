import { readConfigFile } from '../src/app/config-file.ts';
import { engineForConfig, openStore } from '../src/app/offline.ts';
import { stateKey } from '../src/app/recall.ts';
import type { Config } from '../src/config/config.ts';
import { emptySnapshot } from '../src/domain/snapshot.ts';
import { graphOf, type StageId } from '../src/domain/stage.ts';
import type { EpochMs } from '../src/domain/time.ts';
import { packBlobs, unpackBlobs } from '../src/engine/pack.ts';
import { replay } from '../src/engine/replay.ts';
import type { StageLine } from '../src/engine/stage.ts';
import { fnv1a } from '../src/stats/fnv1a.ts';
import { NumberReader, NumberWriter } from '../src/stats/number-codec.ts';
import { ANSWERS_A_PHASE, wavesAt } from './waves.ts';

/** Past so many snapshots nothing grows any more: every table is there, the sample of the whole is full, its forest is grown. */
const PAST = 2_200;
/** Stages whose past is lived through; the others have learned what one of these has. */
const LIVED = 10;

/**
 * Gives the store of a config a past: what each stage has learned of `PAST` snapshots like those that the watched process will
 * show, as a daemon that ran so long would have left it.
 */
export async function writeLearned(configFile: string): Promise<void> {
  const { config } = readConfigFile(configFile, process.env);
  const ids = [...config.probes.keys()];
  const end = Date.now();
  const lived = ids.slice(0, LIVED).map((id, stage) => pastOf(config, id, stage, end));
  const engine = engineForConfig(config);
  const store = await openStore(config.store.type, config.store.config);
  for (const [index, id] of ids.entries()) {
    const bytes = asOf(lived[index % LIVED] as Lived, engine.line(id) as StageLine);
    await store.saveState([{ key: stateKey(id), at: end, bytes }]);
  }
  await store.close();
}

interface Lived {
  readonly id: StageId;
  readonly bytes: Uint8Array;
}

/** Lives through the past of one stage, as if there were no other: the whole of a pipeline would be looked at with each snapshot. */
function pastOf(config: Config, id: StageId, stage: number, end: EpochMs): Lived {
  const pipelines = config.plan.pipelines.map((pipeline) => ({
    ...pipeline,
    stages: pipeline.stages.filter((one) => one.id === id),
  }));
  const engine = engineForConfig({
    ...config,
    plan: { ...config.plan, pipelines, graph: graphOf(new Map([[id, []]])) },
  });
  const line = engine.line(id) as StageLine;
  for (let left = PAST; left > 0; left--) {
    const at = end - left * line.plan.every;
    const values = wavesAt(stage, (-left * config.probes.size) / ANSWERS_A_PHASE);
    replay(engine, [{ ...emptySnapshot(id, at), values: new Map(Object.entries(values)) }], at);
  }
  return { id, bytes: line.save() };
}

/** What one stage has learned, as another one's: the memory of its judge names its subjects, and the rest what it was made for. */
function asOf({ id, bytes }: Lived, line: StageLine): Uint8Array {
  const { id: own, fingerprint } = line.plan;
  const [memory, ...states] = unpackBlobs(bytes) as [Uint8Array, ...Uint8Array[]];
  const [, ...fresh] = unpackBlobs(line.save()) as readonly Uint8Array[];
  const text = new TextDecoder().decode(memory).replaceAll(`${id}/`, `${own}/`);
  const renamed = JSON.stringify({ ...JSON.parse(text), fingerprint });
  const last = states.length - 1;
  return packBlobs([
    new TextEncoder().encode(renamed),
    ...states.map((state, index) => (index === last ? state : resealed(state, fresh[index] as Uint8Array))),
  ]);
}

/** What was sealed (see stats/sealed.ts) under the head that `fresh` has: seeds differ from stage to stage. */
function resealed(sealed: Uint8Array, fresh: Uint8Array): Uint8Array {
  // A detector that learns nothing has nothing to seal.
  if (fresh.length < 16) return sealed;
  const headOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 8 + new NumberReader(bytes).number());
  const body = Buffer.concat([headOf(fresh), sealed.subarray(headOf(sealed).length, -8)]);
  const sum = new NumberWriter();
  sum.number(fnv1a(body));
  return Buffer.concat([body, sum.done()]);
}
