import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('{docs,bench}/**/*.md', { cwd: ROOT })];

/** Markdown without its code, where brackets mean something else. */
const proseOf = (page: string): string =>
  readFileSync(join(ROOT, page), 'utf8')
    .replace(/^ *```[\s\S]*?^ *```/gm, '')
    .replace(/`[^`\n]*`/g, (code) => '\u0000'.repeat(code.length));

/** The anchors of a page, as Markdown readers make them from its headings. */
const anchorsOf = (page: string): string[] =>
  [
    ...readFileSync(join(ROOT, page), 'utf8')
      .replace(/^ *```[\s\S]*?^ *```/gm, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, title]) =>
    (title ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

describe('links', () => {
  test('there are pages to look at', () => assert.ok(pages.length >= 5, pages.join()));

  for (const page of pages) {
    test(`${page}: every link within the repository leads to a file, and to a heading where it names one`, () => {
      for (const [, target = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        assert.ok(existsSync(join(ROOT, file)), `${target} is not there`);
        if (anchor !== undefined) assert.ok(anchorsOf(file).includes(anchor), `${target} names no heading`);
      }
    });
  }
});
