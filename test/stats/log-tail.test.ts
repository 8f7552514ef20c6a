import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogTail } from '../../src/stats/log-tail.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { SurpriseScale } from '../../src/stats/surprise-scale.ts';

const exponential = (seed: number): (() => number) => {
  const random = seededRandom(seed);
  return () => -Math.log(1 - random());
};

describe('LogTail', () => {
  test('is silent before it has seen 20, and then says −ln p of an exponential past within a third', () => {
    const tail = new LogTail(1e9, 0.001, 0.15);
    const next = exponential(1);
    for (let i = 0; i < 19; i++) tail.learn(next(), 1);
    assert.equal(tail.surprise(9), 0);
    for (let i = 0; i < 20_000; i++) tail.learn(next(), 1);
    for (const p of [0.5, 0.1, 1e-2, 1e-3]) {
      const said = tail.surprise(-Math.log(p));
      assert.ok(Math.abs(said / -Math.log(p) - 1) < 0.33, `${p}: ${said}`);
    }
  });

  test('grows with the magnitude, and never ends', () => {
    const tail = new LogTail(8_000, 0.2, 0.15);
    const next = exponential(2);
    for (let i = 0; i < 3_000; i++) tail.learn(next(), 1);
    let before = 0;
    for (let magnitude = 0.001; magnitude < 1e300; magnitude *= 1.7) {
      const said = tail.surprise(magnitude);
      assert.ok(said >= before && Number.isFinite(said), `${magnitude}`);
      before = said;
    }
  });

  test('a past of nothing but zeros makes a move surprising, not endless', () => {
    const tail = new LogTail(8_000, 0.2, 0.15);
    for (let i = 0; i < 1_000; i++) tail.learn(0, 1);
    assert.equal(tail.surprise(0), 0);
    assert.ok(tail.surprise(20) > 9 && tail.surprise(20) < 100);
  });

  test('says the same of the same in another unit', () => {
    const [one, other] = [new LogTail(8_000, 0, 0.15), new LogTail(8_000, 0, 0.15)];
    const next = exponential(3);
    for (let i = 0; i < 2_000; i++) {
      const magnitude = next();
      one.learn(magnitude, 1);
      other.learn(magnitude, 1);
    }
    other.rescale(4);
    for (const magnitude of [0.5, 2, 9])
      assert.ok(Math.abs(other.surprise(4 * magnitude) - one.surprise(magnitude)) < 0.15 * one.surprise(magnitude));
  });
});

describe('SurpriseScale', () => {
  const prior = { scale: 0.6, excess: 0.8 };

  test('turns a statistic into −ln p on its own past', () => {
    const scale = new SurpriseScale(1e6, prior);
    const next = exponential(5);
    for (let i = 0; i < 60_000; i++) scale.learn(0.4 * next(), 1);
    for (const p of [0.1, 1e-2, 1e-3, 1e-4]) {
      const said = scale.surprise(-0.4 * Math.log(p));
      assert.ok(Math.abs(said + Math.log(p)) < 0.35 * -Math.log(p), `${p}: ${said}`);
    }
  });

  test('a wild past makes the same statistic less of a surprise; a past of one cluster hardly does', () => {
    const [wild, once, calm] = [0, 1, 2].map(() => new SurpriseScale(1e6, prior)) as [
      SurpriseScale,
      SurpriseScale,
      SurpriseScale,
    ];
    const next = exponential(6);
    for (let i = 0; i < 10_000; i++) {
      const usual = 0.4 * next();
      wild.learn(i % 100 < 2 ? 6 + usual : usual, 1);
      once.learn(i > 5_000 && i < 5_030 ? 6 + usual : usual, 1);
      calm.learn(usual, 1);
    }
    assert.ok(wild.surprise(6) < 0.6 * calm.surprise(6));
    assert.ok(once.surprise(6) > 0.75 * calm.surprise(6));
  });

  test('restores to the same answers', () => {
    const scale = new SurpriseScale(8_000, prior);
    const next = exponential(7);
    for (let i = 0; i < 1_003; i++) scale.learn(next(), 0.7);
    const to = new NumberWriter();
    scale.write(to);
    const other = new SurpriseScale(8_000, prior);
    other.read(new NumberReader(to.done()));
    for (let i = 0; i < 40; i++) {
      const statistic = next();
      assert.equal(other.surprise(statistic), scale.surprise(statistic));
      for (const one of [scale, other]) one.learn(statistic, 1);
    }
  });
});
