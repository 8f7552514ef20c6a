import { arrivalRate, drawOrder } from './orders.ts';
import { gaussian, seededRandom } from './random.ts';
import { runStage, type Stage } from './stage.ts';
import { followValve, type Opening } from './valve.ts';

const TICK_MS = 50;
/** How much faster than orders arrive `ingest` takes in those that waited while its gate was held. */
const CATCH_UP = 1.2;
/** Noise of the arrivals: standard deviation, and how much of it stays from one tick to the next. */
const NOISE = 0.04;
const MEMORY = 0.9;

/**
 * Takes orders from the shops and puts them on the queue. It obeys its valve: what may not pass waits at the shops, is counted
 * here, and nothing of it is lost.
 */
function ingest({ options, database, meter, repeat, report }: Stage) {
  const random = seededRandom(options.seed);
  const waiting: { body: string; arrived: number }[] = [];
  const valve = followValve(options.daemonUrl, 'orders.ingest', (opening) => report(valveReport(opening)));
  let noise = 0;
  let due = 0;
  let allowed = 0;
  let last = performance.now();

  const arrive = (now: number, seconds: number): number => {
    noise = MEMORY * noise + Math.sqrt(1 - MEMORY ** 2) * NOISE * gaussian(random);
    const rate = arrivalRate(now) * Math.max(0, 1 + noise);
    due += rate * seconds;
    for (; due >= 1; due -= 1) {
      waiting.push({ body: JSON.stringify(drawOrder(random)), arrived: now });
      meter.count('in', 1);
    }
    return rate;
  };

  const release = (now: number, rate: number, seconds: number): void => {
    // At most one order is saved up: a gate that opens lets no burst through, and one that is shut lets nothing through.
    allowed = rate === 0 ? 0 : Math.min(allowed, 1) + rate * seconds;
    const rows = waiting.splice(0, Math.floor(allowed)).map(({ body }) => ({ body, born: now }));
    allowed -= rows.length;
    if (rows.length === 0) return;
    database.transaction(() => database.raw.put(rows, now));
    meter.count('out', rows.length);
  };

  repeat(
    () => TICK_MS,
    () => {
      const seconds = (performance.now() - last) / 1_000;
      last = performance.now();
      const now = Date.now();
      const arriving = arrive(now, seconds);
      const opening = valve.now();
      release(now, opening.open ? arriving * CATCH_UP : opening.rate, seconds);
    },
  );

  return {
    gauges: (now: number) => {
      const opening = valve.now();
      const oldest = waiting[0]?.arrived ?? now;
      return [
        { name: 'orders_waiting_records', help: 'Orders that wait at the shops.', value: waiting.length },
        { name: 'orders_waiting_seconds', help: 'Age of the oldest order that waits.', value: (now - oldest) / 1_000 },
        { name: 'orders_valve_open', help: '1 while nothing holds the gate.', value: opening.open ? 1 : 0 },
        { name: 'orders_workers_ready', help: 'Workers that take part in the work.', value: 1 },
      ];
    },
  };
}

const valveReport = (opening: Opening) =>
  opening.open
    ? ({ kind: 'valve', state: 'open' } as const)
    : ({ kind: 'valve', state: opening.rate === 0 ? 'paused' : 'throttled', rate: opening.rate } as const);

runStage(ingest);
