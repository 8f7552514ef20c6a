import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Reading } from '../../../src/domain/snapshot.ts';
import type { Source } from '../../../src/kit/component.ts';
import { postgres } from '../../../src/sources/postgres/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type RunningPostgres, requirePostgres, startPostgres, startStandby } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const { skip } = requirePostgres();
const never = new AbortController().signal;

describe('what postgres makes of a database', { skip }, () => {
  let server: RunningPostgres;
  let source: Source<unknown>;
  const clock = fakeClock();
  const open = (config: Record<string, unknown> = {}): Source<unknown> =>
    postgres.create(postgres.config.parse({ host: '127.0.0.1', port: server.port, password: 'pw', ...config }), {
      clock,
      random: () => 0.5,
    });
  before(async () => {
    server = await startPostgres();
    await server.sql(`CREATE ROLE headgate LOGIN PASSWORD 'pw'; GRANT pg_read_all_data TO headgate;
      CREATE ROLE stranger LOGIN PASSWORD 'pw'`);
    source = open();
  });
  after(async () => {
    await source?.close();
    await server?.stop();
  });
  const ask = (probe: Record<string, unknown>, by = source): Promise<Reading> =>
    by.probe(postgres.probe.parse(probe), 'orders.load', never);
  const values = async (probe: Record<string, unknown>, by = source) =>
    Object.fromEntries((await ask(probe, by)).values);

  describe('a table of 1,000,000 rows', () => {
    before(() =>
      server.sql(`CREATE TABLE big (id int, amount float8, country text, at timestamptz);
        ALTER TABLE big SET (autovacuum_enabled = false);
        INSERT INTO big SELECT i, i % 1000, CASE i % 10 WHEN 0 THEN NULL WHEN 1 THEN 'fr' ELSE 'de' END,
          now() - interval '1 h' - i * interval '1 s' FROM generate_series(0, 999999) i`),
    );

    test('is not estimated before it was analysed: it says so', async () => {
      await assert.rejects(ask({ table: 'big', rows: 'estimate' }), {
        code: 'unsupported',
        message: /never analysed.*ANALYZE "public"."big"/,
      });
    });

    test('is counted where that is not dear, and estimated under another name where it is', async (t) => {
      await server.sql('ANALYZE big');
      const began = performance.now();
      assert.deepEqual(await values({ table: 'big' }), { rows: 1_000_000 });
      const counting = performance.now() - began;
      const cheap = open({ max_cost: 1_000 });
      const start = performance.now();
      const found = await values({ table: 'public.big' }, cheap);
      t.diagnostic(`counted in ${counting.toFixed(0)} ms, estimated in ${(performance.now() - start).toFixed(0)} ms`);
      assert.deepEqual(Object.keys(found), ['rows_estimated', 'rows_estimate_age_seconds']);
      assert.ok(Math.abs((found.rows_estimated ?? 0) - 1_000_000) < 20_000, `${found.rows_estimated}`);
      assert.ok((found.rows_estimate_age_seconds ?? 99) < 60);
      assert.deepEqual(await values({ table: 'big', rows: 'exact' }, cheap), { rows: 1_000_000 });
      await cheap.close();
    });

    test('tells its freshness by an index, and without one says which is wanted', async (t) => {
      const cheap = open({ max_cost: 1_000 });
      const probe = { table: 'big', rows: false, freshness: 'at' };
      await assert.rejects(ask(probe, cheap), {
        code: 'unsupported',
        message: /max\(at\) of big would cost \d+.*CREATE INDEX CONCURRENTLY ON "public"."big" \("at"\)/,
      });
      const beside = await ask({ ...probe, sql: { one: 'SELECT 1' } }, cheap);
      assert.deepEqual([...beside.values], [['one', 1]], 'what else was asked is read');
      assert.deepEqual(
        beside.gaps?.map(({ signals, code }) => [signals, code]),
        [[['freshness_seconds'], 'unsupported']],
      );
      await server.sql('CREATE INDEX ON big (at)');
      const began = performance.now();
      const { freshness_seconds: age = 0 } = await values(probe, cheap);
      t.diagnostic(`freshness in ${(performance.now() - began).toFixed(1)} ms`);
      assert.ok(age > 3_600 && age < 3_700, `${age}`);
      await cheap.close();
    });

    test('is profiled by a sample of its rows, and where even that is dear by a sample of its pages', async (t) => {
      const probe = { table: 'big', rows: false, profiles: { columns: ['amount', 'country', 'at'], every: '1m' } };
      const began = performance.now();
      const found = (await ask(probe)).profiles;
      t.diagnostic(`three columns profiled in ${(performance.now() - began).toFixed(0)} ms`);
      const amount = found?.get('amount');
      assert.deepEqual([amount?.kind, amount?.nulls, amount?.exact, amount?.distinct], ['number', 0, false, undefined]);
      assert.ok(Math.abs((amount?.rows ?? 0) - 100_000) < 2_000, `${amount?.rows}`);
      assert.ok(Math.abs((amount?.quantiles?.[50]?.[1] ?? 0) - 499.5) < 10, `${amount?.quantiles?.[50]}`);
      assert.ok(Math.abs((amount?.moments?.mean ?? 0) - 499.5) < 5);
      const [most] = found?.get('country')?.top ?? [];
      assert.ok(most?.[0] === 'de' && Math.abs(most[1] - 80_000) < 3_000, String(most));
      assert.equal(found?.get('at')?.kind, 'time');

      const cheap = open({ max_cost: 1_000 });
      const sampled = (await ask(probe, cheap)).profiles?.get('amount');
      assert.equal(sampled?.exact, false);
      assert.ok(sampled.rows > 10_000 && sampled.rows < 100_000, `${sampled.rows}`);
      // Neighbours on a page are alike here: 300 pages tell the median to about 30.
      assert.ok(Math.abs((sampled.quantiles?.[50]?.[1] ?? 0) - 499.5) < 150, `${sampled.quantiles?.[50]}`);
      await cheap.close();
    });

    test('is profiled as a whole where it is not large', async () => {
      await server.sql('CREATE TABLE part AS SELECT * FROM big WHERE id < 20000; ANALYZE part');
      const { profiles } = await ask({ table: 'part', rows: false, profiles: { columns: ['amount', 'country'] } });
      const amount = profiles?.get('amount');
      assert.deepEqual([amount?.rows, amount?.exact, amount?.distinct], [20_000, true, 1_000]);
      assert.deepEqual([amount?.quantiles?.length, amount?.quantiles?.[50]], [101, [0.5, 499.5]]);
      assert.ok(Math.abs((amount?.moments?.variance ?? 0) / ((1_000 ** 2 - 1) / 12) - 1) < 1e-3);
      const country = profiles?.get('country');
      assert.deepEqual([country?.nulls, country?.distinct], [2_000, 2]);
      assert.deepEqual(country?.top, [
        ['de', 16_000],
        ['fr', 2_000],
      ]);
    });

    test('is profiled only so often, and within its window', async () => {
      const window = { column: 'at', last: '2h' };
      const probe = { table: 'big', rows: false, profiles: { columns: ['amount'], window, every: '1m' } };
      const first = (await ask(probe)).profiles?.get('amount');
      assert.ok(first && Math.abs(first.rows - 3_600) < 60, `${first?.rows}`);
      assert.equal(first.to - first.from, 7_200_000);
      assert.equal((await ask(probe)).profiles, undefined);
      await clock.advance(60_000);
      assert.ok((await ask(probe)).profiles?.has('amount'));
    });
  });

  test('an empty table has no rows and no freshness; its profiles are empty', async () => {
    await server.sql('CREATE TABLE empty (at timestamp, n numeric, word text)');
    const reading = await ask({ table: 'empty', freshness: 'at', profiles: { columns: ['n', 'word', 'at'] } });
    assert.deepEqual([[...reading.values], reading.absent], [[['rows', 0]], ['freshness_seconds']]);
    const numbers = reading.profiles?.get('n');
    assert.deepEqual([numbers?.rows, numbers?.nulls, numbers?.quantiles, numbers?.moments], [0, 0, [], undefined]);
    assert.deepEqual(reading.profiles?.get('word')?.top, []);
  });

  test('numbers that are none, and values of every kind, do not upset a profile', async () => {
    await server.sql(`CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE TABLE odd (x float8, ok bool, m mood, j jsonb, u uuid);
      INSERT INTO odd VALUES ('NaN', true, 'good', '{"a":1}', gen_random_uuid()), ('Infinity', NULL, 'bad', NULL, NULL),
        (3, false, 'good', '[]', gen_random_uuid()), (NULL, true, NULL, '1', NULL)`);
    const profiles = (await ask({ table: 'odd', profiles: { columns: ['x', 'ok', 'm', 'j', 'u'] } })).profiles;
    assert.deepEqual([profiles?.get('x')?.rows, profiles?.get('x')?.nulls], [4, 3]);
    assert.deepEqual(profiles?.get('ok')?.kind, 'bool');
    assert.deepEqual(profiles?.get('m')?.top, [
      ['good', 2],
      ['bad', 1],
    ]);
    assert.equal(profiles?.get('u')?.nulls, 2);
  });

  test('reads a queue: what waits, how long, what runs and what is dead', async () => {
    await server.sql(`CREATE TABLE jobs (id int, state text, created_at timestamptz, done_at timestamptz);
      INSERT INTO jobs VALUES (1, 'done', now() - interval '9 h', now()), (2, 'queued', now() - interval '90 s', NULL),
        (3, 'retry', now() - interval '10 s', NULL), (4, 'active', now(), NULL), (5, 'failed', now(), now())`);
    const queue = { table: 'jobs', created: 'created_at', status: 'state', waiting: ['queued', 'retry'] };
    const found = await values({ queue: { ...queue, running: ['active'], dead: ['failed'] } });
    assert.ok(Math.abs((found.lag_seconds ?? 0) - 90) < 5);
    assert.deepEqual([found.lag_records, found.pending_records, found.dlq_depth], [2, 1, 1]);
    const open_ = await values({ queue: { table: 'jobs', created: 'created_at', done: 'done_at' } });
    assert.equal(open_.lag_records, 3);
    assert.deepEqual(await values({ queue: { ...queue, waiting: ['never'] } }), { lag_records: 0, lag_seconds: 0 });
  });

  test('refuses a long queue without an index, names the one it wants, and is content with it', async () => {
    await server.sql(`CREATE TABLE tasks (state text, at timestamptz);
      INSERT INTO tasks SELECT CASE i % 1000 WHEN 0 THEN 'queued' ELSE 'done' END, now() FROM generate_series(1, 100000) i;
      ANALYZE tasks`);
    const cheap = open({ max_cost: 500 });
    const probe = { queue: { table: 'tasks', created: 'at', status: 'state', waiting: ['queued'] } };
    const error = await ask(probe, cheap).then(
      () => assert.fail('it was not refused'),
      (thrown: Error) => thrown,
    );
    const wanted = /CREATE INDEX CONCURRENTLY (ON .*?), and VACUUM/.exec(error.message)?.[1];
    assert.ok(wanted, error.message);
    await server.sql(`CREATE INDEX ${wanted}`);
    await server.sql('VACUUM tasks');
    assert.equal((await values(probe, cheap)).lag_records, 100);
    await cheap.close();
  });

  test('reads one number by SQL; NULL and no row are absent', async () => {
    const reading = await ask({
      sql: {
        one: 'SELECT 1.5;',
        many: 'WITH t AS (VALUES (1), (2)) SELECT count(*) FROM t -- two',
        none: 'SELECT 1 WHERE false',
        nil: 'SELECT NULL::int',
      },
    });
    assert.deepEqual(Object.fromEntries(reading.values), { one: 1.5, many: 2 });
    assert.deepEqual(reading.absent, ['none', 'nil']);
  });

  const BAD: readonly [sql: string, code: string, message: RegExp][] = [
    ['SELECT 1, 2', 'rejected', /one column|one number/],
    ['VALUES (1), (2)', 'rejected', /one number/],
    ["SELECT 'many'", 'malformed', /no finite number/],
    ["SELECT 'NaN'::float8", 'malformed', /no finite number/],
    ["SELECT interval '1 h'", 'malformed', /extract\(epoch/],
    ['SELECT pg_sleep(9), 1', 'rejected', /./],
    ['SELECT nothing FROM nowhere', 'not-found', /nowhere.*check the name of the table/],
  ];
  for (const [sql, code, message] of BAD) {
    test(`refuses ${sql}`, () => assert.rejects(ask({ sql: { it: sql } }), { code, message }));
  }

  test('nothing that is written into a probe can write', async () => {
    await server.sql('CREATE TABLE kept (id int); INSERT INTO kept VALUES (1); CREATE SEQUENCE steps');
    await server.sql(`GRANT ALL ON kept, steps TO headgate;
      CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM kept RETURNING 1'`);
    const attempts = [
      'DELETE FROM kept RETURNING 1',
      '1); DELETE FROM kept; --',
      '1) AS a; COMMIT; DELETE FROM kept; SELECT (1',
      'WITH gone AS (DELETE FROM kept RETURNING 1) SELECT count(*) FROM gone',
      'SELECT wipe()',
      "SELECT nextval('steps')",
      "SELECT set_config('transaction_read_only', 'off', false)::bool::int",
      'COMMIT',
    ];
    for (const it of attempts) await assert.rejects(ask({ sql: { it } }), { name: 'HeadgateError' }, it);
    const names = ['kept; DELETE FROM kept', 'kept"; DELETE FROM kept; --', "kept'); DELETE FROM kept; --", ''];
    for (const table of names.slice(0, 3)) await assert.rejects(ask({ table }), { code: 'not-found' }, table);
    const column = 'id) FROM kept; DELETE FROM kept; --';
    await assert.rejects(ask({ table: 'kept', freshness: column }), { code: 'not-found' });
    await assert.rejects(ask({ table: 'kept', profiles: { columns: [column] } }), { code: 'not-found' });
    const queue = { table: 'jobs', created: 'created_at', status: 'state', waiting: ["x'); DELETE FROM kept; --"] };
    assert.equal((await values({ queue })).lag_records, 0);
    assert.deepEqual(await values({ table: 'kept' }), { rows: 1 });
  });

  test('takes names with quotes, capitals and blanks as they are', async () => {
    await server.sql(`CREATE SCHEMA "My ""Shop"; CREATE TABLE "My ""Shop"."Order's" ("At ""x" timestamptz);
      INSERT INTO "My ""Shop"."Order's" VALUES (now())`);
    const found = await values({ table: `"My ""Shop"."Order's"`, freshness: 'At "x' });
    assert.equal(found.rows, 1);
    assert.ok((found.freshness_seconds ?? 99) < 5);
  });

  test('says which GRANT is missing', async () => {
    await server.sql('CREATE SCHEMA secret; CREATE TABLE secret.orders (at timestamptz); CREATE TABLE closed (id int)');
    const stranger = open({ user: 'stranger' });
    await assert.rejects(ask({ table: 'closed' }, stranger), {
      code: 'unauthorized',
      message: /permission denied for table closed; GRANT SELECT ON closed TO "stranger"/,
    });
    await assert.rejects(ask({ table: 'secret.orders' }, stranger), {
      code: 'unauthorized',
      message: /GRANT USAGE ON SCHEMA secret TO "stranger"/,
    });
    await stranger.close();
  });

  test('the server ends what takes too long, also behind a lock', async () => {
    const hasty = open({ statement_timeout: '100ms' });
    await assert.rejects(ask({ sql: { slow: 'SELECT 1 FROM pg_sleep(30)' } }, hasty), {
      code: 'timeout',
      message: /statement_timeout/,
    });
    await hasty.close();
    const holder = await server.sql('BEGIN; CREATE TABLE held (id int); COMMIT; BEGIN; LOCK held');
    assert.ok(holder);
    try {
      await assert.rejects(ask({ table: 'held' }), { code: 'timeout', message: /locked/ });
    } finally {
      await server.sql('ROLLBACK');
    }
  });

  test('reads slots, and a primary without standbys', async () => {
    await server.sql("SELECT pg_create_physical_replication_slot('backup', true)");
    const reading = await ask({ replication: {} });
    const found = Object.fromEntries(reading.values);
    assert.deepEqual([found.standbys, found.slots, found.slots_inactive, found.slots_lost], [0, 1, 1, 0]);
    assert.ok((found.slot_lag_bytes ?? -1) >= 0);
    assert.deepEqual([...(reading.absent ?? [])].sort(), ['replication_lag_bytes', 'replication_lag_seconds']);
    const other = await values({ replication: { slot: 'nothing' } });
    assert.equal(other.slots, 0);
  });

  test('reads how far a standby is behind, on both sides, and which GRANT that takes', async () => {
    const standby = await startStandby(server);
    const behind = postgres.create(postgres.config.parse({ host: '127.0.0.1', port: standby.port, password: 'pw' }), {
      clock,
      random: () => 0.5,
    });
    try {
      await until(
        async () => (await server.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")).length > 0,
        {
          what: 'the standby follows',
          within: 60_000,
        },
      );
      await assert.rejects(ask({ replication: {} }), { code: 'unauthorized', message: /GRANT pg_monitor TO headgate/ });
      await server.sql('GRANT pg_monitor TO headgate');
      await until(async () => (await values({ replication: {} })).replication_lag_bytes === 0, {
        what: 'it caught up',
      });
      const level = await values({ replication: {} });
      assert.equal(level.standbys, 1);
      assert.ok((level.replication_lag_seconds ?? 99) < 5);
      // A server writes a record now and then by itself, and the standby may be about to replay one.
      let there: Record<string, number> = {};
      const isLevel = async () => {
        there = await values({ replication: {} }, behind);
        return there.replication_lag_bytes === 0;
      };
      await until(isLevel, { what: 'the standby is level' });
      assert.deepEqual(there, { replication_lag_bytes: 0, replication_lag_seconds: 0 });
      await server.sql('CREATE TABLE followed (id int)');
      const has = async () => (await standby.sql("SELECT to_regclass('followed') AS it"))[0]?.it !== null;
      await until(has, { what: 'the standby has replayed a transaction, so that it knows a time' });
      await standby.sql('SELECT pg_wal_replay_pause()');
      await server.sql('CREATE TABLE moved AS SELECT generate_series(1, 10000) AS id');
      await until(async () => ((await values({ replication: {} })).replication_lag_bytes ?? 0) > 100_000, {
        what: 'the primary sees the lag',
      });
      // What is written may still be on its way to the standby.
      await until(async () => ((await values({ replication: {} }, behind)).replication_lag_bytes ?? 0) > 100_000, {
        what: 'the standby sees the lag',
      });
      const late = await values({ replication: {} }, behind);
      assert.ok((late.replication_lag_seconds ?? 0) > 0, JSON.stringify(late));
    } finally {
      await behind.close();
      await standby.stop();
    }
  });

  test('is one of a few connections, by its name', async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask({ sql: { one: 'SELECT 1' } })));
    const open_ = async () => {
      const [row] = await server.sql(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'headgate' AND usename = 'headgate'",
      );
      return Number(row?.n);
    };
    // Connections of the tests before were cut; the server may need a moment to see it.
    await until(async () => (await open_()) <= 2, { what: 'two connections are left' });
    assert.ok((await open_()) >= 1);
  });

  test('lists the tables and views that fit a pattern, as a probe can ask for them', async () => {
    await server.sql(`CREATE SCHEMA sales; CREATE TABLE sales.orders_b (n int); CREATE TABLE sales.orders_a (n int);
      CREATE TABLE sales."orders_ C" (n int); CREATE TABLE sales."ordersxd" (n int); CREATE VIEW sales.orders_v AS SELECT 1 AS n;
      CREATE TABLE orders_plain (n int);
      CREATE TABLE sales.orders_parts (n int) PARTITION BY LIST (n);
      CREATE TABLE sales.orders_parts_1 PARTITION OF sales.orders_parts FOR VALUES IN (1)`);
    const list = (pattern: string) => source.discover?.('tables', pattern, never);
    const found = ['sales."orders_ C"', 'sales.orders_a', 'sales.orders_b', 'sales.orders_parts', 'sales.orders_v'];
    assert.deepEqual(await list('sales.orders_*'), found);
    for (const table of found) assert.ok((await values({ table })).rows === 0 || table.endsWith('_v'), table);
    assert.deepEqual(await list('orders_*'), ['orders_plain']);
    assert.deepEqual(await list('*.pg_class'), []);
    assert.deepEqual(await list('sales.orders_?'), ['sales.orders_a', 'sales.orders_b', 'sales.orders_v']);
  });
});

test('a probe asks for something, and a url holds no password', () => {
  assert.ok(!postgres.probe.safeParse({}).success);
  assert.ok(!postgres.probe.safeParse({ sql: { it: 'SELECT 1' }, freshness: 'at' }).success);
  assert.ok(!postgres.config.safeParse({ url: 'postgresql://me:pw@db:5432/shop' }).success);
  assert.ok(postgres.config.safeParse({ url: 'postgresql://db:5432/shop' }).success);
});
