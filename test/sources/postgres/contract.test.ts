import { formatDuration } from '../../../src/kit/duration.ts';
import { postgres } from '../../../src/sources/postgres/index.ts';
import { sourceLifecycleContract } from '../../contracts/source-lifecycle.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { requirePostgres, startPostgres } from '../../support/postgres.ts';

const make = (password: string) => (port: number, timeout: number) =>
  postgres.create(
    postgres.config.parse({
      url: `postgresql://127.0.0.1:${port}/postgres`,
      password,
      timeout: formatDuration(timeout),
    }),
    { clock: fakeClock(), random: () => 0.5 },
  );

sourceLifecycleContract({
  name: 'postgres',
  skip: requirePostgres().skip,
  start: async (port) => {
    const server = await startPostgres({ ...(port !== undefined && { port }) });
    await server.sql(`CREATE TABLE orders (id int PRIMARY KEY, created_at timestamptz DEFAULT now());
      INSERT INTO orders SELECT generate_series(1, 7);
      CREATE ROLE headgate LOGIN PASSWORD 'correct-horse';
      CREATE TABLE nothing (LIKE orders INCLUDING ALL);
      GRANT SELECT ON orders, nothing TO headgate`);
    return server;
  },
  make: make('correct-horse'),
  makeWrong: make('wrong-battery'),
  ask: postgres.probe.parse({ table: 'orders', sql: { last_id: 'SELECT max(id) FROM orders' } }),
  values: { rows: 7, last_id: 7 },
  empty: {
    ask: postgres.probe.parse({
      table: 'nothing',
      freshness: 'created_at',
      queue: { table: 'nothing', created: 'created_at' },
      sql: { last_id: 'SELECT max(id) FROM nothing' },
    }),
    values: { rows: 0, lag_records: 0, lag_seconds: 0 },
    absent: ['freshness_seconds', 'last_id'],
  },
  connections: 8,
  secret: 'wrong-battery',
});
