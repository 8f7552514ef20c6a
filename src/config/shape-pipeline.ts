import { z } from 'zod';
import { SIGNAL_NAME } from '../domain/signal.ts';
import { DAY, HOUR, SECOND } from '../domain/time.ts';
import type { Discoverable } from '../kit/component.ts';
import { bound, frequency, moment } from './quantity.ts';
import { durationIn, durationOr, EVERY, name, stageRef } from './shape-daemon.ts';

export const SignalName = z.string().regex(SIGNAL_NAME, 'a signal is named in snake_case, such as lag_seconds');

/** A block whose keys belong to a component; its own schema reads it, and fills the JSON Schema in this place. */
export const hole = (room: 'source' | 'probe' | 'detector' | 'actuator' | 'notifier' | 'store') =>
  z.looseObject({}).meta({ headgateHole: room });

export const BudgetShape = z.strictObject({
  pages: frequency.prefault('1 per week').meta({
    default: '1 per week',
    description: 'False pages that are acceptable; the page line of every signal follows from it.',
  }),
  tickets: frequency
    .prefault('1 per day')
    .meta({ default: '1 per day', description: 'False warnings that are acceptable.' }),
});

const Limit = z.strictObject({
  above: bound.optional().meta({ description: 'Broken while the value is above this.' }),
  below: bound.optional().meta({ description: 'Broken while the value is below this.' }),
  absent: z
    .boolean()
    .default(false)
    .meta({ description: 'Broken while the probe works and the signal is not in its answer.' }),
  zero: z.boolean().default(false).meta({ description: 'Broken while the value is 0.' }),
  severity: z.enum(['warning', 'critical']).default('critical').meta({ description: 'Worth a ticket, or a page.' }),
  for: durationOr('0s', 0, 7 * DAY, 'at most 7d').meta({
    description: 'Counts once it has been broken for this long.',
    default: '0s',
  }),
});

const MinimumChange = z.strictObject({
  absolute: bound.default(0).meta({ description: 'In the unit of the signal.' }),
  relative: z.number().min(0).default(0).meta({ description: 'Share of what is expected: 0.1 is a tenth.' }),
});

const Exclude = z
  .array(
    z.strictObject({
      from: moment.meta({ description: 'The first moment: a time with its zone, or a day (its midnight in UTC).' }),
      to: moment.meta({ description: 'The moment from which it is normal again.' }),
      why: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .meta({ description: 'What was going on, for people.', examples: ['load test'] }),
    }),
  )
  .max(1_000)
  .default([]);
const excluded = (what: string) =>
  Exclude.meta({
    description: `Times in which ${what} known not to be normal (maintenance, an incident, a load test). Nothing is learned of them, and what was learned opens no incident in them, nor for 24 samples after them. Limits stay in force; to silence those too is for \`maintenance\`.`,
    examples: [[{ from: '2026-11-27T09:00:00+01:00', to: '2026-11-27T12:00:00+01:00', why: 'load test' }]],
  });

const SignalShape = z.strictObject({
  limits: z
    .union([Limit, z.array(Limit).min(1)])
    .default([])
    .meta({ description: 'One set of bounds, or a list of sets with severities of their own.' }),
  direction: z
    .enum(['up', 'down', 'both'])
    .optional()
    .meta({ description: 'Which way is worse. Default: what is known of the signal, else both.' }),
  detect: z.boolean().default(true).meta({ description: 'False: only limits apply, nothing is learned.' }),
  exclude: excluded('the signal is'),
  minimum_change: z.union([bound, MinimumChange]).default(0).meta({
    description:
      'Smaller deviations are not news. A number or duration is absolute, 10% is relative to what is expected.',
  }),
});

const Derive = z.union([
  z.strictObject({ rate: SignalName.meta({ description: 'Change per second of this counter of the stage.' }) }),
  z.strictObject({
    ratio: z.strictObject({
      of: z.string().meta({
        description: 'Signal of this stage, or stage/signal of this pipeline.',
        examples: ['out_records_per_second'],
      }),
      to: z
        .string()
        .meta({ description: 'What it is divided by, spelled alike.', examples: ['ingest/out_records_per_second'] }),
    }),
  }),
]);

export const Season = z
  .array(durationIn(10 * SECOND, 366 * DAY, 'from 10s to 366d'))
  .max(4)
  .meta({ description: 'Lengths of the seasons to look for; an empty list means none.' });

const seedOf = {
  from: durationOr('14d', HOUR, 366 * DAY, 'from 1h to 366d').meta({ description: 'How far back.' }),
  history_file: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'CSV or Parquet with a column of time and one for each signal, sorted by time; a column `stage` where it holds several stages.',
      examples: ['./history.csv'],
    }),
  store: z.boolean().default(false).meta({
    description: 'Also from the samples that the store has kept. Only where they mean what is read now.',
  }),
};

/** Where a stage that has learned nothing yet takes its past from. */
export const StageSeedShape = z.strictObject({
  ...seedOf,
  probes: z.array(hole('probe')).default([]).meta({
    description:
      'Asked for their past in the place of the stage’s own: PromQL for what a stage reads elsewhere. Left out: its own probes, as far as they know their past.',
  }),
});
const PipelineSeedShape = z.strictObject(seedOf);

export const StageShape = z.strictObject({
  after: z.array(z.string()).default([]).meta({ description: 'Stages of this pipeline that feed it.' }),
  every: EVERY.optional().meta({ description: 'Time between two looks. Default: that of the pipeline.' }),
  probes: z
    .array(hole('probe'))
    .default([])
    .meta({ description: 'What is read: from a named source, or from one written in place.' }),
  signals: z.record(SignalName, SignalShape).default({}).meta({ description: 'What is said of single signals.' }),
  derive: z
    .record(SignalName, Derive)
    .default({})
    .meta({ description: 'Signals computed from others: rates of counters, ratios between stages.' }),
  season: Season.optional().meta({ description: 'Default: that of the pipeline.' }),
  exclude: excluded('the whole stage is'),
  budget: BudgetShape.optional().meta({ description: 'Default: that of the pipeline.' }),
  seed: StageSeedShape.optional().meta({
    description: 'What the stage learns from before it looks for the first time. Default: that of the pipeline.',
  }),
  detectors: z
    .record(z.string(), z.union([z.literal(false), hole('detector')]))
    .default({})
    .meta({ description: 'Options of detectors by type; false switches one off.' }),
});

const pattern = (things: string, example: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({
      description: `${things} that fit this are discovered, and {each} stands for each; * stands for any text.`,
      examples: [example],
    });

/** Kinds of things that sources can list. */
export const DISCOVERABLES: readonly Discoverable[] = ['topics', 'streams', 'tables'];

export const ForEach = z.strictObject({
  values: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'What {each} stands for: one stage is made for each value.' }),
  topics: pattern('Topics of Kafka', 'orders-*'),
  streams: pattern('Streams of Redis', 'orders:*'),
  tables: pattern('Tables of PostgreSQL, as schema.table,', 'public.orders_*'),
  source: name.optional().meta({
    description: 'Name of the source that is asked. Needed only where several under `sources` could be.',
  }),
  every: durationOr('1m', SECOND, DAY, 'from 1s to 1d').meta({
    description: 'How often it is looked again. Two looks without something end its stages.',
  }),
  cap: z.int().min(1).max(10_000).default(100).meta({
    description: 'More values than this are refused; of what is discovered, so many are watched, and that is said.',
  }),
});
export type ForEach = z.output<typeof ForEach>;

/** Templates are unfolded before names are checked; an editor meets them as they are written. */
const stageName = name.meta({ pattern: '^([A-Za-z0-9]|\\{each\\})([A-Za-z0-9_-]|\\{each\\}){0,63}$' });

export const PipelineShape = z.strictObject({
  signals: z
    .record(SignalName, SignalShape)
    .default({})
    .meta({ description: 'What is said of the signals of the pipeline as a whole: `e2e_seconds`.' }),
  budget: BudgetShape.prefault({}).meta({ description: 'Shared by all stages without one of their own.', default: {} }),
  season: Season.optional().meta({
    description:
      'Lengths of the seasons to look for; [] means none. Default: [1d, 7d], as far as `every` is short enough.',
  }),
  every: durationOr('10s', SECOND, DAY, 'from 1s to 1d').meta({ description: 'Time between two looks at a stage.' }),
  exclude: excluded('all stages of the pipeline are'),
  seed: PipelineSeedShape.optional().meta({
    description:
      'What its stages learn from before they look for the first time, so that the first day is not blind. A stage that has learned already is left as it is.',
  }),
  for_each: ForEach.optional().meta({
    description: 'Makes one stage for each value out of those with {each} in their name.',
  }),
  stages: z.record(stageName, StageShape).meta({ description: 'Stages by name.' }),
});

const Option = z.strictObject({
  actuator: z.string().meta({ description: 'Name of an actuator; valve is built in.' }),
  stage: stageRef.meta({ description: 'Whose gate moves.' }),
  kind: z.enum(['throttle', 'pause', 'scale']).meta({ description: 'What is asked of the gate.' }),
  floor: bound.optional().meta({ description: 'Throttle: never below this rate.', examples: ['20/s'] }),
  min: z.int().min(0).optional().meta({ description: 'Scale: never fewer replicas. Default: 1.' }),
  max: z.int().min(1).optional().meta({ description: 'Scale: never more replicas.' }),
  startup: durationIn(SECOND, HOUR, 'from 1s to 1h')
    .optional()
    .meta({
      description:
        'Scale: how long it takes until new replicas work. Where what arrives is all but sure to grow until then (nine chances in ten, by the detector forecast), the size is for what may arrive then (one chance in ten that it is more); else it is for what arrives when it is asked for. Nobody is asked for where what waits will be done by then. The size grows further where what arrives is all but sure to grow, or where those there are fall further behind. Left out: what arrives and waits when it is asked for, and it does not grow. After ten calm minutes those too many leave (a fifth at least), and all where fewer would do.',
      examples: ['90s'],
    }),
  accept: z
    .array(z.enum(['lossy', 'one-way']))
    .default([])
    .meta({ description: 'Accepts an actuator that cannot undo exactly.' }),
});

const KeepBound = z.union([
  bound,
  z.strictObject({
    above: bound.optional().meta({ description: 'The signal must stay above this.' }),
    below: bound.optional().meta({ description: 'The signal must stay below this.' }),
  }),
]);

export const PolicyShape = z.strictObject({
  mode: z
    .enum(['observe', 'dry-run', 'enforce'])
    .default('observe')
    .meta({ description: 'observe says what is wrong, dry-run also what it would do, enforce does it.' }),
  keep: z.object({ stage: stageRef }).catchall(KeepBound).meta({
    description:
      'The outcome to keep: a stage, and one of its signals with its bound. `lag_seconds: 2m` keeps it below.',
  }),
  may: z.array(Option).min(1).meta({ description: 'What may be done for it, in the order of preference.' }),
  lease: durationOr('2m', 5 * SECOND, DAY, 'from 5s to 1d').meta({
    description: 'A gate opens by itself after this long unless the lease is renewed.',
    default: '2m',
  }),
  cooldown: durationOr('10m', 0, DAY, 'at most 1d').meta({
    description: 'Time after a release before the policy engages again.',
  }),
  confirm: z
    .int()
    .min(1)
    .max(100)
    .default(2)
    .meta({ description: 'Samples in a row that must say the same before the gate moves.' }),
  max_renewals: z.int().min(0).max(100_000).default(100).meta({
    description:
      'After this many renewals the lease ends as ineffective. Of a scale only renewals in a row count at which the outcome was not kept: while it works, it is renewed.',
  }),
});
