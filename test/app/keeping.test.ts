import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Keeping } from '../../src/app/keeping.ts';
import { recallLearned } from '../../src/app/recall.ts';
import { detectorsFrom } from '../../src/app/world.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { MINUTE, SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import { registry } from '../../src/registry.ts';
import { openMemory } from '../../src/stores/memory/memory.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { HOLD_LIMIT, usualHold } from '../support/holds.ts';
import { DETECTORS, planOf, snapshot, stagePlan } from '../support/plans.ts';

const NAMES = ['lag_seconds', 'lag_records', 'latency_p99_seconds', 'error_ratio', 'dlq_depth', 'freshness_seconds'];
const FOREST = registry.detectors.filter(({ type }) => type === 'isolation-forest');

/** An engine of so many stages that has seen a few ticks; the first one has a forest over forty signals. */
function engineOf(stages: number, ticks: number): { engine: Engine; clock: ReturnType<typeof fakeClock> } {
  const clock = fakeClock();
  const forest = FOREST.map(({ type, config }) => ({ type, config: config.parse({}) }));
  const plans = Array.from({ length: stages }, (_, index) =>
    stagePlan(`p.s${index}`, index === 0 ? { detectors: [...DETECTORS, ...forest] } : {}),
  );
  const engine = new Engine({
    plan: planOf(plans),
    detectors: detectorsFrom(registry, []),
    reversibility: new Map(),
    inMaintenance: () => false,
    sequence: 0,
  });
  const wide = Array.from({ length: 40 }, (_, index) => `signal_${index}`);
  const at = (tick: number): number => clock.now() - (ticks - tick) * 10 * SECOND;
  const show = (id: StageId, tick: number, names: readonly string[]) =>
    snapshot(id, at(tick), Object.fromEntries(names.map((name, k) => [name, 10 + k + Math.sin(tick * (k + 1))])));
  for (let tick = 0; tick < ticks; tick += 1) engine.observe([show('p.s0', tick, wide)], at(tick));
  for (let tick = ticks - 3; tick < ticks; tick += 1)
    engine.observe(
      plans.slice(1).map(({ id }) => show(id, tick, NAMES)),
      at(tick),
    );
  return { engine, clock };
}

test('every stage is saved once a minute, in turns; what is learned later is learned again from its samples', async () => {
  const { engine, clock } = engineOf(120, 3);
  const store = openMemory();
  const saved: { key: string; at: number }[] = [];
  const keeping = new Keeping({
    engine,
    clock,
    store: {
      ...store,
      saveState: async (blobs) => {
        saved.push(...blobs);
        assert.ok(blobs.length <= 3, `${blobs.length} in one second`);
      },
    },
    events: { failed: ({ error }) => assert.fail(error) },
  });
  keeping.start();
  await clock.advance(MINUTE);
  const { order } = engine.plan.graph;
  assert.equal(new Set(saved.map(({ key }) => key)).size, saved.length, 'nobody twice');
  assert.ok(saved.length >= order.length - 3 && saved.length <= order.length, `${saved.length} of ${order.length}`);
  assert.ok(new Set(saved.map(({ at }) => at)).size > 50, 'each is as new as its own turn');
  saved.length = 0;
  keeping.pause();
  await clock.advance(MINUTE);
  assert.deepEqual(saved, [], 'nothing after its end');
});

test('one stage is not saved more often because it is alone', async () => {
  const { engine, clock } = engineOf(1, 3);
  const store = openMemory();
  let saves = 0;
  const keeping = new Keeping({
    engine,
    clock,
    store: {
      ...store,
      saveState: async (blobs) => {
        saves += blobs.length;
      },
    },
    events: { failed: ({ error }) => assert.fail(error) },
  });
  keeping.start();
  await clock.advance(5 * MINUTE);
  keeping.pause();
  const each = saves / engine.plan.graph.order.length;
  assert.ok(each >= 4 && each <= 5, `${each} times in five minutes`);
});

test('saving and recalling 1,000 stages, one with a forest over 40 signals, never holds the event loop for 20 ms', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-keeping-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = await openSqlite({ path: join(folder, 'state.db'), read_only: false });
  t.after(() => store.close());
  const { engine, clock } = engineOf(1_000, 600);
  const failed: string[] = [];
  const options = { engine, clock, store, events: { failed: ({ what }: { what: string }) => void failed.push(what) } };
  const saving = await usualHold(() => new Keeping(options).stop());
  t.diagnostic(`saving: ${saving.toFixed(1)} ms`);
  assert.ok(saving < HOLD_LIMIT, `held for ${saving} ms`);
  const { trying } = new Keeping(options);
  const recalling = await usualHold(() => recallLearned(engine, store, trying, eventsOf(), clock));
  t.diagnostic(`recalling: ${recalling.toFixed(1)} ms`);
  assert.ok(recalling < HOLD_LIMIT, `held for ${recalling} ms`);
  assert.deepEqual(failed, []);
});
