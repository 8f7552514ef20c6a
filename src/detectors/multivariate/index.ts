import { z } from 'zod';
import { withBands } from '../../domain/bands.ts';
import type { Surprise } from '../../domain/score.ts';
import type { Signal } from '../../domain/signal.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { partOfSubject, type Subject, stageOfSubject, subjectOf, VECTOR } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector, type HowToAdvance } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { readTrained, writeRequest } from '../../stats/forest-training.ts';
import { Blame } from './blame.ts';
import { Fusion, type Said } from './fusion.ts';
import { type Settings, settingsOf, VOTES } from './settings.ts';
import { type Look, Shape } from './shape.ts';
import { readState, type State, writeState } from './state.ts';

export const MultivariateConfig = z.strictObject({
  votes: z
    .array(z.enum(VOTES))
    .min(1)
    .default([...VOTES])
    .meta({ description: 'Which tests speak: the distance, the isolation forest, the most surprised signals.' }),
  warmup: z.int().min(64).max(10_000).default(256).meta({ description: 'Snapshots learned before it speaks.' }),
  rows: z
    .int()
    .min(256)
    .max(2_048)
    .default(2_048)
    .meta({ description: 'Snapshots kept as a sample to grow forests from; 2 bytes each for each signal.' }),
  trees: z.int().min(10).max(500).default(50).meta({ description: 'Trees of the forest.' }),
  sample: z.int().min(64).max(2_048).default(256).meta({ description: 'Snapshots each tree is grown from.' }),
  retrain_every: duration
    .prefault('1d')
    .meta({ description: 'A new forest is grown after this much time was learned from.' }),
});

/** Fewer signals than these have no shape as a whole. */
const LEAST_SIGNALS = 3;
/** What was accepted is learned anew for this share of the warm-up. */
const RELEARN_SHARE = 0.5;
/** What a reason is made of is looked up only where somebody may read it. */
const REASONS_BELOW = 0.05;
/** What a very short past has to say, as a share of its surprise. */
const LEAST_SAY = 0.25;
const NONE: ReadonlySet<Signal> = new Set();

export const multivariate = defineDetector({
  type: 'multivariate',
  stability: 'beta',
  summary: 'Says how far the signals of a stage, taken together, are from how they usually go together.',
  description: [
    'Looks at all signals of a stage at once. It learns how they vary together, levels as well as steps from one snapshot to the next, and',
    'takes from each signal what the others tell of it (Mahalanobis distance on a shrunken, fading covariance). A queue that grows while',
    'the rate in front of it falls is far off, though both numbers are usual. Its subject is `*`; the reasons name the signals.',
    '',
    'Three votes are measured against their own past and averaged: `distance`; `forest`, an isolation forest over the same uncorrelated parts,',
    'grown after `warmup` snapshots and again every `retrain_every` in a worker; `signals`, the three most surprised signals as the signal',
    'detectors see them, season and all. The mean is calibrated on its own past again, and there it also hears, for the first hours, of what',
    'is held: a stage that goes far out at the same hour each day learns that it does.',
    '',
    'A missing signal is taken out of the distance, not counted as zero. A signal that never moved counts once it does. Signals beyond 64 are',
    'looked at in groups of 64. Wrong for: fewer than three signals that vary (it says nothing), slow changes of all signals together.',
  ].join('\n'),
  config: MultivariateConfig,
  examples: [
    { title: 'Defaults', yaml: 'type: multivariate\n' },
    { title: 'Without a forest', yaml: 'type: multivariate\nvotes: [distance, signals]\n' },
  ],
  pass: 'stage',
  create: (config, context) =>
    createMultivariate(settingsOf(config, context.stage, Math.floor(context.random() * 2 ** 32)), context),
});

interface Looked {
  readonly snapshot: Snapshot;
  readonly before: readonly Surprise[];
  readonly values: ReadonlyMap<Signal, number>;
  readonly look: Look;
  readonly said: Said | undefined;
}

function createMultivariate(settings: Settings, { stage }: DetectorContext): Detector {
  const subject = subjectOf(stage.id, VECTOR);
  const head = { subject, detector: 'multivariate' };
  const unwatched = new Set([...stage.signals].filter(([, { detect }]) => !detect).map(([name]) => name));
  const made = (): State => ({
    shape: new Shape({ memory: settings.memory, every: stage.every }),
    fusion: new Fusion(settings),
    blame: new Blame(),
    since: 0,
    relearning: 0,
  });
  let state = made();
  let looked: Looked | undefined;

  /** What is seen of a snapshot; the same again for `advance` after `score`. */
  const lookAt = (snapshot: Snapshot, before: readonly Surprise[]): Looked => {
    if (looked?.snapshot === snapshot && looked.before === before) return looked;
    const values =
      unwatched.size === 0
        ? snapshot.values
        : new Map([...snapshot.values].filter(([signal]) => !unwatched.has(signal)));
    const look = state.shape.look(values, snapshot.at);
    const speaks = !Number.isNaN(look.distance) && state.shape.varying() >= LEAST_SIGNALS;
    const said = speaks ? state.fusion.say(state.shape, look, before) : undefined;
    looked = { snapshot, before, values, look, said };
    return looked;
  };

  const signals = new Map<Subject, Signal>();
  const signalOf = (one: Subject): Signal => {
    const known = signals.get(one);
    if (known !== undefined) return known;
    const part = partOfSubject(one);
    signals.set(one, part);
    return part;
  };
  /** How surprising each signal is by itself, −ln p. */
  const ownOf = (before: readonly Surprise[]): ReadonlyMap<Signal, number> => {
    const own = new Map<Signal, number>();
    for (const one of before) {
      if (one.state !== 'ready') continue;
      const signal = signalOf(one.subject);
      const surprise = Math.max(0, -Math.log(one.pValue));
      const known = own.get(signal);
      if (known === undefined || surprise > known) own.set(signal, surprise);
    }
    return own;
  };

  /** Signals that are held while the whole is usual: it learns as if they were missing. */
  const heldAlone = (values: ReadonlyMap<Signal, number>, how: HowToAdvance): ReadonlySet<Signal> => {
    const held = [...values.keys()].filter((signal) => how(subjectOf(stage.id, signal)) !== 'learn');
    return held.length > 0 ? new Set(held) : NONE;
  };

  /** A past shorter than a season has not seen all that is usual, and what has just been accepted is no news. */
  const trust = (): number =>
    state.relearning > 0 ? 0 : Math.min(1, Math.max(LEAST_SAY, state.shape.rows / settings.young));

  /** Of one or two signals there never was a whole: nothing is looked at, learned or kept. */
  const neverWhole = (snapshot: Snapshot): boolean =>
    state.shape.names.length === 0 && snapshot.values.size < LEAST_SIGNALS;

  return {
    score(snapshot, _now, before) {
      if (neverWhole(snapshot)) return [];
      const { look, values, said } = lookAt(snapshot, before);
      if (said) {
        const shares = state.blame.shares(state.shape.names, look, ownOf(before));
        const because = said.pValue < REASONS_BELOW ? withBands(shares, before, values) : shares;
        // Who has just accepted everything cannot vouch for it: until then each signal speaks for itself.
        const grown = state.shape.rows >= settings.young && state.relearning === 0 ? ({ whole: true } as const) : {};
        return [
          {
            ...head,
            state: 'ready',
            pValue: said.pValue ** trust(),
            surprise: said.surprise * trust(),
            because,
            votes: said.votes,
            ...grown,
          },
        ];
      }
      if (values.size >= LEAST_SIGNALS && !state.shape.ready) {
        const seen = Math.min(state.shape.rows, settings.warmup);
        return [{ ...head, state: 'warming', seen, need: settings.warmup }];
      }
      // Where there is no whole, there is nothing to be blind to.
      if (!state.shape.ready || state.shape.varying() < LEAST_SIGNALS) return [];
      const gone = new Set([...snapshot.gaps.flatMap((gap) => gap.signals), ...state.shape.names]);
      const missing = [...gone].filter((name) => !values.has(name));
      return missing.length > 0 ? [{ ...head, state: 'blind', missing }] : [];
    },
    advance(snapshot, now, how, before = []) {
      if (neverWhole(snapshot)) return;
      const { look, values, said } = lookAt(snapshot, before);
      looked = undefined;
      const way = how(subject);
      // What was accepted is learned though it is still strange; never what is distorted.
      const renewed = state.relearning > 0 && way !== 'distorted';
      const learn = values.size > 0 && (renewed || way === 'learn');
      const without = learn && !renewed ? heldAlone(values, how) : NONE;
      if (said) {
        state.fusion.advance(said, learn, way === 'distorted');
        state.blame.advance(look);
      }
      if (learn) {
        state.since++;
        state.relearning = Math.max(0, state.relearning - 1);
        if (settings.votes.includes('forest')) state.fusion.forest.keep(state.shape, look, without);
      }
      state.shape.advance(look, values, now, { learn, without, warm: settings.warmup });
    },
    accept(accepted) {
      if (stageOfSubject(accepted) !== stage.id) return;
      looked = undefined;
      const part = partOfSubject(accepted);
      const all = accepted === subject;
      for (const name of all ? state.shape.names : [part]) state.shape.accept(name, all);
      if (accepted !== subject) return;
      state.fusion.settle();
      state.relearning = state.shape.ready ? Math.round(settings.warmup * RELEARN_SHARE) : 0;
      state.fusion.forest.sample.renew();
    },
    retrain() {
      if (!settings.votes.includes('forest') || !state.shape.ready) return undefined;
      const { forest } = state.fusion;
      if (state.since < (forest.ready ? settings.retrainAfter : settings.warmup)) return undefined;
      state.since = 0;
      const grown = forest.table(state.shape);
      if (!grown) return undefined;
      const { trees, sample, seed } = settings;
      return { task: 'grow-forest', seed, input: writeRequest({ ...grown, trees, sample }) };
    },
    trained(result) {
      looked = undefined;
      state.fusion.forest.take(readTrained(result));
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
