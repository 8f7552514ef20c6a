import pg from 'pg';
import { createClient } from 'redis';
import { seededRandom } from '../../../src/demo/random.ts';
import { followValve } from '../../../src/demo/valve.ts';
import { pacer, runLink, type ShopOrder, STREAM, wait } from './link.ts';

const ROW = `INSERT INTO orders (partition, number, amount, written_at) VALUES ($1, $2, $3, clock_timestamp())
             ON CONFLICT (partition, number) DO NOTHING`;

/** Takes orders from the stream, writes them to the table, and acknowledges them. An order that comes twice is one row. */
runLink((places, hear) => {
  const valve = followValve(places.daemon, 'shop.load', () => {});
  const random = seededRandom(11);
  const redis = createClient({ socket: { host: '127.0.0.1', port: places.redisPort } });
  redis.on('error', () => {});
  const { port, password } = places.postgres;
  const database = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'shop' });
  database.on('error', () => {});
  let [dropped, stale, open, ended] = [0, false, false, false];
  hear((order) => {
    if (order.kind === 'drop') dropped = order.share;
    if (order.kind === 'stale') stale = order.on;
  });
  const pace = pacer(() => {
    const opening = valve.now();
    return opening.open ? 1_000_000 : opening.rate;
  });

  const work = async (text: string): Promise<void> => {
    const { partition, number, amount } = JSON.parse(text) as ShopOrder;
    if (stale !== open) await database.query(stale ? 'BEGIN' : 'COMMIT');
    open = stale;
    if (random() >= dropped) await database.query(ROW, [partition, number, amount]);
  };

  const running = (async () => {
    await Promise.all([redis.connect(), database.connect()]);
    while (!ended) {
      if (!pace.take()) {
        await wait(10);
        continue;
      }
      const answer = await redis.xReadGroup('load', 'load-1', { key: STREAM, id: '>' }, { COUNT: 1, BLOCK: 200 });
      const streams = (answer ?? []) as { messages: { id: string; message: Record<string, string> }[] }[];
      for (const { id, message } of streams.flatMap(({ messages }) => messages)) {
        await work(message.order ?? '');
        await redis.xAck(STREAM, 'load', id);
      }
    }
  })();
  return async () => {
    ended = true;
    valve.close();
    await Promise.race([running, wait(2_000)]);
  };
});
