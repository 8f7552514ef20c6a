import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multivariate } from '../../src/detectors/multivariate/index.ts';
import type { Surprise } from '../../src/domain/score.ts';
import { emptySnapshot } from '../../src/domain/snapshot.ts';
import { subjectOf, VECTOR } from '../../src/domain/subject.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { runJob } from '../../src/engine/jobs.ts';
import type { Detector } from '../../src/kit/component.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { detectorContract } from '../contracts/detector.ts';
import { signalPlan, stagePlan } from './stage-plan.ts';

const SIGNALS = ['rows', 'lag_seconds', 'in_records_per_second', 'error_ratio'];
const STAGE = stagePlan(SIGNALS.map((name) => signalPlan(name)));

detectorContract(multivariate, {
  config: { warmup: 128, rows: 256, trees: 20, sample: 64, retrain_every: '3h' },
  stage: STAGE,
  signals: SIGNALS,
  subjects: [VECTOR],
  warmSnapshots: 150,
  bytesPerSignal: 8_192,
});

/** Signals that move together, each within the same range at all times; with `apart` the second goes against the others. */
function together(at: number, apart = false): ReadonlyMap<string, number> {
  const random = seededRandom(at);
  const load = random();
  const values = SIGNALS.map((name): [string, number] => [name, 10 + 5 * load + 0.3 * random()]);
  return new Map(apart ? values.map(([name, x], i) => (i === 1 ? [name, 25 - x] : [name, x])) : values);
}

function made(config: object = {}): Detector {
  const context = { stage: STAGE, random: seededRandom(1), holidays: [] };
  return multivariate.create(multivariate.config.parse(config), context);
}

function live(
  detector: Detector,
  minute: number,
  values: ReadonlyMap<string, number>,
  how: 'learn' | 'hold' = 'learn',
): Surprise | undefined {
  const at = minute * MINUTE;
  const snapshot = { ...emptySnapshot(STAGE.id, at), values };
  const [surprise] = detector.score(snapshot, at, []);
  detector.advance(snapshot, at, () => how);
  const job = detector.retrain?.(at);
  if (job) detector.trained?.(runJob(job));
  return surprise;
}

function learned(count: number, config: object = {}, values = together): Detector {
  const detector = made(config);
  for (let i = 0; i < count; i++) live(detector, i, values(i));
  return detector;
}
const surprise = (said: Surprise | undefined): number =>
  said?.state === 'ready' ? -Math.log(said.pValue) : Number.NaN;

test('a signal that leaves the others, within its own range, is far off at once, and is named', () => {
  const detector = learned(2_000);
  const usual = Array.from({ length: 20 }, (_, i) => surprise(live(detector, 2_000 + i, together(9_000 + i))));
  const said = live(detector, 2_020, together(9_100, true), 'hold');
  assert.ok(Math.max(...usual) < 7 && surprise(said) > 12, `usual ${Math.max(...usual)}, apart ${surprise(said)}`);
  assert.ok(said?.state === 'ready' && said.because[0]?.signal === 'lag_seconds', JSON.stringify(said));
  assert.ok(said.votes?.some(({ vote }) => vote === 'distance') && said.votes.some(({ vote }) => vote === 'forest'));
});

test('names first the signal that is strange by itself, where all is usual together', () => {
  const detector = learned(2_000);
  for (const name of SIGNALS) {
    const own = (signal: string): Surprise => ({
      subject: subjectOf(STAGE.id, signal),
      detector: 'baseline',
      state: 'ready',
      pValue: signal === name ? 1e-12 : 0.4,
      because: [],
      expected: { lower: 10, centre: 12, upper: 16 },
    });
    const snapshot = { ...emptySnapshot(STAGE.id, 2_000 * MINUTE), values: together(9_000) };
    const [said] = detector.score(snapshot, snapshot.at, SIGNALS.map(own));
    assert.ok(said?.state === 'ready' && said.because[0]?.signal === name, `${name}: ${JSON.stringify(said)}`);
    assert.equal(said.because[0].observed, snapshot.values.get(name));
    assert.equal(said.because[0].expected?.upper, 16);
  }
});

test('is calibrated on its own past: one usual snapshot in a hundred has p below 0.01', () => {
  const detector = learned(3_000);
  let below = 0;
  for (let i = 0; i < 5_000; i++)
    if (surprise(live(detector, 3_000 + i, together(50_000 + i))) > -Math.log(0.01)) below++;
  assert.ok(below > 5 && below < 120, `${below} of 5,000`);
});

test('a missing signal is taken out of the distance: usual stays usual, and the rest is still seen', () => {
  const without = (at: number, apart: boolean) => new Map([...together(at, apart)].filter(([name]) => name !== 'rows'));
  const detector = learned(2_000);
  const usual = Math.max(
    ...Array.from({ length: 10 }, (_, i) => surprise(live(detector, 2_000 + i, without(9_000 + i, false)))),
  );
  const apart = surprise(live(detector, 2_010, without(9_100, true), 'hold'));
  assert.ok(usual < 7 && apart > 10, `usual ${usual}, apart ${apart}`);
});

test('a signal that never moved is news when it does', () => {
  const constant = (at: number, x = 7) => new Map([...together(at), ['replicas', x]]);
  const detector = learned(2_000, {}, (at) => constant(at));
  const said = live(detector, 2_000, constant(9_000, 6), 'hold');
  assert.ok(
    surprise(said) > 8 && said?.state === 'ready' && said.because[0]?.signal === 'replicas',
    JSON.stringify(said),
  );
});

test('lets go soon after a great distance has ended', () => {
  const detector = learned(2_000);
  const outage = new Map(SIGNALS.map((name) => [name, 0]));
  for (let i = 0; i < 60; i++) live(detector, 2_000 + i, outage, 'hold');
  const after = Array.from({ length: 10 }, (_, i) => surprise(live(detector, 2_060 + i, together(9_000 + i), 'hold')));
  assert.ok((after.at(-1) as number) < 5, after.map((x) => x.toFixed(1)).join(' '));
});

test('has all its votes soon after its warm-up: four hundred snapshots are a past', () => {
  const detector = learned(400);
  const said = live(detector, 400, together(9_000));
  assert.ok(said?.state === 'ready' && said.votes?.some(({ vote }) => vote === 'forest'), JSON.stringify(said));
});

test('what was strange glows on in the order of samples, below what is strange now, and not in p', () => {
  const detector = learned(2_000);
  const orderOf = (said: Surprise | undefined): number => (said?.state === 'ready' ? (said.surprise ?? 0) : Number.NaN);
  const usual = orderOf(live(detector, 2_000, together(9_000)));
  const strange = Array.from({ length: 5 }, (_, i) => live(detector, 2_001 + i, together(9_001 + i, true), 'hold'));
  const after = Array.from({ length: 150 }, (_, i) => live(detector, 2_006 + i, together(9_006 + i)));
  const [there, soon, later, gone] = [strange.at(-1), after[44], after[74], after[149]];
  const said = [there, soon, later, gone].map((one) => [orderOf(one), surprise(one)]);
  assert.ok(orderOf(soon) > 2 * usual && orderOf(soon) < 0.5 * orderOf(there), `${usual} ${said}`);
  assert.ok(orderOf(later) < orderOf(soon) && orderOf(gone) < 2 * Math.max(usual, 0.5), `${usual} ${said}`);
  assert.ok(surprise(there) > 8 && surprise(soon) < 4, `${said}`);
});

test('what comes back day by day is no news after some days, and what a lease makes of the stage teaches nothing', () => {
  const apartAgain = (lease: boolean): number => {
    const detector = learned(2_000);
    let minute = 2_000;
    let said: Surprise | undefined;
    for (let day = 0; day < 8; day++) {
      for (let i = 0; i < 30; i++, minute++) {
        const at = minute * MINUTE;
        const snapshot = { ...emptySnapshot(STAGE.id, at), values: together(minute, true) };
        [said] = detector.score(snapshot, at, []);
        detector.advance(snapshot, at, () => (lease ? 'distorted' : 'hold'));
      }
      for (let i = 0; i < 300; i++, minute++) live(detector, minute, together(minute));
    }
    return surprise(said);
  };
  const [daily, leased] = [apartAgain(false), apartAgain(true)];
  assert.ok(daily < 5 && leased > daily + 3, `daily ${daily}, under a lease ${leased}`);
});

test('what was accepted is no news, and is learned though it is held', () => {
  const moved = (at: number) => new Map([...together(at)].map(([name, x], i) => [name, i < 2 ? 3 * x : x]));
  const detector = learned(2_000);
  assert.ok(surprise(live(detector, 2_000, moved(1), 'hold')) > 12);
  detector.accept(subjectOf(STAGE.id, VECTOR), 2_001 * MINUTE);
  assert.ok(surprise(live(detector, 2_001, moved(2), 'hold')) === 0);
  for (let i = 0; i < 300; i++) live(detector, 2_002 + i, moved(100 + i), 'hold');
  const later = Array.from({ length: 20 }, (_, i) => surprise(live(detector, 2_400 + i, moved(700 + i))));
  assert.ok(Math.max(...later) < 9, later.map((x) => x.toFixed(1)).join(' '));
});

test('speaks for the whole once a season is known, not before', () => {
  const whole = (said: Surprise | undefined): unknown => said?.state === 'ready' && said.whole;
  const detector = learned(600);
  assert.equal(whole(live(detector, 600, together(600))), undefined);
  for (let i = 601; i < 1_445; i++) live(detector, i, together(i));
  assert.equal(whole(live(detector, 1_445, together(1_445))), true);
});

test('does not speak for the whole while it learns what was accepted, so that a signal that falls meanwhile is heard', () => {
  const whole = (said: Surprise | undefined): unknown => said?.state === 'ready' && said.whole;
  const detector = learned(1_600);
  assert.equal(whole(live(detector, 1_600, together(1_600))), true);
  detector.accept(subjectOf(STAGE.id, VECTOR), 1_600 * MINUTE);
  let silent = 0;
  while (whole(live(detector, 1_601 + silent, together(1_601 + silent))) !== true && silent < 2_000) silent++;
  assert.ok(silent > 0 && silent < 2_000, `it spoke again after ${silent} snapshots`);
});

test('says nothing of a stage with fewer than three signals that vary', () => {
  const detector = learned(600, {}, (at) => new Map([...together(at)].map(([name, x], i) => [name, i < 2 ? x : 1])));
  assert.equal(live(detector, 600, together(600)), undefined);
});

test('looks at more than 64 signals in groups', () => {
  const many = (at: number) => {
    const random = seededRandom(at);
    const load = random();
    return new Map(Array.from({ length: 100 }, (_, i) => [`s${String(i).padStart(3, '0')}`, 10 + 5 * load + random()]));
  };
  const detector = learned(400, { votes: ['distance'] }, many);
  const usual = surprise(live(detector, 400, many(9_000)));
  const said = live(detector, 401, new Map([...many(9_001), ['s090', 40]]), 'hold');
  assert.ok(surprise(said) > usual, `${usual} ${surprise(said)}`);
  assert.ok(said?.state === 'ready' && said.because[0]?.signal === 's090', JSON.stringify(said));
});
