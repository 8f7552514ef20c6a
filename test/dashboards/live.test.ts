import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RULES } from '../../alerts/rules.ts';
import { DASHBOARDS } from '../../dashboards/all.ts';
import { launch, openPage } from '../page/support/browser.ts';
import { requirePostgres } from '../support/postgres.ts';
import { filledIn } from '../support/promql.ts';
import { requireServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { DashboardShape } from './shape.ts';
import { startWorld, type World } from './world.ts';

// A real Prometheus scrapes a real daemon with real pipelines from before a gate is held until after; in that time every
// panel has to show something once. When each of them does is the story of the pipelines, and that differs from run to run.

const skip = requireServer('prometheus').skip || requirePostgres().skip;
const chromium = requireServer('chromium');
/** What Grafana would fill in: everything, and the stage whose gate the demo holds, or else the one that becomes slow. A rate is taken over more than one of its looks. */
const CHOSEN = { pipeline: '.+', signal: 'out_records_per_second', instance: '.+', rate_interval: '2m' };
const STORY = 360_000;
/** The same question about several stages; one of them has to have an answer. */
type Query = readonly string[];

const dashboards = DASHBOARDS.map((make) => {
  const { uid, panels, annotations } = DashboardShape.parse(make());
  const stages = uid === 'headgate-stage' ? ['ingest', 'enrich'] : ['.+'];
  const fill = (expr: string): Query => stages.map((stage) => filledIn(expr, { ...CHOSEN, stage }));
  return {
    uid,
    panels: panels.flatMap((one) =>
      one.type === 'row' ? [] : [{ title: one.title, queries: one.targets.map(({ expr }) => fill(expr)) }],
    ),
    marks: annotations.list.map(({ name, expr }) => ({ title: name, queries: [fill(expr)] })),
  };
});

describe('the dashboards on a real Prometheus', { skip }, () => {
  let world: World;
  const unanswered = new Set<Query>();

  const ask = async (query: string): Promise<readonly { value: readonly [number, string] }[]> => {
    const response = await fetch(`${world.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
    const body = (await response.json()) as { data: { result: readonly { value: readonly [number, string] }[] } };
    assert.equal(response.status, 200, JSON.stringify(body));
    return body.data.result;
  };
  const isAnswered = async (query: string): Promise<boolean> =>
    (await ask(query)).some(({ value }) => Number.isFinite(Number(value[1])));

  before(async () => {
    world = await startWorld();
    const learned = [
      'headgate_expected{pipeline="orders",stage="ingest",signal="out_records_per_second"}',
      'headgate_expected{pipeline="warehouse",stage="queue",signal="freshness_seconds"}',
      'headgate_drift_effect{field="amount"}',
    ];
    for (const what of learned)
      await until(() => isAnswered(what), { what: `there is ${what}`, within: 120_000, every: 250 });
    await world.break();
    for (const { panels, marks } of dashboards)
      for (const { queries } of [...panels, ...marks]) for (const query of queries) unanswered.add(query);
    const askAll = async (): Promise<boolean> => {
      for (const query of unanswered) for (const one of query) if (await isAnswered(one)) unanswered.delete(query);
      return unanswered.size === 0 && (await isAnswered('headgate_drift_detected{field="amount"} == 1'));
    };
    // What is never answered is told by the test of its panel.
    await until(askAll, { what: 'every query is answered', within: STORY, every: 500 }).catch(() => {});
  });
  after(() => world?.stop());

  for (const { uid, panels, marks } of dashboards)
    for (const { title, queries } of [...panels, ...marks])
      test(`${uid}, ${title}: every query has an answer of finite numbers`, () => {
        for (const query of queries) assert.ok(!unanswered.has(query), `no finite number for ${query}`);
      });

  test('the drift that was made is shown, of the field that drifted and of no other', async () => {
    const shown = await ask('last_over_time(headgate_drift_detected[1m]) == 1');
    assert.deepEqual(
      shown.map((one) => (one as unknown as { metric: { field: string } }).metric.field),
      ['amount'],
    );
  });

  test('the page shows the field that drifted, with the test, the effect, and how it was', {
    skip: chromium.skip,
  }, async () => {
    const browser = await launch(chromium.path);
    try {
      const { page, problems } = await openPage(browser, `${world.daemon}/#/data/warehouse/orders?field=amount`);
      await page.locator('#field-title').waitFor();
      const row = (await page.locator('.fields tbody tr').first().textContent()) ?? '';
      assert.match(row, /drifted.*amount.*median \d\S* → \d\S*; significant, and larger than chance/);
      assert.match(row, /(mann-whitney|kolmogorov-smirnov)/);
      assert.ok((await page.locator('.field-detail svg .was').count()) > 10);
      assert.deepEqual(problems, []);
    } finally {
      await browser.close();
    }
  });

  test('every alert rule is a query that Prometheus takes', async () => {
    for (const { expr } of RULES) await ask(expr);
  });
});
