import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { engineForOne } from '../src/app/offline.ts';
import { detectorsFrom } from '../src/app/world.ts';
import { EVERYWHERE } from '../src/config/stages.ts';
import type { StagePlan } from '../src/domain/plan.ts';
import type { Surprise } from '../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../src/domain/snapshot.ts';
import { DAY, MINUTE, WEEK } from '../src/domain/time.ts';
import { runJob } from '../src/engine/jobs.ts';
import { replay } from '../src/engine/replay.ts';
import { registry } from '../src/registry.ts';
import { seededRandom } from '../src/stats/random.ts';
import { printTable, show, showAll } from './markdown.ts';

// npm run bench -- speed [--runs 3] [--seconds 3] [--stage-detectors isolation-forest,…]
//
// What one core scores and learns in a second, first by the detectors alone, then through the whole engine, and the state that it
// keeps. Minute samples with the seasons of a day and a week; the learned past is four weeks, so nothing is warming any more.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    /** Measured beside those that run everywhere, where there are many channels; all that look at the stage as a whole. */
    'stage-detectors': { type: 'string' },
  },
});
const START = Date.UTC(2026, 0, 5);
const LEARNED = (4 * WEEK) / MINUTE;
const STAGE = 'bench.stage';

/** Snapshots of `channels` correlated signals, made beforehand so that making them is not measured. */
function snapshotsOf(channels: number, count: number, from: number): Snapshot[] {
  const random = seededRandom(channels + from);
  const names = Array.from({ length: channels }, (_, index) => `v${index}`);
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

const stageOf = (channels: number, types: readonly string[]): StagePlan => {
  const engine = engineForOne({
    stage: STAGE,
    signals: Array.from({ length: channels }, (_, index) => `v${index}`),
    every: MINUTE,
    season: [DAY, WEEK],
    pagesPerWeek: 1,
    learnUntil: undefined,
  });
  const [plan] = engine.plan.pipelines.flatMap((pipeline) => pipeline.stages);
  const detectors = registry.detectors
    .filter(({ type }) => types.includes(type))
    .map(({ type, config }) => ({ type, config: config.parse({}) }));
  return { ...(plan as StagePlan), detectors };
};

/** Detectors alone, as a stage calls them: score and learn once for each snapshot. Answers with the time of the last `count`, in s. */
function detectorsAlone(
  channels: number,
  types: readonly string[],
  learned: number,
): { each: () => number; bytes: number } {
  const made = detectorsFrom(registry, [])(stageOf(channels, types));
  let from = 0;
  const step = (snapshot: Snapshot): void => {
    const first: Surprise[] = [];
    const stage: Surprise[] = [];
    for (const { detector, pass } of made)
      (pass === 'signal' ? first : stage).push(
        ...detector.score(snapshot, snapshot.at, pass === 'signal' ? [] : first),
      );
    for (const { detector, pass } of made) {
      detector.advance(snapshot, snapshot.at, () => 'learn', pass === 'stage' ? first : []);
      const job = detector.retrain?.(snapshot.at);
      if (job) detector.trained?.(runJob(job));
    }
  };
  const run = (count: number): number => {
    const snapshots = snapshotsOf(channels, count, from);
    from += count;
    const start = performance.now();
    for (const snapshot of snapshots) step(snapshot);
    return (performance.now() - start) / 1_000 / count;
  };
  for (let left = learned; left > 0; left -= 1_000) run(Math.min(1_000, left));
  const bytes = made.reduce((sum, { detector }) => sum + detector.save().length, 0);
  return { each: () => timed(run), bytes };
}

function wholeEngine(channels: number, learned: number): { each: () => number; bytes: number } {
  const engine = engineForOne({
    stage: STAGE,
    signals: Array.from({ length: channels }, (_, index) => `v${index}`),
    every: MINUTE,
    season: [DAY, WEEK],
    pagesPerWeek: 1,
    learnUntil: undefined,
  });
  let from = 0;
  const run = (count: number): number => {
    const snapshots = snapshotsOf(channels, count, from);
    from += count;
    const start = performance.now();
    for (const snapshot of snapshots) replay(engine, [snapshot], snapshot.at);
    return (performance.now() - start) / 1_000 / count;
  };
  for (let left = learned; left > 0; left -= 1_000) run(Math.min(1_000, left));
  return { each: () => timed(run), bytes: engine.line(STAGE)?.save().length ?? Number.NaN };
}

/** Seconds for one snapshot, over enough of them to last `--seconds`. */
function timed(run: (count: number) => number): number {
  const first = run(500);
  return run(Math.max(500, Math.ceil(Number(values.seconds) / first / Number(values.runs))));
}

interface Measured {
  readonly what: string;
  readonly channels: number;
  readonly each: () => number;
  readonly bytes: number;
  readonly wanted: string;
}
const everywhere = EVERYWHERE;
const whole = registry.detectors.filter(({ pass }) => pass === 'stage').map(({ type }) => type);
const more = [...new Set([...everywhere, ...(values['stage-detectors']?.split(',') ?? whole)])];
const cases: (() => Measured)[] = [
  () => ({
    what: `one signal: ${everywhere.join(', ')}`,
    channels: 1,
    ...detectorsAlone(1, everywhere, LEARNED),
    wanted: '≥ 500',
  }),
  () => ({ what: 'one signal: the whole engine', channels: 1, ...wholeEngine(1, LEARNED), wanted: '–' }),
  () => ({
    what: `38 channels: ${more.join(', ')}`,
    channels: 38,
    ...detectorsAlone(38, more, LEARNED / 4),
    wanted: '≥ 200',
  }),
  () => ({ what: '38 channels: the whole engine', channels: 38, ...wholeEngine(38, LEARNED / 4), wanted: '–' }),
];

const rows = cases.map((make) => {
  const { what, channels, each, bytes, wanted } = make();
  const took = Array.from({ length: Number(values.runs) }, each);
  const thousands = took.map((seconds) => 1 / seconds / 1_000);
  process.stderr.write(`${what}: ${showAll(thousands)} thousand snapshots/s\n`);
  const numbers = took.map((seconds) => channels / seconds / 1_000);
  return [what, showAll(thousands), wanted, showAll(numbers), show(bytes / channels / 1_024)];
});
console.log(`Node ${process.version}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim()}\n`);
printTable(
  ['what', 'thousand snapshots/s', 'wanted', 'thousand values/s', 'state for each signal, KiB (wanted ≤ 8)'],
  rows,
);
