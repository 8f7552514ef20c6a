import { setImmediate } from 'node:timers/promises';
import type { HeadgateError } from '../../domain/error.ts';
import type { Choices, Client } from './client.ts';
import { type Cluster, judge, judgeFailure, MOST_PARTITIONS, type Share, sharesOf, type Topic } from './cluster.ts';
import type { Coordinators } from './group.ts';
import { codeTrouble } from './trouble.ts';

/** One number for each partition of each topic, in the order of the topics; NaN where there is none. */
export type Columns = readonly Float64Array[];

const columnsOf = (topics: readonly Topic[]): Float64Array[] =>
  topics.map(({ leaders }) => new Float64Array(leaders.length).fill(Number.NaN));

interface ListedOffsets {
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly errorCode: number;
      readonly offset: bigint;
    }[];
  }[];
}

type OffsetArgs = [
  replica: number,
  isolation: number,
  topics: { name: string; partitions: { partitionIndex: number; currentLeaderEpoch: number; timestamp: bigint }[] }[],
];
const LIST_OFFSETS: Choices<OffsetArgs, ListedOffsets> = (kafka) => [
  kafka.listOffsetsV9,
  kafka.listOffsetsV8,
  kafka.listOffsetsV7,
  kafka.listOffsetsV6,
];

/** Which offset of a partition: after its last record, or of its oldest. */
const TIMESTAMP = { end: -1n, start: -2n } as const;
const ISOLATION = { read_uncommitted: 0, read_committed: 1 } as const;

/**
 * First or last offsets of all partitions. Partitions whose leader does not answer are NaN on the last try.
 *
 * @throws StaleError where leaders have moved; HeadgateError where no broker answers.
 */
export async function offsetsOf(
  client: Client,
  cluster: Cluster,
  topics: readonly Topic[],
  which: keyof typeof TIMESTAMP,
  isolation: keyof typeof ISOLATION,
  isLastTry: boolean,
): Promise<Columns> {
  const columns = columnsOf(topics);
  const at = new Map(topics.map((topic, index) => [topic.name, columns[index] as Float64Array]));
  const shares = sharesOf(cluster, topics);
  const failures: HeadgateError[] = [];
  const askOne = async ({ broker, topics: asked }: Share): Promise<void> => {
    const list = asked.map(({ topic, partitions }) => ({
      name: topic.name,
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: topic.epochs[partitionIndex] as number,
        timestamp: TIMESTAMP[which],
      })),
    }));
    const answer = await client.request(broker, 'ListOffsets', LIST_OFFSETS, -1, ISOLATION[isolation], list);
    for (const { name, partitions } of answer.topics) {
      const column = at.get(name);
      for (const { partitionIndex, errorCode, offset } of partitions) {
        if (judge(errorCode, `kafka topic "${name}"`, isLastTry) === 'unknown' || !column) continue;
        if (offset >= 0n) column[partitionIndex] = Number(offset);
      }
    }
  };
  const tolerant = async (share: Share): Promise<void> => {
    try {
      await askOne(share);
    } catch (thrown) {
      failures.push(judgeFailure(thrown, isLastTry));
    }
  };
  await inTurns(shares, tolerant);
  const [first] = failures;
  if (first && failures.length === shares.length) throw first;
  return columns;
}

interface FetchedOffsets {
  readonly groups: readonly {
    readonly errorCode: number;
    readonly topics: readonly {
      readonly name: string;
      readonly partitions: readonly {
        readonly partitionIndex: number;
        readonly errorCode: number;
        readonly committedOffset: bigint;
      }[];
    }[];
  }[];
}

interface AskedGroup {
  groupId: string;
  memberId: null;
  memberEpoch: number;
  topics: { name: string; partitionIndexes: number[] }[];
}

type FetchArgs = [groups: AskedGroup[], requireStable: boolean];
const OFFSET_FETCH: Choices<FetchArgs, FetchedOffsets> = (kafka) => [kafka.offsetFetchV9, kafka.offsetFetchV8];

/**
 * What the group has committed; NaN where nothing (the brokers say -1).
 *
 * @throws StaleError where the coordinator has moved; HeadgateError.
 */
export async function committedOf(
  client: Client,
  coordinators: Coordinators,
  group: string,
  topics: readonly Topic[],
  isLastTry: boolean,
): Promise<Columns> {
  const columns = columnsOf(topics);
  const at = new Map(topics.map((topic, index) => [topic.name, columns[index] as Float64Array]));
  const ask = async (chunk: { name: string; partitionIndexes: number[] }[]): Promise<void> => {
    const what = `kafka group "${group}"`;
    const asked: AskedGroup = { groupId: group, memberId: null, memberEpoch: -1, topics: chunk };
    const answer = await coordinators.ask(group, isLastTry, async (broker) => {
      const { groups } = await client.request(broker, 'OffsetFetch', OFFSET_FETCH, [asked], false);
      return { code: groups[0]?.errorCode ?? 0, answer: groups[0] };
    });
    for (const { name, partitions } of answer?.topics ?? []) {
      for (const { partitionIndex, committedOffset, errorCode } of partitions) {
        if (errorCode !== 0) throw codeTrouble(`${what} on topic "${name}"`, errorCode);
        const column = at.get(name);
        if (column && committedOffset >= 0n) column[partitionIndex] = Number(committedOffset);
      }
    }
  };
  await inTurns(chunked(topics), ask);
  return columns;
}

/** Asks for each, without waiting for the answer before; but not in one turn of the event loop, since requests are written at once. */
async function inTurns<One>(all: readonly One[], ask: (one: One) => Promise<void>): Promise<void> {
  const asked: Promise<void>[] = [];
  for (const one of all) {
    if (asked.length > 0) await setImmediate();
    const answer = ask(one);
    // It may fail before anybody waits for it.
    answer.catch(() => {});
    asked.push(answer);
  }
  await Promise.all(asked);
}

function chunked(topics: readonly Topic[]): { name: string; partitionIndexes: number[] }[][] {
  const chunks: { name: string; partitionIndexes: number[] }[][] = [];
  let room = 0;
  for (const { name, leaders } of topics) {
    let from = 0;
    while (from < leaders.length) {
      if (room === 0) {
        chunks.push([]);
        room = MOST_PARTITIONS;
      }
      const count = Math.min(room, leaders.length - from);
      const first = from;
      chunks.at(-1)?.push({ name, partitionIndexes: Array.from({ length: count }, (_, index) => first + index) });
      from += count;
      room -= count;
    }
  }
  return chunks;
}
