import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RULES } from '../alerts/rules.ts';
import { DASHBOARDS } from '../dashboards/all.ts';
import { artefacts, committed, renderComponents, withSection } from '../generate.ts';
import { registry } from '../src/registry.ts';
import { METRICS } from '../src/telemetry/catalog.ts';
import { filledIn, metricsIn } from './support/promql.ts';

describe('what is made from code and committed', () => {
  for (const { path, text } of artefacts()) {
    test(`${path} is what the code makes (if not: npm run generate)`, () => {
      assert.ok(text.length > 100);
      assert.equal(committed(path), text);
    });
  }

  test('the README names every component of this build', () => {
    const table = renderComponents(registry);
    for (const { type, summary } of Object.values(registry).flat()) {
      assert.match(table, new RegExp(`\\[\`${type}\`\\]\\(docs/reference/\\w+\\.md#${type}\\)`));
      assert.ok(table.includes(`| ${summary} |`), type);
    }
  });

  test('a section is replaced between its comments, and a page without it is refused', () => {
    const page = 'a\n<!-- x: made -->\nold\n<!-- /x -->\nb\n';
    assert.equal(withSection(page, 'x', 'new $1'), 'a\n<!-- x: made -->\nnew $1\n<!-- /x -->\nb\n');
    assert.throws(() => withSection('a', 'x', 'new'), /has no section x/);
  });
});

/** Name → labels of every series that is exposed; a histogram has three. */
const SERIES = new Map<string, readonly string[]>(
  METRICS.flatMap(({ name, type, labels }): [string, readonly string[]][] => {
    if (type === 'summary') return [[name, [...labels, 'quantile']]];
    if (type !== 'histogram') return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
);
/** Prometheus adds these to everything it scrapes. */
const TARGET = ['job', 'instance'];

function assertKnown(expr: string): void {
  const uses = metricsIn(filledIn(expr));
  assert.ok(uses.length > 0, expr);
  for (const { metric, labels } of uses) {
    const known = SERIES.get(metric);
    assert.ok(known, `${metric} is no metric; in ${expr}`);
    for (const label of labels) assert.ok([...known, ...TARGET].includes(label), `${metric} has no label ${label}`);
  }
}

describe('what names metrics', () => {
  for (const make of DASHBOARDS) {
    const { uid, panels = [], annotations, templating } = make();
    test(`every panel, annotation and variable of ${uid} asks for metrics and labels that exist`, () => {
      const targets = panels.flatMap((panel) => ('targets' in panel ? (panel.targets ?? []) : [])) as unknown as {
        expr: string;
      }[];
      assert.ok(targets.length > 8);
      for (const { expr } of targets) assertKnown(expr);
      for (const { expr } of (annotations?.list ?? []) as { expr?: string }[]) assertKnown(expr ?? '');
      const queries = (templating?.list ?? [])
        .map((one) => String(one.query))
        .filter((query) => query.startsWith('label_values'));
      assert.ok(queries.length > 0);
      for (const query of queries) {
        const [, expr = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
        assertKnown(expr);
        assert.ok(
          metricsIn(filledIn(expr)).every(({ metric }) => [...(SERIES.get(metric) ?? []), ...TARGET].includes(label)),
          query,
        );
      }
    });
  }

  for (const {
    alert,
    expr,
    test: { series, labels },
  } of RULES) {
    test(`${alert} asks for metrics and labels that exist, and its tests feed series as they are exposed`, () => {
      assertKnown(expr);
      for (const one of series) {
        const [fed] = metricsIn(one.series);
        assert.deepEqual(
          [...(fed?.labels ?? [])].sort(),
          [...(SERIES.get(fed?.metric ?? '') ?? ['?'])].sort(),
          one.series,
        );
      }
      const exposed = metricsIn(expr).flatMap(({ metric }) => SERIES.get(metric) ?? []);
      for (const label of Object.keys(labels)) assert.ok(exposed.includes(label), label);
    });
  }

  test('the documentation names no metric that does not exist', () => {
    const root = fileURLToPath(new URL('../', import.meta.url));
    const pages = ['README.md', ...globSync('{docs,bench}/**/*.md', { cwd: root })];
    let named = 0;
    for (const page of pages) {
      for (const [metric] of readFileSync(`${root}${page}`, 'utf8').matchAll(/\bheadgate_[a-z0-9_]+\b/g)) {
        named += 1;
        assert.ok(SERIES.has(metric) || METRICS.some(({ name }) => name === metric), `${page}: ${metric}`);
      }
    }
    assert.ok(named >= 3);
  });
});
