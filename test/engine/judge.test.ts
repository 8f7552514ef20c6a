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
