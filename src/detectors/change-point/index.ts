import { z } from 'zod';
import { bandsIn } from '../../domain/bands.ts';
import type { Expected, Surprise } from '../../domain/score.ts';
import { type Signal, signalSpec } from '../../domain/signal.ts';
import { partOfSubject, stageOfSubject, subjectOf } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';
import { newWatched, readState, type Settings, type Watched, writeState } from './state.ts';

/** Watches what the signal detectors leave for changes that no single sample shows. */
export const ChangePointConfig = z.strictObject({
  warmup: z.int().min(50).max(10_000).default(500).meta({
    description: 'Samples of a signal before it is scored.',
  }),
});

/** A band holds all but one in a hundred: so many spreads of a normal law lie between its centre and its end. */
const BAND = 2.576;
/** Tests put to each sample: the most surprising of four is four times as common. */
const TESTS = 4;
const LEAST_P = 1e-300;

export const changePoint = defineDetector({
  type: 'change-point',
  stability: 'beta',
  summary: 'Adds up what signal detectors leave: small lasting moves of level or spread that no single sample shows.',
  description: [
    'Takes how far each signal is from what was expected of it (in spreads; where nobody says, on a running scale of its own) and puts four',
    'tests to it: the cumulative sum and Page–Hinkley for a move of the level, ADWIN for the mean since the last change, and a cumulative sum',
    'of squares for the spread. Each is calibrated on its own past, so that its p-value means what those of other detectors mean; the most',
    'surprising of the four speaks, and all are shown as votes. A test counts only while the last samples lean the same way, so that',
    'it lets go when a fault ends. It shares the budget of a signal with the other detectors on it.',
    '',
    'Wrong for: single samples (`baseline` sees them first), signals whose level wanders by itself, leaks so slow that `baseline` learns them.',
    'Cost: 3 µs and 2 KiB for each signal. Not everywhere unless asked for: see ADR 13.',
  ].join('\n'),
  config: ChangePointConfig,
  examples: [{ title: 'Defaults', yaml: 'type: change-point\n' }],
  pass: 'stage',
  create: (config, context) => {
    const { season, every } = context.stage;
    const memory = Math.min(20_000, Math.max(2_000, Math.max(0, ...season) / every));
    return createChangePoint({ warmup: config.warmup, memory }, context);
  },
});

function createChangePoint(settings: Settings, { stage }: DetectorContext): Detector {
  let watched = new Map<Signal, Watched>();
  const isWatched = (signal: Signal): boolean => stage.signals.get(signal)?.detect ?? true;
  const directionOf = (signal: Signal) => stage.signals.get(signal)?.direction ?? signalSpec(signal).direction;

  return {
    score(snapshot, _now, before) {
      const bands = bandsIn(before);
      const out: Surprise[] = [];
      for (const [signal, x] of snapshot.values) {
        if (!isWatched(signal)) continue;
        const head = { subject: subjectOf(stage.id, signal), detector: 'change-point' };
        const one = watched.get(signal);
        if (!one || one.watch.seen < settings.warmup) {
          out.push({ ...head, state: 'warming', seen: one?.watch.seen ?? 0, need: settings.warmup });
          continue;
        }
        const band = bands.get(signal);
        const votes = one.watch.votes(residualOf(x, band, one), directionOf(signal));
        const surprise = Math.max(0, (votes[0]?.surprise ?? 0) - Math.log(TESTS));
        const pValue = Math.max(LEAST_P, Math.exp(-surprise));
        const shown = { observed: x, ...(band && { expected: band }) };
        out.push({ ...head, state: 'ready', pValue, because: [{ signal, share: 1 }], votes, ...shown });
      }
      for (const signal of new Set([...watched.keys(), ...snapshot.gaps.flatMap((gap) => gap.signals)])) {
        if (snapshot.values.has(signal) || !isWatched(signal)) continue;
        out.push({ subject: subjectOf(stage.id, signal), detector: 'change-point', state: 'blind', missing: [signal] });
      }
      return out;
    },
    advance(snapshot, _now, how, before = []) {
      const bands = bandsIn(before);
      for (const [signal, x] of snapshot.values) {
        if (!isWatched(signal)) continue;
        const one = watched.get(signal) ?? newWatched(settings);
        watched.set(signal, one);
        const learn = how(subjectOf(stage.id, signal)) === 'learn';
        one.watch.advance(residualOf(x, bands.get(signal), one), directionOf(signal), learn);
        if (learn) one.scale.advance(x, settings.memory);
      }
    },
    accept(subject) {
      if (stageOfSubject(subject) !== stage.id) return;
      const one = watched.get(partOfSubject(subject));
      one?.watch.settle();
      one?.scale.forget();
    },
    save: () => writeState(settings, watched),
    restore(bytes) {
      const read = readState(settings, bytes);
      if (read) watched = read;
      return read !== undefined;
    },
  };
}

/** Spreads from what was expected; each side of a band has its own. */
function residualOf(x: number, band: Expected | undefined, { scale }: Watched): number {
  if (!band) return scale.deviation(x);
  const { lower, centre, upper } = band;
  const half = x < centre ? centre - lower : upper - centre;
  return (BAND * (x - centre)) / Math.max(half, 1e-9 * Math.abs(centre), 1e-12);
}
