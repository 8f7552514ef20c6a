import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';
import { incident, lease } from './support/records.ts';
import { iso, NIGHT } from './support/shapes.ts';
import { pageSuite } from './support/suite.ts';

const { check } = pageSuite();
const plain = (text: string | null): string => (text ?? '').replaceAll('\u202f', ' ').replaceAll(/\s+/g, ' ').trim();

/** The title follows what is drawn after the next frame. */
const titled = (page: Page, title: RegExp): Promise<void> =>
  until(async () => title.test(await page.title()), { what: `the title is ${title}` });

check('the overview says what is wrong, what was done and what comes next', {}, async ({ page }) => {
  const card = page.locator('.incident');
  assert.equal(
    plain(await card.locator('h1').textContent()),
    'enrich is 5 min behind and recovering. 3 other stages feel it.',
  );
  const text = plain(await card.textContent());
  for (const part of ['lag_seconds 321 s', 'ingest throttled to 40 %', 'Backlog clears about 03:27', 'Critical']) {
    assert.ok(text.includes(part), `${part} is missing`);
  }
  await titled(page, /^⬣ 1 · enrich · Headgate$/);
});

check('the table is worst first, and a missing answer is never a number', {}, async ({ page }) => {
  const rows = await page.locator('.stage-table tbody .row').allTextContents();
  assert.equal(rows.length, 12);
  assert.match(plain(rows[0] ?? ''), /^Critical ?enrich/);
  assert.match(plain(rows[4] ?? ''), /^Unknown ?features.*no answer/);
  assert.match(plain(rows[5] ?? ''), /^Held ?ingest/);
});

check('the canal shows every stage of the pipeline with its state in words', {}, async ({ page }) => {
  const nodes = (await page.locator('.node').allTextContents()).map(plain);
  assert.equal(nodes.length, 8);
  assert.ok(nodes.some((text) => /^Critical: enrich/.test(text)));
  assert.equal(await page.locator('.gate text').textContent().then(plain), '40 %');
});

check('a release asks for a reason, is not sent by Enter, and is sent once', {}, async ({ page, server }) => {
  await page.getByRole('button', { name: 'Release gate…' }).click();
  await page.getByRole('dialog').waitFor();
  assert.match(page.url(), /release=L-88/);
  const why = page.getByLabel('Why');
  assert.equal(
    await why.evaluate('document.activeElement === document.querySelector("dialog input[type=text]")'),
    true,
  );
  const send = page.getByRole('button', { name: 'Release now' });
  assert.equal(await send.isDisabled(), true);
  await why.fill('enrich was scaled by hand');
  await why.press('Enter');
  assert.equal(server.posted.length, 0);
  await page.getByLabel('Your name').fill('ana');
  await page.getByRole('checkbox').check();
  // Both clicks come before the answer, however late the second one is.
  const answer = server.holdAnswers();
  await send.dblclick();
  answer();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(server.posted.length, 1);
  const [posted] = server.posted;
  assert.equal(posted?.path, '/api/v1/leases/L-88/release');
  assert.deepEqual(posted?.body, { reason: 'enrich was scaled by hand', holdoff: 1_800, by: 'ana' });
  assert.equal(posted?.headers['x-headgate'], '1');
  await page.getByText('releasing…').first().waitFor();
  server.send({ event: 'lease', data: { ...lease, state: 'released', why: 'by-hand', releasedAt: iso(NIGHT) } });
  await page.getByText('releasing…').first().waitFor({ state: 'detached' });
});

check('Esc leaves the gate held and the view as it was', { hash: '#/?release=L-88' }, async ({ page, server }) => {
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.doesNotMatch(page.url(), /release/);
  assert.equal(server.posted.length, 0);
});

check('an incident that resolves turns the page quiet without a reload', {}, async ({ page, server }) => {
  server.send({ event: 'incident', data: { ...incident, state: 'resolved', resolvedAt: iso(NIGHT) } });
  server.send({ event: 'lease', data: { ...lease, state: 'released', why: 'recovered', releasedAt: iso(NIGHT) } });
  await page.locator('.headline').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Acknowledge' }).count(), 0);
});

check('acknowledging is sent, and shown once the daemon says so', {}, async ({ page, server }) => {
  await page.keyboard.press('a');
  await page.getByText('Acknowledged.').waitFor();
  assert.deepEqual(
    server.posted.map((one) => one.path),
    ['/api/v1/incidents/4127/ack'],
  );
  server.send({ event: 'incident', data: { ...incident, acknowledgedBy: 'ana' } });
  await page.getByText('Acknowledged by ana').waitFor();
});

check('the page says offline when the daemon dies, and what is true of the gate', {}, async ({ page, server }) => {
  await server.die();
  const banner = page.locator('.banner');
  await banner.waitFor();
  assert.match(
    plain(await banner.textContent()),
    /No contact with Headgate for \d+ s\. You see 03:10:\d\d\. The gate on ingest opens by itself at 03:16 at the latest, with or without this page\./,
  );
  assert.equal(await page.getByRole('button', { name: 'Acknowledge' }).isDisabled(), true);
  assert.match(
    plain(await page.locator('.incident').textContent()),
    /lag_seconds(29\d|30\d|31\d|320) s/,
    'what the stage showed last, not the 321 s of the incident',
  );
  await titled(page, /offline/);
});

check('keys walk through the page', { reducedMotion: 'reduce' }, async ({ page }) => {
  const at = async (pattern: RegExp): Promise<void> => {
    await page.waitForURL(pattern);
  };
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'clean');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await at(/#\/stage\/orders\/enrich$/);
  await page.keyboard.press('u');
  await at(/#\/$/);
  for (const [key, screen] of [
    ['i', 'incidents'],
    ['g', 'gates'],
    ['h', 'health'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await at(new RegExp(`#/${screen}$`));
  }
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await page.keyboard.press('/');
  await page.keyboard.type('ware');
  await at(/q=ware/);
  const rows = page.locator('.row .stretched');
  await until(async () => (await rows.count()) === 1, { what: 'the table is drawn for what is in the address' });
  assert.deepEqual(await rows.allTextContents(), ['warehouse']);
  await page.keyboard.press('Enter');
  await at(/warehouse$/);
  await page.keyboard.press('t');
  await page.locator('html[data-theme=dark]').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
});

check(
  'a stage shows every signal with its band, its gates and its decisions',
  { hash: '#/stage/orders/enrich' },
  async ({ page }) => {
    await page.locator('.signal-chart canvas').nth(5).waitFor();
    assert.match(
      plain(await page.locator('.signal-chart').first().textContent()),
      /^lag_seconds ?3\d\d s ?expected 1\.8 to 16 s/,
    );
    assert.match(plain(await page.locator('.side-column').textContent()), /opens by itself at 03:16/);
    assert.match(plain(await page.locator('.main-column').textContent()), /dry run: would have paused clean/);
    const cursor = page.locator('.chart-cursor:not([max="0"])').first();
    await cursor.focus();
    await page.keyboard.press('Home');
    assert.match(
      plain(await cursor.getAttribute('aria-valuetext')),
      /^02:\d\d:\d\d, [\d.]+ m?s, expected 1\.8 to 16 s$/,
    );
    await page.keyboard.press('Enter');
    assert.ok((await page.locator('.chart-table tbody tr').count()) <= 120);
  },
);

check(
  'a stage without an answer says so in full',
  { situation: 'gaps', hash: '#/stage/orders/features' },
  async ({ page }) => {
    const text = plain(await page.locator('main').textContent());
    assert.match(text, /connect timeout to redis:\/\/features:6379 after 5 s/);
    assert.match(text, /lag_records ?no answer/);
  },
);

check('no stage is a screen of its own', { situation: 'none' }, async ({ page }) => {
  assert.equal(await page.locator('h1').textContent(), 'No stage is configured yet.');
});

check('nothing fails and nobody else is called on any screen', {}, async ({ page, server, problems, hosts }) => {
  for (const hash of ['#/stage/orders/enrich', '#/incidents', '#/incidents/4127', '#/gates', '#/health', '#/nowhere']) {
    await page.goto(server.url + hash);
    await page.locator('h1').first().waitFor();
  }
  assert.deepEqual(problems, []);
  assert.deepEqual([...hosts], [new URL(server.url).host]);
});

check(
  'an incident shows who voted for it, and the share of the surprise',
  { hash: '#/incidents/4127' },
  async ({ page }) => {
    const why = page.locator('.box', { hasText: 'Why enrich is the root' });
    await why.waitFor();
    const text = plain(await why.textContent());
    assert.match(text, /usually 1\.8 to 16 s at this hour baseline, 71 % of the surprise/);
    const votes = (await why.getByRole('list', { name: 'Votes' }).getByRole('listitem').allTextContents()).map(plain);
    assert.deepEqual(
      votes,
      ['novelty p = 7e-7', 'season p = 0.0001'],
      'only the detector with several tests lists them',
    );
  },
);

check(
  'a stage says its verdict in one sentence, with the votes beside it',
  { hash: '#/stage/orders/enrich' },
  async ({ page }) => {
    await page.locator('.votes').first().waitFor();
    assert.match(plain(await page.locator('.summary').textContent()), /at this hour; 71 % of the surprise\./);
    assert.equal(plain(await page.locator('.votes').first().textContent()), 'novelty p = 7e-7');
  },
);

for (const hash of ['#/', '#/health'])
  check(
    `the realised rate stands beside the promise, and who was demoted for it (${hash})`,
    { hash },
    async ({ page }) => {
      const box = page.locator('.box', { hasText: 'False pages' });
      await box.waitFor();
      const text = plain(await box.textContent());
      assert.match(text, /0\.75 a week over four weeks, 2 promised\./);
      assert.match(text, /1 real, 0 false, 1 not judged/);
      assert.match(text, /baseline opens tickets only for orders\.enrich\/rows: 6 pages in 4 weeks, 4 accepted/);
    },
  );
