import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../src/domain/json.ts';
import type { Change, SampleRow, Store } from '../../src/domain/ports.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { openMemory } from '../../src/stores/memory/memory.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import { contents } from '../contracts/store.ts';
import { decision, folder, incident, item, lease, MONDAY, sample } from './rows.ts';

// Few ids, stages and times, so that rows meet.
const id = fc.constantFrom('a', 'b', 'ü', '🚰', '');
const stage = fc.constantFrom<StageId>('p.a', 'p.b');
const at = fc.integer({ min: 0, max: 6 * 360 }).map((tick) => MONDAY + tick * 10 * SECOND);
const json = fc
  .jsonValue({ maxDepth: 2, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e308, -1e308));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ id, openedAt: at, resolvedAt: at, state: fc.constantFrom('open', 'recovering', 'resolved') })
    .map(({ id, ...rest }) => ({ put: 'incident', incident: incident(id, rest) }) as const),
  fc
    .record({ id, grantedAt: at, expiresAt: at, state: fc.constantFrom('active', 'released', 'failed'), left: json })
    .map(({ id, ...rest }) => ({ put: 'lease', lease: lease(id, rest) }) as const),
  fc.record({ at, stage }).map((rest) => ({ put: 'decision', decision: decision(rest) }) as const),
  fc
    .record({ id, lane: id, priority: fc.integer({ min: -2, max: 2 }), createdAt: at, body: json })
    .map(({ id, ...rest }) => ({ put: 'outbox', item: item(id, rest) }) as const),
  id.map((one) => ({ drop: 'outbox', id: one }) as const),
  fc
    .record({ at, actor: fc.string({ unit: 'grapheme' }), action: fc.string(), detail: json })
    .map((entry) => ({ put: 'audit', entry }) as const),
  fc.record({ key: id, value: json }).map((rest) => ({ put: 'setting', ...rest }) as const),
);

const row: fc.Arbitrary<SampleRow> = fc
  .record({
    at: fc.tuple(at, fc.constantFrom(0, 1, 0.4)).map(([tick, more]) => tick + more),
    values: fc.dictionary(fc.constantFrom('rows', 'lag', '__proto__'), number, { noNullPrototype: true }),
    bands: fc.dictionary(fc.constantFrom('rows', 'e2e'), fc.tuple(number, number), { noNullPrototype: true }),
    stage,
  })
  .map((one) => sample(one.at, one.values, one.bands, one.stage));

type Step = (store: Store) => Promise<void>;

const run = fc.tuple(stage, at, fc.integer({ min: 1, max: 400 }), number).map(([name, start, count, value]): Step => {
  const rows = Array.from({ length: count }, (_, n) => sample(start + n * 10 * SECOND, { rows: value + n }, {}, name));
  return (store) => store.appendSamples(rows);
});

const keepUp = fc.record({ now: at, raw: at, minutes: at, hours: at, history: at }).map(({ now, ...ages }): Step => {
  const [raw = 0, minutes = 0, hours = 0, history = 0] = Object.values(ages).map((age) => age - MONDAY);
  return async (store) => {
    while (!(await store.maintain(now + 2 * HOUR, { raw, minutes, hours, history })));
  };
});

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.array(change, { maxLength: 8 }).map(
    (changes): Step =>
      (store) =>
        store.commit(changes),
  ),
  fc.array(row, { maxLength: 8 }).map(
    (rows): Step =>
      (store) =>
        store.appendSamples(rows),
  ),
  run,
  keepUp,
);

/** Without typed arrays, whose bytes are compared: two NaN of different bits are the same gap. */
const plain = (series: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(series).map(([key, of]) => [key, ArrayBuffer.isView(of) ? [...(of as Float64Array)] : of]),
  );

async function answers(store: Store, query: { from: number; to: number; step: number; limit: number }) {
  const { limit, ...range } = query;
  const stages = ['p.a', 'p.b'] as const;
  return {
    ...(await contents(store)),
    open: await store.openIncidents(),
    inForce: await store.leasesInForce(),
    few: [await store.incidents({ state: 'resolved', limit }), await store.leases({ state: 'failed', limit })],
    decisions: await Promise.all(stages.map((one) => store.decisions({ stage: one, limit }))),
    links: await store.audit(limit, limit),
    settings: await Promise.all(['a', 'b', 'ü', '🚰', ''].map((key) => store.setting(key))),
    samples: await Promise.all(stages.map((one) => store.samplesSince(one, range.from))),
    series: await Promise.all(
      [range.step, SECOND, 20 * SECOND, MINUTE, 7 * MINUTE, HOUR].flatMap((width) =>
        stages.map(async (one) => (await store.series({ ...range, stage: one, step: width })).map(plain)),
      ),
    ),
  };
}

test('gives the same answers from memory and from a file after any sequence of changes', async (t) => {
  const path = join(folder(t), 'headgate.db');
  const query = fc.record({
    from: at,
    to: at,
    step: fc.integer({ min: 1, max: 2 * HOUR }),
    limit: fc.integer({ min: 0, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), query, async (steps, ask) => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
      const stores = [openMemory(), await openSqlite({ path, read_only: false })] as const;
      try {
        for (const one of steps) for (const store of stores) await one(store);
        const [memory, file] = await Promise.all(stores.map((store) => answers(store, ask)));
        assert.deepEqual(file, memory);
      } finally {
        await Promise.all(stores.map((store) => store.close()));
      }
    }),
    { numRuns: 60 },
  );
});
