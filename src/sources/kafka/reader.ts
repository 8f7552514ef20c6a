import { HeadgateError } from '../../domain/error.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { Client } from './client.ts';
import { clusterOf, type Topic } from './cluster.ts';
import type { KafkaProbe } from './config.ts';
import { coordinatorsOf, describeGroup } from './group.ts';
import type { Observation } from './observation.ts';
import { committedOf, offsetsOf } from './offsets.ts';
import { peekerOf } from './peek.ts';
import { retentionOf } from './retention.ts';
import { StaleError } from './trouble.ts';

/** What is asked of the brokers for one probe. */
export interface Reader {
  /** One tick of a group, or of topics alone. Commits are read before the ends, so that lag is never negative. */
  observe(ask: KafkaProbe & { topic: string[] }): Promise<{ observation: Observation; topics: readonly Topic[] }>;
  readonly peek: ReturnType<typeof peekerOf>['peek'];
  readonly peekTrouble: ReturnType<typeof peekerOf>['trouble'];
  /** Records in a topic of dead letters: last offsets minus first. A topic that is not there is a gap. */
  depth(topic: string): Promise<Pick<Reading, 'values' | 'gaps'>>;
  /** Names of topics that are not internal. */
  discover(pattern: string): Promise<readonly string[]>;
}

export function readerOf(client: Client, clock: Clock): Reader {
  const cluster = clusterOf(client, clock);
  const coordinators = coordinatorsOf(client);
  const retentions = retentionOf(client, clock);
  const { peek, trouble: peekTrouble } = peekerOf(client, cluster, clock);

  /** Runs `read` again with fresh knowledge of leaders and coordinators, where the old has turned out to be wrong. */
  const withRetry = async <Answer>(read: (isLastTry: boolean) => Promise<Answer>): Promise<Answer> => {
    try {
      return await read(false);
    } catch (thrown) {
      if (!(thrown instanceof StaleError)) throw thrown;
      cluster.forget();
      return read(true);
    }
  };

  const observe = async (ask: KafkaProbe & { topic: string[] }, isLastTry: boolean) => {
    const { group, isolation } = ask;
    const topics = await cluster.topics(ask.topic);
    if (topics.length === 0) {
      const text = `kafka: no topic fits ${ask.topic.join(', ')}; check the pattern, and whether this user may DESCRIBE the topics`;
      throw new HeadgateError('not-found', text);
    }
    const starts = group === undefined ? undefined : offsetsOf(client, cluster, topics, 'start', isolation, isLastTry);
    const [committed, state, retention, firsts] = await Promise.all([
      group === undefined ? undefined : committedOf(client, coordinators, group, topics, isLastTry),
      group === undefined ? undefined : describeGroup(client, coordinators, group, isLastTry),
      group !== undefined && ask.retention ? retentions(topics.map(({ name }) => name)) : new Map(),
      starts,
    ]);
    const ends = await offsetsOf(client, cluster, topics, 'end', isolation, isLastTry);
    const at = clock.monotonic();
    const none = topics.map(({ leaders }) => new Float64Array(leaders.length).fill(Number.NaN));
    const watched = topics.map(({ name, id }, index) => ({
      name,
      id,
      committed: (committed ?? none)[index] as Float64Array,
      ends: ends[index] as Float64Array,
      starts: (firsts ?? none)[index] as Float64Array,
    }));
    return { observation: { group, state, topics: watched, at, retention }, topics };
  };

  const depth = async (name: string, isLastTry: boolean): Promise<number> => {
    const topics = await cluster.topics([name]);
    const [starts, ends] = await Promise.all(
      (['start', 'end'] as const).map((which) =>
        offsetsOf(client, cluster, topics, which, 'read_uncommitted', isLastTry),
      ),
    );
    const counts = (ends?.[0] ?? new Float64Array(0)).map((end, index) => end - (starts?.[0]?.[index] ?? Number.NaN));
    return counts.reduce((a, b) => a + Math.max(0, b), 0);
  };

  return {
    observe: (ask) => withRetry((isLastTry) => observe(ask, isLastTry)),
    peek,
    peekTrouble,
    depth: async (name) => {
      try {
        const count = await withRetry((isLastTry) => depth(name, isLastTry));
        if (Number.isFinite(count)) return { values: new Map([['dlq_depth', count]]) };
        const message = `kafka topic "${name}": a partition has no leader that answers; look at the brokers that hold it`;
        return { values: new Map(), gaps: [{ signals: ['dlq_depth'], code: 'server-error', message }] };
      } catch (thrown) {
        // A topic of dead letters is often made with the first of them.
        if (!(thrown instanceof HeadgateError) || (thrown.code !== 'not-found' && thrown.code !== 'unauthorized'))
          throw thrown;
        return { values: new Map(), gaps: [{ signals: ['dlq_depth'], code: thrown.code, message: thrown.message }] };
      }
    },
    discover: async (pattern) => {
      cluster.forget();
      return (await cluster.topics([pattern])).map(({ name }) => name);
    },
  };
}
