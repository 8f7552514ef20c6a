import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/detectors/limits/index.ts';
import type { LimitPlan } from '../../src/domain/plan.ts';
import type { Surprise } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { detectorContract } from '../contracts/detector.ts';
import { limitPlan, signalPlan, stagePlan } from './stage-plan.ts';

detectorContract(limits, {
  config: {},
  stage: stagePlan([
    signalPlan('lag_seconds', { limits: [limitPlan({ rule: 'above', value: 100 })] }),
    signalPlan('rows', { limits: [limitPlan({ rule: 'zero' }), limitPlan({ rule: 'absent' })] }),
  ]),
  signals: ['lag_seconds', 'rows'],
  warmSnapshots: 1,
  bytesPerSignal: 8,
});

const judge = (plan: readonly LimitPlan[], of: Partial<Snapshot>): readonly Surprise[] => {
  const detector = limits.create(limits.config.parse({}), {
    stage: stagePlan([signalPlan('rows', { limits: plan })]),
    random: seededRandom(1),
    holidays: [],
  });
  return detector.score({ ...emptySnapshot('orders.enrich', 0), ...of }, 0, []);
};
const withRows = (rows: number): Partial<Snapshot> => ({ values: new Map([['rows', rows]]) });
const broken = (surprises: readonly Surprise[]): boolean[] =>
  surprises.map((surprise) => surprise.state === 'limit' && surprise.broken);

test('breaks a bound only past it, not at it', () => {
  const above = [limitPlan({ rule: 'above', value: 10 })];
  assert.deepEqual(
    [9, 10, 11].map((rows) => broken(judge(above, withRows(rows)))),
    [[false], [false], [true]],
  );
  const below = [limitPlan({ rule: 'below', value: 10 })];
  assert.deepEqual(
    [9, 10, 11].map((rows) => broken(judge(below, withRows(rows)))),
    [[true], [false], [false]],
  );
});

test('breaks zero at exactly zero', () => {
  const zero = [limitPlan({ rule: 'zero' })];
  assert.deepEqual(
    [0, -0, 0.001, -1].map((rows) => broken(judge(zero, withRows(rows)))),
    [[true], [true], [false], [false]],
  );
});

test('reports value, bound, severity and patience for the judge, and applies none of them', () => {
  const plan = [limitPlan({ rule: 'above', value: 10, severity: 'warning', patience: 60_000 })];
  assert.deepEqual(judge(plan, withRows(12)), [
    {
      subject: 'orders.enrich/rows',
      detector: 'limits',
      state: 'limit',
      rule: 'above',
      severity: 'warning',
      broken: true,
      patience: 60_000,
      limit: 10,
      observed: 12,
    },
  ]);
});

test('says of an absent signal only that it is absent', () => {
  const plan = [limitPlan({ rule: 'above', value: 10 }), limitPlan({ rule: 'absent' })];
  const surprises = judge(plan, { absent: new Set(['rows']) });
  assert.deepEqual(surprises, [
    {
      subject: 'orders.enrich/rows',
      detector: 'limits',
      state: 'limit',
      rule: 'absent',
      severity: 'critical',
      broken: true,
      patience: 0,
      limit: 0,
    },
  ]);
  assert.deepEqual(broken(judge(plan, withRows(5))), [false, false]);
});

test('never takes a gap for absence', () => {
  const gaps = [{ probe: '0', signals: ['rows'], code: 'timeout' as const, message: 'no answer' }];
  assert.deepEqual(judge([limitPlan({ rule: 'absent' }), limitPlan({ rule: 'zero' })], { gaps }), [
    { subject: 'orders.enrich/rows', detector: 'limits', state: 'blind', missing: ['rows'] },
  ]);
});

test('says nothing of a signal that nobody asked for, or that has no limit', () => {
  assert.deepEqual(judge([limitPlan({ rule: 'absent' })], {}), []);
  assert.deepEqual(judge([], withRows(0)), []);
});

test('holds limits also where learned detectors are switched off', () => {
  const detector = limits.create(limits.config.parse({}), {
    stage: stagePlan([signalPlan('rows', { detect: false, limits: [limitPlan({ rule: 'zero' })] })]),
    random: seededRandom(1),
    holidays: [],
  });
  const snapshot = { ...emptySnapshot('orders.enrich', 0), values: new Map([['rows', 0]]) };
  assert.deepEqual(broken(detector.score(snapshot, 0, [])), [true]);
});
