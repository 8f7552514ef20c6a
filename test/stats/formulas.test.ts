import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromAsinhScale, toAsinhScale } from '../../src/stats/asinh-scale.ts';
import { ewmaWeight } from '../../src/stats/ewma.ts';
import { fnv1a } from '../../src/stats/fnv1a.ts';
import { paretoExcess, paretoSurprise } from '../../src/stats/generalised-pareto.ts';
import { median, quantile, quantiles } from '../../src/stats/quantile.ts';
import { robustScale } from '../../src/stats/robust-scale.ts';
import { golden, isNear } from './golden.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

test('quantiles equal those of NumPy', () => {
  for (const { values, probabilities, expected } of golden.quantiles) {
    quantiles(values, probabilities).forEach((q, i) => {
      assert.ok(isNear(q, expected[i] as number), `${q} for ${expected[i]}`);
    });
  }
});

test('quantiles leave their input alone, grow with p, and are NaN of nothing', () => {
  const values = Object.freeze([3, 1, 2]) as readonly number[];
  assert.deepEqual(quantiles(values, [0, 0.5, 1]), [1, 2, 3]);
  assert.equal(quantile(new Float64Array([5, 1]), 0.5), 3);
  assert.ok(Number.isNaN(median([])));
});

test('robust scale equals median and normal-scaled MAD of SciPy', () => {
  const { values, centre, scale } = golden.robustScale;
  const found = robustScale(values);
  assert.ok(isNear(found.centre, centre) && isNear(found.scale, scale), JSON.stringify(found));
});

test('robust scale is 0 only for a constant', () => {
  assert.equal(robustScale([4, 4, 4]).scale, 0);
  assert.ok(robustScale([4, 4, 4, 5]).scale > 0);
});

test('robust scale is moved little by a minority of wild values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 21, maxLength: 40 }),
      finite,
      (list, wild) => {
        const dirty = robustScale([...list, ...new Array<number>(Math.floor(list.length / 4)).fill(wild)]);
        assert.ok(Math.abs(dirty.centre) <= 1, `${dirty.centre}`);
      },
    ),
  );
});

test('generalised Pareto surprise equals −logsf of SciPy, and inverts', () => {
  for (const { excess, scale, shape, surprise } of golden.generalisedPareto) {
    assert.ok(isNear(paretoSurprise(excess, scale, shape), surprise, 1e-9), `${excess} ${scale} ${shape}`);
    assert.ok(isNear(paretoExcess(surprise, scale, shape), excess, 1e-9));
  }
  assert.equal(paretoSurprise(-1, 1, 0.15), 0);
});

test('asinh scale equals NumPy', () => {
  for (const { x, unit, y } of golden.asinh) assert.ok(isNear(toAsinhScale(x, unit), y), `${x} / ${unit}`);
});

test('asinh scale is finite, odd, monotone and invertible for every finite number', () => {
  const unit = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
  fc.assert(
    fc.property(finite, finite, unit, (a, b, u) => {
      const [ya, yb] = [toAsinhScale(a, u), toAsinhScale(b, u)];
      assert.ok(Number.isFinite(ya) && Number.isFinite(fromAsinhScale(ya, u)));
      assert.equal(toAsinhScale(-a, u), -ya);
      assert.ok(a > b ? ya >= yb : a < b ? ya <= yb : ya === yb);
      if (Math.abs(ya) < 600 && Math.abs(ya) > 1e-290) assert.ok(isNear(fromAsinhScale(ya, u) / a, 1, 1e-9));
    }),
  );
});

test('an EWMA weight depends on time alone: two half steps are one step', () => {
  const length = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(length, length, fc.double({ min: 1, max: 1e9, noNaN: true }), (a, b, memory) => {
      const twice = 1 - (1 - ewmaWeight(a, memory)) * (1 - ewmaWeight(b, memory));
      assert.ok(isNear(twice, ewmaWeight(a + b, memory), 1e-9));
    }),
  );
  assert.equal(ewmaWeight(-5, 10), 0);
  assert.equal(ewmaWeight(0, 10), 0);
  assert.ok(isNear(ewmaWeight(10, 10), 1 - Math.exp(-1)));
});

test('FNV-1a equals the test vectors of its draft', () => {
  const hash = (text: string): number => fnv1a(new TextEncoder().encode(text));
  assert.deepEqual([hash(''), hash('a'), hash('foobar')], [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});
