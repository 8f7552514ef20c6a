import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Admin, Producer, stringSerializers } from '@platformatic/kafka';
import { systemClock } from '../src/app/clock.ts';
import { kafka } from '../src/sources/kafka/index.ts';
import { startKafka } from '../test/support/kafka.ts';
import { until } from '../test/support/until.ts';

// One poll of a group over 10,000 partitions of a real Kafka: node bench/kafka.ts [partitions] [polls] [partitions of a topic]
const [partitions = 10_000, polls = 20, perTopic = 1_000] = process.argv.slice(2).map(Number);
/** A broker makes the files of so many partitions within its time for a request. */
const AT_ONCE = 500;

/** The leaders of a thousand new partitions take a while to be in place. */
const persistently = (work: () => Promise<unknown>): Promise<void> =>
  until(
    () =>
      work().then(
        () => true,
        () => false,
      ),
    { what: 'the broker is ready', within: 120_000, every: 500 },
  );

const broker = await startKafka();
const bootstrapBrokers = [broker.address];
const admin = new Admin({ clientId: 'bench', bootstrapBrokers, requestTimeout: 120_000 });
const producer = new Producer({
  clientId: 'bench',
  bootstrapBrokers,
  serializers: stringSerializers,
  requestTimeout: 120_000,
});
const source = kafka.create(kafka.config.parse({ brokers: bootstrapBrokers, timeout: '30s' }), {
  clock: systemClock,
  random: Math.random,
});
const ask = kafka.probe.parse({ group: 'bench', topic: 'bench-*' });
const never = new AbortController().signal;

try {
  const topics = Array.from({ length: partitions / perTopic }, (_, index) => `bench-${index}`);
  for (const topic of topics) {
    await admin.createTopics({ topics: [topic], partitions: perTopic, replicas: 1 });
    for (let from = 0; from < perTopic; from += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, perTopic - from) }, (_, index) => from + index);
      const partitionOffsets = some.map((partition) => ({ partition, offset: 0n }));
      const messages = some.map((partition) => ({ topic, partition, value: 'x' }));
      await persistently(() => producer.send({ messages, acks: -1 }));
      await persistently(() =>
        admin.alterConsumerGroupOffsets({ groupId: 'bench', topics: [{ name: topic, partitionOffsets }] }),
      );
    }
    console.error(`${topic} is there`);
  }
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const times: number[] = [];
  for (let poll = 0; poll < polls; poll += 1) {
    if (poll === 2) delay.enable();
    const began = performance.now();
    const { values } = await source.probe(ask, 'bench.bench', never);
    times.push(performance.now() - began);
    if ((values.get('lag_records') ?? 0) < partitions) throw new Error(`lag is ${values.get('lag_records')}`);
  }
  delay.disable();
  const [first, ...rest] = times;
  rest.sort((a, b) => a - b);
  const show = (number = Number.NaN): string => `${number.toFixed(0)} ms`;
  console.log(`first poll of ${partitions} partitions: ${show(first)}`);
  console.log(`later polls, median: ${show(rest[rest.length >> 1])}, slowest: ${show(rest.at(-1))}`);
  console.log(`event loop held up: p99 ${show(delay.percentile(99) / 1e6)}, at most ${show(delay.max / 1e6)}`);
  console.log(`heap: ${(process.memoryUsage().heapUsed / 1e6).toFixed(0)} MB`);
} finally {
  await source.close();
  await producer.close(true);
  await admin.close();
  await broker.stop();
}
