import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildPage, ensurePage, isStale } from '../../src/page/build.ts';

let folder = '';
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-page-'));
  await buildPage({ outDir: folder });
});
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
const packed = (name: string): number => gzipSync(file(name), { level: 9 }).length;

test('the page is at most 70 kB of script and 8 kB of style, packed', (t) => {
  t.diagnostic(`app.js ${packed('app.js')} B gz, app.css ${packed('app.css')} B gz`);
  assert.ok(packed('app.js') <= 70_000, `app.js ${packed('app.js')} B`);
  assert.ok(packed('app.css') <= 8_000, `app.css ${packed('app.css')} B`);
});

test('the page needs nothing inline and nothing from elsewhere', () => {
  const html = file('index.html');
  assert.doesNotMatch(html, /<style|style=|<script>|onload=/);
  assert.doesNotMatch(html + file('app.css'), /https?:\/\//);
});

test('the page is built when it is missing or older than its sources, and not otherwise', async () => {
  assert.equal(await isStale(folder), false);
  assert.equal((await ensurePage(folder)).milliseconds, 0);
  utimesSync(join(folder, 'app.js'), 0, 0);
  assert.equal(await isStale(folder), true);
  assert.ok((await ensurePage(folder)).milliseconds > 0);
  assert.equal(await isStale(folder), false);
  assert.equal(await isStale(join(folder, 'nowhere')), true);
});
