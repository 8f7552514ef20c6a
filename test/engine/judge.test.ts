import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Surprise } from '../../src/domain/score.ts';
import { createJudge } from '../../src/engine/judge.ts';
import { snapshot, stagePlan } from '../support/plans.ts';

const SHARE = { pagesPerWeek: 1, ticketsPerWeek: 7 };
const STANDING = { share: SHARE, distorted: false, demotes: true };

const broken = (observed: number, severity: 'warning' | 'critical'): Surprise => ({
  subject: 'orders.enrich/lag_seconds',
  detector: 'limits',
  state: 'limit',
  rule: 'above',
  severity,
  broken: true,
  patience: 0,
  limit: 60,
  observed,
});

test('a limit worth a ticket opens a warning though nothing has been learned of its signal, and never a page', () => {
  for (const observed of [61, 600, 1e9]) {
    const judge = createJudge(stagePlan('orders.enrich', { detectors: [{ type: 'limits', config: {} }] }));
    const seen = snapshot('orders.enrich', 0, { lag_seconds: observed });
    assert.equal(judge.judge([broken(observed, 'warning')], seen, STANDING).verdict.state, 'warning');
  }
});

test('a limit stays broken when the clock is set back', () => {
  const judge = createJudge(stagePlan('orders.enrich', { detectors: [{ type: 'limits', config: {} }] }));
  for (const at of [3_600_000, 3_610_000, 0, 10_000, 20_000, 30_000, 40_000, 50_000]) {
    const seen = snapshot('orders.enrich', at, { lag_seconds: 200 });
    assert.equal(judge.judge([broken(200, 'critical')], seen, STANDING).verdict.state, 'critical');
  }
});

const ready = (part: string, pValue: number, whole?: true): Surprise => ({
  subject: `orders.enrich/${part}`,
  detector: part === '*' ? 'multivariate' : 'baseline',
  state: 'ready',
  pValue,
  because: [{ signal: part === '*' ? 'rows' : part, share: 1 }],
  ...(whole && { whole }),
});

test('a signal alone opens a ticket while the whole is usual, and a page once the whole is not', () => {
  const share = { pagesPerWeek: 1, ticketsPerWeek: 7 };
  const says = (...surprises: Surprise[]) => {
    const judge = createJudge(stagePlan('orders.enrich', {}));
    const seen = snapshot('orders.enrich', 0, { rows: 1 });
    return judge.judge(surprises, seen, { share, distorted: false, demotes: false }).verdict.state;
  };
  assert.equal(says(ready('rows', 1e-12), ready('*', 0.4, true)), 'warning');
  assert.equal(says(ready('*', 0.4, true), ready('rows', 1e-12)), 'warning', 'in any order');
  assert.equal(says(ready('rows', 1e-12), ready('*', 1e-12, true)), 'critical');
  assert.equal(says(ready('rows', 1e-12), ready('*', 0.4)), 'critical', 'a whole that is young holds nobody back');
  assert.equal(says(ready('rows', 1e-12)), 'critical');
});

test('a signal that passed its own line is held until it is back, though the whole is usual and all it opens is a ticket', () => {
  const standing = { share: { pagesPerWeek: 1, ticketsPerWeek: 7 }, distorted: false, demotes: false };
  let judge = createJudge(stagePlan('orders.enrich', {}));
  const says = (pValue: number): string => {
    const seen = snapshot('orders.enrich', 0, { rows: 1 });
    const { verdict } = judge.judge([ready('rows', pValue), ready('*', 0.4, true)], seen, standing);
    return `${verdict.state}, ${judge.isHeld('orders.enrich/rows') ? 'held' : 'learned'}`;
  };
  assert.equal(says(1e-12), 'warning, held');
  for (let sample = 0; sample < 10; sample++) assert.equal(says(1e-3), 'warning, held', 'no longer beyond the line');
  // What is held is held after a restart.
  const text = judge.save();
  judge = createJudge(stagePlan('orders.enrich', {}));
  judge.restore(text);
  for (let sample = 0; sample < 4; sample++) assert.match(says(0.9), /held/);
  assert.equal(says(0.9), 'ok, learned');
  assert.equal(says(1e-3), 'ok, learned', 'what never was beyond the line is not held');
});

test('a whole has the budget of its signals and none beside it', () => {
  const judge = createJudge(stagePlan('orders.enrich', {}));
  const standing = { share: { pagesPerWeek: 1, ticketsPerWeek: 7 }, distorted: false, demotes: false };
  const seen = snapshot('orders.enrich', 0, { rows: 1 });
  judge.judge([ready('rows', 0.5), ready('lag', 0.5), ready('*', 0.5)], seen, standing);
  assert.equal(judge.readySubjects(), 3);
  judge.judge([ready('rows', 0.5), ready('lag', 0.5), ready('*', 0.5, true)], seen, standing);
  assert.equal(judge.readySubjects(), 2);
});
