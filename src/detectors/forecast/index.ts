import { z } from 'zod';
import type { Outlook } from '../../domain/outlook.ts';
import type { LimitPlan, SignalPlan, StagePlan } from '../../domain/plan.ts';
import type { Surprise } from '../../domain/score.ts';
import { SIGNAL_NAME, type Signal } from '../../domain/signal.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { partOfSubject, stageOfSubject, subjectsOf } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { Course, NEED } from './course.ts';
import { inTime, isBound, reachOf, type Samples } from './reach.ts';
import { type Settings, settingsOf } from './settings.ts';
import { type Followed, readState, writeState } from './state.ts';

/** Says that a limit will be broken, before it is. */
export const ForecastConfig = z.strictObject({
  ahead: duration.prefault('30m').meta({
    description: 'How far it is looked ahead; no farther than 128 samples.',
  }),
  severity: z.enum(['warning', 'critical']).default('warning').meta({
    description:
      'What a limit in sight is worth: a ticket, or a page. With critical, policies act before the limit is broken.',
  }),
  confirm: z.int().min(1).max(100).default(3).meta({
    description: 'Samples in a row in which the limit must be in sight.',
  }),
  signals: z
    .array(z.string().regex(SIGNAL_NAME, 'a signal is named in snake_case, such as lag_seconds'))
    .max(100)
    .default([])
    .meta({
      description: 'Signals without a limit that are followed as well: the page shows where they go.',
      examples: [['in_records_per_second']],
    }),
});

export const forecast = defineDetector({
  type: 'forecast',
  stability: 'beta',
  summary: 'Says when a signal will reach its limit, before it does.',
  description: [
    'For every signal with a limit `above` or `below` it predicts the next samples: by the level, by the trend (Holt), and by the same',
    'time of the last days and weeks. That one speaks which has been least wrong of late (rolling pinball loss at 10, 50 and 90 %).',
    '',
    'Where the signal goes is shown as a band to the right of now, with one chance in ten beyond either end: in the page, in `ahead` of the',
    'series API, and as `headgate_forecast`. Its width is that of the errors made 4, 16 and 64 samples ahead. Followed besides are the',
    '`signals` named here, and `in_records_per_second` of a stage that a policy scales with `startup`: its size then is for what is likely to',
    'arrive by the time the new workers work.',
    '',
    'A limit is in sight once the signal is where it seldom is (one sample in a thousand), has a clear trend towards the limit (Mann–Kendall',
    'over a dozen samples and half of the time ahead), and reaches it within `ahead`, with nine chances in ten within twice the likely',
    'time; for `confirm` samples in a row. Then the verdict is `severity` and says when: "lag_seconds 48 s, reaches its limit of 120 s in',
    'about 14 min (10 to 25 min)". Eight weeks of five synthetic series each (noise that wanders, a daily season, one sample a minute, limits',
    '10 to 30 % above what is ever normal) gave a warning in ten weeks or more; a ramp of five spreads a sample was seen after four samples.',
    '',
    'While a lease distorts what is seen nothing is said. Limits that are broken are for `limits`.',
    '',
    'Wrong for: leaks over hours and days (they are within what is usual), courses that bend (a queue that saturates), jumps (nobody sees',
    'them coming). Cost: 6 KiB for each signal that is followed; nothing for the others.',
  ].join('\n'),
  config: ForecastConfig,
  examples: [
    { title: 'Defaults', yaml: 'type: forecast\n' },
    {
      title: 'The backlog and what arrives as well',
      yaml: 'type: forecast\nsignals: [lag_records, in_records_per_second]\n',
    },
    { title: 'An hour ahead, and worth a page', yaml: 'type: forecast\nahead: 1h\nseverity: critical\n' },
  ],
  pass: 'signal',
  create: (config, context) => createForecast(settingsOf(config, context.stage), config, context),
});

function createForecast(
  settings: Settings,
  { severity, signals }: z.output<typeof ForecastConfig>,
  { stage }: DetectorContext,
): Detector {
  const subjectOf = subjectsOf(stage.id);
  const wanted = boundsByName(stage, [...signals, ...(stage.foreseen ?? [])]);
  let followed = new Map<Signal, Followed>();

  const speak = (signal: Signal, bounds: readonly LimitPlan[], snapshot: Snapshot): readonly Surprise[] => {
    const head = { subject: subjectOf(signal), detector: 'forecast' };
    const observed = snapshot.values.get(signal);
    if (observed === undefined) {
      const unseen = snapshot.gaps.some((gap) => gap.signals.includes(signal));
      return unseen ? [{ ...head, state: 'blind', missing: [signal] }] : [];
    }
    const { course, inSight } = followed.get(signal) ?? { course: undefined, inSight: [] };
    if (!course || course.seen < NEED) return [{ ...head, state: 'warming', seen: course?.seen ?? 0, need: NEED }];
    return bounds.map((limit, i) => {
      const sure = (inSight[i] ?? 0) >= settings.confirm && snapshot.held.length === 0;
      const samples = sure ? reachNow(course, limit, observed, settings) : undefined;
      const since = Math.max(0, snapshot.at - course.lastAt);
      return {
        ...head,
        state: 'limit',
        rule: limit.rule,
        severity,
        broken: false,
        patience: 0,
        observed,
        limit: limit.value,
        ...(samples && { reach: inTime(samples, settings.every, since) }),
      };
    });
  };

  return {
    score: (snapshot) =>
      [...wanted].flatMap(([signal, bounds]) => (bounds.length === 0 ? [] : speak(signal, bounds, snapshot))),
    advance(snapshot, _now, how) {
      for (const [signal, bounds] of wanted) {
        const x = snapshot.values.get(signal);
        if (x === undefined) continue;
        const one = followed.get(signal) ?? { course: new Course(settings), inSight: bounds.map(() => 0) };
        followed.set(signal, one);
        one.course.advance(x, snapshot.at, how(subjectOf(signal)) === 'learn');
        for (const [i, limit] of bounds.entries()) {
          const inSight = snapshot.held.length === 0 && reachNow(one.course, limit, x, settings) !== undefined;
          one.inSight[i] = inSight ? Math.min(settings.confirm, (one.inSight[i] ?? 0) + 1) : 0;
        }
      }
    },
    accept(subject) {
      if (stageOfSubject(subject) === stage.id) followed.get(partOfSubject(subject))?.course.accept();
    },
    outlook: (points) =>
      [...wanted.keys()].flatMap((signal) => {
        const one = followed.get(signal);
        return one ? outlookOf(signal, one, settings, points) : [];
      }),
    save: () => writeState(settings, followed),
    restore(bytes) {
      const read = readState(settings, bytes);
      if (read) followed = read;
      return read !== undefined;
    },
  };
}

/** What is followed, with the limits that it may come to. */
function boundsByName(stage: StagePlan, more: readonly Signal[]): ReadonlyMap<Signal, readonly LimitPlan[]> {
  const limited = [...stage.signals.values()].filter((signal) => signal.detect && signal.limits.some(isBound));
  const others = more.filter((name) => stage.signals.get(name)?.detect !== false);
  return new Map([
    ...others.map((name) => [name, []] as const),
    ...limited.map((signal) => [signal.name, boundsOf(signal)] as const),
  ]);
}

/** Where the signal goes; where a limit is in sight, the course by which it is. */
function outlookOf(
  signal: Signal,
  { course, inSight }: Followed,
  { every, ahead, confirm }: Settings,
  most: number,
): Outlook[] {
  if (course.seen < NEED) return [];
  const isSure = inSight.some((samples) => samples >= confirm);
  const count = Math.min(most, ahead);
  const points = Array.from({ length: count }, (_, i) => {
    const samples = Math.round(((i + 1) * ahead) / count);
    const said = isSure ? course.ahead(samples) : course.outlook(samples);
    return said && { after: samples * every, ...course.possible(said) };
  });
  const known = points.filter((point) => point !== undefined);
  return known.length === 0 ? [] : [{ signal, at: course.lastAt, points: known }];
}

const boundsOf = (signal: SignalPlan): readonly LimitPlan[] => signal.limits.filter(isBound);

const reachNow = (course: Course, limit: LimitPlan, value: number, { ahead }: Settings): Samples | undefined =>
  course.seen < NEED ? undefined : reachOf(course, limit, value, ahead);
