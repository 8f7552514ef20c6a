import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import { SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import { registry } from '../../src/registry.ts';
import { gap, limitedSignal, planOf, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const stages = [
  stagePlan('p.a'),
  stagePlan('p.b', { after: ['p.a'] }),
  stagePlan('p.c', { after: ['p.a'] }),
  stagePlan('p.d', { after: ['p.b', 'p.c'] }),
];
const plan = planOf(stages);
const limited = {
  ...plan,
  pipelines: plan.pipelines.map((one) => ({ ...one, signals: new Map([limitedSignal('e2e_seconds', 30)]) })),
};
const engineOf = () =>
  new Engine({
    plan: limited,
    detectors: detectorsFrom(registry, []),
    reversibility: new Map(),
    inMaintenance: () => false,
    sequence: 0,
  });
const lags = (at: number, a: number, b: number, c: number, d: number) =>
  (['a', 'b', 'c', 'd'] as const).map((name, i) =>
    snapshot(`p.${name}`, at, { lag_seconds: [a, b, c, d][i] as number }),
  );
const whole = (engine: Engine) => engine.line('p._pipeline')?.last?.snapshot;

test('end to end is the longest way through the lags, or what the sinks measure themselves', () => {
  const engine = engineOf();
  engine.observe(lags(START, 1, 2, 10, 4), START);
  assert.equal(whole(engine)?.values.get('e2e_seconds'), 15);
  const later = START + 10 * SECOND;
  engine.observe([snapshot('p.d', later, { lag_seconds: 4, e2e_seconds: 7 })], later);
  assert.equal(whole(engine)?.values.get('e2e_seconds'), 7);
});

test('a stage without an answer makes it a gap, never a smaller number', () => {
  const engine = engineOf();
  engine.observe(lags(START, 1, 2, 10, 4), START);
  const later = START + 60 * SECOND;
  engine.observe([...lags(later, 1, 2, 10, 4).slice(0, 3), gap('p.d', later, ['lag_seconds'])], later);
  assert.equal(whole(engine)?.values.size, 0);
  assert.equal(whole(engine)?.gaps[0]?.code, 'stale');
});

/** Beside end to end, `p.c` has a limit of its own: a lag of so many seconds. */
function engineWithLimitOnC(seconds: number): Engine {
  const engine = engineOf();
  const c = { ...limited.pipelines[0]!.stages[2]!, signals: new Map([limitedSignal('lag_seconds', seconds)]) };
  engine.reload(
    {
      ...limited,
      pipelines: limited.pipelines.map((one) => ({
        ...one,
        stages: one.stages.map((stage) => (stage.id === 'p.c' ? c : stage)),
      })),
    },
    START,
  );
  return engine;
}

test('its limit is the same incident as the stage that causes it, with that stage as root', () => {
  const engine = engineWithLimitOnC(20);
  engine.observe(lags(START, 1, 2, 60, 4), START);
  const [incident, ...others] = engine.openIncidents();
  assert.equal(others.length, 0);
  assert.equal(incident?.root, 'p.c');
  assert.deepEqual(incident?.affected, ['p.c', 'p._pipeline']);
});

test('where end to end is in trouble long before any stage, the stage that follows is the root of the same incident', () => {
  const engine = engineWithLimitOnC(60);
  const minutes = Array.from({ length: 10 }, (_, n) => START + n * 60 * SECOND);
  for (const at of minutes) engine.observe(lags(at, 1, 2, 40, 4), at);
  assert.deepEqual(
    engine.openIncidents().map(({ root }) => root),
    ['p._pipeline'],
  );
  const later = START + 600 * SECOND;
  engine.observe(lags(later, 1, 2, 90, 4), later);
  const [incident, ...others] = engine.openIncidents();
  assert.equal(others.length, 0);
  assert.equal(incident?.root, 'p.c');
  assert.deepEqual(incident?.affected, ['p._pipeline', 'p.c']);
});

test('a pipeline whose stages show nothing of the kind has no such snapshot', () => {
  const engine = engineOf();
  engine.observe([snapshot('p.a', START, { rows: 1 })], START);
  assert.equal(whole(engine), undefined);
});
