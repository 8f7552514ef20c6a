import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { IsolationForest } from 'ml-isolation-forest';
import { DecayedCovariance } from '../src/stats/decayed-covariance.ts';
import { isolationScore } from '../src/stats/forest.ts';
import { readTrained, trainForest, writeRequest } from '../src/stats/forest-training.ts';
import { seededRandom } from '../src/stats/random.ts';
import { whiteningOf } from '../src/stats/whitening.ts';
import { printTable, show, showAll } from './markdown.ts';

// npm run bench -- forest [--rows 20000] [--test 5000] [--channels 38] [--seeds 5] [--trees 100] [--our-trees 50] [--sample 256] [--kept 2048]
//
// Our forest (splits of `ml-isolation-forest` over a sample of the uncorrelated parts, as `multivariate` has it, scored from flat arrays) against that package as it is shipped, on all
// rows. The data are made here: clusters of correlated channels, a twentieth of the tested rows is strange in some of them.
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000' },
    test: { type: 'string', default: '5000' },
    channels: { type: 'string', default: '38' },
    seeds: { type: 'string', default: '5' },
    trees: { type: 'string', default: '100' },
    /** Ours are as many as `multivariate` has. */
    'our-trees': { type: 'string', default: '50' },
    /** Rows each of our trees is grown on, out of `--kept` rows of a sample. */
    sample: { type: 'string', default: '256' },
    kept: { type: 'string', default: '2048' },
  },
});
const [trainRows, testRows, channels, trees] = [values.rows, values.test, values.channels, values.trees].map(
  Number,
) as [number, number, number, number];

interface Data {
  readonly train: readonly number[][];
  readonly test: readonly number[][];
  readonly strange: Uint8Array;
}

/** Three regimes, each its own level for each channel with two hidden causes behind all channels. */
function dataOf(seed: number): Data {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const pick = (): Float64Array => Float64Array.from({ length: channels }, normal);
  const regimes = Array.from({ length: 3 }, () => ({ level: pick().map((x) => 3 * x), loads: [pick(), pick()] }));
  const row = (): number[] => {
    const { level, loads } = regimes[Math.floor(3 * random())] as (typeof regimes)[number];
    const causes = [normal(), normal()];
    return Array.from(
      level,
      (base, c) =>
        base + 0.5 * normal() + loads.reduce((sum, load, k) => sum + (load[c] as number) * (causes[k] as number), 0),
    );
  };
  const train = Array.from({ length: trainRows }, row);
  const test = Array.from({ length: testRows }, row);
  const strange = new Uint8Array(testRows);
  for (const [index, cells] of test.entries()) {
    if (random() >= 0.05) continue;
    strange[index] = 1;
    for (let left = 2 + Math.floor(4 * random()); left > 0; left--) {
      const channel = Math.floor(channels * random());
      cells[channel] = (cells[channel] as number) + (random() < 0.5 ? -1 : 1) * (2.5 + 3 * random());
    }
  }
  return { train, test, strange };
}

/** Area under the ROC curve (Mann and Whitney's U over all pairs); ties count half. */
function auc(scores: ArrayLike<number>, strange: Uint8Array): number {
  const order = Array.from(strange.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let rankSum = 0;
  let positives = 0;
  for (let at = 0; at < order.length; ) {
    let end = at;
    while (end < order.length && scores[order[end] as number] === scores[order[at] as number]) end++;
    for (let i = at; i < end; i++) {
      if (strange[order[i] as number] === 0) continue;
      rankSum += (at + end + 1) / 2;
      positives++;
    }
    at = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

interface Measured {
  readonly auc: number;
  /** Seconds. */
  readonly training: number;
  readonly rowsPerSecond: number;
}

function clock<T>(work: () => T): { seconds: number; result: T } {
  const start = performance.now();
  const result = work();
  return { seconds: (performance.now() - start) / 1_000, result };
}

function shipped({ train, test, strange }: Data): Measured {
  const forest = new IsolationForest({ nEstimators: trees }) as IsolationForest & {
    predict(rows: readonly (readonly number[])[]): number[];
  };
  const { seconds: training } = clock(() => forest.train(train));
  const { seconds, result } = clock(() => forest.predict(test));
  return { auc: auc(result, strange), training, rowsPerSecond: testRows / seconds };
}

function ours({ train, test, strange }: Data, seed: number): Measured {
  const random = seededRandom(1_000 + seed);
  const names = Array.from({ length: channels }, (_, channel) => `v${channel}`);
  const parts = new Float64Array(channels);
  // Drawing the sample, whitening it and writing the job down is part of training, as it is in the daemon.
  const { seconds: training, result } = clock(() => {
    const kept = Array.from(
      { length: Number(values.kept) },
      () => train[Math.floor(random() * train.length)] as number[],
    );
    const whiten = whitenerOf(kept);
    const columns = names.map(() => new Float32Array(kept.length));
    kept.forEach((row, at) => {
      whiten(row, parts);
      for (const [channel, column] of columns.entries()) column[at] = Math.asinh(parts[channel] as number);
    });
    const request = writeRequest({
      names,
      table: { rows: kept.length, columns },
      trees: Number(values['our-trees']),
      sample: Number(values.sample),
    });
    return { forest: readTrained(trainForest(request, random)).forest, whiten };
  });
  const row = new Float32Array(channels);
  const scoreOf = (cells: readonly number[]): number => {
    result.whiten(cells, parts);
    for (let channel = 0; channel < channels; channel++) row[channel] = Math.asinh(parts[channel] as number);
    return isolationScore(result.forest, row);
  };
  // Once for the compiler, as a daemon that has run for a while.
  for (const cells of test) scoreOf(cells);
  const { seconds, result: scores } = clock(() => test.map(scoreOf));
  return { auc: auc(scores, strange), training, rowsPerSecond: testRows / seconds };
}

/** From a row to its uncorrelated parts, as `multivariate` sees them. */
function whitenerOf(rows: readonly (readonly number[])[]): (row: readonly number[], into: Float64Array) => void {
  const moments = new DecayedCovariance(rows.length, channels);
  for (const row of rows) moments.learn(Float64Array.from(row));
  const spread = Float64Array.from({ length: channels }, (_, i) => moments.deviation(i) || 1);
  const correlation = Float64Array.from({ length: channels ** 2 }, (_, at) => {
    const [i, j] = [Math.floor(at / channels), at % channels];
    return moments.covariance(i, j) / ((spread[i] as number) * (spread[j] as number));
  });
  const root = whiteningOf(correlation, channels, 0.03);
  const z = new Float64Array(channels);
  return (row, into) => {
    for (let i = 0; i < channels; i++) z[i] = ((row[i] as number) - moments.mean(i)) / (spread[i] as number);
    for (let i = 0, at = 0; i < channels; i++) {
      let sum = 0;
      for (let j = 0; j < channels; j++, at++) sum += (root[at] as number) * (z[j] as number);
      into[i] = sum;
    }
  };
}

const unseeded = Math.random;
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed + 1);
const measured = seeds.map((seed) => {
  Math.random = seededRandom(seed);
  const data = dataOf(seed);
  const of = { shipped: shipped(data), ours: ours(data, seed) };
  process.stderr.write(`seed ${seed}: AUC ${show(of.shipped.auc)} as shipped, ${show(of.ours.auc)} ours\n`);
  return of;
});
Math.random = unseeded;

const row = (
  what: string,
  of: (one: Measured) => number,
  ratio: (a: number, b: number) => string,
  wanted: string,
): string[] => {
  const [a, b] = [measured.map((one) => of(one.shipped)), measured.map((one) => of(one.ours))];
  const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x / list.length, 0);
  return [what, showAll(a), showAll(b), ratio(mean(a), mean(b)), wanted];
};
const times = (ratio: number): string => `${show(ratio)} ×`;
console.log(
  `Node ${process.version}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim()}; ${trainRows} rows of ${channels} channels, ${trees} trees\n`,
);
printTable(
  ['what', 'as shipped, all rows', `ours, ${values.sample} of ${values.kept} rows a tree`, 'ours is', 'wanted'],
  [
    row(
      'AUC-ROC',
      (one) => one.auc,
      (a, b) => `${b >= a ? '+' : ''}${(b - a).toFixed(3)}`,
      'equal or better',
    ),
    row(
      'training, s',
      (one) => one.training,
      (a, b) => times(a / b),
      '≥ 50 ×',
    ),
    row(
      'scoring, rows/s',
      (one) => one.rowsPerSecond,
      (a, b) => times(b / a),
      '≥ 3 ×',
    ),
  ],
);
