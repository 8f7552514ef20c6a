import type { Broker } from '@platformatic/kafka';
import { asHeadgateError, type HeadgateError } from '../../domain/error.ts';
import type { Clock } from '../../domain/ports.ts';
import { type DurationMs, MINUTE } from '../../domain/time.ts';
import type { Choices, Client } from './client.ts';
import { fits, isPattern } from './topics.ts';
import { codeTrouble, isStale, StaleError } from './trouble.ts';

/** A topic and who leads its partitions. */
export interface Topic {
  readonly name: string;
  readonly id: string;
  /** Broker of each partition; -1 where there is none. */
  readonly leaders: Int32Array;
  readonly epochs: Int32Array;
}

/** What is known of topics and leaders. It is asked for anew after a minute, or once it turns out to be wrong. */
export interface Cluster {
  /**
   * The topics that the names and patterns mean, sorted by name. A pattern means no internal topic, and may mean none.
   *
   * @throws HeadgateError `not-found`, `unauthorized` where a topic that is named cannot be had.
   */
  topics(wanted: readonly string[]): Promise<readonly Topic[]>;
  /** The broker of that number; `undefined` where it is not part of the cluster now. */
  broker(id: number): Broker | undefined;
  forget(): void;
}

const MAX_AGE: DurationMs = MINUTE;

/** What is used of an answer about topics. */
interface Metadata {
  readonly brokers: readonly (Broker & { readonly nodeId: number })[];
  readonly topics: readonly Answered[];
}

interface Answered {
  readonly errorCode: number;
  readonly name?: string | null | undefined;
  readonly topicId: string;
  readonly isInternal: boolean;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly leaderId: number;
    readonly leaderEpoch: number;
  }[];
}

type MetadataArgs = [topics: string[] | null, create: boolean, operations: boolean];
const METADATA: Choices<MetadataArgs, Metadata> = (kafka) => [kafka.metadataV12, kafka.metadataV11, kafka.metadataV10];

export function clusterOf(client: Client, clock: Clock): Cluster {
  const brokers = new Map<number, Broker>();
  const kept = new Map<string, { readonly topic: Topic; readonly at: DurationMs }>();
  /** Names of all topics that are not internal. */
  let all: { readonly names: readonly string[]; readonly at: DurationMs } | undefined;

  const isFresh = (at: DurationMs | undefined): boolean => at !== undefined && clock.monotonic() - at < MAX_AGE;

  const ask = async (names: string[] | null): Promise<readonly Answered[]> => {
    const at = clock.monotonic();
    const answer = await client.request(undefined, 'Metadata', METADATA, names, false, false);
    brokers.clear();
    for (const { nodeId, host, port } of answer.brokers) brokers.set(nodeId, { host, port });
    client.alsoKnown([...brokers.values()]);
    for (const one of answer.topics) {
      if (one.errorCode === 0 && one.name) kept.set(one.name, { topic: topicOf(one.name, one), at });
      else if (one.name) kept.delete(one.name);
    }
    return answer.topics;
  };

  const matching = async (patterns: readonly string[]): Promise<readonly string[]> => {
    if (patterns.length === 0) return [];
    if (!isFresh(all?.at)) {
      const found = await ask(null);
      const names = found.flatMap(({ name, isInternal }) => (!name || isInternal ? [] : [name]));
      all = { names, at: clock.monotonic() };
    }
    return (all?.names ?? []).filter((name) => patterns.some((pattern) => fits(name, pattern)));
  };

  return {
    topics: async (wanted) => {
      const found = await matching(wanted.filter(isPattern));
      const names = [...new Set([...wanted.filter((one) => !isPattern(one)), ...found])].sort();
      const missing = names.filter((name) => !isFresh(kept.get(name)?.at));
      if (missing.length > 0) {
        for (const one of await ask(missing)) refuse(one, wanted);
      }
      // A topic that went away between the two answers is no part of the pattern any more.
      return names.flatMap((name) => kept.get(name)?.topic ?? []);
    },
    broker: (id) => brokers.get(id),
    forget: () => {
      kept.clear();
      all = undefined;
    },
  };
}

function refuse({ name, errorCode }: Answered, wanted: readonly string[]): void {
  if (errorCode === 0 || !name || !wanted.includes(name)) return;
  throw codeTrouble(`kafka topic "${name}"`, errorCode);
}

function topicOf(name: string, { topicId, partitions }: Answered): Topic {
  const leaders = new Int32Array(partitions.length).fill(-1);
  const epochs = new Int32Array(partitions.length).fill(-1);
  for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
    leaders[partitionIndex] = leaderId;
    epochs[partitionIndex] = leaderEpoch;
  }
  return { name, id: topicId, leaders, epochs };
}

/** Partitions of topics that one broker leads, at most so many as one request may hold. */
export interface Share {
  readonly broker: Broker;
  readonly topics: readonly { readonly topic: Topic; readonly partitions: readonly number[] }[];
}

/** More partitions than this in one request would hold the event loop up for too long: it is written and its answer read in one go. */
export const MOST_PARTITIONS = 1_000;

/** All partitions that have a leader, as requests to be sent. */
export function sharesOf(cluster: Cluster, topics: readonly Topic[]): readonly Share[] {
  const shares: Share[] = [];
  const open = new Map<number, { count: number; topics: { topic: Topic; partitions: number[] }[] }>();
  for (const topic of topics) {
    for (const [partition, leader] of topic.leaders.entries()) {
      const broker = cluster.broker(leader);
      if (!broker) continue;
      let current = open.get(leader);
      if (!current || current.count >= MOST_PARTITIONS) {
        current = { count: 0, topics: [] };
        open.set(leader, current);
        shares.push({ broker, topics: current.topics });
      }
      current.count += 1;
      const last = current.topics.at(-1);
      if (last?.topic === topic) last.partitions.push(partition);
      else current.topics.push({ topic, partitions: [partition] });
    }
  }
  return shares;
}

/**
 * What a broker that does not do what it leads means: `stale` first, since leaders move; the second time the partitions are
 * simply not known.
 */
export function judge(code: number, what: string, isLastTry: boolean): 'good' | 'unknown' {
  if (code === 0) return 'good';
  if (!isStale(code)) throw codeTrouble(what, code);
  if (!isLastTry) throw new StaleError(what);
  return 'unknown';
}

/** The same for a broker that cannot be reached: somebody else may lead its partitions by now. Other errors are thrown. */
export function judgeFailure(thrown: unknown, isLastTry: boolean): HeadgateError {
  if (thrown instanceof StaleError) throw thrown;
  const error = asHeadgateError(thrown);
  if (error.code !== 'unreachable' && error.code !== 'timeout') throw error;
  if (!isLastTry) throw new StaleError(error.message, { cause: error });
  return error;
}
