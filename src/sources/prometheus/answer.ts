import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import type { EpochMs } from '../../domain/time.ts';

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

type PointRead = Series['points'][number];

/** Seconds since 1970, and a number as text, as Prometheus writes both. `undefined` for anything else. */
function pointOf(written: unknown): PointRead | undefined {
  if (!Array.isArray(written) || written.length !== 2) return undefined;
  const [seconds, text] = written as readonly unknown[];
  if (typeof seconds !== 'number' || typeof text !== 'string') return undefined;
  const value = NUMBER.test(text) ? Number(text) : WORDS.get(text);
  return value === undefined ? undefined : [Math.round(seconds * 1_000), value];
}

const NO_NUMBER = 'want a time and a number';
const Point = z.unknown().transform((written, context): PointRead => {
  const point = pointOf(written);
  if (!point) context.addIssue(NO_NUMBER);
  return point ?? [0, 0];
});
/** A history is many points: read one by one by a schema they would take ten times as long. */
const Points = z.custom<readonly unknown[]>(Array.isArray).transform((written, context) => {
  const points: PointRead[] = [];
  for (const one of written) {
    const point = pointOf(one);
    if (point) points.push(point);
    else context.addIssue(NO_NUMBER);
  }
  return points;
});
const Labels = z.record(z.string(), z.string());
/** Native histograms come as `histogram` without `value`: they are no number. */
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('scalar'), result: Point }),
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: Labels, value: Point })) }),
  z.object({ resultType: z.literal('matrix'), result: z.array(z.object({ metric: Labels, values: Points })) }),
]);
const Answer = z.object({ status: z.literal('success'), data: Result });
const Refusal = z.object({ errorType: z.string(), error: z.string() });

/**
 * The series of an answer.
 *
 * @throws HeadgateError `malformed` where it is not the answer of Prometheus, or holds strings or histograms instead of numbers.
 */
export function seriesOf(text: string, what: string): readonly Series[] {
  const { success, data } = Answer.safeParse(parsed(text));
  if (!success) {
    const advice = 'is the url that of a Prometheus, and does the query give numbers?';
    throw new HeadgateError('malformed', `${what}: the answer is not numbers by the API of Prometheus; ${advice}`);
  }
  const answer = data.data;
  if (answer.resultType === 'scalar') return [{ labels: {}, points: [answer.result] }];
  if (answer.resultType === 'vector')
    return answer.result.map(({ metric, value }) => ({ labels: metric, points: [value] }));
  return answer.result.map(({ metric, values }) => ({ labels: metric, points: values }));
}

/** What Prometheus says of a query it refuses, such as where its syntax is wrong. */
export function refusalOf(text: string): string | undefined {
  const { success, data } = Refusal.safeParse(parsed(text));
  return success ? `${data.errorType}: ${data.error}` : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
