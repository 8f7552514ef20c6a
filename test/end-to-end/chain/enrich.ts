import { Consumer, type Message, stringDeserializers } from '@platformatic/kafka';
import { createClient } from 'redis';
import { followValve } from '../../../src/demo/valve.ts';
import { PARTITIONS, pacer, runLink, type ShopOrder, STREAM, TOPIC, wait } from './link.ts';

type Text = Message<string, string, string, string>;

const COMMIT_MS = 200;
const WITHOUT_BOUND = 1_000_000;

/**
 * Takes orders from the topic and puts them on the stream. A message that it cannot read it tries again and again, and what
 * stands behind it in the partition waits.
 */
runLink((places, hear) => {
  const valve = followValve(places.daemon, 'shop.enrich', () => {});
  const redis = createClient({ socket: { host: '127.0.0.1', port: places.redisPort } });
  redis.on('error', () => {});
  let perSecond = WITHOUT_BOUND;
  let skipsPoison = false;
  let ended = false;
  let consumer: Consumer<string, string, string, string> | undefined;
  hear((order) => {
    if (order.kind === 'slow') perSecond = order.perSecond || WITHOUT_BOUND;
    if (order.kind === 'skip-poison') skipsPoison = true;
  });
  const pace = pacer(() => {
    const opening = valve.now();
    return opening.open ? perSecond : Math.min(perSecond, opening.rate);
  });

  /** False where the message cannot be read. */
  const work = async ({ value }: Text): Promise<boolean> => {
    try {
      const { partition, number, amount } = JSON.parse(value) as ShopOrder;
      await redis.xAdd(STREAM, '*', { order: JSON.stringify({ partition, number, amount }) });
      return true;
    } catch (error) {
      if (error instanceof SyntaxError) return skipsPoison;
      throw error;
    }
  };

  /** One membership of the group, until something breaks. */
  const consume = async (): Promise<void> => {
    const queues = Array.from({ length: PARTITIONS }, (): Text[] => []);
    const next = new Map<number, { offset: bigint; leaderEpoch: number }>();
    let [failed, committing, turn]: [unknown, boolean, number] = [undefined, false, 0];
    const member = new Consumer({
      clientId: 'enrich',
      groupId: 'enrich',
      bootstrapBrokers: [places.kafka],
      deserializers: stringDeserializers,
      autocommit: false,
      sessionTimeout: 6_000,
      rebalanceTimeout: 6_000,
      heartbeatInterval: 500,
      maxWaitTime: 100,
      timeout: 3_000,
      connectTimeout: 1_000,
      retries: 0,
    });
    consumer = member;
    const fail = (error: unknown): void => {
      failed ??= error;
    };
    member.on('error', fail);
    const commit = async (): Promise<void> => {
      if (committing || next.size === 0) return;
      committing = true;
      const offsets = [...next].map(([partition, at]) => ({ topic: TOPIC, partition, ...at }));
      next.clear();
      await member.commit({ offsets }).catch(fail);
      committing = false;
    };
    const timer = setInterval(() => void commit(), COMMIT_MS);
    try {
      const stream = await member.consume({ topics: [TOPIC], mode: 'committed', fallbackMode: 'earliest' });
      stream.on('data', (message: Text) => queues[message.partition]?.push(message));
      stream.on('error', fail);
      stream.on('close', () => fail(new Error('the stream ended')));
      while (!ended && failed === undefined) {
        let worked = false;
        for (let i = 0; i < PARTITIONS; i++) {
          const queue = queues[(turn + i) % PARTITIONS] as Text[];
          const [message] = queue;
          if (!message || !pace.take()) continue;
          // Whose turn it was comes last next time: a partition that is never served is not what a slow consumer looks like.
          turn = message.partition + 1;
          if (!(await work(message))) continue;
          queue.shift();
          next.set(message.partition, { offset: message.offset + 1n, leaderEpoch: message.leaderEpoch ?? -1 });
          worked = true;
        }
        if (!worked) await wait(10);
      }
      if (ended) await commit();
    } finally {
      clearInterval(timer);
      // Leaves the group, so that the next member need not wait for this one.
      await Promise.race([member.close(true).catch(() => {}), wait(2_000)]);
    }
    if (failed) throw failed;
  };

  const running = (async () => {
    await redis.connect();
    while (!ended)
      await consume().catch(async (error: unknown) => {
        process.stderr.write(`enrich: ${error instanceof Error ? error.message : error}\n`);
        await wait(300);
      });
  })();
  return async () => {
    ended = true;
    valve.close();
    await Promise.race([running, wait(4_000)]);
    void consumer;
  };
});
