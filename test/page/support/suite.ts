import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { buildPage } from '../../../src/page/build.ts';
import { requireServer } from '../../support/servers.ts';
import { launch, openPage, type Watched } from './browser.ts';
import { type FakeServer, fakeServer } from './fake-server.ts';
import type { Situation } from './world.ts';

export interface Opened extends Watched {
  readonly server: FakeServer;
}

export interface Ask extends BrowserContextOptions {
  readonly situation?: Situation;
  readonly hash?: string;
}

/**
 * Builds the page once and starts one Chromium for the tests of a file. `check` is `test` with a page of a situation in it,
 * drawn and loaded; skipped by name where Chromium is absent.
 */
export function pageSuite(): {
  check: (name: string, ask: Ask, run: (opened: Opened, t: TestContext) => Promise<void>) => void;
} {
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
  const check = (name: string, ask: Ask, run: (opened: Opened, t: TestContext) => Promise<void>): void => {
    void test(name, { skip: chromium.skip }, async (t) => {
      const { situation = 'incident', hash = '#/', ...options } = ask;
      const server = await fakeServer(folder, situation);
      const watched = await openPage(browser as Browser, server.url + hash, options);
      try {
        await watched.page.locator('[data-live=live]').waitFor();
        await watched.page.locator('.card h1, .stage-head h1, .card h2').first().waitFor();
        await run({ ...watched, server }, t);
      } finally {
        await watched.close();
        await server.die();
      }
    });
  };
  return { check };
}
