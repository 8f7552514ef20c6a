import { setImmediate } from 'node:timers/promises';
import { describeSignal, type Signal, type SignalSpec, signalSpecsWith } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import { type DurationMs, HOUR } from '../../domain/time.ts';
import { defineSource, type PluginContext, type Source } from '../../kit/component.ts';
import { limiter } from '../../kit/limits.ts';
import { kafkaClient } from './client.ts';
import { KafkaConfig, KafkaProbe } from './config.ts';
import { groupSignals, measure, standingsOf } from './measure.ts';
import { type Memory, takeIn } from './observation.ts';
import { readerOf } from './reader.ts';

const OWN_SIGNALS: readonly SignalSpec[] = [
  describeSignal(
    'lag_confidence',
    'count',
    'down',
    'How lag_seconds is known: 3 exact, 2 interpolated, 1 extrapolated, 0 not.',
  ),
  describeSignal('stuck_partitions', 'count', 'up', 'Partitions with waiting records whose commit does not move.'),
  describeSignal(
    'hot_partition_share',
    'ratio',
    'up',
    'Share of the waiting records that waits in the fullest partition.',
  ),
  describeSignal('partitions', 'count', 'both', 'Partitions of the topics that are read.'),
  describeSignal('group_members', 'count', 'down', 'Members of the consumer group.'),
  describeSignal('rebalancing', 'count', 'up', '1 while the group spreads its partitions anew, else 0.'),
  describeSignal('rewound_records', 'records', 'up', 'Records that the group was set back by since the last poll.'),
  describeSignal(
    'loss_horizon_seconds',
    'seconds',
    'down',
    'Time until the oldest waiting record is deleted, if the group stopped.',
  ),
  describeSignal('lost_records', 'records', 'up', 'Records that were deleted before the group took them.'),
];

const specOf = signalSpecsWith(OWN_SIGNALS);

export const kafka = defineSource({
  type: 'kafka',
  stability: 'beta',
  summary: 'Reads the lag of a consumer group in records and seconds, its rates and state, and dead letters.',
  description: `
Asks the brokers what the group has committed, then where the partitions end, then how the group stands: five questions for a
group, however many partitions it reads. Nothing is changed and the group is not joined. Apache Kafka 3.1 or newer, and what
speaks its protocol; both group protocols (classic and KIP-848).

- \`lag_records\`: records that wait: end minus commit, summed over partitions, never below 0, since commits are read first
- \`lag_seconds\`: age of the oldest waiting record, of the partition that is furthest behind
- \`lag_confidence\`: how that is known: 3 exact, 2 interpolated, 1 extrapolated, 0 not known
- \`in_records_per_second\`, \`out_records_per_second\`: growth of ends and of commits since the last poll
- \`group_members\`, \`rebalancing\`: members, and 1 while the partitions are spread anew; an empty group has 0 members, which is not a gap
- \`stuck_partitions\`: partitions with waiting records whose commit has not moved for \`stuck_after\`
- \`hot_partition_share\`: (records waiting in the fullest partition + 10) / (all waiting + 10 for each partition); absent with one partition
- \`rewound_records\`: by how many records the group was set back since the last poll
- \`loss_horizon_seconds\`: time until the oldest waiting record is deleted by age or size if the group stopped now; 0 while records are being lost; absent where nothing is deleted
- \`lost_records\`: records that were deleted before the group took them
- \`dlq_depth\`: records in the topic of dead letters
- \`partitions\`: partitions of the topics

The values of single partitions are kept beside \`lag_records\`, \`lag_seconds\` and both rates, in the order of the partitions;
with several topics in the order of their names.

**Lag in seconds.** *exact*: the timestamp of the record that the group takes next, read from the log (at most 1 MB a poll, of
the partitions that are furthest behind) and not contradicted by polls. *interpolated*: between two polls that enclose its
offset. *extrapolated*: from the rate since the first poll, at most ten times as far back as was watched, and never beyond the
retention. A timestamp that polls contradict (the time of an event long ago, a wrong clock) is cut to what they allow.

**Not known is not zero.** A group that has committed nothing, a partition without a commit that holds records (unless
\`offset_reset\` says where the consumer would begin), and a partition without a leader are gaps that name the partitions. Rates
need two polls. A commit that goes backwards is no output: the rate is left out once. A topic that is made anew begins anew.

**An upper bound.** Offsets are counted, not records. Markers of transactions and records that compaction has removed are
counted as well, except where the look at the next record finds that nothing else is left. With \`isolation: read_committed\`
what waits for an open transaction to end does not count.

**Rights.** DESCRIBE on topic and group; READ on the topic for exact times (\`exact: false\` does without); DESCRIBE_CONFIGS on the
topic for the horizon (\`retention: false\` does without). The consumer has to commit to Kafka: Flink, Spark and others that keep
their offsets elsewhere show no group.
`.trim(),
  config: KafkaConfig,
  probe: KafkaProbe,
  examples: [
    {
      title: 'A group and its dead letters',
      yaml: `type: kafka
brokers: [kafka-1:9092, kafka-2:9092]
group: enrich
topic: raw
dlq: raw.dlq
`,
    },
    {
      title: 'With TLS and SCRAM, all topics of a kind',
      yaml: `type: kafka
brokers: [kafka.example.com:9093]
tls: { ca_file: /etc/ssl/kafka-ca.pem }
sasl: { mechanism: scram-sha-512, username: headgate, password_file: /run/secrets/kafka }
group: billing
topic: [orders-*, refunds]
isolation: read_committed
stuck_after: 5m
`,
    },
  ],
  signals: (ask) => signalsOf(ask).map(specOf),
  discovers: ['topics'],
  create,
});

function signalsOf({ topic, group, dlq, retention }: KafkaProbe): readonly Signal[] {
  const ofTopic = topic ? ['in_records_per_second', 'partitions'] : [];
  const ofGroup = group !== undefined ? groupSignals({ retention }) : [];
  return [...ofTopic, ...ofGroup, ...(dlq === undefined ? [] : ['dlq_depth'])];
}

/** Probes at once on one cluster; each asks up to five questions. */
const CONCURRENCY = 16;
const MOST_WAITING = 10_000;
/** After so many partitions other work is let go on: they take some milliseconds. */
const SLICE = 1_000;
/** What was kept for a probe that nobody asks any more is dropped after this long. */
const FORGET_AFTER: DurationMs = HOUR;

function create(config: KafkaConfig, { clock }: PluginContext): Source<KafkaProbe> {
  const what = `kafka ${config.brokers.join(', ')}`;
  const client = kafkaClient(config, clock);
  const reader = readerOf(client, clock);
  const limits = limiter(what, { concurrency: CONCURRENCY, queue: MOST_WAITING, timeout: config.timeout });
  const closing = new AbortController();
  const kept = new Map<string, { memory: Memory; at: DurationMs }>();

  const memoryOf = (key: string): Memory => {
    const at = clock.monotonic();
    for (const [other, one] of kept) if (at - one.at > FORGET_AFTER) kept.delete(other);
    const memory = kept.get(key)?.memory ?? new Map();
    kept.set(key, { memory, at });
    return memory;
  };

  const read = async (ask: KafkaProbe, key: string): Promise<Reading> => {
    const dlq = ask.dlq === undefined ? undefined : reader.depth(ask.dlq);
    const group = ask.topic && readTopics({ ...ask, topic: ask.topic }, key);
    const [main, letters] = await Promise.all([group, dlq]);
    if (!main) return { values: letters?.values ?? new Map(), gaps: letters?.gaps ?? [] };
    return {
      ...main,
      values: new Map([...main.values, ...(letters?.values ?? [])]),
      gaps: [...(main.gaps ?? []), ...(letters?.gaps ?? [])],
    };
  };

  const readTopics = async (ask: KafkaProbe & { topic: string[] }, key: string): Promise<Reading> => {
    const { observation, topics } = await reader.observe(ask);
    const memory = memoryOf(key);
    const places = await inSlices(takeIn(memory, observation));
    const looks = ask.exact && ask.group !== undefined;
    if (looks) await reader.peek(places, topics, ask.offset_reset);
    const seen = { ...observation, peekTrouble: looks ? reader.peekTrouble(topics) : undefined };
    const now = clock.monotonic();
    const standings = await inSlices(standingsOf(places, seen, ask, now));
    return measure(places, standings, seen, ask, now);
  };

  // The client cannot call a request off; what comes of it later is dropped.
  const run = <Answer>(call: () => Promise<Answer>, abort: AbortSignal): Promise<Answer> =>
    limits.run(call, AbortSignal.any([abort, closing.signal]));

  return {
    probe: async (ask, stage, abort) => run(() => read(ask, JSON.stringify([stage, ask])), abort),
    discover: async (_kind, pattern, abort) => run(() => reader.discover(pattern), abort),
    close: async () => {
      closing.abort();
      client.close();
    },
  };
}

/** All there is, taken a slice at a time. */
async function inSlices<One>(all: Iterable<One>): Promise<One[]> {
  const taken: One[] = [];
  for (const one of all) {
    taken.push(one);
    if (taken.length % SLICE === 0) await setImmediate();
  }
  return taken;
}
