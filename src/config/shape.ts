import { z } from 'zod';
import {
  Calendars,
  Digest,
  Log,
  Maintenance,
  name,
  RetentionShape,
  Retraining,
  Route,
  Server,
  Tracing,
} from './shape-daemon.ts';
import { hole, PipelineShape, PolicyShape } from './shape-pipeline.ts';

/** The whole file. Blocks of components are holes here: their own schemas read them, chosen by `type`. */
export const Root = z.strictObject({
  server: Server.prefault({}).meta({ description: 'Page, API and /metrics.' }),
  store: hole('store').optional().meta({
    description:
      'Where the daemon keeps what it must not forget: one key, the type of the store. Default: sqlite: ./headgate.db in the working directory.',
  }),
  sources: z.record(name, hole('source')).default({}).meta({ description: 'Connections to watched systems by name.' }),
  actuators: z.record(name, hole('actuator')).default({}).meta({ description: 'Gates by name; valve is built in.' }),
  notifiers: z.record(name, hole('notifier')).default({}).meta({ description: 'Who can be told, by name.' }),
  routes: z.array(Route).default([]).meta({ description: 'Which notices go to whom; every route that fits is taken.' }),
  pipelines: z.record(name, PipelineShape).meta({ description: 'What is watched.' }),
  policies: z.record(name, PolicyShape).default({}).meta({ description: 'What to keep, and what may be done for it.' }),
  calendars: Calendars.prefault({}).meta({ description: 'Days that are unlike others.' }),
  maintenance: z
    .array(Maintenance)
    .default([])
    .meta({ description: 'Times in which nothing is engaged and nobody is paged.' }),
  retraining: z.array(Retraining).default([]).meta({
    description:
      'Times in which detectors grow a new forest where one is due; a first one is grown at any time. A stage without a window: whenever it is due.',
  }),
  digests: z
    .array(Digest)
    .default([])
    .meta({ description: 'The incidents of the last day in one notice, on a calendar; none where there were none.' }),
  retention: RetentionShape.prefault({}).meta({ description: 'How long the store keeps things.' }),
  tracing: Tracing.prefault({}).meta({ description: 'OpenTelemetry spans.' }),
  log: Log.prefault({}).meta({ description: 'The log of the process on standard output.' }),
});

export type RootShape = z.output<typeof Root>;
