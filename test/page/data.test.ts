import assert from 'node:assert/strict';
import test from 'node:test';
import { barsOf, inOrder, shortP, summaryOf, valueAt } from '../../src/page/model/field.ts';
import { fields } from './support/fields.ts';
import { pageSuite } from './support/suite.ts';

const { check } = pageSuite();
const plain = (text: string | null): string => (text ?? '').replaceAll('\u202f', ' ').replaceAll(/\s+/g, ' ').trim();

check('the list of data leads to the stage whose field drifted', { hash: '#/data' }, async ({ page }) => {
  const rows = (await page.locator('tbody tr').allTextContents()).map(plain);
  assert.equal(rows.length, 1);
  assert.match(rows[0] ?? '', /^1 drifted ?warehouse orders ?4 fields/);
  await page.getByRole('link', { name: 'warehouse' }).click();
  await page.locator('#fields-title').waitFor();
  assert.match(page.url(), /#\/data\/orders\/warehouse$/);
});

check(
  'fields are told worst first: how they were and are, the test, the effect, and why',
  { hash: '#/data/orders/warehouse' },
  async ({ page, problems }) => {
    await page.locator('.fields tbody tr').first().waitFor();
    const rows = (await page.locator('.fields tbody tr').allTextContents()).map(plain);
    assert.deepEqual(
      rows.map((row) => /^(drifted|blind|learning|steady) ?(amount|coupon|fee|country)/.exec(row)?.slice(1).join(' ')),
      ['drifted amount', 'blind coupon', 'learning fee', 'steady country'],
    );
    for (const part of ['median 40 → 61', 'mann-whitney', '0.31 (0.06)', '1e-5', '389 k / 97 k'])
      assert.ok(rows[0]?.includes(part), `${part} is missing in ${rows[0]}`);
    assert.match(rows[2] ?? '', /needs 3 more profiles.*– \(–\)/, 'what is not known is not 0');
    assert.equal(await page.locator('.fields svg.was-is').count(), 4);
    assert.match(
      plain(await page.locator('.summary').textContent()),
      /^1 of 4 fields steady, 1 drifted, 1 blind, 1 learning\./,
    );
    assert.deepEqual(problems, []);
  },
);

check(
  'a field opens with its numbers then and now, and the address holds it',
  { hash: '#/data/orders/warehouse' },
  async ({ page }) => {
    await page.getByRole('link', { name: 'amount' }).click();
    await page.locator('#field-title').waitFor();
    assert.match(page.url(), /field=amount/);
    const cells = (await page.locator('.field-detail tbody tr').allTextContents()).map(plain);
    assert.ok(
      cells.some((text) => /^median ?40\.\d ?61\.\d/.test(text)),
      cells.join(' | '),
    );
    await page.getByRole('link', { name: 'amount' }).click();
    await page.locator('#field-title').waitFor({ state: 'detached' });
  },
);

check(
  'a stage without profiles says so, and its own screen leads to those it has',
  { hash: '#/data/orders/enrich' },
  async ({ page }) => {
    await page.getByText('No field of this stage is profiled.').waitFor();
    await page.evaluate(`location.hash = '#/stage/orders/warehouse'`);
    await page.getByRole('link', { name: '4 fields' }).click();
    await page.locator('#fields-title').waitFor();
  },
);

check('without any profile the screen says how to get one', { hash: '#/data', situation: 'none' }, async ({ page }) => {
  await page.getByText('No field is profiled.').waitFor();
});

test('histograms are shares over the same bins, whatever the quantiles are', () => {
  const line = (from: number, to: number): [number, number][] => [[0, from], [0.5, (from + to) / 2], [1, to]]; // biome-ignore format: pairs
  const spread = (quantiles: [number, number][]) => ({ rows: 100, nulls: 0, quantiles, top: null });
  const bars = barsOf({ reference: spread(line(0, 100)), current: spread(line(50, 150)) });
  assert.equal(bars?.was.length, 24);
  for (const side of [bars?.was, bars?.is]) {
    const sum = side?.reduce((total, one) => total + one, 0) ?? 0;
    assert.ok(sum > 0.97 && sum <= 1.0001, `${sum}`);
    assert.ok(side?.every((one) => one >= 0));
  }
  assert.ok((bars?.was[1] ?? 0) > 0 && bars?.is[1] === 0);
  assert.equal(barsOf({ reference: null, current: spread(line(5, 5)) }), undefined, 'one value has no shape');
  assert.equal(barsOf({ reference: null, current: null }), undefined);
  assert.equal(valueAt(line(0, 100), 0.25), 25);
});

test('categories are compared by their share, the most frequent first', () => {
  const country = fields.find(({ field }) => field === 'country');
  const bars = country && barsOf(country);
  assert.deepEqual(bars?.names, ['DE', 'FR', 'NL']);
  assert.ok(Math.abs((bars?.is[0] ?? 0) - 50 / 97) < 1e-9);
});

test('a summary counts each result once, and the order is that of what needs a look', () => {
  assert.equal(summaryOf(fields), '1 of 4 fields steady, 1 drifted, 1 blind, 1 learning');
  assert.deepEqual(
    inOrder(fields).map(({ result }) => result),
    ['drift', 'insufficient', 'warming', 'none'],
  );
});

test('no p-value is 0, and what is not known is a dash', () => {
  assert.deepEqual([0, 1e-5, 0.61, null].map(shortP), ['< 1e-99', '1e-5', '0.61', '–']);
});
