import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quarterOctave } from '../../src/stats/log-bucket.ts';

test('is the floor of four times the logarithm, but for what lies on an edge', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
      const exact = 4 * Math.log2(x);
      const near = Math.abs(exact - Math.round(exact)) < 1e-5;
      assert.ok(quarterOctave(x) === Math.floor(exact) || (near && Math.abs(quarterOctave(x) - exact) <= 1.1), `${x}`);
    }),
  );
  for (let k = -40; k <= 40; k++) {
    assert.equal(quarterOctave(2 ** (k / 4) * 1.00001), k);
    assert.equal(quarterOctave(2 ** (k / 4) * 0.99999), k - 1);
  }
});

test('never falls as the number grows', () => {
  const number = fc.double({ min: 1e-12, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(number, number, (a, b) => {
      assert.ok(quarterOctave(Math.min(a, b)) <= quarterOctave(Math.max(a, b)));
    }),
  );
});
