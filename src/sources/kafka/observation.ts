import type { HeadgateError } from '../../domain/error.ts';
import type { DurationMs } from '../../domain/time.ts';
import { Partition, type Seen } from './partition.ts';

/** A topic as one tick has found it; arrays are indexed by partition, NaN as in `Seen`. */
export interface Watched {
  readonly name: string;
  /** Another id means another topic, be it of the same name. */
  readonly id: string;
  readonly committed: Float64Array;
  readonly ends: Float64Array;
  readonly starts: Float64Array;
}

/** How the group stands, in the brokers' own words; `Dead` where it does not exist. */
export interface GroupSeen {
  readonly state: string;
  readonly members: number;
}

/** How long the brokers keep records of a topic: infinite where they do not delete by age, or why it is not known. */
export type Retention = ReadonlyMap<string, DurationMs | HeadgateError>;

export interface Observation {
  readonly group: string | undefined;
  readonly state: GroupSeen | undefined;
  readonly topics: readonly Watched[];
  /** When the ends were true, on the monotonic clock. Commits are a little older, so that lag is never too small. */
  readonly at: DurationMs;
  /** By name of topic; empty where it was not asked for. */
  readonly retention: Retention;
  /** Why records could not be looked at, where that was tried. */
  readonly peekTrouble?: HeadgateError | undefined;
}

/** One partition of an observation, with what is remembered of it. */
export interface Place {
  readonly topic: Watched;
  readonly partition: number;
  readonly seen: Seen;
  readonly memory: Partition;
  readonly moved: ReturnType<Partition['take']>;
}

/** What is kept of the topics of one probe; by name and id, so that a topic that is made anew begins anew. */
export type Memory = Map<string, Partition[]>;

/**
 * Takes an observation in: every partition, topics in the order given, with its memory brought up to date. One at a time as they
 * are asked for, so that other work can go on between ten thousand of them; all of them must be asked for.
 */
export function* takeIn(memory: Memory, { topics, at }: Observation): Generator<Place> {
  const known = new Set(topics.map(keyOf));
  for (const key of memory.keys()) if (!known.has(key)) memory.delete(key);
  for (const topic of topics) {
    const partitions = memory.get(keyOf(topic)) ?? [];
    memory.set(keyOf(topic), partitions);
    for (const [partition, end] of topic.ends.entries()) {
      const seen = { end, committed: topic.committed[partition] as number, start: topic.starts[partition] as number };
      partitions[partition] ??= new Partition();
      const remembered = partitions[partition];
      yield { topic, partition, seen, memory: remembered, moved: remembered.take(seen, at) };
    }
  }
}

const keyOf = ({ name, id }: Watched): string => `${name} ${id}`;
