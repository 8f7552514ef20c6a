import { z } from 'zod';
import { STAGE_NAME } from '../domain/stage.ts';
import { DAY, MINUTE, SECOND } from '../domain/time.ts';
import { duration } from '../kit/duration.ts';
import { secretFields } from '../kit/secret.ts';
import { cron, day, timezone } from './quantity.ts';

/** Names users give to pipelines, stages, policies and components. */
export const name = z
  .string()
  .regex(STAGE_NAME, 'a name has letters, digits, - and _, begins with a letter or digit, and has at most 64');

/** `pipeline.stage`. */
export const stageRef = z
  .string()
  .regex(/^[^.]+\.[^.]+$/, 'want pipeline.stage')
  .meta({ description: 'A stage as pipeline.stage.', examples: ['orders.enrich'] });

/** A duration within limits, for keys where anything else is a slip. */
export const durationIn = (low: number, high: number, words: string) =>
  duration.refine((length) => length >= low && length <= high, `want ${words}`);

function isAddress(text: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) <= 65_535;
}

export const Server = z.strictObject({
  listen: z.string().refine(isAddress, 'want host:port such as 127.0.0.1:9464').default('127.0.0.1:9464').meta({
    description:
      'Address and port of page, API and /metrics. Beyond loopback the API is read-only unless a token is set. Port 0 picks a free one.',
  }),
  ...secretFields('token', 'Bearer token asked of every request that changes something.'),
  page_url: z
    .url()
    .optional()
    .meta({ description: 'Where people open the page, for links in notices. Default: the listening address.' }),
  allowed_hosts: z.array(z.string().min(1)).default([]).meta({
    description: 'Names besides loopback under which browsers may reach the server (guards against DNS rebinding).',
  }),
});

export const Route = z.strictObject({
  severity: z
    .union([z.enum(['critical', 'warning', 'info']), z.array(z.enum(['critical', 'warning', 'info'])).min(1)])
    .optional()
    .meta({ description: 'Only notices of this severity, or of one in this list. Default: all.' }),
  pipeline: z.string().optional().meta({ description: 'Only incidents of this pipeline. Default: all.' }),
  stage: stageRef.optional().meta({ description: 'Only incidents whose root is this stage. Default: all.' }),
  to: z.array(z.string()).min(1).meta({ description: 'Names of notifiers that are told.' }),
});

export const Calendars = z.strictObject({
  holidays: z.array(day).default([]).meta({ description: 'Days on which the learned season does not hold.' }),
  timezone: timezone.default('UTC').meta({ description: 'Time zone of maintenance windows that name none.' }),
});

export const Maintenance = z.strictObject({
  name: name.optional().meta({ description: 'Name in logs and on the page. Default: window-1, window-2 …' }),
  cron,
  timezone: timezone.optional().meta({ description: 'Time zone of `cron`. Default: calendars.timezone.' }),
  duration: durationIn(MINUTE, 7 * DAY, 'from 1m to 7d').meta({ description: 'How long the window lasts.' }),
  pipelines: z.array(z.string()).default([]).meta({ description: 'Pipelines it covers.' }),
  stages: z
    .array(stageRef)
    .default([])
    .meta({ description: 'Stages it covers. Neither pipelines nor stages: everything.' }),
});

export const Retraining = z.strictObject({
  name: name.optional().meta({ description: 'Name for people. Default: window-1, window-2 …' }),
  cron,
  timezone: timezone.optional().meta({ description: 'Time zone of `cron`. Default: calendars.timezone.' }),
  duration: durationIn(MINUTE, 7 * DAY, 'from 1m to 7d')
    .prefault('2h')
    .meta({ description: 'How long the window lasts; longer than the `every` of the stages.', default: '2h' }),
  pipelines: z.array(z.string()).default([]).meta({ description: 'Pipelines it is for.' }),
  stages: z.array(stageRef).default([]).meta({ description: 'Stages it is for. Neither pipelines nor stages: all.' }),
});

export const Digest = z.strictObject({
  cron: cron.default('0 8 * * *'),
  timezone: timezone.optional().meta({ description: 'Time zone of `cron`. Default: calendars.timezone.' }),
  to: z.array(z.string()).min(1).meta({ description: 'Names of notifiers that get it.' }),
});

const keep = (description: string, fallback: string) =>
  durationIn(MINUTE, 3660 * DAY, 'from 1m to 3660d')
    .prefault(fallback)
    .meta({ description, default: fallback });

export const RetentionShape = z.strictObject({
  raw: keep('Every sample.', '2d'),
  minutes: keep('Rollups by minute.', '30d'),
  hours: keep('Rollups by hour.', '400d'),
  history: keep('Decisions, resolved incidents and released leases.', '400d'),
});

export const Tracing = z.strictObject({
  otlp_endpoint: z
    .url()
    .optional()
    .meta({ description: 'OTLP/HTTP endpoint for spans, such as http://127.0.0.1:4318. Default: no tracing.' }),
  sample: z.number().min(0).max(1).default(1).meta({ description: 'Share of ticks that are traced, 0 to 1.' }),
});

export const Log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta({ description: 'Least level that is written.' }),
});

/** A duration with a default that is written as people write it. */
export const durationOr = (fallback: string, low: number, high: number, words: string) =>
  durationIn(low, high, words).prefault(fallback).meta({ default: fallback });

export const EVERY = durationIn(SECOND, DAY, 'from 1s to 1d');
