import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Surprise } from '../../src/domain/score.ts';
import { createJudge } from '../../src/engine/judge.ts';
import { snapshot, stagePlan } from '../support/plans.ts';

test('a limit worth a ticket opens a warning though nothing has been learned of its signal, and never a page', () => {
  for (const observed of [61, 600, 1e9]) {
    const judge = createJudge(stagePlan('orders.enrich', { detectors: [{ type: 'limits', config: {} }] }));
    const broken: Surprise = {
      subject: 'orders.enrich/lag_seconds',
      detector: 'limits',
      state: 'limit',
      rule: 'above',
      severity: 'warning',
      broken: true,
      patience: 0,
      limit: 60,
      observed,
    };
    const seen = snapshot('orders.enrich', 0, { lag_seconds: observed });
    const share = { pagesPerWeek: 1, ticketsPerWeek: 7 };
    assert.equal(judge.judge([broken], seen, { share, distorted: false, demotes: true }).verdict.state, 'warning');
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

test('a whole has the budget of its signals and none beside it', () => {
  const judge = createJudge(stagePlan('orders.enrich', {}));
  const standing = { share: { pagesPerWeek: 1, ticketsPerWeek: 7 }, distorted: false, demotes: false };
  const seen = snapshot('orders.enrich', 0, { rows: 1 });
  judge.judge([ready('rows', 0.5), ready('lag', 0.5), ready('*', 0.5)], seen, standing);
  assert.equal(judge.readySubjects(), 3);
  judge.judge([ready('rows', 0.5), ready('lag', 0.5), ready('*', 0.5, true)], seen, standing);
  assert.equal(judge.readySubjects(), 2);
});
