import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecayedCovariance } from '../../src/stats/decayed-covariance.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';

const near = (is: number, wanted: number, by = 1e-9): void => {
  assert.ok(Math.abs(is - wanted) <= by * Math.max(1, Math.abs(wanted)), `${is} instead of ${wanted}`);
};

function learned(rows: readonly (readonly number[])[], memory = 1e6): DecayedCovariance {
  const of = new DecayedCovariance(memory, rows[0]?.length);
  for (const row of rows) of.learn(Float64Array.from(row));
  return of;
}

test('is the plain mean and covariance while the past is shorter than the memory', () => {
  const of = learned([
    [1, 10],
    [2, 14],
    [3, 12],
    [6, 20],
  ]);
  near(of.mean(0), 3);
  near(of.mean(1), 14);
  near(of.covariance(0, 0), (4 + 1 + 0 + 9) / 4);
  near(of.covariance(0, 1), (8 + 0 + 0 + 18) / 4);
  near(of.covariance(1, 0), of.covariance(0, 1));
});

test('forgets: after many memories only the new level is left', () => {
  const random = seededRandom(3);
  const rows = Array.from({ length: 4_000 }, (_, i) => [(i < 2_000 ? 100 : 5) + random()]);
  const of = learned(rows, 100);
  near(of.mean(0), 5.5, 0.05);
  assert.ok(of.deviation(0) < 0.4, `${of.deviation(0)}`);
});

test('a missing number leaves its column as it was, and pairs with it', () => {
  const of = learned([
    [1, 1],
    [3, 2],
  ]);
  const [mean, pair] = [of.mean(0), of.covariance(0, 1)];
  of.learn(Float64Array.from([Number.NaN, 9]));
  assert.equal(of.mean(0), mean);
  assert.equal(of.covariance(0, 1), pair);
  assert.equal(of.seen(0), 2);
  near(of.mean(1), 4);
});

test('tells a constant from one that moved, and rounding from a move', () => {
  const of = learned(Array.from({ length: 50 }, (_, i) => [0.1 + 0.2, 7, i === 40 ? 1 : 0]));
  assert.deepEqual([of.isConstant(0), of.isConstant(1), of.isConstant(2)], [true, true, false]);
  assert.equal(of.away(0, 0.3), 0);
  assert.equal(of.away(1, 8), 1);
});

test('keeps the spread of a column that leaps once in a thousand rows', () => {
  const random = seededRandom(11);
  const rows = Array.from({ length: 40_000 }, (_, i) => [(i % 1_440 === 700 ? 5 : 0) + 0.001 * (random() - 0.5)]);
  const truth = 5 / Math.sqrt(1_440);
  const of = learned(rows, 10_000);
  assert.ok(of.deviation(0) > 0.7 * truth && of.deviation(0) < 1.3 * truth, `${of.deviation(0)} instead of ${truth}`);
});

test('one wild row is not all that is remembered', () => {
  const random = seededRandom(12);
  const of = learned(
    Array.from({ length: 2_000 }, (_, i) => [i === 1_500 ? 1e9 : random()]),
    10_000,
  );
  assert.ok(of.deviation(0) < 0.5, `${of.deviation(0)}`);
  assert.ok(of.reach(0) < 30, `${of.reach(0)}`);
});

test('takes the largest numbers there are and stays finite', () => {
  const of = learned([1e308, -1e308, 0, Number.MIN_VALUE, 1e308, 5].map((x) => [x, -x]));
  for (const x of [of.mean(0), of.deviation(0), of.covariance(0, 1), of.reach(1), of.away(0, 1e308)])
    assert.ok(Number.isFinite(x), `${x}`);
});

test('grows and is written and read without losing anything', () => {
  const random = seededRandom(5);
  const row = (size: number): Float64Array => Float64Array.from({ length: size }, random);
  const of = new DecayedCovariance(500, 2);
  for (let i = 0; i < 30; i++) of.learn(row(2));
  const pair = of.covariance(1, 0);
  of.grow(4);
  assert.equal(of.covariance(1, 0), pair);
  for (let i = 0; i < 30; i++) of.learn(row(4));
  const [one, other] = [new NumberWriter(), new NumberWriter()];
  of.write(one);
  const read = new DecayedCovariance(500);
  read.read(new NumberReader(one.done()), 8);
  const next = row(4);
  of.learn(next);
  read.learn(next);
  const again = new NumberWriter();
  of.write(again);
  read.write(other);
  assert.deepEqual(other.done(), again.done());
  assert.throws(() => read.read(new NumberReader(one.done()), 3), RangeError);
});
