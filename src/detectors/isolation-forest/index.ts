import { z } from 'zod';
import { bandsIn, withBands } from '../../domain/bands.ts';
import type { Expected, Surprise } from '../../domain/score.ts';
import type { Signal } from '../../domain/signal.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { partOfSubject, stageOfSubject, subjectOf, VECTOR } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { FadingSample } from '../../stats/fading-sample.ts';
import { readTrained, writeRequest } from '../../stats/forest-training.ts';
import { RunningScale } from '../../stats/running-scale.ts';
import { type Answer, Model } from './model.ts';
import { type Settings, settingsOf } from './settings.ts';
import { readState, writeState } from './state.ts';

export const IsolationForestConfig = z.strictObject({
  warmup: z
    .int()
    .min(128)
    .max(2_048)
    .default(512)
    .meta({ description: 'Snapshots learned before the first forest is grown.' }),
  rows: z
    .int()
    .min(256)
    .max(2_048)
    .default(2_048)
    .meta({ description: 'Snapshots kept as a sample to grow forests from; 4 bytes each for each signal.' }),
  trees: z.int().min(10).max(500).default(100).meta({ description: 'Trees of the forest.' }),
  sample: z
    .int()
    .min(64)
    .max(2_048)
    .default(512)
    .meta({ description: 'Snapshots each tree is grown from. More see finer differences and take more memory.' }),
  retrain_every: duration
    .prefault('1d')
    .meta({ description: 'A new forest is grown after this much time was learned from.' }),
});

/** Fewer signals than these have no shape as a whole. */
const LEAST_SIGNALS = 3;
/** What a reason is made of is looked up only where somebody may read it. */
const REASONS_BELOW = 0.05;
/** Deviations are squashed by asinh and cut off here: 11,000 spreads. */
const FARTHEST = 10;

export const isolationForest = defineDetector({
  type: 'isolation-forest',
  stability: 'beta',
  summary: 'Says how easily the signals of a stage, taken together, are told from their past.',
  description: [
    'Looks at all signals of a stage as one vector, each measured against what the signal detectors expected of it (in half-widths of',
    'their band; where they say nothing, in spreads of its own). It is for combinations: every signal may be within its band while',
    'the stage as a whole is not as it ever was. Its subject is `*`; the reasons name the signals that set the vector apart.',
    '',
    'After `warmup` learned snapshots a forest is grown from a fading sample of them, and again every `retrain_every`, in a worker beside',
    'the event loop; a new forest takes effect ten snapshots after it was asked for. Its scores are calibrated on its own past, so',
    'that its p-values mean what those of other detectors mean. Missing signals say nothing; constant signals are left out.',
    '',
    'Wrong for: stages with fewer than three signals that vary (it stays blind), one signal that goes far beyond its past (`baseline` says',
    'that first and better), slow changes (it learns them). Cost: 25 µs to score and learn a snapshot of 8 signals, 40 µs of 38; memory and state',
    'of 450 KiB for the forest and 8 KiB for each signal with the defaults; 0.1 s of a worker for a training.',
  ].join('\n'),
  config: IsolationForestConfig,
  examples: [
    { title: 'Defaults', yaml: 'type: isolation-forest\n' },
    {
      title: 'A small one, grown twice a day',
      yaml: 'type: isolation-forest\nrows: 512\ntrees: 50\nretrain_every: 12h\n',
    },
  ],
  pass: 'stage',
  create: (config, context) =>
    createForest(settingsOf(config, context.stage, Math.floor(context.random() * 2 ** 32)), context),
});

function createForest(settings: Settings, { stage }: DetectorContext): Detector {
  const subject = subjectOf(stage.id, VECTOR);
  const head = { subject, detector: 'isolation-forest' };
  const made = () => ({
    scales: new Map<Signal, RunningScale>(),
    reservoir: new FadingSample({ capacity: settings.rows, memory: settings.memory, seed: settings.seed }),
    model: new Model(Math.min(20_000, settings.memory)),
    /** Snapshots learned since a training was asked for. */
    since: 0,
  });
  let state = made();
  let looked:
    | { snapshot: Snapshot; before: readonly Surprise[]; vector: Vector; answer: Answer | undefined }
    | undefined;

  /** What is seen of a snapshot; the same again for `advance` after `score`. */
  const look = (snapshot: Snapshot, before: readonly Surprise[]) => {
    if (looked?.snapshot === snapshot && looked.before === before) return looked;
    const vector = vectorOf(snapshot, before, state.scales, (signal) => stage.signals.get(signal)?.detect ?? true);
    looked = { snapshot, before, vector, answer: state.model.answer(vector) };
    return looked;
  };

  return {
    score(snapshot, _now, before) {
      const { vector, answer } = look(snapshot, before);
      if (answer && 'score' in answer) {
        const { pValue, because: parts } = answer;
        const because = pValue < REASONS_BELOW ? withBands(parts, before, snapshot.values) : parts;
        return [{ ...head, state: 'ready', pValue, because }];
      }
      if (answer) return [{ ...head, state: 'blind', missing: answer.missing }];
      const young = state.reservoir.rows < settings.warmup;
      if (vector.size >= LEAST_SIGNALS && (young || state.reservoir.varying() >= LEAST_SIGNALS)) {
        const seen = Math.min(state.reservoir.rows, settings.warmup);
        return [{ ...head, state: 'warming', seen, need: settings.warmup }];
      }
      const gone = snapshot.gaps.flatMap((gap) => gap.signals);
      return [{ ...head, state: 'blind', missing: gone.length > 0 ? gone : ['three signals that vary'] }];
    },
    advance(snapshot, _now, how, before = []) {
      const { vector, answer } = look(snapshot, before);
      looked = undefined;
      const parts = [...vector.keys()].map((signal) => subjectOf(stage.id, signal));
      // A signal that is held is strange or distorted, and with it the vector.
      const learn = vector.size > 0 && [subject, ...parts].every((one) => how(one) === 'learn');
      if (answer && 'score' in answer) state.model.advance(answer.score, learn);
      if (!learn) return;
      for (const signal of vector.keys()) {
        const scale = state.scales.get(signal) ?? new RunningScale();
        state.scales.set(signal, scale);
        scale.advance(snapshot.values.get(signal) as number, settings.memory);
      }
      state.reservoir.add(vector);
      state.since++;
    },
    accept(accepted) {
      if (stageOfSubject(accepted) !== stage.id) return;
      looked = undefined;
      state.scales.get(partOfSubject(accepted))?.forget();
      if (accepted !== subject) return;
      state.model.accept();
      state.reservoir.renew();
      // Soon enough a forest that knows it.
      state.since = Math.max(state.since, settings.retrainAfter - settings.warmup);
    },
    retrain() {
      const due = state.model.ready ? state.since >= settings.retrainAfter : state.reservoir.rows >= settings.warmup;
      // Where too little varies it is asked again now and then, not at every snapshot.
      if (!due || (!state.model.ready && state.since % settings.warmup !== 0)) return undefined;
      const { names, table } = state.reservoir.table();
      if (names.length < LEAST_SIGNALS) return undefined;
      state.since = 0;
      const { trees, sample, seed } = settings;
      return { task: 'grow-forest', seed, input: writeRequest({ names, table, trees, sample }) };
    },
    trained(result) {
      looked = undefined;
      state.model.take(readTrained(result));
    },
    save: () => writeState(settings, state),
    restore(bytes) {
      const read = readState(settings, bytes, made);
      if (!read) return false;
      looked = undefined;
      state = read;
      return true;
    },
  };
}

type Vector = ReadonlyMap<Signal, number>;

/** How far each signal is from what was expected of it, squashed to ±10. */
function vectorOf(
  snapshot: Snapshot,
  before: readonly Surprise[],
  scales: ReadonlyMap<Signal, RunningScale>,
  watched: (signal: Signal) => boolean,
): Vector {
  const expected = bandsIn(before);
  const vector = new Map<Signal, number>();
  for (const [signal, x] of snapshot.values) {
    if (!watched(signal)) continue;
    const band = expected.get(signal);
    const away = band ? deviationIn(band, x) : (scales.get(signal)?.deviation(x) ?? 0);
    vector.set(signal, Math.max(-FARTHEST, Math.min(FARTHEST, Math.asinh(away))));
  }
  return vector;
}

/** Half-widths of the band from its centre; each side has its own. */
function deviationIn({ lower, centre, upper }: Expected, x: number): number {
  const half = x < centre ? centre - lower : upper - centre;
  return (x - centre) / Math.max(half, 1e-9 * Math.abs(centre), 1e-12);
}
