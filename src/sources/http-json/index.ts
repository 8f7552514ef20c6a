import { z } from 'zod';
import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import { SIGNAL_NAME, type Signal, signalSpec } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { EpochMs } from '../../domain/time.ts';
import { defineSource, type PluginContext, type Source } from '../../kit/component.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import { redactUrl } from '../../kit/http-error.ts';
import { parseJson } from '../../kit/json.ts';
import { type JsonPointer, Pointer } from '../../kit/json-pointer.ts';
import { Run, type RunMemory, remember, signalsOfRun, statusOf, valuesOf } from './run.ts';
import { numberAt, timeAt, written } from './value.ts';

/** How to connect. */
export const HttpJsonConfig = z.strictObject({
  ...httpClientFields(),
});

const LongField = z.strictObject({
  pointer: Pointer,
  as: z.enum(['number', 'age']).default('number').meta({
    description: 'number: the number there · age: seconds since the time there.',
  }),
  scale: z.number().default(1).meta({ description: 'Multiplies the number: 0.001 turns milliseconds into seconds.' }),
});

const Field = z.union([Pointer.transform((pointer) => ({ pointer, as: 'number' as const, scale: 1 })), LongField]);

/** What to read for one stage. */
export const HttpJsonProbe = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).meta({ description: 'Endpoint that answers a GET with JSON.' }),
    fields: z.record(z.string().regex(SIGNAL_NAME, 'a signal name is snake_case'), Field).default({}).meta({
      description: 'Signal name → JSON Pointer (RFC 6901), or → { pointer, as, scale }.',
    }),
    at: Pointer.optional().meta({
      description: 'Where the document says when it was true: ISO 8601, or Unix time in seconds or milliseconds.',
    }),
    run: Run.optional(),
  })
  .refine(({ fields, run }) => run || Object.keys(fields).length > 0, {
    path: ['fields'],
    message: 'name fields, or run',
  })
  .superRefine(({ fields, run }, context) => {
    for (const signal of run ? signalsOfRun(run) : []) {
      if (!(signal in fields)) continue;
      context.addIssue({ code: 'custom', path: ['fields', signal], message: 'run gives this signal already' });
    }
  });

type Config = z.output<typeof HttpJsonConfig>;
type Probe = z.output<typeof HttpJsonProbe>;

export const httpJson = defineSource({
  type: 'http-json',
  stability: 'stable',
  summary: 'Reads numbers, times and the latest run of a job from a JSON endpoint.',
  description: `
One GET for each probe. \`fields\` maps signals to places in the answer by JSON Pointer; values keep their unit unless \`scale\`
changes it.

- A number, or text that is a number and nothing else, is a value. A place that is missing or null is *absent*. Anything else
  (other types, NaN, numbers beyond 1.8e308) makes the whole probe fail as \`malformed\`: an answer that is wrong in one place
  is not trusted in another.
- \`as: age\` gives the seconds since the time found there.
- \`at\` says when the answer was true. Where that time stands still, the values count as absent after three intervals. A
  document without it fails as \`malformed\`, because its age cannot be told.
- \`run\` reads the latest run of a job: \`run_seconds\` is the duration of the last finished run, \`freshness_seconds\` the time
  since the last success, \`error_ratio\` 1 after a failed run and 0 after a good one. While a run is under way the one before
  speaks, from memory; what was never seen since the daemon started is not claimed.

The wrong choice for pages of many megabytes (raise \`max_body_bytes\` with care: JSON is read in one go) and for Prometheus
pages, which \`metrics-endpoint\` reads.
`.trim(),
  config: HttpJsonConfig,
  probe: HttpJsonProbe,
  examples: [
    {
      title: 'Numbers and their time',
      yaml: `type: http-json
url: http://enrich:8080/status
fields:
  lag_records: /queue/waiting
  latency_p99_seconds: { pointer: /latency/p99_ms, scale: 0.001 }
  freshness_seconds: { pointer: /newest_event, as: age }
at: /generated_at
`,
    },
    {
      title: 'The latest run of a job',
      yaml: `type: http-json
url: https://jobs.example.com/api/jobs/load/runs/latest
auth: { bearer: { token_file: /run/secrets/jobs } }
run: { id: /id, status: /state, started: /start_time, finished: /end_time }
`,
    },
  ],
  signals: ({ fields, run }) => [...Object.keys(fields), ...(run ? signalsOfRun(run) : [])].map(signalSpec),
  create,
});

/** What a document is known to say of runs is kept for each probe by this many probes at most. */
const MOST_MEMORIES = 10_000;

function create(config: Config, context: PluginContext): Source<Probe> {
  const http = httpClient(config, context);
  const memories = new Map<string, RunMemory>();
  return {
    probe: async (ask, stage, abort) => {
      const what = `GET ${redactUrl(ask.url)}`;
      const answer = await http.request({ url: ask.url, headers: { accept: 'application/json' } }, abort);
      const document = await parsed(answer.body, what);
      const now = context.clock.now();
      try {
        const reading = readFields(ask, document, now);
        if (!ask.run) return reading;
        const key = JSON.stringify([stage, ask.url, ask.run]);
        const memory = remember(ask.run, document, memories.get(key) ?? {}, now);
        if (memories.has(key) || memories.size < MOST_MEMORIES) memories.set(key, memory);
        return withRun(reading, ask.run, document, memory, now);
      } catch (thrown) {
        const error = asHeadgateError(thrown);
        throw new HeadgateError(error.code, `${what}: ${error.message}`, { cause: thrown });
      }
    },
    close: () => http.close(),
  };
}

async function parsed(body: Buffer, what: string): Promise<unknown> {
  try {
    return await parseJson(body);
  } catch {
    // The parser's own message quotes the body.
    throw new HeadgateError('malformed', `${what}: the answer (${body.length} bytes) is not JSON; is the path right?`);
  }
}

function readFields({ fields, at }: Probe, document: unknown, now: EpochMs): Reading {
  const values = new Map<Signal, number>();
  const absent: Signal[] = [];
  for (const [signal, field] of Object.entries(fields)) {
    const value = field.as === 'age' ? ageAt(document, field.pointer, now) : numberAt(document, field.pointer);
    if (value === undefined) absent.push(signal);
    else values.set(signal, scaled(value, field));
  }
  const origin = at && timeAt(document, at);
  if (at && origin === undefined) throw new HeadgateError('malformed', `there is no time at ${written(at)}`);
  return { values, absent, ...(origin !== undefined && { at: origin }) };
}

function ageAt(document: unknown, pointer: JsonPointer, now: EpochMs): number | undefined {
  const time = timeAt(document, pointer);
  return time === undefined ? undefined : Math.max(now - time, 0) / 1_000;
}

function scaled(value: number, { scale, pointer }: { readonly scale: number; readonly pointer: JsonPointer }): number {
  const result = value * scale;
  if (Number.isFinite(result)) return result;
  throw new HeadgateError('malformed', `${written(pointer)} times ${scale} is not a finite number`);
}

/** Adds what is known of runs. A document that tells of no run makes those signals absent. */
function withRun(reading: Reading, run: Run, document: unknown, memory: RunMemory, now: EpochMs): Reading {
  if (statusOf(run, document) === undefined) {
    return { ...reading, absent: [...(reading.absent ?? []), ...signalsOfRun(run)] };
  }
  return { ...reading, values: new Map([...reading.values, ...valuesOf(memory, now)]) };
}
