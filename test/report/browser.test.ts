import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { renderBacktest } from '../../src/report/backtest.ts';
import { LAPTOP, launch, openPage, PHONE } from '../page/support/browser.ts';
import { requireServer } from '../support/servers.ts';
import { reportOf } from './sample.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const chromium = requireServer('chromium');
const folder = mkdtempSync(join(tmpdir(), 'headgate-report-'));
let browser: Browser | undefined;
before(async () => {
  if (chromium.skip === false) browser = await launch(chromium.path);
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

for (const labelled of [true, false]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, viewport] of [
      ['laptop', LAPTOP],
      ['phone', PHONE],
    ] as const) {
      const name = `${labelled ? 'with' : 'without'} labels, ${colorScheme}, ${device}`;
      test(`a report opens without a request, axe finds nothing, nothing scrolls sideways: ${name}`, {
        skip: chromium.skip,
      }, async () => {
        const file = join(folder, `${labelled}.html`);
        writeFileSync(file, renderBacktest(reportOf({ labelled })));
        const url = pathToFileURL(file).href;
        // The tool that checks is a script, which the report itself forbids.
        const { page, problems, hosts, close } = await openPage(browser as Browser, url, {
          colorScheme,
          viewport,
          bypassCSP: true,
        });
        try {
          await page.evaluate(axe);
          const { violations } = (await page.evaluate(`axe.run({ resultTypes: ['violations'] })`)) as {
            violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
          };
          const found = violations.flatMap(({ id, nodes }) =>
            nodes.map((node) => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary}`),
          );
          assert.deepEqual(found, []);
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), viewport.width);
          assert.deepEqual(
            [problems, [...hosts], await page.title()],
            [[], [''], 'Headgate backtest, 2026-01-05 to 2026-02-02'],
          );
          const drawn = (await page.evaluate(
            `[...document.querySelectorAll('.plot path.line')].map((path) => path.getBoundingClientRect().width)`,
          )) as number[];
          assert.ok(drawn.length > 6 && drawn.every((width) => width > 100), `${drawn}`);
        } finally {
          await close();
        }
      });
    }
  }
}
