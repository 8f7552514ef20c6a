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

/** Seconds since 1970, and a number as text, as Prometheus writes both. */
const Point = z.tuple([
  z.number().transform((seconds) => Math.round(seconds * 1_000)),
  z
    .string()
    .refine((text) => WORDS.has(text) || NUMBER.test(text))
    .transform((text) => WORDS.get(text) ?? Number(text)),
]);
const Labels = z.record(z.string(), z.string());
/** Native histograms come as `histogram` without `value`: they are no number. */
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('scalar'), result: Point }),
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: Labels, value: Point })) }),
  z.object({ resultType: z.literal('matrix'), result: z.array(z.object({ metric: Labels, values: z.array(Point) })) }),
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
