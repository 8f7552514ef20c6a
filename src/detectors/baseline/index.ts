import { z } from 'zod';
import type { SignalPlan } from '../../domain/plan.ts';
import type { Contribution, Expected, Surprise } from '../../domain/score.ts';
import { type Signal, signalSpec, type Unit } from '../../domain/signal.ts';
import { partOfSubject, stageOfSubject, subjectOf } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';
import { momentOf } from './moment.ts';
import { type Settings, settingsOf } from './settings.ts';
import { SignalModel } from './signal-model.ts';
import { readState, writeState } from './state.ts';

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
function possible(expected: Expected, observed: number, signal: Signal): Expected {
  if (signalSpec(signal).unit === 'count' || observed < 0 || expected.lower >= 0) return expected;
  return { lower: 0, centre: Math.max(0, expected.centre), upper: Math.max(0, expected.upper) };
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
    '',
    'It answers after `warmup` samples with a wide band; the band narrows once a season has been seen whole. While the engine holds',
    '(an incident, a lease, a surprise past the page line) the reference stands still. Surprising samples weigh little even when learned.',
    '',
    'An hour off (summer time) and a day that looks like another one (a holiday) are recognised within hours; list holidays to be spared those.',
    '',
    'Wrong for: slow leaks (it learns them), levels that wander without bound. In its first season only large',
    'changes are news. Cost: less than 8 KiB of state, and a few µs to score and learn one sample of one signal.',
  ].join('\n'),
  config: BaselineConfig,
  examples: [
    { title: 'Defaults', yaml: 'type: baseline\n' },
    { title: 'A longer warm-up and a wider band', yaml: 'type: baseline\nwarmup: 120\ncoverage: 0.999\n' },
  ],
  pass: 'signal',
  create: (config, context) => createBaseline(settingsOf(config, context.stage), context),
});

function createBaseline(settings: Settings, context: DetectorContext): Detector {
  const { stage } = context;
  const holidays = new Set(context.holidays);
  const models = new Map<Signal, SignalModel>();
  const alone = new Map<Signal, readonly Contribution[]>();
  const plans = new Map<Signal, SignalPlan>(stage.signals);

  const planOf = (signal: Signal): SignalPlan => plans.get(signal) ?? remember(plans, signal, defaultPlan(signal));
  const becauseOf = (signal: Signal): readonly Contribution[] =>
    alone.get(signal) ?? remember(alone, signal, [{ signal, share: 1 }]);
  const newModel = (signal: Signal): SignalModel => new SignalModel(settings, SMALLEST[signalSpec(signal).unit]);

  return {
    score(snapshot) {
      const moment = momentOf(snapshot.at, settings, holidays);
      const out: Surprise[] = [];
      for (const [signal, x] of snapshot.values) {
        const plan = planOf(signal);
        if (!plan.detect) continue;
        const head = { subject: subjectOf(stage.id, signal), detector: 'baseline' };
        const answer = models.get(signal)?.answer(x, moment, plan) ?? { ready: false, seen: 0, need: settings.warmup };
        if (!answer.ready) out.push({ ...head, state: 'warming', seen: answer.seen, need: answer.need });
        else {
          const { pValue, surprise, standing, votes, expected } = answer;
          out.push({
            ...head,
            state: 'ready',
            pValue,
            ...(standing === undefined ? {} : { standing }),
            surprise,
            votes,
            because: becauseOf(signal),
            observed: x,
            expected: possible(expected, x, signal),
          });
        }
      }
      for (const signal of new Set([...models.keys(), ...snapshot.gaps.flatMap((gap) => gap.signals)])) {
        if (snapshot.values.has(signal) || !planOf(signal).detect) continue;
        out.push({ subject: subjectOf(stage.id, signal), detector: 'baseline', state: 'blind', missing: [signal] });
      }
      return out;
    },
    advance(snapshot, _now, how) {
      const moment = momentOf(snapshot.at, settings, holidays);
      for (const [signal, x] of snapshot.values) {
        const plan = planOf(signal);
        if (!plan.detect) continue;
        const model = models.get(signal) ?? remember(models, signal, newModel(signal));
        model.advance(x, moment, plan, how(subjectOf(stage.id, signal)));
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
      for (const [signal, model] of read) models.set(signal, model);
      return true;
    },
  };
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
