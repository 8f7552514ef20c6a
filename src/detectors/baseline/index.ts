import { z } from 'zod';
import type { SignalPlan } from '../../domain/plan.ts';
import type { Contribution, Expected, Surprise } from '../../domain/score.ts';
import { type Signal, signalSpec, type Unit } from '../../domain/signal.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { partOfSubject, type Subject, stageOfSubject, subjectOf } from '../../domain/subject.ts';
import type { EpochMs } from '../../domain/time.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';
import { type Moment, momentOf } from './moment.ts';
import { type Settings, settingsOf } from './settings.ts';
import { type Answer, SignalModel } from './signal-model.ts';
import { readState, writeState } from './state.ts';
import { TUNING, type Tuning } from './tuning.ts';

/** Learns level and spread of every signal by time of season, and says how surprising a sample is. */
export const BaselineConfig = z.strictObject({
  warmup: z
    .int()
    .min(10)
    .max(1_000)
    .default(30)
    .meta({ description: 'Samples of a signal before it is scored. Until a season was seen whole, its band is wide.' }),
  coverage: z.number().gt(0.5).lt(1).default(0.99).meta({
    description: 'Share of normal samples inside the expected band that is shown. Scores do not depend on it.',
  }),
  spread_floor: z.number().gt(0).max(1).default(0.005).meta({
    description:
      'Relative changes are never measured against less than this; it decides how loud a move of a constant is.',
  }),
});

/** A queue, an age, a rate is never below zero, so neither is what can be expected of it. */
function possible(expected: Expected, observed: number, unit: Unit): Expected {
  if (unit === 'count' || observed < 0 || expected.lower >= 0) return expected;
  return { ...expected, lower: 0, centre: Math.max(0, expected.centre), upper: Math.max(0, expected.upper) };
}

/** Where asinh bends for a signal that was always exactly zero: the smallest amount that means anything in its unit. */
const SMALLEST: Readonly<Record<Unit, number>> = {
  seconds: 0.1,
  records: 1,
  records_per_second: 1,
  ratio: 0.01,
  bytes: 1_024,
  count: 1,
};

export const baseline = defineDetector({
  type: 'baseline',
  stability: 'stable',
  summary: 'Learns level and spread by time of season, and scores each sample against its own past.',
  description: [
    'For every signal of a stage it keeps a level and a spread by time of each configured season (a day and a week by default), a slow',
    'offset for drifts, and log-bucket tails that turn residuals into p-values calibrated on the past of the same signal.',
    'It works on an asinh scale: seasons and noise that multiply are taken as they come, and a fall to zero is far away.',
    '',
    'Beside the season it asks whether the signal has ever looked like this: value, means over 4 and 24 samples, step, and distance from',
    'running means, against two memories, one that learns everything and one that learns only what was not strange. All votes are averaged',
    'and calibrated. What leapt is held to be there until it leaps back, so a fault stays open to its end and is let go within minutes.',
    'A signal that moves and then stands still for twice as long as it ever did is found wherever it stands, and so is one whose steps',
    'from sample to sample grow a quarter beyond the largest mean of sixty that is remembered.',
    '',
    'It answers after `warmup` samples with a wide band; the band narrows once a season has been seen whole. While the engine holds',
    '(an incident, a lease, a surprise past the page line) the reference stands still. Surprising samples weigh little even when learned.',
    '',
    'An hour off (summer time) and a day that looks like another one (a holiday) are recognised within hours; list holidays to be spared those.',
    '',
    'What creeps away from the same hours of the last weeks is found by a mean over eight hours, once two weeks were seen: a rise of a percent',
    'an hour within half a day where the noise is small, later where it is not. It is said once, for twenty minutes, and again when it has doubled.',
    '',
    'Wrong for: leaks slower than days (it learns them), levels that wander without bound. In its first season only large',
    'changes are news. Cost: less than 8 KiB of state, and a few µs to score and learn one sample of one signal.',
  ].join('\n'),
  config: BaselineConfig,
  examples: [
    { title: 'Defaults', yaml: 'type: baseline\n' },
    { title: 'A longer warm-up and a wider band', yaml: 'type: baseline\nwarmup: 120\ncoverage: 0.999\n' },
  ],
  pass: 'signal',
  create: baselineTuned(TUNING),
});

/** How the detector is made with such votes; others than its own are for the bench. */
export function baselineTuned(tuning: Tuning) {
  return (config: z.output<typeof BaselineConfig>, context: DetectorContext): Detector =>
    createBaseline(settingsOf(config, context.stage, tuning), context);
}

/** What is the same for all samples of a signal, and its model once there is one. */
interface Channel {
  readonly subject: Subject;
  readonly plan: SignalPlan;
  readonly unit: Unit;
  readonly because: readonly Contribution[];
  model: SignalModel | undefined;
}

function createBaseline(settings: Settings, context: DetectorContext): Detector {
  const { stage } = context;
  const holidays = new Set(context.holidays);
  const models = new Map<Signal, SignalModel>();
  const channels = new Map<Signal, Channel>();
  let moment: Moment | undefined;

  /** A snapshot is scored and learned at the same moment. */
  const momentAt = (at: EpochMs): Moment => {
    if (moment?.at !== at) moment = momentOf(at, settings, holidays);
    return moment;
  };
  const newChannel = (signal: Signal): Channel => ({
    subject: subjectOf(stage.id, signal),
    plan: stage.signals.get(signal) ?? defaultPlan(signal),
    unit: signalSpec(signal).unit,
    because: [{ signal, share: 1 }],
    model: undefined,
  });
  const channelOf = (signal: Signal): Channel => channels.get(signal) ?? remember(channels, signal, newChannel(signal));
  const newModel = (signal: Signal): SignalModel => new SignalModel(settings, SMALLEST[channelOf(signal).unit]);
  const warming: Answer = { ready: false, seen: 0, need: settings.warmup };

  return {
    score(snapshot) {
      const now = momentAt(snapshot.at);
      const out: Surprise[] = [];
      let known = 0;
      for (const [signal, x] of snapshot.values) {
        const channel = channelOf(signal);
        const { model } = channel;
        if (model) known += 1;
        if (channel.plan.detect) out.push(said(channel, x, model?.answer(x, now, channel.plan) ?? warming));
      }
      if (known === models.size && snapshot.gaps.length === 0) return out;
      for (const signal of missingFrom(snapshot, models.keys())) {
        const { subject, plan } = channelOf(signal);
        if (plan.detect) out.push({ subject, detector: 'baseline', state: 'blind', missing: [signal] });
      }
      return out;
    },
    advance(snapshot, _now, how) {
      const now = momentAt(snapshot.at);
      for (const [signal, x] of snapshot.values) {
        const channel = channelOf(signal);
        const { subject, plan } = channel;
        if (!plan.detect) continue;
        channel.model ??= remember(models, signal, newModel(signal));
        channel.model.advance(x, now, plan, how(subject) === 'learn' ? 'learn' : 'hold');
      }
    },
    accept(subject) {
      if (stageOfSubject(subject) !== stage.id) return;
      const model = models.get(partOfSubject(subject));
      model?.accept(momentOf(model.lastAt, settings, holidays));
    },
    save: () => writeState(settings, models),
    restore(bytes) {
      const read = readState(settings, bytes, newModel);
      if (!read) return false;
      models.clear();
      for (const channel of channels.values()) channel.model = undefined;
      for (const [signal, model] of read) {
        models.set(signal, model);
        channelOf(signal).model = model;
      }
      return true;
    },
  };
}

function said({ subject, unit, because }: Channel, observed: number, answer: Answer): Surprise {
  const detector = 'baseline';
  if (!answer.ready) return { subject, detector, state: 'warming', seen: answer.seen, need: answer.need };
  const { pValue, surprise, standing, votes } = answer;
  const expected = possible(answer.expected, observed, unit);
  const all = { subject, detector, state: 'ready', pValue, surprise, votes, because, observed, expected } as const;
  return standing === undefined ? all : { ...all, standing };
}

/** Known signals and those of a gap that the snapshot does not show. */
function missingFrom({ values, gaps }: Snapshot, known: Iterable<Signal>): Iterable<Signal> {
  const all = new Set([...known, ...gaps.flatMap(({ signals }) => signals)]);
  return [...all].filter((signal) => !values.has(signal));
}

function remember<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value);
  return value;
}

const defaultPlan = (signal: Signal): SignalPlan => ({
  name: signal,
  direction: signalSpec(signal).direction,
  limits: [],
  detect: true,
  minimumChange: { absolute: 0, relative: 0 },
});
