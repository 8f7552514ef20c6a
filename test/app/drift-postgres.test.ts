import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startApp } from '../../src/app/app.ts';
import type { Score } from '../../src/domain/score.ts';
import { SECOND } from '../../src/domain/time.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { requirePostgres, startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { folderOf } from './settings.ts';

const { skip } = requirePostgres();

const config = (port: number, store: string): string => `
server: { listen: 127.0.0.1:0 }
store: { sqlite: ${store} }
sources: { shop: { type: postgres, host: 127.0.0.1, port: ${port}, user: postgres, password: owner } }
pipelines:
  orders:
    every: 1s
    season: []
    budget: { pages: 100 per day, tickets: 1000 per day }
    stages:
      load:
        probes:
          - source: shop
            table: public.orders
            rows: false
            profiles: { columns: [amount, country, quantity], window: { column: at, last: 1s }, every: 1s }
        detectors: { drift: {} }
`;

/** Seconds after the first row: when amounts are 30 % higher, and when another country buys. */
const DEARER = [20, 30] as const;
const ABROAD = [42, 52] as const;
const PER_SECOND = 1_000;

test('amounts and countries of a real table that change are found by their profiles, each alone and named', {
  skip,
}, async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  // A minute of orders to come: a window shows what lies before now.
  await server.sql(`CREATE TABLE orders (at timestamptz, amount float8, quantity int, country text);
    SELECT setseed(0.5);
    INSERT INTO orders
      SELECT now() + k * interval '1 s' / ${PER_SECOND},
        (100 + 20 * (random() + random() + random() + random() - 2)) * CASE WHEN k BETWEEN ${DEARER[0] * PER_SECOND} AND ${DEARER[1] * PER_SECOND} THEN 1.3 ELSE 1 END,
        1 + floor(random() * 5),
        CASE WHEN random() < CASE WHEN k BETWEEN ${ABROAD[0] * PER_SECOND} AND ${ABROAD[1] * PER_SECOND} THEN 0.8 ELSE 0.2 END THEN 'fr' ELSE 'de' END
      FROM generate_series(1, ${70 * PER_SECOND}) k;
    CREATE INDEX ON orders (at); ANALYZE orders`);
  const [row] = await server.sql('SELECT extract(epoch FROM min(at)) * 1000 AS began FROM orders');
  const began = Number(row?.began);
  const seen: { after: number; verdict: Verdict; scores: readonly Score[] }[] = [];
  const failures: string[] = [];
  const folder = folderOf(t);
  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, config(server.port, join(folder, 'headgate.db')));
  const app = await startApp({
    configFile: file,
    env: {},
    quiet: true,
    listener: {
      judged: ({ snapshot, verdict, scores }) =>
        verdict.stage === 'orders.load' && seen.push({ after: (snapshot.at - began) / SECOND, verdict, scores }),
      probed: ({ gap }) => gap && failures.push(gap.message),
    },
  });
  t.after(() => app.stop());
  await until(() => (seen.at(-1)?.after ?? 0) > ABROAD[1], {
    what: 'the orders have come',
    within: 120_000,
    every: 500,
  });
  assert.deepEqual(failures, []);
  /** Looks whose windows of a second lie within these seconds. */
  const within = ([from, to]: readonly [number, number]) => seen.filter(({ after }) => after > from + 3 && after < to);
  const highest = (looks: typeof seen, field: string): number =>
    Math.max(
      0,
      ...looks.flatMap(({ scores }) => scores.map((one) => (one.subject === `orders.load/${field}` ? one.value : 0))),
    );
  for (const [span, field] of [
    [DEARER, 'amount'],
    [ABROAD, 'country'],
  ] as const) {
    const looks = within(span);
    assert.ok(looks.length >= 3, `${looks.length} looks`);
    for (const { verdict } of looks) {
      assert.equal(verdict.state, 'critical');
      assert.deepEqual(new Set(verdict.because.map(({ subject }) => subject)), new Set([`orders.load/${field}`]));
    }
    for (const other of ['amount', 'country', 'quantity'].filter((one) => one !== field))
      assert.ok(highest(looks, other) < 1, `${other} while ${field} drifts: ${highest(looks, other)}`);
  }
  const before = seen.filter(({ after }) => after < DEARER[0]);
  assert.deepEqual(new Set(before.map(({ verdict }) => verdict.state)), new Set(['unknown', 'ok']));
  const [amount] = within(DEARER)[0]?.verdict.because ?? [];
  assert.ok(
    amount?.state === 'ready' && /^median (99|10[01]).* → 1[23]\d/.test(amount.drift?.moved ?? ''),
    JSON.stringify(amount),
  );
});
