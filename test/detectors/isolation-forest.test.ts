import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isolationForest } from '../../src/detectors/isolation-forest/index.ts';
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
const HEAD = { subject: subjectOf(STAGE.id, VECTOR), detector: 'isolation-forest' };

detectorContract(isolationForest, {
  config: { warmup: 128, rows: 256, trees: 20, sample: 64, retrain_every: '3h' },
  stage: STAGE,
  signals: SIGNALS,
  subjects: [VECTOR],
  warmSnapshots: 150,
  bytesPerSignal: 8_192,
});

/** Signals that move together, each within the same range at all times. */
function together(at: number, apart = false): ReadonlyMap<string, number> {
  const random = seededRandom(at);
  const load = random();
  const values = SIGNALS.map((name): [string, number] => [name, 10 + 5 * load + 0.3 * random()]);
  return new Map(apart ? values.map(([name, x], i) => (i === 1 ? [name, 25 - x] : [name, x])) : values);
}

/** A detector that has lived through `count` usual snapshots of a minute each. */
function learned(config: object, count: number, values = together): { detector: Detector; now: number } {
  const detector = isolationForest.create(isolationForest.config.parse(config), {
    stage: STAGE,
    random: seededRandom(1),
    holidays: [],
  });
  for (let i = 0; i < count; i++) live(detector, i * MINUTE, values(i));
  return { detector, now: count * MINUTE };
}

function live(detector: Detector, at: number, values: ReadonlyMap<string, number>): Surprise {
  const snapshot = { ...emptySnapshot(STAGE.id, at), values };
  const [surprise] = detector.score(snapshot, at, []);
  detector.advance(snapshot, at, () => 'learn');
  const job = detector.retrain?.(at);
  if (job) detector.trained?.(runJob(job));
  return surprise as Surprise;
}

test('finds signals that part company while each stays where it always was', () => {
  const { detector, now } = learned({}, 1_500);
  const said = Array.from({ length: 20 }, (_, i) => live(detector, now + i * MINUTE, together(9_000 + i, i >= 10)));
  const surprise = (one?: Surprise): number => (one?.state === 'ready' ? -Math.log(one.pValue) : Number.NaN);
  const usual = Math.max(...said.slice(0, 10).map(surprise));
  const strange = Math.max(...said.slice(10).map(surprise));
  assert.ok(usual < 6 && strange > usual + 2, `usual ${usual}, strange ${strange}`);
});

test('names the signal that set the vector apart', () => {
  const { detector, now } = learned({}, 1_000);
  const values = new Map([...together(7), ['error_ratio', 30]]);
  let said: Surprise | undefined;
  for (let i = 0; i < 5; i++) said = live(detector, now + i * MINUTE, values);
  assert.ok(said?.state === 'ready' && said.pValue < 0.05, JSON.stringify(said));
  assert.equal(said.because[0]?.signal, 'error_ratio');
});

test('is calibrated on its own past: one usual snapshot in a hundred has p below 0.01', () => {
  const { detector, now } = learned({}, 2_000);
  let below = 0;
  for (let i = 0; i < 5_000; i++) {
    const said = live(detector, now + i * MINUTE, together(50_000 + i));
    if (said.state === 'ready' && said.pValue < 0.01) below++;
  }
  assert.ok(below > 10 && below < 120, `${below} of 5,000`);
});

test('a missing signal says nothing, and with too few signals it is blind', () => {
  const { detector, now } = learned({}, 1_000);
  const without = (...gone: string[]) => new Map([...together(3)].filter(([name]) => !gone.includes(name)));
  const one = live(detector, now, without('rows'));
  assert.ok(one.state === 'ready' && one.pValue > 0.01, JSON.stringify(one));
  assert.ok(!one.because.some(({ signal }) => signal === 'rows'));
  const two = live(detector, now + MINUTE, without('rows', 'lag_seconds'));
  assert.deepEqual(two, { ...HEAD, state: 'blind', missing: ['lag_seconds', 'rows'] });
});

test('stays blind where fewer than three signals vary', () => {
  const still = (i: number) => new Map([...together(i)].map(([name, x], k) => [name, k < 2 ? x : 7]));
  const { detector, now } = learned({}, 600, still);
  assert.deepEqual(live(detector, now, still(1)), { ...HEAD, state: 'blind', missing: ['three signals that vary'] });
});

test('learns nothing of a snapshot in which one signal is held', () => {
  const { detector, now } = learned({}, 200);
  const before = detector.save();
  const snapshot = { ...emptySnapshot(STAGE.id, now), values: together(1) };
  detector.advance(snapshot, now, (subject) => (subject.endsWith('/rows') ? 'hold' : 'learn'));
  assert.deepEqual(detector.save(), before);
});

test('an accepted vector is no surprise any more, and a new forest comes soon', () => {
  const { detector, now } = learned({}, 1_000);
  const strange = (i: number) => new Map([...together(i, true), ['rows', 40]]);
  let at = now;
  const look = (): Surprise => {
    at += MINUTE;
    const snapshot = { ...emptySnapshot(STAGE.id, at), values: strange(at / MINUTE) };
    const [surprise] = detector.score(snapshot, at, []);
    detector.advance(snapshot, at, () => 'hold');
    return surprise as Surprise;
  };
  let said = look();
  for (let i = 0; i < 30; i++) said = look();
  assert.ok(said.state === 'ready' && said.pValue < 0.01, JSON.stringify(said));
  detector.accept(subjectOf(STAGE.id, VECTOR), at);
  said = look();
  assert.ok(said.state === 'ready' && said.pValue > 0.05, JSON.stringify(said));
});
