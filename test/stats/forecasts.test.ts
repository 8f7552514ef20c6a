import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Course, holtStep } from '../../src/stats/holt.ts';
import { mannKendall } from '../../src/stats/mann-kendall.ts';
import { pinballLoss, quantileStep } from '../../src/stats/pinball.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { changes } from './changes-golden.ts';
import { isNear } from './golden.ts';

test('Holt forecasts what statsmodels does', () => {
  for (const { alpha, beta, values, forecast } of changes.holt) {
    let course: Course = { level: values[0] as number, trend: 0 };
    for (const value of values) course = holtStep(course, value, alpha, beta);
    forecast.forEach((wanted, i) => {
      const said = course.level + (i + 1) * course.trend;
      assert.ok(isNear(said, wanted, 1e-9), `${said} for ${wanted}`);
    });
  }
});

test('Holt stays finite at the ends of the number line', () => {
  let course: Course = { level: 0, trend: 0 };
  for (let i = 0; i < 200; i++) course = holtStep(course, i % 2 === 0 ? Number.MAX_VALUE : -Number.MAX_VALUE, 0.9, 0.9);
  assert.ok(Number.isFinite(course.level) && Number.isFinite(course.trend));
});

test('Mann–Kendall finds the deviates of pymannkendall, with and without ties', () => {
  for (const { values, z } of changes.mannKendall) assert.ok(isNear(mannKendall(values), z, 1e-12));
});

test('Mann–Kendall says nothing of too few values, nor of a constant, and turns with the sign', () => {
  assert.deepEqual([mannKendall([1, 2]), mannKendall([]), mannKendall(new Array(20).fill(3))], [0, 0, 0]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 40 }), (values) => {
      assert.equal(mannKendall(values) + mannKendall(values.map((x) => -x)), 0);
    }),
  );
});

test('the pinball loss is that of NumPy', () => {
  for (const { value, quantile, tau, loss } of changes.pinball)
    assert.ok(isNear(pinballLoss(value, quantile, tau), loss, 1e-12));
});

test('a running quantile comes to the quantile of the law', () => {
  const random = seededRandom(5);
  for (const tau of [0.1, 0.5, 0.9]) {
    let quantile = 0;
    for (let i = 0; i < 40_000; i++) quantile = quantileStep(quantile, random(), tau, 0.002);
    assert.ok(Math.abs(quantile - tau) < 0.03, `${quantile} for ${tau}`);
  }
});
