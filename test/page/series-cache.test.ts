import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appended, seriesCache } from '../../src/page/net/series-cache.ts';
import type { ApiSeries, ApiStage } from '../../src/server/api.ts';
import { NIGHT } from './support/shapes.ts';
import { seriesOf, worldAt } from './support/world.ts';

const HOUR = 3_600_000;
const stageAt = (at: number): ApiStage => worldAt('quiet', at).stages[1] as ApiStage;
const series = (): ApiSeries => seriesOf('quiet', 'orders.enrich', NIGHT - HOUR, NIGHT, 30) as ApiSeries;

test('live values are added, one for each step, and old ones fall out', () => {
  const first = appended(series(), stageAt(NIGHT + 5_000), 30_000, NIGHT - HOUR);
  const again = appended(first, stageAt(NIGHT + 15_000), 30_000, NIGHT - HOUR);
  assert.equal(again.signals[0]?.at.length, first.signals[0]?.at.length);
  assert.equal(again.signals[0]?.at.at(-1), NIGHT + 15_000);
  const later = appended(again, stageAt(NIGHT + 60_000), 30_000, NIGHT - HOUR + 60_000);
  assert.ok((later.signals[0]?.at[0] ?? 0) >= NIGHT - HOUR + 60_000);
  const { at = [], value = [], lower = [], upper = [] } = later.signals[0] ?? {};
  assert.deepEqual([value.length, lower.length, upper.length], [at.length, at.length, at.length]);
});

test('an event that is not newer changes nothing', () => {
  const old = series();
  assert.deepEqual(appended(old, stageAt(NIGHT - 60_000), 30_000, 0), old);
});

test('what is wanted twice is asked for once, four at a time, and a failure is tried again later', async () => {
  let now = NIGHT;
  let running = 0;
  let most = 0;
  const asked: string[] = [];
  const cache = seriesCache(
    async (stage) => {
      asked.push(stage);
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      if (stage === 'a.bad') throw new Error('no');
      return series();
    },
    () => now,
    () => undefined,
  );
  const settle = () => new Promise((done) => setImmediate(done));
  for (const stage of ['a.1', 'a.2', 'a.3', 'a.4', 'a.5', 'a.6', 'a.bad', 'a.1'])
    cache.want(stage, { length: HOUR }, 'spark');
  await settle();
  await settle();
  assert.equal(asked.length, 7);
  assert.ok(most <= 4);
  assert.ok(cache.want('a.1', { length: HOUR }, 'spark'));
  cache.want('a.bad', { length: HOUR }, 'spark');
  await settle();
  assert.equal(asked.length, 7);
  now += 11_000;
  cache.want('a.bad', { length: HOUR }, 'spark');
  await settle();
  assert.equal(asked.length, 8);
});
