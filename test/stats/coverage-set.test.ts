import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoverageSet } from '../../src/stats/coverage-set.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';

test('measures the distance to the nearest value of its past, exactly while there is room', () => {
  const set = new CoverageSet(48, 8_000);
  assert.equal(set.distance(5), 0, 'nothing is new to an empty set');
  for (const x of [3, 1, 2, 10]) set.learn(x, false);
  assert.equal(set.distance(7), 3);
  assert.equal(set.distance(2), 0);
  assert.equal(set.distance(-1), 2);
});

test('covers ten thousand values with few: none it has seen is far, what it has not seen is', () => {
  const random = seededRandom(4);
  const set = new CoverageSet(48, 20_000);
  const seen = Array.from({ length: 10_000 }, () => (random() < 0.5 ? random() : 5 + random()));
  for (const x of seen) set.learn(x, false);
  const farthest = seen.reduce((most, x) => Math.max(most, set.distance(x)), 0);
  assert.ok(farthest < 0.1, `${farthest}`);
  assert.ok(set.distance(3) > 1.8);
});

test('what is provisional is known to one question and not to the other, until it is settled', () => {
  const set = new CoverageSet(48, 8_000);
  for (const x of [1, 2, 3]) set.learn(x, false);
  set.learn(50, true);
  assert.equal(set.distance(50), 0);
  assert.equal(set.settledDistance(50), 47);
  set.learn(50, true);
  assert.equal(set.settledDistance(50), 47, 'seeing it again under guard does not settle it');
  set.settle((x) => x + 100);
  assert.equal(set.settledDistance(50), 0);
  assert.equal(set.distance(103), 0, 'what was settled has moved');
  assert.equal(set.distance(1), 49);
});

test('forgets what it has not met for its life, once it needs the room', () => {
  const set = new CoverageSet(8, 100);
  set.learn(1_000, false);
  for (let i = 0; i < 400; i++) set.learn(i / 4, false);
  assert.ok(set.distance(1_000) > 800);
});

test('takes the ends of the number line, and restores to the same answers', () => {
  const set = new CoverageSet(8, 100);
  for (const x of [0, 1e308, -1e308, Number.MIN_VALUE, 7, 8, 9, 10, 11, 12]) set.learn(x, x > 9);
  const to = new NumberWriter();
  set.write(to);
  const other = new CoverageSet(8, 100);
  other.read(new NumberReader(to.done()));
  for (const one of [set, other]) one.learn(11.5, true);
  for (const x of [-5, 0, 7.5, 11, 1e300]) {
    assert.equal(other.distance(x), set.distance(x));
    assert.equal(other.settledDistance(x), set.settledDistance(x));
    assert.ok(Number.isFinite(set.distance(x)));
  }
});
