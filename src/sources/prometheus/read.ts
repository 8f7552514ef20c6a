import { HeadgateError } from '../../domain/error.ts';
import { type Signal, signalSpec } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import { inSlices } from '../../kit/breath.ts';
import type { TimeRange } from '../../kit/component.ts';
import type { HttpClient } from '../../kit/http-client.ts';
import { redactUrl } from '../../kit/http-error.ts';
import { refusalOf, type Series, seriesOf } from './answer.ts';

export interface Query {
  readonly query: string;
  readonly by?: string | undefined;
  readonly aggregate?: 'sum' | 'max' | 'min' | 'avg' | undefined;
  readonly scale: number;
}

export type Queries = Readonly<Record<Signal, Query>>;

/** A server and how old a sample may be that it answers with. */
export interface Server {
  readonly http: HttpClient;
  /** Without a slash at the end. */
  readonly url: string;
  readonly stale: DurationMs;
}

/** A partition number above this is taken for a mistake. */
const MOST_PARTITIONS = 100_000;
/** Partitions that are read within a millisecond or two. */
const A_SLICE = 5_000;

/** All queries at one time, so that their answers fit together. */
export async function readInstant(server: Server, queries: Queries, at: EpochMs, abort: AbortSignal): Promise<Reading> {
  const found = await Promise.all(
    Object.entries(queries).map(async ([signal, query]) => {
      const series = await ask(server, 'query', { query: query.query, time: seconds(at) }, signal, abort);
      return [signal, only(series), query] as const;
    }),
  );
  return inSlices(readingOf(found));
}

/** All queries over a time, as the readings that would have been taken at each step; oldest first. */
export async function readRange(
  server: Server,
  queries: Queries,
  range: TimeRange,
  abort: AbortSignal,
): Promise<readonly Reading[]> {
  try {
    return await readPart(server, queries, range, abort);
  } catch (thrown) {
    const { from, to, step } = range;
    const half = Math.floor((to - from) / step / 2);
    if (!(thrown instanceof HeadgateError && thrown.code === 'too-large') || from + step > to) throw thrown;
    const middle = from + half * step;
    const first = await readRange(server, queries, { from, to: middle, step }, abort);
    return [...first, ...(await readRange(server, queries, { from: middle + step, to, step }, abort))];
  }
}

async function readPart(
  server: Server,
  queries: Queries,
  { from, to, step }: TimeRange,
  abort: AbortSignal,
): Promise<readonly Reading[]> {
  const times = { start: seconds(from), end: seconds(to), step: seconds(step) };
  const answers = await Promise.all(
    Object.entries(queries).map(async ([signal, query]) => {
      const series = await ask(server, 'query_range', { query: query.query, ...times }, signal, abort);
      return { signal, query, columns: await inSlices(columnsOf(series)) };
    }),
  );
  const readings: Reading[] = [];
  for (let at = from; at <= to; at += step) {
    const found = answers.map(({ signal, query, columns }) => [signal, columns.get(at) ?? [], query] as const);
    readings.push({ ...(await inSlices(readingOf(found))), at });
  }
  return readings;
}

/** One value with the labels of its series. */
type Labelled = readonly [labels: Series['labels'], value: number];

const only = (series: readonly Series[]): readonly Labelled[] =>
  series.flatMap(({ labels, points }) => (points[0] ? [[labels, points[0][1]] as const] : []));

function* columnsOf(series: readonly Series[]): Generator<void, ReadonlyMap<EpochMs, readonly Labelled[]>> {
  const columns = new Map<EpochMs, Labelled[]>();
  for (const { labels, points } of series) {
    for (const [at, value] of points) {
      const column = columns.get(at);
      if (column) column.push([labels, value]);
      else columns.set(at, [[labels, value]]);
    }
    yield;
  }
  return columns;
}

type Found = readonly [signal: Signal, values: readonly Labelled[], query: Query];

/** What takes long is cut into steps: a hundred thousand partitions are read beside other work. */
function* readingOf(found: readonly Found[]): Generator<void, Reading> {
  const values = new Map<Signal, number>();
  const parts = new Map<Signal, Float64Array>();
  const absent: Signal[] = [];
  for (const [signal, labelled, query] of found) {
    yield;
    if (labelled.length > 1 && query.by === undefined) throw tooMany(signal, labelled);
    const finite = labelled.filter(([, value]) => Number.isFinite(value * query.scale));
    if (finite.length === 0) {
      absent.push(signal);
      continue;
    }
    const scaled = finite.map(([, value]) => value * query.scale);
    values.set(signal, aggregated(scaled, query.aggregate ?? usualAggregate(signal)));
    if (query.by !== undefined) parts.set(signal, yield* partsOf(signal, query.by, finite, query.scale));
  }
  return { values, absent, ...(parts.size > 0 && { parts }) };
}

function tooMany(signal: Signal, labelled: readonly Labelled[]): HeadgateError {
  const [[first], [second]] = labelled as [Labelled, Labelled];
  const differs = Object.keys(first).find((label) => first[label] !== second[label]);
  const advice = `wrap the query in sum(…) or max(…)${differs ? `, or set by: ${differs} where that is a partition number` : ''}`;
  return new HeadgateError('malformed', `the query of ${signal} gives ${labelled.length} series; ${advice}`);
}

/** What stands for many series, by what hurts: the slowest and the worst, but all records. */
function usualAggregate(signal: Signal): 'sum' | 'max' {
  const { unit } = signalSpec(signal);
  return unit === 'seconds' || unit === 'ratio' ? 'max' : 'sum';
}

function aggregated(values: readonly number[], how: NonNullable<Query['aggregate']>): number {
  if (how === 'max') return values.reduce((a, b) => Math.max(a, b));
  if (how === 'min') return values.reduce((a, b) => Math.min(a, b));
  const sum = values.reduce((a, b) => a + b);
  return how === 'avg' ? sum / values.length : sum;
}

function* partsOf(
  signal: Signal,
  by: string,
  labelled: readonly Labelled[],
  scale: number,
): Generator<void, Float64Array> {
  let last = 0;
  const byPartition = new Map<number, number>();
  for (const [labels, value] of labelled) {
    const text = labels[by] ?? '';
    const partition = /^\d{1,6}$/.test(text) ? Number(text) : MOST_PARTITIONS;
    if (partition >= MOST_PARTITIONS || byPartition.has(partition)) {
      const fault = byPartition.has(partition)
        ? `${text} several times`
        : `"${text.slice(0, 40)}", no partition number`;
      const advice = `sum by (${by}) makes one series for each partition`;
      throw new HeadgateError('malformed', `label ${by} in the query of ${signal} is ${fault}; ${advice}`);
    }
    byPartition.set(partition, value * scale);
    last = Math.max(last, partition);
    if (byPartition.size % A_SLICE === 0) yield;
  }
  yield;
  const parts = new Float64Array(last + 1).fill(Number.NaN);
  for (const [partition, value] of byPartition) parts[partition] = value;
  return parts;
}

async function ask(
  { http, url, stale }: Server,
  path: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
  signal: Signal,
  abort: AbortSignal,
): Promise<readonly Series[]> {
  const address = new URL(`${url}/api/v1/${path}`);
  // `partial_response` is of Thanos: half an answer is none.
  const all = { ...parameters, lookback_delta: seconds(stale), partial_response: 'false' };
  for (const [name, value] of Object.entries(all)) address.searchParams.set(name, value);
  const called = `${redactUrl(`${url}/api/v1/${path}`)} for ${signal}`;
  const explain = (answer: { text(): string }): string | undefined => refusalOf(answer.text());
  const answer = await http.request({ url: address, called, explain, headers: { accept: 'application/json' } }, abort);
  return seriesOf(answer.body, `GET ${called}`);
}

const seconds = (length: DurationMs): string => String(length / 1_000);
