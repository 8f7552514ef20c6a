import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJob } from '../../src/engine/jobs.ts';
import {
  averagePathLength,
  type Forest,
  forestIn,
  IS_LEAF,
  isolationGains,
  isolationScore,
  LEAF,
  rowsOfNodes,
} from '../../src/stats/forest.ts';
import {
  readForest,
  readTrained,
  type TrainedForest,
  writeForest,
  writeRequest,
} from '../../src/stats/forest-training.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
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
  const { roots, column, children } = forest;
  const rows = rowsOfNodes(forest);
  for (const [tree, root] of roots.entries()) {
    const end = roots[tree + 1] ?? column.length;
    assert.equal(rows[root], 64);
    const met = new Set([root]);
    for (let at = root; at < end; at++) {
      let below = 0;
      for (const child of children.subarray(2 * at, 2 * at + 2)) {
        if (child >= IS_LEAF) below += child - IS_LEAF;
        else {
          const place = root + child;
          assert.ok(place > at && place < end && !met.has(place));
          met.add(place);
          below += rows[place] as number;
        }
      }
      assert.equal(below, rows[at]);
    }
    assert.equal(met.size, end - root, 'each node is reached');
  }
});

test('a path is as long as the splits that were passed, and as what is left at its end', () => {
  // Below 1 three rows; else below 2 one row, and else four.
  const forest = forestIn({ columns: 1, sample: 8, trees: 2, nodes: 3 });
  forest.roots.set([0, 2]);
  forest.column.set([0, 0, LEAF]);
  forest.value.set([1, 2, 0]);
  forest.children.set([IS_LEAF + 3, 1, IS_LEAF + 1, IS_LEAF + 4, IS_LEAF + 8, 0]);
  assert.deepEqual([...rowsOfNodes(forest)], [8, 5, 8]);
  const want = (...paths: number[]): number =>
    2 ** (-paths.reduce((sum, path) => sum + Math.fround(path), 0) / paths.length / averagePathLength(8));
  const whole = averagePathLength(8);
  assert.equal(score(forest, 0), want(1 + averagePathLength(3), whole));
  assert.equal(score(forest, 1.5), want(2, whole));
  assert.equal(score(forest, 5), want(2 + averagePathLength(4), whole));
  const mean = (3 / 8) * (1 + averagePathLength(3)) + (1 / 8) * 2 + (4 / 8) * (2 + averagePathLength(4));
  assert.ok(Math.abs(score(forest, Number.NaN) - want(mean, whole)) < 1e-6);
});

test('a forest that was written down is the same again, and one of another size is refused', () => {
  const { forest } = trained({ trees: 7 });
  const to = new NumberWriter();
  writeForest(to, forest);
  const bytes = to.done();
  assert.deepEqual(readForest(new NumberReader(bytes)), forest);
  new DataView(bytes.buffer).setFloat64(24, forest.column.length + 1, true);
  assert.throws(() => readForest(new NumberReader(bytes)), RangeError);
});
