import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { Secret } from '../../src/kit/secret.ts';
import { buildPage } from '../../src/page/build.ts';
import { loadPage } from '../../src/server/page.ts';
import { createServer, type ServerOptions } from '../../src/server/server.ts';
import { house } from '../server/house.ts';
import { requireServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { launch, openPage } from './support/browser.ts';

const chromium = requireServer('chromium');
let folder = '';
let browser: Browser | undefined;

before(async () => {
  if (chromium.skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'headgate-page-'));
  [browser] = await Promise.all([launch(chromium.path), buildPage({ outDir: folder })]);
});
after(async () => {
  await browser?.close();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

/** The page on the daemon's own HTTP side, with everything behind it held in memory. */
async function served(t: TestContext, options: Partial<ServerOptions> = {}) {
  const daemon = house();
  const server = createServer({ starting: () => '', options: { listen: '127.0.0.1:0', ...options } });
  const { port } = await server.listen();
  server.serve({
    ...daemon,
    metrics: { render: () => ({ type: 'text/plain', body: Readable.from(['']) }) },
    page: await loadPage(folder),
  });
  const watched = await openPage(browser as Browser, `http://127.0.0.1:${port}/`);
  t.after(async () => {
    await watched.close();
    await server.close();
  });
  await watched.page.locator('.incident h1').waitFor();
  return { ...watched, daemon, server };
}

test('the page runs under the policy of the real server and shows what it serves', {
  skip: chromium.skip,
}, async (t) => {
  const { page, problems } = await served(t);
  const rows = await page.locator('.stage-table tbody .row .stretched').allTextContents();
  assert.deepEqual(rows.slice(0, 2), ['enrich', 'clean']);
  for (const hash of ['#/stage/orders/enrich', '#/incidents/4127', '#/gates', '#/data', '#/health']) {
    await page.evaluate(`location.hash = '${hash}'`);
    await page.locator('.card').first().waitFor();
  }
  assert.deepEqual(problems, []);
});

test('a release from the page passes the guard of the real server, with who and why', {
  skip: chromium.skip,
}, async (t) => {
  const { page, daemon } = await served(t);
  await page.getByRole('button', { name: 'Release gate…' }).click();
  await page.getByLabel('Why').fill('enrich was scaled by hand');
  await page.getByLabel('Your name').fill('ana');
  await page.getByRole('button', { name: 'Release now' }).click();
  await page.getByText('releasing…').first().waitFor();
  assert.deepEqual(daemon.calls, [
    { command: 'releaseLease', on: 'L-88', ask: { by: 'ana', reason: 'enrich was scaled by hand', holdOff: 0 } },
  ]);
});

test('every other command of the page is one the real server takes', { skip: chromium.skip }, async (t) => {
  const { page, daemon } = await served(t);
  const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click();
  const called = (count: number) => until(async () => daemon.calls.length === count, { what: `call ${count}` });
  await press('Acknowledge');
  await called(1);
  await page.evaluate(`location.hash = '#/incidents/4127'`);
  await press('Mute…');
  await press('1 h');
  await called(2);
  await press('Not an anomaly');
  await called(3);
  await page.getByLabel('Add a note').fill('two workers are back');
  await press('Add note');
  await called(4);
  await page.evaluate(`location.hash = '#/stage/orders/enrich'`);
  await press('Accept lag_seconds as the new normal');
  await called(5);
  assert.deepEqual(
    daemon.calls.map(({ command, on }) => `${command} ${on}`),
    ['acknowledge 4127', 'mute 4127', 'label 4127', 'note 4127', 'accept orders.enrich/lag_seconds'],
  );
});

test('where the server wants a token, the page asks for it and tries again', { skip: chromium.skip }, async (t) => {
  const { page, daemon } = await served(t, { token: Secret.of('open-sesame-0123456789') });
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByLabel('API token').fill('open-sesame-0123456789');
  await page.getByLabel('API token').press('Tab');
  await page.getByText('Token kept').waitFor();
  assert.equal(daemon.calls.length, 0);
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await until(async () => daemon.calls.length === 1, { what: 'the command' });
});

test('a server that stops turns the page offline', { skip: chromium.skip }, async (t) => {
  const { page, server } = await served(t);
  await page.locator('[data-live=live]').waitFor();
  await server.close();
  await page.locator('.banner').waitFor();
});
