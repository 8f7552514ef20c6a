import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TUNING, type Tuning } from '../src/detectors/baseline/tuning.ts';
import { harnessAt } from './harness.ts';
import { printTable, show } from './markdown.ts';
import { univariate } from './univariate.ts';
import { labelled } from './univariate-sets.ts';

// npm run bench -- ablation --detector baseline [--sets nab,mscloud,asd,smd,injected] [--seeds 2] [--repeats 5] [--with shape=0.1,fused.season=0 …]
//
// What each vote of `baseline`, its weight and the constants around it are worth, by the real detector in the real engine. NAB moves by
// three points where nothing changes that matters, so every figure is the mean over neighbours: entries, shape and least scale a
// little other. `--with` measures choices of your own instead, by the names of `Tuning`; `entries=N` is all four.
const { values } = parseArgs({
  options: {
    detector: { type: 'string', default: 'baseline' },
    harness: { type: 'string', default: '../shared/harness' },
    data: { type: 'string' },
    sets: { type: 'string', default: 'nab,mscloud,injected' },
    /** Of the set `injected`, each with all kinds of faults. */
    seeds: { type: 'string', default: '2' },
    repeats: { type: 'string', default: '5' },
    with: { type: 'string', multiple: true },
  },
});

const WAYS: readonly (readonly [what: string, change: string])[] = [
  ['as it is', ''],
  ['only the fresh memory', 'fused.guarded=0,fused.season=0'],
  ['only the guarded memory', 'fused.fresh=0,fused.season=0'],
  ['only the season', 'fused.fresh=0,fused.guarded=0'],
  ['no season', 'fused.season=0'],
  ['season .1', 'fused.season=0.1'],
  ['season .4', 'fused.season=0.4'],
  ['fresh and guarded alike', 'fused.fresh=0.5,fused.guarded=0.5'],
  ['fresh without value', 'fresh.value=0'],
  ['fresh without mean of 24', 'fresh.mean24=0'],
  ['fresh without step', 'fresh.step=0'],
  ['guarded without value', 'guarded.value=0'],
  ['guarded without mean of 4', 'guarded.mean4=0'],
  ['guarded without mean of 24', 'guarded.mean24=0'],
  ['guarded without step', 'guarded.step=0'],
  ['guarded without miss', 'guarded.miss=0'],
  ['guard at 3', 'guardAt=3'],
  ['guard at 5', 'guardAt=5'],
  ['guard at 8', 'guardAt=8'],
  ['24 entries', 'entries=24'],
  ['128 entries', 'entries=128'],
  ['shape .05', 'shape=0.05'],
  ['shape .15', 'shape=0.15'],
  ['shape .35', 'shape=0.35'],
  ['least scale .05', 'leastScale=0.05'],
  ['strange weighs all', 'strangeWeight=1'],
  ['no afterglow', 'afterglow=0'],
  ['afterglow .6', 'afterglow=0.6'],
  ['afterglow .9', 'afterglow=0.9'],
];

/** A little more or less of what should not matter. */
const NEIGHBOURS: readonly { readonly entries: number; readonly leastScale: number; readonly shape: number }[] = [
  { entries: 1, leastScale: 1, shape: 1 },
  { entries: 1.06, leastScale: 1.1, shape: 1 },
  { entries: 0.94, leastScale: 1, shape: 1.1 },
  { entries: 1.02, leastScale: 0.9, shape: 0.9 },
  { entries: 0.98, leastScale: 1, shape: 1.05 },
];

type Tree = { [name: string]: number | Tree };

/** The tuning as it stands with `shape=0.1,fused.season=0` in it. */
function tuned(change: string): Tuning {
  const tree = structuredClone(TUNING) as unknown as Tree;
  for (const part of change.split(',').filter(Boolean)) {
    const [path = '', value = ''] = part.split('=');
    const keys = path.split('.');
    const last = keys.pop() as string;
    const place = keys.reduce<Tree | number | undefined>((at, key) => (typeof at === 'object' ? at[key] : at), tree);
    const number = Number(value);
    if (typeof place !== 'object' || !(last in place) || value === '' || Number.isNaN(number))
      throw new Error(`"${part}" is no choice; there are ${Object.keys(TUNING).join(', ')} and what is in them`);
    const old = place[last];
    place[last] = typeof old === 'object' ? Object.fromEntries(Object.keys(old).map((key) => [key, number])) : number;
  }
  return tree as unknown as Tuning;
}

function beside(tuning: Tuning, { entries, leastScale, shape }: (typeof NEIGHBOURS)[number]): Tuning {
  const { value, mean4, mean24, step } = tuning.entries;
  const some = (count: number): number => Math.round(count * entries);
  return {
    ...tuning,
    entries: { value: some(value), mean4: some(mean4), mean24: some(mean24), step: some(step) },
    leastScale: tuning.leastScale * leastScale,
    shape: tuning.shape * shape,
  };
}

const harness = harnessAt(values.harness);
const figuresOf = await univariate(harness);
const data = values.data ?? join(harness, '../data');
const repeats = NEIGHBOURS.slice(0, Number(values.repeats));
const ways = values.with?.map((change) => [change, change] as const) ?? WAYS;
const columns: string[] = [];
const rows = ways.map(([what]) => [what]);
for (const set of values.sets.split(',')) {
  const series = await labelled(set, harness, data, Number(values.seeds));
  for (const [index, [what, change]] of ways.entries()) {
    const said = repeats.map((neighbour) => figuresOf(set, series, beside(tuned(change), neighbour)));
    const figures = Object.keys(said[0] ?? {});
    if (index === 0) columns.push(...figures.map((figure) => `${set} ${figure}`));
    const means = figures.map((figure) => said.reduce((sum, one) => sum + (one[figure] as number) / said.length, 0));
    rows[index]?.push(...means.map(show));
    process.stderr.write(`${what}, ${set}: ${means.map(show).join(' · ')}\n`);
  }
}
printTable(['what', ...columns], rows);
