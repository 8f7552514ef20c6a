import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import type { EpochMs } from '../../domain/time.ts';
import { breaths } from '../../kit/breath.ts';
import { parseJson } from '../../kit/json.ts';

/** One series of an answer: its values by time; one value where the query was an instant one. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [at: EpochMs, value: number])[];
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const WORDS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['Inf', Number.POSITIVE_INFINITY],
  ['-Inf', Number.NEGATIVE_INFINITY],
]);

const List = z.custom<readonly unknown[]>(Array.isArray);
/** Of a long list only the outside is checked by a schema: one by one is ten times as fast, and can be cut into slices. */
const Answer = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('scalar'), result: z.unknown() }),
    z.object({ resultType: z.literal('vector'), result: List }),
    z.object({ resultType: z.literal('matrix'), result: List }),
  ]),
});
const Refusal = z.object({ errorType: z.string(), error: z.string() });

/**
 * The series of an answer, read in slices.
 *
 * @throws HeadgateError `malformed` where it is not the answer of Prometheus, or holds strings or histograms instead of numbers.
 */
export async function seriesOf(body: Uint8Array, what: string): Promise<readonly Series[]> {
  const { data: answer } = Answer.safeParse(await parsed(body));
  const found = answer && (await allOf(answer.data));
  if (found) return found;
  const advice = 'is the url that of a Prometheus, and does the query give numbers?';
  throw new HeadgateError('malformed', `${what}: the answer is not numbers by the API of Prometheus; ${advice}`);
}

/** `undefined` where one of them is none. */
async function allOf(data: z.output<typeof Answer>['data']): Promise<readonly Series[] | undefined> {
  if (data.resultType === 'scalar') {
    const point = pointOf(data.result);
    return point && [{ labels: {}, points: [point] }];
  }
  const breathe = breaths();
  const all: Series[] = [];
  for (const written of data.result) {
    const series = oneOf(written, data.resultType);
    if (!series) return undefined;
    all.push(series);
    await breathe();
  }
  return all;
}

/** Native histograms come as `histogram` without `value`: they are no number. */
function oneOf(written: unknown, type: 'vector' | 'matrix'): Series | undefined {
  if (typeof written !== 'object' || written === null) return undefined;
  const { metric, value, values } = written as Readonly<Record<string, unknown>>;
  const list = type === 'vector' ? [value] : values;
  if (!isLabels(metric) || !Array.isArray(list)) return undefined;
  const points: Series['points'][number][] = [];
  for (const one of list) {
    const point = pointOf(one);
    if (!point) return undefined;
    points.push(point);
  }
  return { labels: metric, points };
}

function isLabels(metric: unknown): metric is Series['labels'] {
  if (typeof metric !== 'object' || metric === null || Array.isArray(metric)) return false;
  return Object.values(metric).every((value) => typeof value === 'string');
}

/** Seconds since 1970, and a number as text, as Prometheus writes both. `undefined` for anything else. */
function pointOf(written: unknown): Series['points'][number] | undefined {
  if (!Array.isArray(written) || written.length !== 2) return undefined;
  const [seconds, text] = written as readonly unknown[];
  if (typeof seconds !== 'number' || typeof text !== 'string') return undefined;
  const value = NUMBER.test(text) ? Number(text) : WORDS.get(text);
  return value === undefined ? undefined : [Math.round(seconds * 1_000), value];
}

/** What Prometheus says of a query it refuses, such as where its syntax is wrong. */
export function refusalOf(text: string): string | undefined {
  const { success, data } = Refusal.safeParse(jsonOf(text));
  return success ? `${data.errorType}: ${data.error}` : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const parsed = (body: Uint8Array): Promise<unknown> => parseJson(body).catch(() => undefined);
