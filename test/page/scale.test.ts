import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { pageSuite } from './support/suite.ts';

const { check } = pageSuite();

/** Scrolls 90 px and answers when that was drawn. */
const STEP = `new Promise((done) => requestAnimationFrame(() => {
  scrollBy(0, 90);
  requestAnimationFrame(done);
}))`;
const FRAMES = 120;

/**
 * What each of 120 frames of scrolling takes of the page's own thread, in milliseconds of the processor, sorted: how long a frame
 * takes by the clock depends on what else the machine does.
 */
async function framesOf(page: Page): Promise<readonly number[]> {
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const threadTime = async (): Promise<number> => {
    const { metrics } = await tools.send('Performance.getMetrics');
    return 1_000 * (metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN);
  };
  const times: number[] = [];
  let before = await threadTime();
  for (let frame = 0; frame < FRAMES; frame += 1) {
    await page.evaluate(STEP);
    const after = await threadTime();
    times.push(after - before);
    before = after;
  }
  return times.sort((a, b) => a - b);
}

check('a thousand stages stay light: few nodes, smooth scrolling', { situation: 'many' }, async ({ page }, t) => {
  // What is in the document already may not have been painted yet.
  await page.waitForFunction(`performance.getEntriesByType('paint').length > 0`);
  const first = (await page.evaluate(`performance.getEntriesByType('paint').at(-1).startTime`)) as number;
  await page.locator('.stage-table .row').first().waitFor();
  const nodes = (await page.evaluate(`document.querySelectorAll('*').length`)) as number;
  const times = await framesOf(page);
  const at = (share: number): number => times[Math.floor(share * times.length)] ?? 0;
  const figures = [first, at(0.5), at(0.95), times.at(-1) ?? 0].map((time) => time.toFixed(1));
  t.diagnostic(
    `first paint ${figures[0]} ms, ${nodes} elements, frame p50 ${figures[1]}, p95 ${figures[2]}, max ${figures[3]} ms`,
  );
  assert.ok(nodes < 2_500, `${nodes} elements`);
  // A table that is drawn whole takes six times as long: 118 ms a frame, where this one takes 20.
  assert.ok(at(0.5) <= 80, `p50 ${at(0.5)}`);
  assert.ok(at(0.95) <= 200, `p95 ${at(0.95)}`);
  const count = await page.locator('.stage-table').getAttribute('aria-rowcount');
  assert.equal(count, '1001');
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  await page.locator('.row[aria-rowindex="1001"]').waitFor();
});

check(
  'large fleets put the table first: a calm large pipeline is not drawn',
  { situation: 'many' },
  async ({ page }) => {
    assert.equal(await page.locator('.node').count(), 0);
    await page.getByText('100 stages, all normal').waitFor();
  },
);
