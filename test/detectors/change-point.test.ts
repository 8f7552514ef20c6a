import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changePoint } from '../../src/detectors/change-point/index.ts';
import type { Surprise } from '../../src/domain/score.ts';
import { emptySnapshot } from '../../src/domain/snapshot.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { detectorContract } from '../contracts/detector.ts';
import { signalPlan, stagePlan } from './stage-plan.ts';

detectorContract(changePoint, {
  config: { warmup: 60 },
  stage: stagePlan([signalPlan('lag_seconds', { direction: 'up' }), signalPlan('rows')]),
  signals: ['lag_seconds', 'rows'],
  warmSnapshots: 80,
  bytesPerSignal: 4_096,
});

/** A detector on one signal; `feed` gives it standardised residuals through the band of a signal detector. */
function watching(direction: 'up' | 'both' = 'both') {
  const stage = stagePlan([signalPlan('rows', { direction })]);
  const context = { stage, random: seededRandom(1), holidays: [] };
  const detector = changePoint.create(changePoint.config.parse({}), context);
  const random = seededRandom(9);
  let at = Date.UTC(2026, 0, 5);
  const noise = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const feed = (residual: number, learn = true): Surprise & { state: 'ready' } => {
    at += MINUTE;
    const x = 100 + residual;
    const before: Surprise = {
      subject: `${stage.id}/rows`,
      detector: 'baseline',
      state: 'ready',
      pValue: 0.5,
      because: [{ signal: 'rows', share: 1 }],
      observed: x,
      expected: { lower: 100 - 2.576, centre: 100, upper: 100 + 2.576 },
    };
    const snapshot = { ...emptySnapshot(stage.id, at), values: new Map([['rows', x]]) };
    const [said] = detector.score(snapshot, at, [before]);
    detector.advance(snapshot, at, () => (learn ? 'learn' : 'hold'), [before]);
    return said as Surprise & { state: 'ready' };
  };
  const calm = (samples: number): number[] => Array.from({ length: samples }, () => feed(noise()).pValue);
  return { feed, calm, noise };
}

const PAGE = 1e-5;

test('finds a move of the level by one and a half spreads that no single sample shows, and names the tests that did', () => {
  const { feed, calm, noise } = watching();
  calm(6_000);
  const moved = Array.from({ length: 120 }, () => feed(1.5 + noise()));
  const at = moved.findIndex(({ pValue }) => pValue < PAGE);
  assert.ok(at >= 0 && at < 90, `after ${at} samples`);
  assert.deepEqual(
    new Set(moved[at]?.votes?.map(({ vote }) => vote)),
    new Set(['cusum', 'page-hinkley', 'adwin', 'spread']),
  );
  assert.ok((moved[at]?.votes?.[0]?.surprise ?? 0) > -Math.log(PAGE));
});

test('finds a doubled spread around the same level', () => {
  const { feed, calm, noise } = watching();
  calm(6_000);
  const wide = Array.from({ length: 120 }, () => feed(2 * noise(), false));
  const at = wide.findIndex(({ pValue }) => pValue < PAGE);
  assert.ok(at >= 0, 'it is found');
  assert.equal(wide[at]?.votes?.[0]?.vote, 'spread');
});

test('lets go within a quarter of an hour after the level has come back', () => {
  const { feed, calm, noise } = watching();
  calm(6_000);
  for (let i = 0; i < 1_440; i++) feed(2 + noise(), false);
  const after = calm(40);
  assert.ok(
    after.slice(15).every((p) => p > 1e-3),
    `${after.findLastIndex((p) => p <= 1e-3)}`,
  );
});

test('is calibrated on calm residuals', () => {
  const { calm } = watching();
  calm(6_000);
  const all = calm(40_000);
  const share = all.filter((p) => p < 1e-3).length / all.length;
  assert.ok(share < 3e-3, `${share} of the samples below 1e-3`);
});

test('a move to the good side is no news', () => {
  const { feed, calm, noise } = watching('up');
  calm(2_000);
  const least = Math.min(...Array.from({ length: 200 }, () => feed(-1.2 + 0.5 * noise(), false).pValue));
  assert.ok(least > 1e-4, `${least}`);
});
