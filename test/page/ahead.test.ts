import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yExtent } from '../../src/page/chart/extent.ts';
import { excludedOf, exclusionText, outlookOf, shownUntil } from '../../src/page/model/ahead.ts';
import type { ApiSeries } from '../../src/server/api.ts';

const NOW = Date.UTC(2026, 10, 21, 3, 10);
const MINUTE = 60_000;
const minutes = (...list: readonly number[]): number[] => list.map((one) => NOW + one * MINUTE);

const series: ApiSeries = {
  stage: 'orders.enrich',
  from: new Date(NOW - 120 * MINUTE).toISOString(),
  to: new Date(NOW).toISOString(),
  stepSeconds: 20,
  signals: [
    { signal: 'lag_seconds', at: minutes(-2, -1), value: [40, 48], lower: [0, 0], upper: [9, 9] },
    { signal: 'rows', at: minutes(-2, -1), value: [1, 1], lower: [0, 0], upper: [2, 2] },
  ],
  ahead: [
    {
      signal: 'lag_seconds',
      at: minutes(-3, 1, 5, 9, 13),
      lower: [20, 40, 50, 60, 70],
      centre: [30, 50, 80, 110, 140],
      upper: [40, 70, 120, 180, 240],
      reach: { limit: 120, likelySeconds: 17 * 60, soonestSeconds: 600, latestSeconds: null },
    },
  ],
  excluded: [
    {
      from: new Date(NOW - 9 * MINUTE).toISOString(),
      to: new Date(NOW + MINUTE).toISOString(),
      why: 'deploy',
      signal: null,
    },
    { from: new Date(NOW - 5 * MINUTE).toISOString(), to: new Date(NOW).toISOString(), why: 'import', signal: 'rows' },
  ],
};

test('a chart ends where the farthest look ends, and gives what is likely a quarter of its width at most', () => {
  assert.equal(shownUntil(series, NOW - 120 * MINUTE, NOW), NOW + 13 * MINUTE);
  assert.equal(shownUntil(series, NOW - 9 * MINUTE, NOW), NOW + 3 * MINUTE);
  assert.equal(shownUntil({ ...series, ahead: [] }, NOW - 9 * MINUTE, NOW), NOW);
  assert.equal(shownUntil(undefined, NOW - 9 * MINUTE, NOW), NOW);
});

test('what was likely and is over is not drawn; the limit stands where it is reached', () => {
  const outlook = outlookOf(series, 'lag_seconds', 'seconds', NOW);
  assert.deepEqual(outlook?.at, minutes(1, 5, 9, 13));
  assert.deepEqual(outlook?.upper, [70, 120, 180, 240]);
  // The look was made a step before its first point, seven minutes ago.
  assert.equal(outlook?.limit?.at, NOW + 10 * MINUTE);
  assert.match(outlook?.limit?.label ?? '', /^120.s about 03:20$/);
  assert.equal(outlookOf(series, 'rows', 'count', NOW), undefined, 'not followed');
  assert.equal(outlookOf(series, 'lag_seconds', 'seconds', NOW + 20 * MINUTE), undefined, 'a look of long ago');
});

test('a chart makes room for what is likely, and not at the price of what was seen', () => {
  const seen = { at: [0, 1], value: [40, 48], lower: [30, 30], upper: [60, 60] };
  assert.deepEqual(yExtent(seen, 0, [70, 90]), [0, 90]);
  const [, high] = yExtent(seen, 0, [70, 9e9]);
  assert.ok(high > 90 && high < 120, `${high}`);
});

test('times that are not learned are marked in the charts they are for, and told in words', () => {
  assert.deepEqual(
    excludedOf(series, 'lag_seconds').map(({ label }) => label),
    ['deploy'],
  );
  assert.deepEqual(
    excludedOf(series, 'rows').map(({ label }) => label),
    ['deploy', 'import'],
  );
  assert.deepEqual(series.excluded.map(exclusionText), ['deploy until 03:11', 'import until 03:10, only rows']);
});
