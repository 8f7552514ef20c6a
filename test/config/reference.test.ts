import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { placedExample } from '../../src/config/example.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { renderReference } from '../../src/config/reference.ts';
import type { Declaration } from '../../src/kit/component.ts';
import { registry } from '../../src/registry.ts';

const ROOMS = ['source', 'detector', 'actuator', 'notifier', 'store'] as const;
const ALL = ROOMS.flatMap((room) => {
  const declarations: readonly Declaration<z.ZodType>[] = registry[`${room}s`];
  return declarations.map((one) => ({ room, one }));
});
const reference = renderReference(registry);
const page = (room: string) => reference.get(`docs/reference/${room}s.md`) ?? '';

/** An example with the least around it that makes a whole config of it. */
function whole(room: (typeof ROOMS)[number], yaml: string): string {
  const part = parse(placedExample(room, yaml)) as Record<string, unknown>;
  const isOfStage = 'probes' in part || 'detectors' in part;
  const stages = { ingest: {}, enrich: { after: ['ingest'], ...(isOfStage ? part : {}) }, load: { after: ['enrich'] } };
  return stringify({ pipelines: { orders: { stages } }, ...(isOfStage ? {} : part) });
}

describe('every declaration', () => {
  for (const { room, one } of ALL) {
    test(`${room} ${one.type} says what it is and shows an example`, () => {
      assert.match(one.type, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.match(one.summary, /^[A-Z].*\.$/s);
      assert.ok(one.description.length > 40);
      assert.ok(one.examples.length > 0);
    });

    for (const { title, yaml } of one.examples) {
      test(`${room} ${one.type}, example "${title}", passes check`, () => {
        const result = loadConfig({ text: whole(room, yaml), file: 'example.yaml', registry, env: {} });
        assert.deepEqual(result.ok ? [] : result.problems.map(formatProblem), []);
        assert.ok(page(room).includes(placedExample(room, yaml)));
      });
    }
  }
});

describe('the reference', () => {
  test('has a page for each room with every component in it', () => {
    assert.equal(reference.size, ROOMS.length + 1);
    for (const { room, one } of ALL) {
      assert.ok(page(room).includes(`\n## ${one.type}\n`), one.type);
      assert.ok(page(room).includes(one.summary), one.type);
    }
  });

  test('tells type, default and meaning of a key, nested keys too', () => {
    const config = reference.get('docs/reference/config.md') ?? '';
    assert.ok(config.includes('| `policies.NAME.lease` | duration | `2m` | A gate opens by itself'));
    assert.ok(config.includes('| **`policies.NAME.may[].kind`** | `throttle`, `pause`, `scale` |'));
    assert.ok(
      config.includes(
        '| `pipelines.NAME.stages.NAME.signals.NAME.limits.severity` | `warning`, `critical` | `critical` |',
      ),
    );
  });

  test('has a row for every key of every component, each with its meaning', () => {
    for (const [path, text] of reference) {
      for (const row of text.split('\n').filter((line) => /^\| \*{0,2}`/.test(line)))
        assert.match(row, /^\| \*{0,2}`[^`]+`\*{0,2} \| [^|]+ \|.*\|$/, `${path}: ${row}`);
    }
  });

  test('has no line that breaks a table and no link that leads nowhere', () => {
    for (const [path, text] of reference) {
      for (const [, target = ''] of text.matchAll(/\]\(([a-z]+\.md)\)/g))
        assert.ok(reference.has(`docs/reference/${target}`), `${path}: ${target}`);
    }
  });

  for (const [path, text] of reference) {
    test(`${path} is committed as it is made (if not: headgate docs)`, () => {
      const file = new URL(`../../${path}`, import.meta.url);
      assert.ok(existsSync(file));
      assert.equal(readFileSync(file, 'utf8'), text);
    });
  }
});
