import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { registry } from '../../src/registry.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })];

/** Every fenced block of YAML of a page, without the indentation of the list it may stand in. */
const yamlOf = (page: string): string[] =>
  [...readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

describe('examples in the documentation', () => {
  test('there are some', () => assert.ok(pages.flatMap(yamlOf).length >= 1));

  for (const page of pages) {
    yamlOf(page).forEach((text, index) => {
      test(`${page}: configuration ${index + 1} is valid as it stands`, () => {
        const loaded = loadConfig({ text, file: page, registry, env: {} });
        assert.deepEqual(loaded.ok ? [] : loaded.problems, []);
      });
    });
  }
});
