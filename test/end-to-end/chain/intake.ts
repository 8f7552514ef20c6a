import { Producer, stringSerializers } from '@platformatic/kafka';
import { gaussian, seededRandom } from '../../../src/demo/random.ts';
import { followValve } from '../../../src/demo/valve.ts';
import { PARTITIONS, runLink, type ShopOrder, TOPIC, wait } from './link.ts';

const TICK_MS = 100;
const ORDERS_PER_SECOND = 40;
/** How much faster than they come it sends orders that waited while its gate was held. */
const CATCH_UP = 2;

/** Writes the orders of the shops to the topic, as fast as its valve lets it; the others wait here and are not lost. */
runLink((places, hear) => {
  const random = seededRandom(7);
  const valve = followValve(places.daemon, 'shop.intake', () => {});
  const waiting: { partition: number; value: string }[] = [];
  const numbers = new Array<number>(PARTITIONS).fill(0);
  let factor = 1;
  let ended = false;
  hear((order) => {
    if (order.kind === 'amounts') factor = order.factor;
    if (order.kind === 'poison') waiting.push({ partition: 2, value: 'no order' });
  });

  const arrive = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const partition = Math.floor(random() * PARTITIONS);
      const number = (numbers[partition] as number)++;
      const amount = factor * Math.exp(3 + 0.5 * gaussian(random));
      waiting.push({ partition, value: JSON.stringify({ partition, number, amount } satisfies ShopOrder) });
    }
  };

  const sendAll = async (): Promise<void> => {
    const producer = new Producer({
      clientId: 'intake',
      bootstrapBrokers: [places.kafka],
      serializers: stringSerializers,
      retries: 0,
      timeout: 3_000,
      connectTimeout: 1_000,
    });
    producer.on('error', () => {});
    try {
      let [due, allowed, last] = [0, 0, performance.now()];
      while (!ended) {
        const seconds = (performance.now() - last) / 1_000;
        last = performance.now();
        due += ORDERS_PER_SECOND * seconds;
        arrive(Math.floor(due));
        due -= Math.floor(due);
        const opening = valve.now();
        const rate = opening.open ? CATCH_UP * ORDERS_PER_SECOND : opening.rate;
        allowed = Math.min(allowed, 1) + rate * seconds;
        const batch = waiting.slice(0, Math.floor(allowed));
        allowed -= batch.length;
        if (batch.length > 0)
          await producer.send({ messages: batch.map((one) => ({ topic: TOPIC, ...one })), acks: -1 });
        // Only what has arrived is forgotten: a batch that was cut off is sent again, and the table knows it by its numbers.
        waiting.splice(0, batch.length);
        await wait(TICK_MS);
      }
    } finally {
      await producer.close(true).catch(() => {});
    }
  };
  void (async () => {
    while (!ended) await sendAll().catch(() => wait(200));
  })();
  return async () => {
    ended = true;
    valve.close();
  };
});
