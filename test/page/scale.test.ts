import assert from 'node:assert/strict';
import { pageSuite } from './support/suite.ts';

const { check } = pageSuite();

/** Scrolls 90 px a frame for 120 frames and answers with the times between frames, in milliseconds, sorted. */
const SCROLL = `new Promise((done) => {
  const times = [];
  let last = performance.now();
  const step = (now) => {
    times.push(now - last);
    last = now;
    scrollBy(0, 90);
    times.length < 120 ? requestAnimationFrame(step) : done(times.sort((a, b) => a - b));
  };
  requestAnimationFrame(step);
})`;

check('a thousand stages stay light: few nodes, smooth scrolling', { situation: 'many' }, async ({ page }, t) => {
  const first = (await page.evaluate(`performance.getEntriesByType('paint').at(-1).startTime`)) as number;
  await page.locator('.stage-table .row').first().waitFor();
  const nodes = (await page.evaluate(`document.querySelectorAll('*').length`)) as number;
  const times = (await page.evaluate(SCROLL)) as number[];
  const at = (share: number): number => times[Math.floor(share * times.length)] ?? 0;
  const figures = [first, at(0.5), at(0.95), times.at(-1) ?? 0].map((time) => time.toFixed(1));
  t.diagnostic(
    `first paint ${figures[0]} ms, ${nodes} elements, frame p50 ${figures[1]}, p95 ${figures[2]}, max ${figures[3]} ms`,
  );
  assert.ok(nodes < 2_500, `${nodes} elements`);
  // Loose, since the machine that runs this may be busy: a table that is not virtual takes seconds.
  assert.ok(at(0.5) <= 100, `p50 ${at(0.5)}`);
  assert.ok(at(0.95) <= 500, `p95 ${at(0.95)}`);
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
