import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { jsonSchema, renderSchema, type SchemaNode } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { registry } from '../../src/registry.ts';

const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url));
const read = (file: string) => readFileSync(`${CONFIG}${file}`, 'utf8');
const files = globSync('**/*.yaml', { cwd: CONFIG });
const complete = read('headgate.yaml');

describe('the shipped configs', () => {
  test('there are some', () => {
    for (const file of ['headgate.yaml', 'minimal.yaml']) assert.ok(files.includes(file), file);
    assert.ok(files.filter((file) => file.startsWith('examples')).length >= 4);
  });

  for (const file of files) {
    test(`${file} passes check without a warning`, () => {
      const result = loadConfig({
        text: read(file),
        file,
        registry,
        env: {},
        readFile: (path) => readFileSync(path, 'utf8'),
      });
      assert.deepEqual((result.ok ? result.warnings : result.problems).map(formatProblem), []);
    });
  }

  test('editors are led to the schema by the first line', () => {
    for (const file of files.filter((one) => one !== 'demo.yaml')) {
      const to = file.includes('/') ? '../headgate.schema.json' : './headgate.schema.json';
      assert.equal(read(file).split('\n')[0], `# yaml-language-server: $schema=${to}`, file);
    }
  });

  test('the schema beside them is the one of this build (if not: headgate schema > config/headgate.schema.json)', () => {
    assert.equal(read('headgate.schema.json'), renderSchema(registry));
  });
});

describe('headgate.yaml', () => {
  const { $defs = {}, ...root } = jsonSchema(registry);
  const keys = [...keysOf(root), ...Object.entries($defs).flatMap(([, node]) => keysOf(node))];
  /** Twins of a secret, keys of a single metric or run: their pages have them. */
  const LEFT_TO_REFERENCE = new Set(
    [
      'topics',
      'tables',
      'basic',
      'username',
      'metric',
      'not',
      'over',
      'as',
      'quantile',
      'pointer',
      'file',
      'concurrency',
    ]
      .concat(['success', 'failure', 'last_success', 'at', 'client_id', 'body', 'below', 'above'])
      .concat(keys.filter((key) => keys.includes(`${key}_file`))),
  );

  test('names every key there is, be it behind a #', () => {
    const missing = keys.filter((key) => !LEFT_TO_REFERENCE.has(key) && !new RegExp(`\\b${key}:`).test(complete));
    assert.deepEqual([...new Set(missing)], []);
  });

  test('shows defaults as they are', () => {
    const found: string[] = [];
    compare(parse(complete, { merge: true }), root, '', found);
    assert.ok(found.length >= 15, `${found.length} defaults compared`);
    const shown = new Map<string, string[]>();
    for (const one of found) {
      const [key = '', verdict = ''] = one.split(' ');
      shown.set(key, [...(shown.get(key) ?? []), verdict]);
    }
    assert.deepEqual(
      [...shown].filter(([, verdicts]) => !verdicts.includes('same')).map(([key]) => key),
      [],
    );
  });
});

function keysOf(node: SchemaNode): string[] {
  const below = [...Object.values(node.properties ?? {}), ...(node.anyOf ?? []), node.items, node.additionalProperties];
  const nested = below.filter((one): one is SchemaNode => typeof one === 'object').flatMap(keysOf);
  return [...Object.keys(node.properties ?? {}), ...nested];
}

/** Says of every written key that has a plain default whether it shows it. */
function compare(value: unknown, node: SchemaNode, path: string, found: string[]): void {
  for (const form of node.anyOf ?? [node]) {
    if (Array.isArray(value)) for (const one of value) compare(one, form.items ?? {}, path, found);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const [key, one] of Object.entries(value)) {
      const rule =
        form.properties?.[key] ?? (typeof form.additionalProperties === 'object' ? form.additionalProperties : {});
      const here = `${path}.${form.properties?.[key] ? key : 'NAME'}`;
      if (rule.default !== undefined && typeof rule.default !== 'object')
        found.push(`${here} ${one === rule.default ? 'same' : 'other'}`);
      compare(one, rule, here, found);
    }
  }
}
