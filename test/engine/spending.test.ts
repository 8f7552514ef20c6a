import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Score, Surprise } from '../../src/domain/score.ts';
import { DAY, HOUR, MINUTE, WEEK } from '../../src/domain/time.ts';
import { createJudge, type Judgement, type StageJudge } from '../../src/engine/judge.ts';
import { poissonQuantile } from '../../src/stats/poisson.ts';
import { snapshot, stagePlan } from '../support/plans.ts';

const STAGE = 'orders.enrich';
const SUBJECT = `${STAGE}/rows`;
/** One subject of forty: its share alone would be spent by chance at the third page. */
const SHARE = { pagesPerWeek: 1 / 40, ticketsPerWeek: 7 / 40 };

const plan = () => stagePlan(STAGE, { every: MINUTE, budget: { pagesPerWeek: 1, ticketsPerWeek: 7 } });

const surprise = (pValue: number, detector = 'baseline'): Surprise => ({
  subject: SUBJECT,
  detector,
  state: 'ready',
  pValue,
  because: [{ signal: 'rows', share: 1 }],
  observed: 1,
  expected: { lower: 4, centre: 5, upper: 6 },
});

/** A judge with its own clock. */
function house(judge: StageJudge = createJudge(plan()), start = 0, demotes = true) {
  let at = start;
  const step = (said: readonly Surprise[], values = 1): Judgement => {
    at += MINUTE;
    return judge.judge(said, snapshot(STAGE, at, { rows: values }), { share: SHARE, distorted: false, demotes });
  };
  const calm = (samples: number): void => {
    for (let i = 0; i < samples; i++) step([surprise(0.6)]);
  };
  /** One page of ten minutes; answers with its first judgement. */
  const page = (more: readonly Surprise[] = []): Judgement => {
    const first = step([surprise(1e-40), ...more]);
    for (let i = 0; i < 9; i++) step([surprise(1e-40), ...more]);
    calm(20);
    return first;
  };
  const wait = (length: number): void => {
    at += length;
  };
  return { judge, step, calm, page, wait, now: () => at };
}

const demotionIn = (judgement: Judgement): Score['demoted'] => judgement.scores.find((score) => score.demoted)?.demoted;

test('a detector that alone pages more than the whole pipeline may is demoted, and its verdict is a warning', () => {
  const { page, wait, step } = house();
  for (let n = 0; n < 5; n++) {
    assert.equal(page().verdict.state, 'critical', `page ${n + 1}`);
    wait(DAY);
  }
  const sixth = page();
  assert.equal(sixth.verdict.state, 'warning');
  assert.deepEqual({ ...demotionIn(sixth), since: 0 }, { since: 0, pages: 5, accepted: 4, weeks: 4 });
  assert.ok((sixth.scores[0]?.value ?? 0) > 1, 'the score itself stays what it is');
  // A limit pages in any case.
  const limit: Surprise = {
    subject: SUBJECT,
    detector: 'limits',
    state: 'limit',
    rule: 'below',
    severity: 'critical',
    broken: true,
    patience: 0,
    limit: 2,
    observed: 1,
  };
  assert.equal(step([surprise(1e-40), limit]).verdict.state, 'critical');
});

test('while demoted its references are held as before, so that it does not learn the trouble', () => {
  const { page, wait, judge, step } = house();
  for (let n = 0; n < 5; n++) {
    page();
    wait(DAY);
  }
  step([surprise(1e-40)]);
  assert.equal(judge.isHeld(SUBJECT), true);
});

test('it is promoted once it has kept within the budget for four weeks, and not while it would still overspend', () => {
  const { page, wait, judge, step } = house();
  for (let n = 0; n < 5; n++) {
    page();
    wait(DAY);
  }
  for (let week = 0; week < 6; week++) {
    page();
    wait(3 * DAY);
    page();
    wait(4 * DAY);
  }
  assert.equal(judge.demoted.length, 1, 'two a week are still more than four in four weeks');
  wait(4 * WEEK);
  const { standings, verdict } = step([surprise(0.6)]);
  assert.deepEqual(standings, [{ subject: SUBJECT, detector: 'baseline', demotion: undefined }]);
  assert.equal(verdict.state, 'ok');
  assert.equal(page().verdict.state, 'critical');
});

test('what people call real is not spent, and what they call no anomaly is spent twice', () => {
  const praised = house();
  for (let n = 0; n < 12; n++) {
    const from = praised.now();
    assert.equal(praised.page().verdict.state, 'critical', `page ${n + 1}`);
    praised.judge.label(from, praised.now(), 'real');
    praised.wait(DAY);
  }
  const blamed = house();
  for (let n = 0; n < 3; n++) {
    const from = blamed.now();
    blamed.page();
    blamed.judge.label(from, blamed.now(), 'not-an-anomaly');
    blamed.wait(DAY);
  }
  assert.equal(blamed.page().verdict.state, 'warning', 'the fourth');
});

test('one trouble that flaps is one page, and where a limit pages with it none is spent', () => {
  const { judge, step, calm } = house();
  for (let n = 0; n < 20; n++) {
    for (let i = 0; i < 3; i++) step([surprise(1e-40)]);
    calm(8);
  }
  assert.equal(judge.demoted.length, 0);
});

test('nothing is demoted where nobody labels', () => {
  const { page, wait } = house(createJudge(plan()), 0, false);
  for (let n = 0; n < 12; n++) {
    assert.equal(page().verdict.state, 'critical');
    wait(HOUR);
  }
});

test('a restart keeps who was demoted, and what was spent', () => {
  const before = house();
  for (let n = 0; n < 5; n++) {
    before.page();
    before.wait(DAY);
  }
  before.calm(1);
  const after = createJudge(plan());
  after.restore(before.judge.save());
  assert.deepEqual(after.demoted, before.judge.demoted);
  assert.equal(after.save(), before.judge.save());
  assert.equal(house(after, before.now()).page().verdict.state, 'warning');
});

// Golden: scipy.stats.poisson.ppf(0.999, mean), SciPy 1.17.
test('the quantile of the Poisson law is that of SciPy', () => {
  const means = [0, 0.1, 0.5, 1, 4, 12, 100];
  assert.deepEqual(
    means.map((mean) => poissonQuantile(mean, 0.999)),
    [0, 2, 4, 5, 11, 24, 132],
  );
});
