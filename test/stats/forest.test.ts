import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJob } from '../../src/engine/jobs.ts';
import { averagePathLength, type Forest, isolationGains, isolationScore } from '../../src/stats/forest.ts';
import { readTrained, type TrainedForest, writeRequest } from '../../src/stats/forest-training.ts';
import { seededRandom } from '../../src/stats/random.ts';

const NAMES = ['a', 'b', 'c', 'd'];

function trained(
  of: { rows?: number; sample?: number; trees?: number; missing?: number; still?: number } = {},
): TrainedForest {
  const { rows = 1_000, sample = 256, trees = 100, missing = 0, still = -1 } = of;
  const random = seededRandom(4);
  const columns = NAMES.map((_, k) =>
    Float32Array.from({ length: rows }, () => {
      const x = random() + random() + random();
      return k === still ? 1 : random() < missing ? Number.NaN : x;
    }),
  );
  const input = writeRequest({ names: NAMES, table: { rows, columns }, trees, sample });
  return readTrained(runJob({ task: 'grow-forest', seed: 1, input }));
}
const score = (forest: Forest, ...row: number[]): number => isolationScore(forest, Float32Array.from(row));

test('the mean path length is that of the paper, with Euler’s constant doubled', () => {
  assert.deepEqual([0, 1, 2].map(averagePathLength), [0, 0, 1]);
  assert.ok(Math.abs(averagePathLength(256) - 10.244) < 1e-3, `${averagePathLength(256)}`);
});

test('rows far from all others score high, rows in the middle of all below a half', () => {
  const { forest } = trained();
  const [middle, edge, far] = [
    score(forest, 1.5, 1.5, 1.5, 1.5),
    score(forest, 2.8, 0.2, 2.8, 0.2),
    score(forest, 9, 9, 9, 9),
  ];
  assert.ok(middle < 0.48 && edge > 0.6 && far >= edge, `${middle}, ${edge}, ${far}`);
});

test('scores of rows that trees have not seen lie around a half', () => {
  const { scores } = trained();
  const mean = scores.reduce((sum, x) => sum + x / scores.length, 0);
  assert.equal(scores.length, 1_000);
  assert.ok(mean > 0.42 && mean < 0.55, `${mean}`);
});

test('a missing number says nothing: the row scores as the mean of what the number could have been', () => {
  const { forest } = trained();
  const random = seededRandom(7);
  const drawn = Array.from({ length: 400 }, () => score(forest, random() + random() + random(), 1.4, 1.6, 1.5));
  const mean = drawn.reduce((sum, x) => sum + x / drawn.length, 0);
  assert.ok(Math.abs(score(forest, Number.NaN, 1.4, 1.6, 1.5) - mean) < 0.01, `${mean}`);
});

test('gains name the column that is out, and never one that is missing', () => {
  const { forest } = trained();
  const gains = [...isolationGains(forest, Float32Array.from([1.5, 1.4, 9, Number.NaN]))];
  assert.equal(gains.indexOf(Math.max(...gains)), 2);
  assert.equal(gains[3], 0);
});

test('missing numbers in training, and a column that stands still, leave a sound forest', () => {
  const { forest, scores } = trained({ missing: 0.3, still: 1 });
  assert.ok(scores.every((x) => x > 0 && x < 1));
  assert.ok(!forest.column.includes(1), 'a split on a constant parts nothing');
  assert.ok(score(forest, 9, 1, 9, 9) > score(forest, 1.5, 1, 1.5, 1.5));
});

test('every tree is laid out so that rows add up and children lie inside it', () => {
  const { forest } = trained({ trees: 5, sample: 64 });
  const { roots, column, child, rows } = forest;
  for (const [tree, root] of roots.entries()) {
    const end = roots[tree + 1] ?? column.length;
    assert.equal(rows[root], 64);
    for (let at = root; at < end; at++) {
      if (column[at] === 255) continue;
      const left = root + (child[at] as number);
      assert.ok(left > at && left + 1 < end);
      assert.equal((rows[left] as number) + (rows[left + 1] as number), rows[at]);
    }
  }
});
