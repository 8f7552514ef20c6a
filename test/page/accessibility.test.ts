import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { LAPTOP, PHONE } from './support/browser.ts';
import { pageSuite } from './support/suite.ts';

const { check } = pageSuite();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong, one line each. */
async function violations(page: Page): Promise<string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe);
  const found = (await page.evaluate(`axe.run({ resultTypes: ['violations'] })`)) as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary}`),
  );
}

/** Shows another screen of the same page, as a click on a link does. */
async function go(page: Page, hash: string, ready: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.locator(ready).first().waitFor();
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [device, viewport] of [
    ['laptop', LAPTOP],
    ['phone', PHONE],
  ] as const) {
    const asked = { colorScheme, viewport };
    check(
      `axe finds nothing on overview, stage, dialog and offline, ${colorScheme}, ${device}`,
      asked,
      async ({ page, server }) => {
        assert.deepEqual(await violations(page), []);
        await go(page, '#/stage/orders/enrich', '.signal-chart canvas');
        assert.deepEqual(await violations(page), []);
        await go(page, '#/?release=L-88', 'dialog');
        assert.deepEqual(await violations(page), []);
        await go(page, '#/', '.incident');
        await server.die();
        await page.locator('.banner').waitFor();
        assert.deepEqual(await violations(page), []);
      },
    );
  }
}

const OTHERS = [
  ['#/stage/orders/features', '.stage-head'],
  ['#/incidents', '#incidents-title'],
  ['#/incidents/4127', '.timeline'],
  ['#/data', '#data-title'],
  ['#/data/orders/warehouse?field=amount', '#field-title'],
  ['#/gates', '#held-title'],
  ['#/health', '.boxes'],
] as const;

check('axe finds nothing on the other screens', {}, async ({ page }) => {
  for (const [hash, ready] of OTHERS) {
    await go(page, hash, ready);
    assert.deepEqual(await violations(page), []);
  }
});

for (const situation of ['learning', 'quiet', 'none'] as const) {
  check(`axe finds nothing on the overview when ${situation}`, { situation }, async ({ page }) => {
    assert.deepEqual(await violations(page), []);
  });
}

// A browser at 200 % shows half as many CSS pixels.
const ZOOMED = { width: LAPTOP.width / 2, height: LAPTOP.height / 2 };
for (const [name, viewport] of [
  ['200 % zoom', ZOOMED],
  ['a phone', PHONE],
] as const) {
  check(`nothing scrolls sideways at ${name}`, { viewport }, async ({ page }) => {
    for (const [hash, ready] of [['#/', '.incident'], ...OTHERS] as const) {
      await go(page, hash, ready);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), viewport.width, hash);
    }
  });
}

check('targets are large enough for a thumb on a phone', { viewport: PHONE }, async ({ page }) => {
  for (const button of await page.locator('.incident .button').all()) {
    const box = await button.boundingBox();
    assert.ok(box && box.height >= 46, `${await button.textContent()}: ${box?.height}`);
  }
});

for (const colorScheme of ['light', 'dark'] as const)
  check(
    `the runbooks are served, stay readable on a phone, and axe finds nothing, ${colorScheme}`,
    { viewport: PHONE, colorScheme },
    async ({ page, server }) => {
      await page.goto(`${server.url}runbooks.html#headgatestagecritical`);
      await page.locator('#headgatestagecritical').waitFor();
      assert.equal(await page.evaluate(`document.querySelector(':target')?.textContent`), 'HeadgateStageCritical');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), PHONE.width);
      assert.deepEqual(await violations(page), []);
    },
  );
