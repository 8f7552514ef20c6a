import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { recallLearned, stateKey } from '../../src/app/recall.ts';
import { detectorsFrom } from '../../src/app/world.ts';
import type { Events, Store } from '../../src/domain/ports.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { Engine } from '../../src/engine/engine.ts';
import { packBlobs, unpackBlobs } from '../../src/engine/pack.ts';
import { registry } from '../../src/registry.ts';
import { openMemory } from '../../src/stores/memory/memory.ts';
import { limitedSignal, planOf, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const ENRICH: StageId = 'orders.enrich';
const TYPES = ['limits', 'baseline', 'change-point', 'forecast', 'isolation-forest', 'multivariate'];
/** What a daemon of an older version had learned of `orders.enrich`: see `test/golden/make-saved-state.ts`. */
const older = (): Uint8Array =>
  new Uint8Array(inflateRawSync(readFileSync(new URL('../golden/saved-state.bin', import.meta.url))));

type Told = Parameters<Events['relearning']>[0];

function engineOf(stages: readonly StageId[] = [ENRICH], fingerprint = `${ENRICH} 1`): Engine {
  const detectors = registry.detectors
    .filter(({ type }) => TYPES.includes(type))
    .map(({ type, config }) => ({ type, config: config.parse({}) }));
  const signals = new Map([limitedSignal('lag_seconds', 120)]);
  return new Engine({
    plan: planOf(stages.map((id) => stagePlan(id, { detectors, signals, fingerprint }))),
    detectors: detectorsFrom(registry, []),
    reversibility: new Map(),
    inMaintenance: () => false,
    sequence: 0,
  });
}

async function storeWith(saved: ReadonlyMap<StageId, Uint8Array>): Promise<Store> {
  const store = openMemory();
  await store.saveState([...saved].map(([id, bytes]) => ({ key: stateKey(id), at: START, bytes })));
  return store;
}

async function start(engine: Engine, saved: ReadonlyMap<StageId, Uint8Array>): Promise<readonly Told[]> {
  const told: Told[] = [];
  const trying = async (_what: string, work: () => Promise<void>): Promise<boolean> => work().then(() => true);
  await recallLearned(
    engine,
    await storeWith(saved),
    trying,
    { relearning: (event) => told.push(event) },
    { now: () => START },
  );
  return told;
}

function live(engine: Engine, ticks: number, from = 0): void {
  for (let tick = from; tick < from + ticks; tick += 1) {
    const at = START + 600_000 + tick * 10_000;
    const values = { lag_seconds: 2 + Math.sin(tick), rows: 100 + (tick % 7), error_ratio: 0.01 + 0.001 * (tick % 5) };
    engine.observe([snapshot(ENRICH, at, values)], at);
  }
}

const typesOf = (engine: Engine): readonly string[] =>
  engine.line(ENRICH)?.relearning.map(({ detector }) => detector) ?? [];

test('what an older version had learned is refused detector by detector, and said once for all stages', async () => {
  const stages: StageId[] = [ENRICH, 'orders.load', 'orders.ship'];
  const engine = engineOf(stages);
  const told = await start(engine, new Map(stages.slice(0, 2).map((id) => [id, older()])));
  assert.deepEqual(
    told.map(({ detector, why, stages, stage }) => [detector, why, stages, stage]),
    ['baseline', 'forecast', 'multivariate', 'isolation-forest'].map((type) => [type, 'update', 2, ENRICH]),
    'change-point kept its version and goes on; limits learn nothing; a stage that was never saved is news to nobody',
  );
});

test('a stage says what it learns again until it has, over another restart too', async () => {
  const engine = engineOf();
  await start(engine, new Map([[ENRICH, older()]]));
  live(engine, 3);
  assert.deepEqual(typesOf(engine), ['baseline', 'forecast', 'multivariate', 'isolation-forest']);
  const saved = engine.line(ENRICH)?.save() as Uint8Array;
  const next = engineOf();
  assert.equal((await start(next, new Map([[ENRICH, saved]]))).length, 4, 'it still learns, so it is said again');
  live(next, 120, 3);
  assert.ok(!typesOf(next).includes('baseline'), `${typesOf(next)}`);
  const learned = engineOf();
  const after = await start(learned, new Map([[ENRICH, next.line(ENRICH)?.save() as Uint8Array]]));
  assert.ok(!after.some(({ detector }) => detector === 'baseline'), 'what has been learned is no news any more');
});

test('a stage that is configured otherwise, and bytes that are damaged, are told apart from an update', async () => {
  const engine = engineOf();
  live(engine, 20);
  const saved = engine.line(ENRICH)?.save() as Uint8Array;
  assert.deepEqual(await start(engineOf(), new Map([[ENRICH, saved.slice()]])), [], 'its own bytes are known');
  const others = await start(engineOf([ENRICH], 'another'), new Map([[ENRICH, saved.slice()]]));
  assert.ok(others.length === 5 && others.every(({ why }) => why === 'config'), JSON.stringify(others));
  const cut = await start(engineOf(), new Map([[ENRICH, saved.slice(0, 100)]]));
  assert.ok(cut.length === 5 && cut.every(({ why }) => why === 'damaged'), JSON.stringify(cut));
  const [memory, limits, baseline, ...rest] = unpackBlobs(saved.slice()) as [Uint8Array, Uint8Array, Uint8Array];
  const bent = baseline.map((byte, index) => (index === 99 ? byte ^ 1 : byte));
  const one = await start(engineOf(), new Map([[ENRICH, packBlobs([memory, limits, bent, ...rest])]]));
  assert.deepEqual(one, [{ detector: 'baseline', why: 'damaged', stages: 1, stage: ENRICH }]);
});
