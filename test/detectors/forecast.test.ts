import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forecast } from '../../src/detectors/forecast/index.ts';
import type { Outlook } from '../../src/domain/outlook.ts';
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
  needsCourse: true,
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

test('the nearer a limit is, the sooner it is told to be reached', () => {
  const { feed, detector, stage } = watching([above(120)]);
  const z = noise(3);
  for (let i = 0; i < 100; i++) feed(2 + 0.3 * z());
  let x = 2;
  while (!reachIn(feed(x + 0.3 * z())) && x < 110) x += 5;
  const at = Date.UTC(2026, 0, 5) + 200 * stage.every;
  const left = Array.from({ length: 12 }, (_, j) => {
    const near: Snapshot = {
      ...emptySnapshot(stage.id, at),
      values: new Map([['lag_seconds', x + (j * (119 - x)) / 11]]),
    };
    return reachIn(detector.score(near, at, []))?.likely ?? Number.POSITIVE_INFINITY;
  });
  assert.ok(
    Number.isFinite(left[0]) && left.every((one, j) => j === 0 || one <= (left[j - 1] as number)),
    left.join(' '),
  );
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

/** What is likely of the one signal, so many samples ahead; the look goes 64 samples far. */
const AHEAD = { ahead: '640s' };
const likely = (detector: { outlook?(points: number): readonly Outlook[] }, samples: number) =>
  detector.outlook?.(64)[0]?.points[samples - 1];

test('what is likely comes true eight times in ten, a minute ahead and ten, on noise that wanders and with a season', () => {
  const day = 720;
  const shapes: Record<string, (i: number, slow: number) => number> = {
    wandering: (_, slow) => 50 * Math.exp(0.1 * slow),
    season: (i, slow) => 50 * (1 + 0.5 * Math.sin((2 * Math.PI * i) / day)) * Math.exp(0.05 * slow),
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const { feed, detector } = watching([above(1_000)], AHEAD, { season: [day * 10 * SECOND] });
    const z = noise(3);
    let slow = 0;
    const values: number[] = [];
    const said: (readonly ReturnType<typeof likely>[])[] = [];
    const distances = [6, 16, 60];
    for (let i = 0; i < 6 * day; i++) {
      slow = 0.9 * slow + 0.43 * z();
      values.push(shape(i, slow));
      feed(values[i] as number);
      said.push(distances.map((samples) => likely(detector, samples)));
    }
    for (const [k, samples] of distances.entries()) {
      let [inside, all] = [0, 0];
      for (let i = 3 * day; i + samples < values.length; i++) {
        const point = said[i]?.[k];
        const x = values[i + samples] as number;
        assert.ok(point && point.after === samples * 10 * SECOND);
        assert.ok(point.lower <= point.centre && point.centre <= point.upper);
        all++;
        if (x >= point.lower && x <= point.upper) inside++;
      }
      const share = inside / all;
      assert.ok(share > 0.7 && share < 0.92, `${name}, ${samples} ahead: ${share.toFixed(3)} within the band`);
    }
  }
});

test('a ramp goes on in what is likely, up to the limit that is in sight and as it is told', () => {
  const { feed, detector } = watching([above(120)], AHEAD);
  const z = noise(5);
  for (let i = 0; i < 200; i++) feed(Math.max(0, 2 + 0.2 * z()));
  for (let i = 0; i < 14; i++) feed(2 + 5 * i + 0.2 * z());
  const reach = reachIn(feed(72));
  assert.ok(reach);
  const points = detector.outlook?.(64)[0]?.points ?? [];
  const crossing = points.find(({ centre }) => centre > 120)?.after ?? 0;
  assert.ok(Math.abs(crossing - reach.likely) <= 20 * SECOND, `${crossing} and ${reach.likely}`);
});

test('of what has never been negative nothing negative is likely', () => {
  const { feed, detector } = watching([above(120)], AHEAD);
  const z = noise(5);
  for (let i = 0; i < 300; i++) feed(Math.max(0, z()));
  for (const { lower, centre } of detector.outlook?.(24)[0]?.points ?? assert.fail('nothing is likely'))
    assert.ok(lower >= 0 && centre >= 0);
  for (let i = 0; i < 60; i++) feed(z());
  assert.ok((likely(detector, 60)?.lower ?? 0) < 0);
});

test('a signal without a limit is followed where it is asked for, or sized by, and nothing is said of it', () => {
  const followed = (config: object, foreseen?: readonly string[]) => {
    const { feed, detector } = watching([], { ...AHEAD, ...config }, foreseen ? { foreseen } : {});
    for (let i = 0; i < 40; i++) assert.deepEqual(feed(10 + (i % 3)), []);
    return detector.outlook?.(4).map(({ signal, points }) => [signal, points.length]);
  };
  assert.deepEqual(followed({}), []);
  assert.deepEqual(followed({ signals: ['lag_seconds'] }), [['lag_seconds', 4]]);
  assert.deepEqual(followed({}, ['lag_seconds']), [['lag_seconds', 4]]);
});

test('whatever is fed, what is likely is finite and in order, and asking for it changes nothing', () => {
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 200 }));
  fc.assert(
    fc.property(fc.array(value, { minLength: 30, maxLength: 160 }), (values) => {
      const { feed, detector } = watching([above(100)], AHEAD);
      for (const x of values) {
        feed(x);
        for (const { lower, centre, upper } of detector.outlook?.(24)[0]?.points ?? [])
          assert.ok(Number.isFinite(upper - lower) && lower <= centre && centre <= upper);
      }
      const before = detector.save();
      detector.outlook?.(24);
      assert.deepEqual(detector.save(), before);
    }),
    { numRuns: 60 },
  );
});
