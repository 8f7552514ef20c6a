import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { overview } from '../../dashboards/overview.ts';
import { VERDICTS } from '../../dashboards/panels.ts';
import { filledIn, metricsIn } from '../support/promql.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid?: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly noValue?: string } };
  readonly targets?: readonly { readonly expr: string; readonly refId: string; readonly datasource: { uid: string } }[];
}

const dashboard = overview();
const all = dashboard.panels as unknown as readonly Panel[];
const panels = all.filter((panel) => panel.type !== 'row');
const names = new Set(dashboard.templating?.list?.map((variable) => variable.name));

describe('the dashboard', () => {
  test('has an address of its own, is found by its tag, and is not edited in place', () => {
    assert.equal(dashboard.uid, 'headgate-overview');
    assert.deepEqual(dashboard.tags, ['headgate']);
    assert.equal(dashboard.editable, false);
    assert.equal(dashboard.schemaVersion, 42);
    assert.ok(panels.length >= 20);
  });

  test('has panels with ids of their own that do not lie on each other', () => {
    assert.equal(new Set(all.map((panel) => panel.id)).size, all.length);
    const taken = new Map<string, string>();
    for (const { gridPos, title } of all) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies on another panel`);
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  for (const panel of panels) {
    test(`${panel.title}: says what it shows, in which unit, and what an empty answer means`, () => {
      assert.ok((panel.description?.length ?? 0) > 15);
      assert.ok(panel.fieldConfig?.defaults.unit);
      assert.ok(panel.fieldConfig?.defaults.noValue);
      assert.equal(panel.datasource?.uid, '${datasource}');
    });

    test(`${panel.title}: asks in PromQL, for counters by their rate, with variables that exist`, () => {
      assert.ok(panel.targets && panel.targets.length > 0);
      assert.equal(new Set(panel.targets.map((target) => target.refId)).size, panel.targets.length);
      for (const { expr, datasource } of panel.targets) {
        assert.equal(datasource.uid, '${datasource}');
        for (const [, name] of expr.matchAll(/\$\{?([a-z]+)\}?/g)) assert.ok(names.has(name ?? ''), `${expr}: ${name}`);
        for (const use of metricsIn(filledIn(expr))) {
          const counts = /_(total|bucket|count|sum)$/.test(use.metric);
          // Of what happens a few times a day a rate is mostly NaN; its quantiles are those since the start.
          const rare = use.metric === 'headgate_notification_latency_seconds_bucket';
          assert.equal(use.rated, counts && !rare, `${use.metric} in ${expr}`);
          if (use.rated) assert.match(expr, /\[\$__rate_interval\]/);
        }
      }
    });
  }

  test('writes every verdict out, in a colour of its own', () => {
    const options = Object.values(VERDICTS[0]?.options ?? {}) as { text: string; color: string }[];
    assert.deepEqual(
      options.map((option) => option.text),
      ['ok', 'warning', 'critical', 'unknown'],
    );
    assert.equal(new Set(options.map((option) => option.color)).size, 4);
  });
});

test('the reader of PromQL finds metrics, labels and rates, and refuses what is not PromQL', () => {
  assert.deepEqual(metricsIn('sum by (a) (rate(x_total{a="1",b=~"2"}[5m])) / max(y) or vector(0)'), [
    { metric: 'x_total', labels: ['a', 'b'], rated: true },
    { metric: 'y', labels: [], rated: false },
  ]);
  assert.throws(() => metricsIn('sum(x{a="1"}'), /not PromQL at offset/);
});
