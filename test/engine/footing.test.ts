import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Surprise } from '../../src/domain/score.ts';
import { subjectOf, VECTOR } from '../../src/domain/subject.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { defaultSignalPlan } from '../../src/engine/plan.ts';
import { createStageLine, type Footing } from '../../src/engine/stage.ts';
import type { Detector } from '../../src/kit/component.ts';
import { snapshot, stagePlan } from '../support/plans.ts';

const ID = 'orders.enrich';
const START = Date.UTC(2026, 0, 5);
const SIGNALS = ['rows', 'lag_seconds', 'error_ratio'];

const ready = (part: string, pValue: number, whole = false): Surprise => ({
  subject: subjectOf(ID, part),
  detector: part === VECTOR ? 'multivariate' : 'baseline',
  state: 'ready',
  pValue,
  because: [],
  ...(whole && { whole: true }),
});

interface Scene {
  readonly footing: Footing;
  /** What is said of `rows`; the other signals are usual. */
  readonly rows?: number;
  /** What is said of the whole; nothing where left out. */
  readonly whole?: number;
  readonly limitBroken?: boolean;
  readonly excludes?: 'rows' | 'all';
}

/** What a detector hears of each subject when it is to move on. */
function heard({ footing, rows = 0.5, whole, limitBroken = false, excludes }: Scene): Record<string, string> {
  const range = { from: START, to: START + MINUTE, why: 'load test' };
  const plan = stagePlan(ID, {
    every: MINUTE,
    signals: new Map(
      SIGNALS.map((name) => [
        name,
        { ...defaultSignalPlan(name), ...(excludes === 'rows' && name === 'rows' && { excluded: [range] }) },
      ]),
    ),
    ...(excludes === 'all' && { excluded: [range] }),
  });
  const said: Surprise[] = SIGNALS.map((name) => ready(name, name === 'rows' ? rows : 0.5));
  if (whole !== undefined) said.push(ready(VECTOR, whole, true));
  if (limitBroken)
    said.push({
      subject: subjectOf(ID, 'lag_seconds'),
      detector: 'limits',
      state: 'limit',
      rule: 'above',
      limit: 1,
      observed: 2,
      severity: 'critical',
      broken: true,
      patience: 0,
    });
  const ways: Record<string, string> = {};
  const detector: Detector = {
    score: () => said,
    advance: (_snapshot, _now, how) => {
      for (const part of [...SIGNALS, VECTOR]) ways[part] = how(subjectOf(ID, part));
    },
    accept: () => {},
    save: () => new Uint8Array(0),
    restore: () => true,
  };
  const line = createStageLine(plan, [{ type: 'scripted', pass: 'signal', detector }]);
  const values = Object.fromEntries(SIGNALS.map((name) => [name, 1]));
  const share = { pagesPerWeek: 1, ticketsPerWeek: 7 };
  line.judge(snapshot(ID, START, values), new Map(), { share, distorted: footing === 'distorted', demotes: false });
  line.advance(footing, false);
  return ways;
}

const all = (way: string): Record<string, string> =>
  Object.fromEntries([...SIGNALS, VECTOR].map((part) => [part, way]));

test('where nothing holds, everything learns but what is strange itself', () => {
  assert.deepEqual(heard({ footing: 'as-judged', whole: 0.5 }), all('learn'));
  assert.deepEqual(heard({ footing: 'as-judged', rows: 1e-40 }), { ...all('learn'), rows: 'hold' });
});

test('an incident holds the whole stage, where nobody can say that the others are usual', () => {
  assert.deepEqual(heard({ footing: 'incident', rows: 1e-40 }), all('hold'));
  assert.deepEqual(heard({ footing: 'incident', rows: 1e-40, whole: 1e-40 }), all('hold'));
});

test('while the whole is usual an incident holds only the signal that is strange', () => {
  assert.deepEqual(heard({ footing: 'incident', rows: 1e-40, whole: 0.5 }), { ...all('learn'), rows: 'hold' });
});

test('a broken limit holds the whole stage, since nobody learned it', () => {
  assert.deepEqual(heard({ footing: 'incident', whole: 0.5, limitBroken: true }), all('hold'));
});

test('what was declared to be normal is learned, strange or not, but for what is excluded', () => {
  assert.deepEqual(heard({ footing: 'training', rows: 1e-40, whole: 1e-40, limitBroken: true }), all('learn'));
  assert.deepEqual(heard({ footing: 'training', excludes: 'all' }), all('distorted'));
});

test('after the end of learning everything is held; what is not the stage’s own doing is called so', () => {
  assert.deepEqual(heard({ footing: 'learning-over', whole: 0.5 }), all('hold'));
  assert.deepEqual(heard({ footing: 'distorted', rows: 1e-40, whole: 0.5 }), all('distorted'));
  assert.deepEqual(heard({ footing: 'incident', whole: 0.5, excludes: 'all' }), all('distorted'));
  assert.deepEqual(heard({ footing: 'as-judged', whole: 0.5, excludes: 'rows' }), {
    ...all('learn'),
    rows: 'distorted',
    [VECTOR]: 'distorted',
  });
});
