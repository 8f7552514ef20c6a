import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineForOne } from '../src/app/offline.ts';
import { detectorsFrom } from '../src/app/world.ts';
import type { StagePlan } from '../src/domain/plan.ts';
import type { Surprise } from '../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../src/domain/snapshot.ts';
import { DAY, MINUTE, WEEK } from '../src/domain/time.ts';
import { runJob } from '../src/engine/jobs.ts';
import { replay } from '../src/engine/replay.ts';
import { registry } from '../src/registry.ts';
import { seededRandom } from '../src/stats/random.ts';

const START = Date.UTC(2026, 0, 5);
const STAGE = 'bench.stage';
/** Snapshots made at a time: those of a daemon have just been made too, and are not fetched from memory one by one. */
const BATCH = 250;

/** Processor time that this thread has taken so far, in milliseconds: what else the machine does is no part of it. */
const spent = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

/** Seconds of the processor for one snapshot, and besides for the trainings among them. */
export interface Took {
  readonly seconds: number;
  readonly training: number;
}

/** Something that takes in snapshots: lives through so many, and says how long that took. */
export interface Measured {
  readonly run: (count: number) => Took;
  readonly bytes: () => number;
}

/** Snapshots of `channels` correlated signals with a daily season. */
function snapshotsOf(channels: number, count: number, from: number): Snapshot[] {
  const random = seededRandom(channels + from);
  const names = namesOf(channels);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, (_, index) => {
    const at = START + (from + index) * MINUTE;
    const day = 1 + 0.4 * Math.sin((2 * Math.PI * (at % DAY)) / DAY);
    const common = normal();
    const values = names.map(
      (name, column) => [name, 50 * (1 + column) * day * Math.exp(0.05 * (common + normal()))] as const,
    );
    return { ...emptySnapshot(STAGE, at), values: new Map(values) };
  });
}

const namesOf = (channels: number): string[] => Array.from({ length: channels }, (_, index) => `v${index}`);

const engineOf = (channels: number) =>
  engineForOne({
    stage: STAGE,
    signals: namesOf(channels),
    every: MINUTE,
    season: [DAY, WEEK],
    pagesPerWeek: 1,
    learnUntil: undefined,
  });

/** Detectors alone with such options, as a stage calls them: each snapshot is scored and learned once. */
export function detectorsAlone(channels: number, types: Readonly<Record<string, object>>): Measured {
  const [plan] = engineOf(channels).plan.pipelines.flatMap((pipeline) => pipeline.stages);
  const detectors = registry.detectors
    .filter(({ type }) => Object.hasOwn(types, type))
    .map(({ type, config }) => ({ type, config: config.parse(types[type]) }));
  const made = detectorsFrom(registry, [])({ ...(plan as StagePlan), detectors });
  let training = 0;
  const step = (snapshot: Snapshot): void => {
    const first: Surprise[] = [];
    const stage: Surprise[] = [];
    for (const { detector, pass } of made) {
      const said = detector.score(snapshot, snapshot.at, pass === 'signal' ? [] : first);
      (pass === 'signal' ? first : stage).push(...said);
    }
    for (const { detector, pass } of made) {
      detector.advance(snapshot, snapshot.at, () => 'learn', pass === 'stage' ? first : []);
      const job = detector.retrain?.(snapshot.at);
      if (!job) continue;
      const start = spent();
      const result = runJob(job);
      training += spent() - start;
      detector.trained?.(result);
    }
  };
  const bytes = (): number => made.reduce((sum, { detector }) => sum + detector.save().length, 0);
  return { run: lived(channels, step, () => training), bytes };
}

/** The same through everything that the daemon does with a snapshot but reading and telling. */
export function wholeEngine(channels: number): Measured {
  const engine = engineOf(channels);
  const step = (snapshot: Snapshot): void => void replay(engine, [snapshot], snapshot.at);
  return {
    run: lived(channels, step, () => 0),
    bytes: () => engine.line(STAGE)?.save().length ?? Number.NaN,
  };
}

function lived(channels: number, step: (snapshot: Snapshot) => void, training: () => number): Measured['run'] {
  let from = 0;
  return (count) => {
    const trained = training();
    let took = 0;
    for (let left = count; left > 0; left -= BATCH) {
      const snapshots = snapshotsOf(channels, Math.min(BATCH, left), from);
      from += snapshots.length;
      const start = spent();
      for (const snapshot of snapshots) step(snapshot);
      took += spent() - start;
    }
    const each = (milliseconds: number): number => milliseconds / 1_000 / count;
    return { seconds: each(took - (training() - trained)), training: each(training() - trained) };
  };
}

/** Tells at the end what all threads of a process took of the processor, in seconds. */
const TELLS = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();process.stderr.write(String((user+system)/1e6))})`;

/** Seconds of the processor for one row of `headgate score` from a CSV to a CSV, the start of the process and all its threads included. */
export function scoreCommand(channels: number, rows: number): () => number {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-speed-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [input, output] = [join(folder, 'in.csv'), join(folder, 'out.csv')];
  const lines = snapshotsOf(channels, rows, 0).map(
    ({ at, values }) => `${new Date(at).toISOString()},${[...values.values()].join(',')}`,
  );
  writeFileSync(input, `time,${namesOf(channels).join(',')}\n${lines.join('\n')}\n`);
  const command = join(import.meta.dirname, '../bin/headgate.mjs');
  return () => {
    const words = ['--import', TELLS, command, 'score', '--input', input, '--output', output];
    const { stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    return Number(stderr) / rows;
  };
}
