import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DASHBOARDS } from '../../dashboards/all.ts';
import { VERDICTS } from '../../dashboards/look.ts';
import { METRICS, STAGE_METRICS } from '../../src/telemetry/catalog.ts';
import { filledIn, metricsIn } from '../support/promql.ts';
import { type DashboardJson, DashboardShape, type PanelJson } from './shape.ts';

const folder = new URL('../../dashboards/', import.meta.url);
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const panelsOf = ({ panels }: DashboardJson): PanelJson[] => panels.flatMap((one) => (one.type === 'row' ? [] : [one]));

/** Of what happens a few times a day a rate is mostly NaN; their quantiles are those since the start. */
const RARE = /^headgate_(notification_latency|action_duration)_seconds_bucket$/;

test('every dashboard is committed, and nothing else', () => {
  assert.deepEqual(files.sort(), DASHBOARDS.map((make) => `${make().uid}.json`).sort());
});

for (const file of files) {
  const dashboard = DashboardShape.parse(read(file));
  const panels = panelsOf(dashboard);
  const names = new Set(dashboard.templating.list.map((variable) => variable.name));

  describe(file, () => {
    test('has panels with ids of their own that do not lie on each other', () => {
      assert.equal(new Set(dashboard.panels.map((panel) => panel.id)).size, dashboard.panels.length);
      const taken = new Map<string, string>();
      for (const { gridPos, title } of dashboard.panels) {
        assert.ok(gridPos.x + gridPos.w <= 24, title);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies on another panel`);
            taken.set(`${x},${y}`, title);
          }
        }
      }
    });

    test('fills its rows, so that nothing jumps while it is read', () => {
      const widths = new Map<number, number>();
      for (const { gridPos, repeat } of panels)
        if (!repeat) widths.set(gridPos.y, (widths.get(gridPos.y) ?? 0) + gridPos.w);
      for (const [y, width] of widths) assert.equal(width, 24, `the row at ${y}`);
    });

    test('links to all the others with the time and the choices kept, and to the page', () => {
      const [others, page] = dashboard.links;
      assert.deepEqual(
        [others?.type, others?.tags, others?.keepTime, others?.includeVars],
        ['dashboards', ['headgate'], true, true],
      );
      assert.match(page?.url ?? '', /^\$\{page\}\/#\//);
      const inside = panels.flatMap(({ fieldConfig }) => fieldConfig.defaults.links ?? []);
      for (const { url = '' } of [...dashboard.links, ...inside]) {
        const [, target] = /^\/d\/([a-z-]+)\?/.exec(url) ?? [];
        if (target !== undefined) {
          assert.ok(files.includes(`${target}.json`), url);
          assert.match(url, /\$\{__url_time_range\}.*\$\{datasource:queryparam\}/);
        }
        for (const [, name] of url.matchAll(/\$\{([a-z]+)(?::\w+)?\}/g))
          assert.ok(names.has(name ?? ''), `${url}: there is no ${name}`);
      }
    });

    for (const { expr, name } of dashboard.annotations.list)
      test(`marks ${name} by a query that exists`, () => {
        for (const { metric } of metricsIn(filledIn(expr)))
          assert.ok(
            METRICS.some((one) => one.name === metric),
            metric,
          );
      });

    for (const panel of panels) {
      test(`${panel.title}: asks in PromQL, for counters by their rate, with variables that exist`, () => {
        assert.equal(new Set(panel.targets.map((target) => target.refId)).size, panel.targets.length);
        for (const { expr } of panel.targets) {
          for (const [, name] of expr.matchAll(/\$\{?([a-z]+)\}?/g))
            assert.ok(names.has(name ?? ''), `${expr}: ${name}`);
          for (const use of metricsIn(filledIn(expr))) {
            const counts = /_(total|bucket|count|sum)$/.test(use.metric);
            assert.equal(use.rated, counts && !RARE.test(use.metric), `${use.metric} in ${expr}`);
            if (use.rated) assert.match(expr, /\[\$__(rate_interval|range)\]/);
          }
        }
      });

      test(`${panel.title}: asks for what the reader chose above, and names every line`, () => {
        for (const { expr, legendFormat, format } of panel.targets) {
          const uses = metricsIn(filledIn(expr));
          const chosen = dashboard.uid === 'headgate-itself' ? 'instance' : 'pipeline';
          for (const { metric, labels } of uses) {
            const known = STAGE_METRICS.some(({ name }) => name === metric) || metric.startsWith('headgate_budget_');
            if (known && chosen === 'pipeline') assert.ok(labels.includes('pipeline'), `${metric} in ${expr}`);
            if (chosen === 'instance' && metric.startsWith('headgate_'))
              assert.ok(labels.includes('instance'), `${metric} in ${expr}`);
          }
          const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '');
          const known = new Set(['instance', ...METRICS.flatMap(({ labels }) => labels), 'quantile']);
          for (const label of shown) assert.ok(known.has(label), `${legendFormat}: there is no label ${label}`);
          // Several lines that are called alike cannot be told apart; a table shows the labels themselves.
          const by =
            /\bby \(([^)]*)\)/
              .exec(expr)?.[1]
              ?.split(',')
              .map((label) => label.trim()) ?? [];
          const first = by.filter((label) => label !== 'le' && label !== 'job');
          if (format !== 'table' && shown.length > 0)
            for (const label of first) assert.ok(shown.includes(label), `${expr} is called ${legendFormat}`);
        }
      });

      test(`${panel.title}: says what it shows and what an empty answer means`, () => {
        assert.match(panel.description, /^.{20,}[.]$/s);
        assert.notEqual(panel.fieldConfig.defaults.noValue, 'No data');
      });
    }
  });
}

test('a name that can be chosen means the same on every dashboard', () => {
  const meanings = new Map<string, string>();
  for (const { templating } of files.map((file) => DashboardShape.parse(read(file))))
    for (const variable of templating.list) {
      const query = JSON.stringify(variable.query ?? variable.type);
      assert.equal(meanings.get(variable.name) ?? query, query, variable.name);
      meanings.set(variable.name, query);
    }
});

test('what the daemon measures is shown somewhere, or is there for machines alone', () => {
  const shown = new Set(
    files.flatMap((file) => {
      const dashboard = DashboardShape.parse(read(file));
      const queries = [
        ...panelsOf(dashboard).flatMap(({ targets }) => targets.map(({ expr }) => expr)),
        ...dashboard.annotations.list.map(({ expr }) => expr),
      ];
      return queries.flatMap((expr) =>
        metricsIn(filledIn(expr)).map(({ metric }) => metric.replace(/_(bucket|count)$/, '')),
      );
    }),
  );
  const missing = METRICS.filter(({ name }) => !shown.has(name)).map(({ name }) => name);
  assert.deepEqual(missing, ['headgate_errors_total', 'process_open_fds']);
});

test('writes every verdict out, in a colour of its own', () => {
  const options = Object.values(VERDICTS[0]?.options ?? {}) as { text: string; color: string }[];
  assert.deepEqual(
    options.map((option) => option.text),
    ['ok', 'warning', 'critical', 'unknown'],
  );
  assert.equal(new Set(options.map((option) => option.color)).size, 4);
});

test('the shape refuses what Grafana would not know', () => {
  const [file = ''] = files;
  const good = read(file) as { panels: Record<string, unknown>[] };
  const panel = good.panels.find((one) => one.type === 'stat') as Record<string, unknown>;
  const withPanel = (change: object): unknown => ({ ...good, panels: [{ ...panel, ...change }, ...good.panels] });
  assert.ok(DashboardShape.safeParse(good).success);
  assert.ok(!DashboardShape.safeParse({ ...good, schemaVersion: 41 }).success);
  for (const change of [{ type: 'graph' }, { titel: 'x' }, { targets: [] }, { datasource: { uid: 'prom' } }])
    assert.ok(!DashboardShape.safeParse(withPanel(change)).success, JSON.stringify(change));
});

test('the reader of PromQL finds metrics, labels and rates, and refuses what is not PromQL', () => {
  assert.deepEqual(metricsIn('sum by (a) (rate(x_total{a="1",b=~"2"}[5m])) / max(y) or vector(0)'), [
    { metric: 'x_total', labels: ['a', 'b'], rated: true },
    { metric: 'y', labels: [], rated: false },
  ]);
  assert.throws(() => metricsIn('sum(x{a="1"}'), /not PromQL at offset/);
});
