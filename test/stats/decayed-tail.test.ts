import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecayedTail } from '../../src/stats/decayed-tail.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { golden, isNear } from './golden.ts';

/** One side of a standard normal draw: 0 where it fell on the other side. */
function halfNormals(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.max(0, Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

const magnitudes = fc.array(fc.double({ min: 0, max: 2_000, noNaN: true }), { maxLength: 200 });
const learned = (list: readonly number[]): DecayedTail => {
  const tail = new DecayedTail(1_000);
  for (const magnitude of list) tail.learn(magnitude);
  return tail;
};

test('knows the normal law before it has seen anything', () => {
  const tail = new DecayedTail(1_000);
  for (const { p, z } of golden.normalUpperQuantile) {
    assert.ok(isNear(tail.magnitude(p), z, 0.03), `p ${p}: ${tail.magnitude(p)} for ${z}`);
    assert.ok(isNear(Math.exp(-tail.surprise(z)), p, 0.03), `z ${z}: ${Math.exp(-tail.surprise(z))} for ${p}`);
  }
});

test('says p about as often as p, on normal samples', () => {
  const draw = halfNormals(3);
  const tail = new DecayedTail(10_000);
  const counts = new Map([0.1, 0.01, 0.001].map((p) => [p, 0]));
  for (let i = 0; i < 100_000; i++) {
    const magnitude = draw();
    const p = Math.exp(-tail.surprise(magnitude));
    for (const [level, n] of counts) if (p <= level) counts.set(level, n + 1);
    tail.learn(magnitude);
  }
  for (const [level, n] of counts) {
    const times = n / 100_000 / level;
    assert.ok(times > 0.25 && times < 1.6, `p ${level} came ${times} times as often`);
  }
});

test('is calibrated on heavy tails too, where the normal law would cry', () => {
  const random = seededRandom(8);
  const tail = new DecayedTail(10_000);
  let alarms = 0;
  for (let i = 0; i < 50_000; i++) {
    const magnitude = (1 - random()) ** (-1 / 3) - 1;
    if (i > 5_000 && tail.surprise(magnitude) > Math.log(1_000)) alarms++;
    tail.learn(magnitude);
  }
  assert.ok(alarms > 10 && alarms < 4 * 45, `${alarms} alarms at p 0.001 in 45,000 samples`);
});

test('grows with the magnitude, starts at 0 and is always finite', () => {
  fc.assert(
    fc.property(magnitudes, (list) => {
      const tail = learned(list);
      let before = tail.surprise(0);
      assert.equal(before, 0);
      for (const magnitude of [1e-9, 0.03, 0.1, 0.5, 1, 2, 4, 9, 50, 1_000, 1e6, 1e300, Number.MAX_VALUE]) {
        const surprise = tail.surprise(magnitude);
        assert.ok(Number.isFinite(surprise) && surprise >= before - 1e-9, `${magnitude}: ${surprise} after ${before}`);
        before = surprise;
      }
    }),
  );
});

test('takes NaN and infinity without harm', () => {
  const tail = learned([Number.NaN, Number.POSITIVE_INFINITY, 1]);
  assert.equal(tail.surprise(Number.NaN), 0);
  assert.ok(Number.isFinite(tail.surprise(3)));
});

test('gives back the magnitude of a p-value', () => {
  fc.assert(
    fc.property(magnitudes, fc.double({ min: 1e-9, max: 0.019, noNaN: true }), (list, p) => {
      const tail = learned(list);
      assert.ok(isNear(tail.surprise(tail.magnitude(p)), -Math.log(p), 1e-6));
    }),
  );
});

test('is not taught by one lasting excess that it is usual at once', () => {
  const draw = halfNormals(5);
  const tail = new DecayedTail(10_000);
  for (let i = 0; i < 5_000; i++) tail.learn(draw());
  const before = tail.surprise(30);
  tail.learn(30);
  for (let i = 0; i < 40; i++) tail.learn(draw());
  assert.ok(tail.surprise(30) > 0.9 * before, `${tail.surprise(30)} after ${before}`);
});

test('restores to exactly the same answers', () => {
  fc.assert(
    fc.property(magnitudes, magnitudes, (list, more) => {
      const tail = learned(list);
      const to = new NumberWriter();
      tail.write(to);
      const copy = new DecayedTail(1_000);
      copy.read(new NumberReader(to.done()));
      for (const magnitude of more) {
        assert.equal(copy.surprise(magnitude), tail.surprise(magnitude));
        tail.learn(magnitude);
        copy.learn(magnitude);
      }
    }),
  );
});
