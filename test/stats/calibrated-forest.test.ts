import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJob } from '../../src/engine/jobs.ts';
import { CalibratedForest } from '../../src/stats/calibrated-forest.ts';
import { readTrained, type TrainedForest, writeRequest } from '../../src/stats/forest-training.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';

const NAMES = ['a', 'b', 'c'];

/** A forest over three numbers of −1 … 1 each. */
function trained(seed: number): TrainedForest {
  const random = seededRandom(seed);
  const rows = 600;
  const columns = NAMES.map(() => Float32Array.from({ length: rows }, () => 2 * random() - 1));
  const input = writeRequest({ names: NAMES, table: { rows, columns }, trees: 30, sample: 128 });
  return readTrained(runJob({ task: 'grow-forest', seed, input }));
}

const usual = (random: () => number): Float32Array => Float32Array.from(NAMES, () => 2 * random() - 1);
const STRANGE = Float32Array.of(4, -4, 4);

/** Looks at a row and moves on with it; answers with −ln p. */
function step(of: CalibratedForest, row: Float32Array, weight: number): number {
  const look = of.look(row);
  assert.ok(look);
  const surprise = of.surprise(look.smooth);
  of.advance(look.smooth, weight);
  return surprise;
}

test('says nothing before there is a forest', () => {
  const of = new CalibratedForest(1_000);
  assert.equal(of.ready, false);
  assert.equal(of.look(STRANGE), undefined);
});

test('p is as common as it says, from the first forest on', () => {
  const of = new CalibratedForest(5_000);
  of.take(trained(1));
  const random = seededRandom(2);
  const surprises = Array.from({ length: 4_000 }, () => step(of, usual(random), 1));
  const share = surprises.filter((surprise) => surprise >= -Math.log(0.02)).length / surprises.length;
  assert.ok(share > 0.005 && share < 0.05, `${share} instead of 0.02`);
  assert.ok(Math.max(...Array.from({ length: 10 }, () => step(of, STRANGE, 0))) > 8);
});

test('what is learned with no weight changes nothing but what is smoothed', () => {
  const of = new CalibratedForest(1_000);
  of.take(trained(1));
  const before = of.surprise(0.7);
  for (let left = 200; left > 0; left--) step(of, STRANGE, 0);
  assert.equal(of.surprise(0.7), before);
});

test('the next forest goes on with the past of the one before, and with none of its smoothing', () => {
  const of = new CalibratedForest(5_000);
  of.take(trained(1));
  const random = seededRandom(3);
  for (let left = 2_000; left > 0; left--) step(of, usual(random), 1);
  for (let left = 20; left > 0; left--) step(of, STRANGE, 0);
  of.take(trained(9));
  const row = usual(random);
  const look = of.look(row);
  assert.equal(look?.smooth, look?.raw);
  const surprises = Array.from({ length: 1_000 }, () => step(of, usual(random), 1));
  const share = surprises.filter((surprise) => surprise >= -Math.log(0.02)).length / surprises.length;
  assert.ok(share < 0.05, `${share} instead of 0.02`);
});

test('what was accepted is the usual score', () => {
  const of = new CalibratedForest(1_000);
  of.take(trained(1));
  for (let left = 30; left > 0; left--) step(of, STRANGE, 0);
  assert.ok(step(of, STRANGE, 0) > 8);
  of.accept();
  assert.ok(step(of, STRANGE, 0) < 1);
});

test('is written and read without losing anything', () => {
  const of = new CalibratedForest(1_000);
  of.take(trained(1));
  const random = seededRandom(4);
  for (let left = 100; left > 0; left--) step(of, usual(random), 1);
  const to = new NumberWriter();
  of.write(to);
  const other = new CalibratedForest(1_000);
  other.read(new NumberReader(to.done()));
  assert.deepEqual(other.names, NAMES);
  for (const row of [usual(random), STRANGE]) {
    assert.deepEqual(other.look(row), of.look(row));
    assert.equal(step(other, row, 1), step(of, row, 1));
  }
});
