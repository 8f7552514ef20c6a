import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forecast } from '../../src/detectors/forecast/index.ts';
import type { LimitPlan, StagePlan } from '../../src/domain/plan.ts';
import type { Reach, Surprise } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { DAY, MINUTE, SECOND } from '../../src/domain/time.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { detectorContract } from '../contracts/detector.ts';
import { limitPlan, signalPlan, stagePlan } from './stage-plan.ts';

const above = (value: number): LimitPlan => limitPlan({ rule: 'above', value });

detectorContract(forecast, {
  config: {},
  stage: stagePlan([
    signalPlan('lag_seconds', { limits: [above(2), limitPlan({ rule: 'zero' })] }),
    signalPlan('rows', { limits: [limitPlan({ rule: 'below', value: 3 }), above(20)] }),
  ]),
  signals: ['lag_seconds', 'rows'],
  warmSnapshots: 80,
  bytesPerSignal: 8_192,
});

/** A detector on one signal with its own clock. */
function watching(limits: readonly LimitPlan[], config: object = {}, of: Partial<StagePlan> = {}) {
  const stage = stagePlan([signalPlan('lag_seconds', { limits, direction: 'up' })], { every: 10 * SECOND, ...of });
  const detector = forecast.create(forecast.config.parse(config), { stage, random: seededRandom(1), holidays: [] });
  let at = Date.UTC(2026, 0, 5);
  const feed = (x: number, held: readonly string[] = []): readonly Surprise[] => {
    at += stage.every;
    const snapshot: Snapshot = { ...emptySnapshot(stage.id, at), values: new Map([['lag_seconds', x]]), held };
    const said = detector.score(snapshot, at, []);
    detector.advance(snapshot, at, () => 'learn');
    return said;
  };
  return { feed, detector, stage };
}

const reachIn = (said: readonly Surprise[]): Reach | undefined =>
  said.flatMap((one) => (one.state === 'limit' && one.reach ? [one.reach] : []))[0];

/** Normal noise, seeded. */
function noise(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

test('sees a growing lag reach its limit, in good time and about when it does', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { feed } = watching([above(120)]);
    const z = noise(seed);
    for (let i = 0; i < 200; i++) feed(Math.max(0, 2 + z()));
    // The stage has stopped: lag grows by 0.5 s each second, 5 s a sample.
    const told: { left: number; said: Reach }[] = [];
    for (let i = 0; i < 23; i++) {
      const said = reachIn(feed(2 + 5 * i + z()));
      if (said) told.push({ left: ((120 - 2) / 5 - i) * 10 * SECOND, said });
    }
    assert.ok(told.length >= 8, `seed ${seed}: said ${told.length} times, wanted 80 s of warning at least`);
    for (const { left, said } of told.slice(2)) {
      assert.ok(said.soonest <= said.likely && said.likely <= (said.latest ?? Number.POSITIVE_INFINITY));
      assert.ok(Math.abs(said.likely - left) <= 0.35 * left + 20 * SECOND, `seed ${seed}: ${said.likely} for ${left}`);
    }
  }
});

test('sees a fall to a lower bound as well', () => {
  const { feed } = watching([limitPlan({ rule: 'below', value: 10 })]);
  const z = noise(7);
  for (let i = 0; i < 100; i++) feed(100 + z());
  const told = Array.from({ length: 40 }, (_, i) => reachIn(feed(100 - 2 * i + z()))).filter(Boolean);
  assert.ok(told.length >= 10, `${told.length}`);
});

test('does not cry wolf: noise that wanders, a season, a step, in eight weeks each', () => {
  const everyMinute = { every: MINUTE };
  const perDay = DAY / MINUTE;
  const shapes: Record<string, (i: number, slow: number, z: number) => number> = {
    wandering: (_, slow) => 50 * Math.exp(0.1 * slow),
    season: (i, slow) => 50 * (1 + 0.5 * Math.sin((2 * Math.PI * i) / perDay)) * Math.exp(0.07 * slow),
    step: (i, _, z) => (i > 1_000 ? 80 : 50) + z,
  };
  for (const [name, shape] of Object.entries(shapes)) {
    // Ten percent above what is ever normal.
    const { feed } = watching([above(name === 'season' ? 105 : 90)], {}, everyMinute);
    const z = noise(11);
    let [slow, alarms, before] = [0, 0, false];
    for (let i = 0; i < 56 * perDay; i++) {
      slow = 0.967 * slow + 0.255 * z();
      const said = reachIn(feed(shape(i, slow, z()))) !== undefined;
      if (said && !before) alarms++;
      before = said;
    }
    assert.ok(alarms <= 2, `${name}: ${alarms} warnings in eight weeks`);
  }
});

test('says nothing while a lease distorts what is seen, and nothing of a limit that is broken', () => {
  const { feed } = watching([above(120)]);
  for (let i = 0; i < 60; i++) feed(1);
  for (let i = 0; i < 20; i++) assert.equal(reachIn(feed(1 + 5 * i, ['L1'])), undefined);
  const beyond = watching([above(20)]);
  for (let i = 0; i < 60; i++) beyond.feed(1);
  for (let i = 5; i < 40; i++) assert.equal(reachIn(beyond.feed(1 + 5 * i)), undefined);
});

test('waits for as many samples in a row as it was told to', () => {
  const first = (confirm: number): number => {
    const { feed } = watching([above(200)], { confirm });
    for (let i = 0; i < 300; i++) feed(1 + (i % 2));
    return Array.from({ length: 40 }, (_, i) => reachIn(feed(1 + 5 * i))).findIndex(Boolean);
  };
  assert.equal(first(10) - first(3), 7);
});

test('follows only signals that have a bound, and none that is not to be judged', () => {
  const stage = stagePlan([
    signalPlan('rows', { limits: [limitPlan({ rule: 'zero' })] }),
    signalPlan('lag_seconds', { limits: [above(1)], detect: false }),
  ]);
  const detector = forecast.create(forecast.config.parse({}), { stage, random: seededRandom(1), holidays: [] });
  const snapshot = {
    ...emptySnapshot(stage.id, 0),
    values: new Map([
      ['rows', 1],
      ['lag_seconds', 1],
    ]),
  };
  assert.deepEqual(detector.score(snapshot, 0, []), []);
});

test('whatever is fed, what it says is finite and in order', () => {
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 200 }));
  fc.assert(
    fc.property(fc.array(value, { minLength: 30, maxLength: 120 }), (values) => {
      const { feed } = watching([above(100), limitPlan({ rule: 'below', value: -5 })], { confirm: 1 });
      for (const x of values) {
        const reach = reachIn(feed(x));
        if (!reach) continue;
        const { soonest, likely, latest = likely } = reach;
        assert.ok(soonest >= 0 && soonest <= likely && likely <= latest && Number.isFinite(latest));
      }
    }),
    { numRuns: 60 },
  );
});
