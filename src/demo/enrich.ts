import { enrichOrder } from './orders.ts';
import type { Row } from './queue.ts';
import { gaussian, seededRandom } from './random.ts';
import { runStage, type Stage } from './stage.ts';

const WORKERS = 4;
/** Orders each second that all workers together can do: 1.8 times what arrives on average. */
const CAPACITY = 144;
/** How much longer one order takes under the fault `slow`: half of what arrives can then be done. */
const SLOW_FACTOR = 3.6;
/** Spread of the time one order takes, as the sigma of a log-normal. */
const SPREAD = 0.2;
/** Share of the orders that the fault `drop-rows` loses. */
const DROPPED = 0.4;
const IDLE_MS = 10;

/**
 * Works on one order at a time in each worker: parses it, converts its currency, hides its customer, and asks a price service
 * for the rest (a wait). A row is acknowledged in the transaction that puts its successor on the next queue, so a crash at any
 * moment neither loses nor doubles an order.
 */
function enrich({ options, database, meter, repeat, suffers }: Stage) {
  const random = seededRandom(options.seed);
  const serviceMs = (): number => {
    const usual = (WORKERS * 1_000) / CAPACITY;
    const drawn = usual * Math.exp(SPREAD * gaussian(random) - SPREAD ** 2 / 2);
    return suffers('slow') ? drawn * SLOW_FACTOR : drawn;
  };

  const finish = (row: Row, now: number): void => {
    database.transaction(() => {
      database.raw.acknowledge([row.id]);
      if (suffers('drop-rows') && random() < DROPPED) return;
      try {
        const body = JSON.stringify(enrichOrder(row.body));
        database.enriched.put([{ id: row.id, body, born: row.born }], now);
        meter.count('out', 1);
      } catch (error) {
        database.bury(row, String(error));
        meter.count('errors', 1);
      }
    });
  };

  const startWorker = (): void => {
    let current: { readonly row: Row; readonly since: number } | undefined;
    let pause = IDLE_MS;
    repeat(
      () => pause,
      () => {
        if (current) {
          finish(current.row, Date.now());
          meter.observe((performance.now() - current.since) / 1_000);
        }
        const row = suffers('stop') ? undefined : database.raw.claim(1)[0];
        current = row && { row, since: performance.now() };
        if (row) meter.count('in', 1);
        pause = row ? serviceMs() : IDLE_MS;
      },
    );
  };

  database.raw.reclaim();
  for (let worker = 0; worker < WORKERS; worker += 1) startWorker();

  return {
    gauges: (now: number) => {
      const { records, seconds } = database.raw.depth(now);
      return [
        { name: 'orders_lag_records', help: 'Rows that wait in front of the stage.', value: records },
        { name: 'orders_lag_seconds', help: 'Age of the oldest row nobody has taken.', value: seconds },
        {
          name: 'orders_workers_ready',
          help: 'Workers that take part in the work.',
          value: suffers('stop') ? 0 : WORKERS,
        },
      ];
    },
  };
}

runStage(enrich);
