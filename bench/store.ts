import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change, OutboxItem, Retention, SampleRow, Store } from '../src/domain/ports.ts';
import type { StageId } from '../src/domain/stage.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../src/domain/time.ts';
import { openSqlite } from '../src/stores/sqlite/open-store.ts';

// node bench/store.ts [folder]: figures of the sqlite store with 1,000 stages × 8 signals every 10 s, on the disk of the folder.
const STAGES = 1_000;
const SIGNALS = [
  'lag_records',
  'lag_seconds',
  'in_rate',
  'out_rate',
  'latency_p50',
  'latency_p99',
  'error_ratio',
  'rows',
];
const START = Date.UTC(2026, 0, 5);
const RETENTION: Retention = { raw: 2 * DAY, minutes: 14 * DAY, hours: 365 * DAY, history: 90 * DAY };

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'headgate-bench-store-'));
const path = join(folder, 'headgate.db');
const store: Store = await openSqlite({ path, read_only: false });
const table: { what: string; figure: string; 'longest hold of the event loop': string }[] = [];

/** Does the work while the event loop goes round as fast as it can; the longest time it did not is the hold. */
async function timed(what: string, work: () => Promise<unknown>, figure: (ms: number) => string): Promise<void> {
  let hold = 0;
  let going = true;
  let last = performance.now();
  const watch = (): void => {
    hold = Math.max(hold, performance.now() - last);
    last = performance.now();
    if (going) setImmediate(watch);
  };
  setImmediate(watch);
  const start = performance.now();
  await work();
  const took = performance.now() - start;
  going = false;
  hold = Math.max(hold, performance.now() - last);
  table.push({ what, figure: figure(took), 'longest hold of the event loop': `${hold.toFixed(1)} ms` });
}

const levels = Array.from({ length: STAGES * SIGNALS.length }, (_, n) => 10 + ((n * 7919) % 1_000));
const stageName = (index: number): StageId => `orders.stage${index}`;

/** One tick of a stage: half of its signals whole numbers, all of them walking a little, each with a band. */
function row(index: number, at: number): SampleRow {
  const values = new Map<string, number>();
  const bands = new Map<string, { lower: number; upper: number }>();
  SIGNALS.forEach((signal, n) => {
    const place = index * SIGNALS.length + n;
    const level = (levels[place] as number) + (Math.random() - 0.5);
    levels[place] = level;
    values.set(signal, n % 2 ? Math.round(level) : level);
    bands.set(signal, { lower: level - 10, upper: level + 30 });
  });
  return { stage: stageName(index), at, values, bands };
}

const second = (n: number): readonly SampleRow[] =>
  Array.from({ length: STAGES / 10 }, (_, k) => row((n % 10) * (STAGES / 10) + k, START + n * SECOND));

const owed = (id: string): OutboxItem => ({
  id,
  lane: 'notifier:oncall',
  priority: 0,
  createdAt: START,
  dueAt: START,
  attempts: 0,
  giveUpAt: START + DAY,
  body: { text: 'x'.repeat(1_000) },
});

const quantile = (sorted: readonly number[], p: number): string =>
  (sorted[Math.ceil(p * sorted.length) - 1] as number).toFixed(2);

const COMMITS = 2_000;
await timed(
  'commit of one notice and one audit entry (synced)',
  async () => {
    for (let n = 0; n < COMMITS; n++) {
      const entry = { at: START, actor: 'bench', action: 'note', detail: n };
      await store.commit([
        { put: 'outbox', item: owed(`n${n}`) },
        { put: 'audit', entry },
      ]);
    }
  },
  (ms) => `${Math.round((COMMITS / ms) * 1_000)} commits/s`,
);

const many = Array.from({ length: 10_000 }, (_, n): Change => ({ put: 'outbox', item: owed(`m${n}`) }));
await timed(
  'one commit of 10,000 notices of 1 kB',
  () => store.commit(many),
  (ms) => `${ms.toFixed(0)} ms`,
);
await timed(
  'read an outbox of 12,000',
  () => store.outbox(),
  (ms) => `${ms.toFixed(0)} ms`,
);

const SECONDS = 3_600;
const appends: number[] = [];
await timed(
  'append one hour, 800 values in each of 3,600 calls',
  async () => {
    for (let n = 0; n < SECONDS; n++) {
      const rows = second(n);
      const start = performance.now();
      await store.appendSamples(rows);
      appends.push(performance.now() - start);
      await new Promise(setImmediate);
    }
  },
  () => {
    const sorted = appends.toSorted((a, b) => a - b);
    const total = sorted.reduce((sum, ms) => sum + ms, 0);
    const values = (SECONDS * STAGES * SIGNALS.length) / 10;
    return (
      `${Math.round((values / total) * 1_000)} values/s; ` +
      `p50 ${quantile(sorted, 0.5)}, p99 ${quantile(sorted, 0.99)}, max ${quantile(sorted, 1)} ms`
    );
  },
);
const size = (): number => statSync(path).size;
const VALUES = (SECONDS * STAGES * SIGNALS.length) / 10;
table.push({
  what: 'file, nothing sealed',
  figure: `${(size() / 1e6).toFixed(0)} MB`,
  'longest hold of the event loop': '',
});

const series = (step: number) => (): Promise<unknown> =>
  store.series({ stage: stageName(7), from: START, to: START + HOUR, step });
const inMs = (ms: number): string => `${ms.toFixed(1)} ms`;
await timed('series of one stage, one hour of ticks', series(10 * SECOND), inMs);
await timed('series of one stage, one hour of pending minutes', series(MINUTE), inMs);

let slices = 0;
await timed(
  'roll up and seal that hour (1,000 stages)',
  async () => {
    for (let done = false; !done; slices++) {
      done = await store.maintain(START + 2 * HOUR, RETENTION);
      await new Promise(setImmediate);
    }
  },
  (ms) => `${(ms / 1_000).toFixed(1)} s in ${slices} slices`,
);
await timed('series of one stage, one hour of sealed ticks', series(10 * SECOND), inMs);
await timed('series of one stage, one hour of minutes', series(MINUTE), inMs);

const blobs = Array.from({ length: 1_000 }, (_, n) => ({
  key: `stage${n}`,
  at: START,
  bytes: Uint8Array.from({ length: 20_000 }, () => Math.random() * 256),
}));
await timed(
  'save the state of 1,000 stages, 20 kB each',
  () => store.saveState(blobs),
  (ms) => `${ms.toFixed(0)} ms`,
);
const late = Array.from({ length: STAGES }, (_, k) => row(k, START + 5 * HOUR));
await timed('append 8,000 values in one call', () => store.appendSamples(late), inMs);

const { DatabaseSync } = await import('node:sqlite');
await store.close();
const database = new DatabaseSync(path, { readOnly: true });
const bytesOf = (name: string): number =>
  Number(database.prepare('SELECT sum(pgsize) AS n FROM dbstat WHERE name = ?').get(name)?.n ?? 0);
for (const [what, name, count] of [
  ['sealed ticks', 'sealed', VALUES],
  ['minutes', 'rollup', VALUES / 6],
] as const) {
  const figure = `${(bytesOf(name) / count).toFixed(1)} bytes a value`;
  table.push({ what, figure, 'longest hold of the event loop': '' });
}
database.close();
console.table(table);
rmSync(folder, { recursive: true });
