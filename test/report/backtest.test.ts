import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Evidence, Incident } from '../../src/domain/incident.ts';
import { renderBacktest } from '../../src/report/backtest.ts';
import { STYLE } from '../../src/report/style.ts';
import { HOSTILE, reportOf } from './sample.ts';

describe('the report of a backtest', () => {
  const page = renderBacktest(reportOf());

  test('says in one sentence what it comes to, against the budget', () => {
    const [, sentence] = page.match(/<h1>([^<]*)<\/h1>/) ?? [];
    assert.equal(
      sentence,
      'With 1 page a week allowed: 4 pages in 4.0 weeks, 2 of 4 labelled incidents caught, at once in the median.',
    );
  });

  test('without labels it claims nothing, and shows neither recall nor precision', () => {
    const bare = renderBacktest(reportOf({ labelled: false }));
    assert.match(
      bare,
      /<h1>With 1 page a week allowed: 4 pages in 4\.0 weeks\. No incidents are labelled, so nobody can say/,
    );
    for (const word of ['recall', 'precision', 'False page', 'Right page', 'labelled</li>'])
      assert.ok(!bare.includes(word), word);
  });

  test('what failed comes first: missed, then false, then right, then tickets', () => {
    const kinds = [...page.matchAll(/<article class="card (\w+)"/g)].map(([, kind]) => kind);
    const order = ['missed', 'wrong', 'right', 'ticket'];
    assert.deepEqual(
      kinds,
      kinds.toSorted((a, b) => order.indexOf(a as string) - order.indexOf(b as string)),
    );
    assert.deepEqual(new Set(kinds), new Set(order));
  });

  test('a limit that was in sight is drawn as it was told, and so are times that are not learned', () => {
    const report = reportOf({ incidents: 2 });
    const [first, ...rest] = report.incidents as [Incident];
    const reach = { likely: first.openedAt + 20 * 60_000, soonest: first.openedAt + 10 * 60_000 };
    const [fact] = first.because as [Evidence];
    const seen = { ...first, because: [{ ...fact, detector: 'forecast', limit: 120, reach }] };
    const range = { from: first.openedAt - 3_600_000, to: first.openedAt - 1_800_000, why: HOSTILE };
    const stages = report.stages.map((stage) => ({ ...stage, excluded: stage.id === first.root ? [range] : [] }));
    const drawn = renderBacktest({ ...report, incidents: [seen, ...rest], stages });
    for (const [kind, here] of [
      ['ahead', /<path class="ahead" d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+"\/>/],
      ['limit', /<path class="limit" d="M[\d.]+ [\d.]+H720"\/>/],
      ['excluded', /<rect class="excluded" x="[\d.]+" y="0" width="[\d.]+" height="120"\/>/],
      ['legend', /not learned<\/li>/],
    ] as const) {
      assert.match(drawn, here, kind);
      assert.doesNotMatch(page, here, kind);
    }
    assert.doesNotMatch(drawn, /NaN|undefined/);
  });

  test('one file: it names nothing outside, and forbids itself to load or run anything', () => {
    assert.match(
      page,
      /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/,
    );
    assert.doesNotMatch(page, /\b(src|href|srcset|action|data)="(?!data:,)/);
    assert.doesNotMatch(page, /https?:|url\(|@import/);
    assert.deepEqual(page.match(/<script[^>]*>/g), ['<script type="application/json" id="figures">']);
  });

  test('what users call things is text, also within the figures', () => {
    assert.ok(!page.includes(HOSTILE));
    assert.ok(page.includes('&lt;script&gt;document.title=&quot;owned&quot;&lt;/script&gt;&amp;&quot;&#39;'));
    const [, figures = ''] = page.match(/id="figures">(.*?)<\/script>/) ?? [];
    assert.deepEqual(JSON.parse(figures), { note: HOSTILE });
  });

  test('a year of forty stages with a thousand signals and five thousand incidents stays a file to send', () => {
    const large = renderBacktest(reportOf({ weeks: 52, stages: 40, signals: 25, incidents: 5_000 }));
    assert.ok(large.length < 2_000_000, `${large.length} characters`);
    assert.match(large, /952 quieter signals are not drawn/);
    assert.match(large, /\d+ more are not listed/);
    assert.ok(page.length < 150_000, `${page.length} characters`);
  });

  test('no incident at all is said, and no number is made up', () => {
    const quiet = renderBacktest(reportOf({ incidents: 0, labelled: false }));
    assert.match(quiet, /Nothing would have been told\./);
    assert.doesNotMatch(quiet.replace(/<script.*/s, ''), /NaN|undefined|Infinity/);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
  });

  test('its colours are those of the page', () => {
    const tokens = readFileSync(new URL('../../src/page/style/tokens.css', import.meta.url), 'utf8');
    const own = [...STYLE.matchAll(/^ {2}(--[a-z0-9-]+: light-dark\(.*\));$/gm)].map(([, token]) => token as string);
    assert.ok(own.length > 10);
    for (const token of own) assert.ok(tokens.includes(token), token);
  });
});
