import type { EnrichedOrder } from './orders.ts';
import type { Row } from './queue.ts';
import { runStage, type Stage } from './stage.ts';

const TICK_MS = 100;
/** Rows of one batch; 500 each second are more than enough to catch up. */
const BATCH = 50;
/** Orders kept one by one, so that a demo left running does not fill the disk. The totals keep counting. */
const KEPT_ORDERS = 200_000;
const BATCHES_BETWEEN_PRUNING = 600;

/** Writes orders into the warehouse in small batches: each order once, and totals by region and minute. */
function load({ database, meter, repeat, suffers }: Stage) {
  const { sql } = database;
  const insert = sql.prepare(
    'INSERT INTO orders (id, customer, region, cents, items, loaded) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const add = sql.prepare(
    `INSERT INTO totals (region, minute, orders, cents) VALUES (?, ?, 1, ?)
     ON CONFLICT DO UPDATE SET orders = orders + 1, cents = cents + excluded.cents`,
  );
  const prune = sql.prepare('DELETE FROM orders WHERE id <= (SELECT max(id) FROM orders) - ?');
  const count = sql.prepare('SELECT coalesce(sum(orders), 0) AS rows FROM totals');
  const newest = sql.prepare('SELECT loaded FROM orders ORDER BY id DESC LIMIT 1');
  const startedAt = Date.now();
  let endToEnd = 0;
  let batches = 0;

  const write = (rows: readonly Row[], now: number): void => {
    database.transaction(() => {
      for (const row of rows) {
        const order = JSON.parse(row.body) as EnrichedOrder;
        insert.run(row.id, order.customerHash, order.region, order.cents, order.items, now);
        add.run(order.region, Math.floor(row.born / 60_000), order.cents);
      }
      database.enriched.acknowledge(rows.map((row) => row.id));
    });
    meter.count('out', rows.length);
  };

  database.enriched.reclaim();
  repeat(
    () => TICK_MS,
    () => {
      if (suffers('stale')) return;
      const since = performance.now();
      const rows = database.enriched.claim(BATCH);
      if (rows.length === 0) return;
      const now = Date.now();
      meter.count('in', rows.length);
      write(rows, now);
      endToEnd = Math.max(...rows.map((row) => now - row.born)) / 1_000;
      for (const _ of rows) meter.observe((performance.now() - since) / 1_000);
      batches += 1;
      if (batches % BATCHES_BETWEEN_PRUNING === 0) prune.run(KEPT_ORDERS);
    },
  );

  return {
    gauges: (now: number) => {
      const { records, seconds } = database.enriched.depth(now);
      const { rows } = count.get() as unknown as { rows: number };
      const loaded = (newest.get() as unknown as { loaded: number } | undefined)?.loaded ?? startedAt;
      return [
        { name: 'orders_lag_records', help: 'Rows that wait in front of the stage.', value: records },
        { name: 'orders_lag_seconds', help: 'Age of the oldest row nobody has taken.', value: seconds },
        { name: 'orders_rows', help: 'Orders in the warehouse, ever.', value: rows },
        { name: 'orders_freshness_seconds', help: 'Time since the last write.', value: (now - loaded) / 1_000 },
        {
          name: 'orders_e2e_seconds',
          help: 'Time from ingest to here of the oldest order of the last batch.',
          value: endToEnd,
        },
        { name: 'orders_workers_ready', help: 'Workers that take part in the work.', value: 1 },
      ];
    },
  };
}

runStage(load);
