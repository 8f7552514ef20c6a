import { Admin, Producer, stringSerializers } from '@platformatic/kafka';
import { systemClock } from '../../../src/app/clock.ts';
import type { Reading } from '../../../src/domain/snapshot.ts';
import type { Source } from '../../../src/kit/component.ts';
import { kafka } from '../../../src/sources/kafka/index.ts';
import { until } from '../../support/until.ts';

export const STAGE = 'orders.enrich';
export const never = new AbortController().signal;

/** A source for a broker, on the clock of the machine. */
export const sourceFor = (address: string, more: Readonly<Record<string, unknown>> = {}): Source<unknown> =>
  kafka.create(kafka.config.parse({ brokers: [address], ...more }), { clock: systemClock, random: () => 0.5 });

/** One probe, with its signals at hand. */
export async function look(source: Source<unknown>, ask: Readonly<Record<string, unknown>>) {
  const reading: Reading = await source.probe(kafka.probe.parse(ask), STAGE, never);
  return {
    reading,
    value: (signal: string) => reading.values.get(signal),
    part: (signal: string) => [...(reading.parts?.get(signal) ?? [])],
    gapOf: (signal: string) => reading.gaps?.find(({ signals }) => signals.includes(signal)),
  };
}

/** What a user of the broker does, each with a topic of its own. */
export function userOf(address: string) {
  const options = { clientId: 'test', bootstrapBrokers: [address] };
  const admin = new Admin(options);
  const producer = new Producer({ ...options, serializers: stringSerializers });
  let made = 0;
  return {
    admin,
    producer,
    /** A topic nobody else uses. */
    topic: async (
      partitions = 1,
      settings: Readonly<Record<string, string>> = {},
      name = `topic-${process.pid}-${++made}`,
    ) => {
      const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
      await admin.createTopics({ topics: [name], partitions, replicas: 1, configs });
      // A new topic, and one that was deleted a moment ago most of all, reaches the metadata a little later.
      const known = (): Promise<boolean> =>
        producer.metadata({ topics: [name], forceUpdate: true }).then(
          () => true,
          () => false,
        );
      await until(known, { what: `topic ${name} is known` });
      return name;
    },
    produce: async (topic: string, partition: number, count: number, timestamp?: number) => {
      const message = {
        topic,
        partition,
        value: 'x',
        ...(timestamp !== undefined && { timestamp: BigInt(timestamp) }),
      };
      await producer.send({ messages: Array.from({ length: count }, () => ({ ...message })), acks: -1 });
    },
    /** Commits as a group that nobody is a member of. */
    commit: async (groupId: string, topic: string, offsets: readonly number[]) => {
      const partitionOffsets = offsets.map((offset, partition) => ({ partition, offset: BigInt(offset) }));
      await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets }] });
    },
    close: async () => {
      await producer.close(true);
      await admin.close();
    },
  };
}

export type User = ReturnType<typeof userOf>;
