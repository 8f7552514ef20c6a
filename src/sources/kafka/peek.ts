import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import type { Clock } from '../../domain/ports.ts';
import { type DurationMs, MINUTE } from '../../domain/time.ts';
import type { Choices, Client } from './client.ts';
import type { Cluster, Topic } from './cluster.ts';
import type { Place } from './observation.ts';
import { CONFIDENCE, type OffsetReset, type Peeked, positionOf } from './partition.ts';
import { isStale, KAFKA_ERROR } from './trouble.ts';

/** A batch of records as it lies in the log (kafka.apache.org/documentation, "Record Batch"). */
interface Batch {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly attributes: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly records: readonly { readonly offsetDelta: number; readonly timestampDelta: bigint }[];
}

interface Fetched {
  readonly responses: readonly {
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly errorCode: number;
      readonly records?: readonly Batch[] | null | undefined;
    }[];
  }[];
}

interface AskedPartition {
  partition: number;
  currentLeaderEpoch: number;
  fetchOffset: bigint;
  lastFetchedEpoch: number;
  partitionMaxBytes: number;
}

type FetchArgs = [
  maxWaitMs: number,
  minBytes: number,
  maxBytes: number,
  isolation: number,
  sessionId: number,
  sessionEpoch: number,
  topics: { topicId: string; partitions: AskedPartition[] }[],
  forgotten: [],
  rack: string,
];
const FETCH: Choices<FetchArgs, Fetched> = (kafka) => [
  kafka.fetchV17,
  kafka.fetchV16,
  kafka.fetchV15,
  kafka.fetchV14,
  kafka.fetchV13,
];

/** The lag in seconds is that of the partition that is furthest behind, so only a few are worth a look. */
const MOST_FURTHEST = 8;
/** Where polls tell nothing at all, as in the first one. */
const MOST_UNKNOWN = 100;
/** A batch is 16 kB where nobody has changed the producer's batch.size. One larger batch is answered whole, the first. */
const PARTITION_BYTES = 16_384;
const ANSWER_BYTES = 1_000_000;
/** After a refusal nothing is asked for so long. */
const REFUSED_FOR: DurationMs = 10 * MINUTE;

const IS_LOG_APPEND_TIME = 1 << 3;
const IS_CONTROL = 1 << 5;

/** Looks at the records that a group takes next. */
export interface Peeker {
  /** Tells the partitions what was found. Never rejects: without it the time is told from polls. */
  peek(places: readonly Place[], topics: readonly Topic[], reset: OffsetReset): Promise<void>;
  /** Why the topic cannot be looked into, if so. */
  trouble(topics: readonly Topic[]): HeadgateError | undefined;
}

export function peekerOf(client: Client, cluster: Cluster, clock: Clock): Peeker {
  const refused = new Map<string, { readonly error: HeadgateError; readonly at: DurationMs }>();

  const refusalOf = (topic: string): HeadgateError | undefined => {
    const one = refused.get(topic);
    return one && clock.monotonic() - one.at < REFUSED_FOR ? one.error : undefined;
  };

  /** `places` are led by one broker, the one that matters most first. */
  const ask = async (
    leader: number,
    places: readonly Place[],
    topics: ReadonlyMap<string, Topic>,
    reset: OffsetReset,
  ) => {
    const broker = cluster.broker(leader);
    if (!broker) return;
    const asked = [...Map.groupBy(places, ({ topic }) => topic.id)].map(([topicId, group]) => ({
      topicId,
      partitions: group.map(({ topic, partition, seen }) => ({
        partition,
        currentLeaderEpoch: topics.get(topic.name)?.epochs[partition] ?? -1,
        fetchOffset: BigInt(positionOf(seen, reset)),
        lastFetchedEpoch: -1,
        partitionMaxBytes: PARTITION_BYTES,
      })),
    }));
    // Session 0 in epoch -1 is none: the brokers need not remember what is asked now and then.
    const { responses } = await client.request(broker, 'Fetch', FETCH, 0, 0, ANSWER_BYTES, 0, 0, -1, asked, [], '');
    const at = new Map(places.map((place) => [`${place.topic.id} ${place.partition}`, place]));
    for (const { topicId, partitions } of responses) {
      for (const { partitionIndex, errorCode, records } of partitions) {
        const place = at.get(`${topicId} ${partitionIndex}`);
        if (!place) continue;
        if (errorCode !== 0) refuse(place.topic.name, errorCode);
        const bounds = { offset: positionOf(place.seen, reset), end: place.seen.end };
        const found = foundIn(records ?? [], bounds, clock.now() - clock.monotonic());
        if (found) place.memory.peeked(found);
      }
    }
  };

  const refuse = (topic: string, code: number): void => {
    // These pass by themselves.
    if (isStale(code) || code === KAFKA_ERROR.OFFSET_OUT_OF_RANGE) return;
    const text = `kafka topic "${topic}": reading is refused (error ${code}), so that the age of what waits is not known; grant this user READ on the topic`;
    refused.set(topic, { error: new HeadgateError('unauthorized', text), at: clock.monotonic() });
  };

  return {
    peek: async (places, topics, reset) => {
      const byName = new Map(topics.map((topic) => [topic.name, topic]));
      const open = places.filter(({ topic }) => !refusalOf(topic.name));
      const chosen = worthALook(open, reset, clock.monotonic());
      const byLeader = Map.groupBy(chosen, ({ topic, partition }) => byName.get(topic.name)?.leaders[partition] ?? -1);
      const asking = [...byLeader].map(async ([leader, group]) => {
        try {
          await ask(leader, group, byName, reset);
        } catch (thrown) {
          const error = asHeadgateError(thrown);
          if (error.code !== 'unsupported') return;
          for (const { topic } of group) refused.set(topic.name, { error, at: clock.monotonic() });
        }
      });
      await Promise.all(asking);
    },
    trouble: (topics) => topics.map(({ name }) => refusalOf(name)).find((error) => error !== undefined),
  };
}

/** Partitions of which a look would tell more than is known, the furthest behind first. */
export function worthALook(places: readonly Place[], reset: OffsetReset, now: DurationMs): readonly Place[] {
  const open = places.filter(({ memory, seen }) => memory.lag(seen, reset) > 0 && !memory.hasPeeked(seen, reset));
  const told = open.map((place) => ({
    place,
    behind: place.memory.behind(place.seen, reset, now, Number.POSITIVE_INFINITY),
  }));
  const unknown = told.filter(({ behind }) => behind.confidence === CONFIDENCE.unknown);
  const known = told.filter(({ behind }) => behind.confidence !== CONFIDENCE.unknown);
  const furthest = known.sort((a, b) => b.behind.seconds - a.behind.seconds).slice(0, MOST_FURTHEST);
  return [...unknown.slice(0, MOST_UNKNOWN), ...furthest].map(({ place }) => place);
}

/**
 * The first record at or after `offset` and before `end`. Markers of transactions are no records, compaction leaves holes, and
 * from `end` on the records of open transactions may lie. `undefined` where the answer stops before that is certain, or where
 * the record carries no timestamp.
 *
 * @param epoch what the monotonic clock showed 0 at, in milliseconds since 1970.
 */
export function foundIn(
  batches: readonly Batch[],
  { offset, end }: { readonly offset: number; readonly end: number },
  epoch: number,
): Peeked | undefined {
  let through = offset;
  for (const batch of batches) {
    const first = Number(batch.firstOffset);
    const isControl = (batch.attributes & IS_CONTROL) !== 0;
    const record = isControl ? undefined : batch.records.find(({ offsetDelta }) => first + offsetDelta >= offset);
    if (!record) {
      through = Math.max(through, first + batch.lastOffsetDelta + 1);
      continue;
    }
    const at = first + record.offsetDelta;
    if (at >= end) return { offset, kind: 'nothing', through: at };
    const isAppendTime = (batch.attributes & IS_LOG_APPEND_TIME) !== 0;
    const timestamp = Number(isAppendTime ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta);
    return timestamp < 0 ? undefined : { offset, kind: 'record', at: timestamp - epoch };
  }
  return through > offset ? { offset, kind: 'nothing', through } : undefined;
}
