import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { artefacts, committed, renderComponents, withSection } from '../generate.ts';
import { registry } from '../src/registry.ts';

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
      assert.ok(table.includes(`| \`${type}\` | ${summary} |`), type);
    }
  });

  test('a section is replaced between its comments, and a page without it is refused', () => {
    const page = 'a\n<!-- x: made -->\nold\n<!-- /x -->\nb\n';
    assert.equal(withSection(page, 'x', 'new $1'), 'a\n<!-- x: made -->\nnew $1\n<!-- /x -->\nb\n');
    assert.throws(() => withSection('a', 'x', 'new'), /has no section x/);
  });
});
