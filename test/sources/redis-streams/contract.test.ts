import { formatDuration } from '../../../src/kit/duration.ts';
import { redisStreams } from '../../../src/sources/redis-streams/index.ts';
import { sourceLifecycleContract } from '../../contracts/source-lifecycle.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { startRedis } from '../../support/redis.ts';
import { requireServer } from '../../support/servers.ts';

const PASSWORD = 'correct-horse';

const make = (password: string) => (port: number, timeout: number) =>
  redisStreams.create(
    redisStreams.config.parse({ url: `redis://127.0.0.1:${port}/3`, password, timeout: formatDuration(timeout) }),
    { clock: fakeClock(), random: () => 0.5 },
  );

sourceLifecycleContract({
  name: 'redis-streams',
  skip: requireServer('redis').skip,
  start: async (port) => {
    const server = await startRedis({ ...(port !== undefined && { port }), password: PASSWORD });
    await server.command('SELECT', 3);
    await server.command('XGROUP', 'CREATE', 'orders', 'enrich', '0', 'MKSTREAM');
    await server.pipeline(Array.from({ length: 7 }, (_, index) => ['XADD', 'orders', '*', 'n', index]));
    await server.command('XGROUP', 'CREATE', 'nothing', 'enrich', '0', 'MKSTREAM');
    await server.command('XREADGROUP', 'GROUP', 'enrich', 'one', 'COUNT', '3', 'STREAMS', 'orders', '>');
    return server;
  },
  make: make(PASSWORD),
  makeWrong: make('wrong-battery'),
  ask: redisStreams.probe.parse({ stream: 'orders', group: 'enrich', dlq: 'dead' }),
  values: { lag_records: 4, pending_records: 3, stream_records: 7, dlq_depth: 0, consumers: 1 },
  empty: {
    ask: redisStreams.probe.parse({ stream: 'nothing', group: 'enrich', dlq: 'dead' }),
    values: {
      stream_records: 0,
      lag_records: 0,
      lag_seconds: 0,
      pending_records: 0,
      pending_seconds: 0,
      pending_idle_seconds: 0,
      pending_deliveries: 0,
      consumers: 0,
      dead_consumers: 0,
      dlq_depth: 0,
    },
    absent: [],
  },
  connections: 8,
  secret: 'wrong-battery',
});
