import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { baseline } from '../src/detectors/baseline/index.ts';
import { multivariate } from '../src/detectors/multivariate/index.ts';
import { VOTES } from '../src/detectors/multivariate/settings.ts';
import type { StagePlan } from '../src/domain/plan.ts';
import { emptySnapshot } from '../src/domain/snapshot.ts';
import { DAY, MINUTE, WEEK } from '../src/domain/time.ts';
import { runJob } from '../src/engine/jobs.ts';
import { defaultSignalPlan } from '../src/engine/plan.ts';
import { seededRandom } from '../src/stats/random.ts';
import { harnessAt } from './harness.ts';
import { printTable, show } from './markdown.ts';

// npm run bench -- ablation [--detector multivariate] [--harness ../shared/harness] [--data ../shared/data] [--sets smd,asd,mixture] [--seeds 3] [--votes distance,distance+forest]
//
// What each vote of `multivariate` is worth: the detector behind `baseline`, taught by the training part and frozen after it. `mixture` is made
// here: three regimes with two hidden causes behind all channels; in events of 20 rows some channels take another regime's level.
const { values } = parseArgs({
  options: {
    detector: { type: 'string', default: 'multivariate' },
    harness: { type: 'string', default: '../shared/harness' },
    data: { type: 'string' },
    sets: { type: 'string', default: 'smd,asd,mixture' },
    seeds: { type: 'string', default: '3' },
    /** Combinations to measure, such as `distance,distance+forest`; all where left out. */
    votes: { type: 'string' },
  },
});

interface Series {
  readonly name: string;
  readonly dims: number;
  readonly train: readonly ArrayLike<number>[];
  readonly test: readonly ArrayLike<number>[];
  readonly label: Uint8Array;
}
interface Metrics {
  aucPr(label: Uint8Array, score: Float64Array): number;
  vus(label: Uint8Array, score: Float64Array, window: number): { readonly pr: number };
}

const harness = harnessAt(values.harness);
const data = values.data ?? join(harness, '../data');
const load = (file: string): Promise<unknown> => import(pathToFileURL(join(harness, file)).href);
const metrics = (await load('metrics.mjs')) as Metrics;
const { loadSet } = (await load('loaders.mjs')) as { loadSet(set: string, dir: string): Series[] };

const WAYS: readonly (readonly (typeof VOTES)[number][])[] = [
  ['distance'],
  ['forest'],
  ['signals'],
  ['distance', 'forest'],
  ['distance', 'signals'],
  VOTES,
];

function mixture(seed: number): Series {
  const random = seededRandom(seed);
  const dims = 12;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const pick = (): number[] => Array.from({ length: dims }, normal);
  const regimes = Array.from({ length: 3 }, () => ({ level: pick().map((x) => 4 * x), loads: [pick(), pick()] }));
  let regime = 0;
  const row = (): number[] => {
    if (random() < 0.02) regime = Math.floor(3 * random());
    const { level, loads } = regimes[regime] as (typeof regimes)[number];
    const causes = loads.map(normal);
    return level.map(
      (base, c) =>
        base + 0.4 * normal() + loads.reduce((sum, of, k) => sum + (of[c] as number) * (causes[k] as number), 0),
    );
  };
  const train = Array.from({ length: 4_000 }, row);
  const test = Array.from({ length: 6_000 }, row);
  const label = new Uint8Array(test.length);
  for (let at = 200; at + 20 < test.length; at += 200 + Math.floor(400 * random())) {
    const other = regimes[Math.floor(3 * random())] as (typeof regimes)[number];
    const columns = Array.from({ length: 3 }, () => Math.floor(dims * random()));
    label.fill(1, at, at + 20);
    for (let i = at; i < at + 20; i++)
      for (const c of columns) (test[i] as number[])[c] = (other.level[c] as number) + 0.4 * normal();
  }
  return { name: `mixture ${seed}`, dims, train, test, label };
}

/** The surprise of every test row, which orders them. */
function scoresOf({ dims, train, test }: Series, votes: readonly string[]): Float64Array {
  const names = Array.from({ length: dims }, (_, index) => `v${index}`);
  const stage: StagePlan = {
    id: 'bench.stage',
    after: [],
    every: MINUTE,
    season: [DAY, WEEK],
    budget: { pagesPerWeek: 1, ticketsPerWeek: 7 },
    signals: new Map(names.map((name) => [name, { ...defaultSignalPlan(name), direction: 'both' as const }])),
    derive: [],
    detectors: [],
    fingerprint: 'bench',
  };
  const context = { stage, random: seededRandom(1), holidays: [] };
  const signals = votes.includes('signals') ? baseline.create(baseline.config.parse({}), context) : undefined;
  const whole = multivariate.create(multivariate.config.parse({ votes }), context);
  const start = Date.UTC(2020, 0, 6);
  const scores = [...train, ...test].map((row, index) => {
    const at = start + index * MINUTE;
    const snapshot = {
      ...emptySnapshot(stage.id, at),
      values: new Map(names.map((name, c) => [name, row[c] as number])),
    };
    const how = () => (index < train.length ? 'learn' : 'hold') as 'learn' | 'hold';
    const first = signals?.score(snapshot, at, []) ?? [];
    const [said] = whole.score(snapshot, at, first);
    signals?.advance(snapshot, at, how);
    whole.advance(snapshot, at, how, first);
    const job = index < train.length ? whole.retrain?.(at) : undefined;
    if (job) whole.trained?.(runJob(job));
    return said?.state === 'ready' ? (said.surprise ?? -Math.log(said.pValue)) : 0;
  });
  return Float64Array.from(scores.slice(train.length));
}

const sets = values.sets.split(',').flatMap((set) => {
  if (set === 'mixture')
    return [{ set, series: Array.from({ length: Number(values.seeds) }, (_, i) => mixture(i + 1)) }];
  return existsSync(join(data, set)) ? [{ set, series: loadSet(set, join(data, set)) }] : [];
});
const ways = WAYS.filter((votes) => values.votes === undefined || values.votes.split(',').includes(votes.join('+')));
const rows = ways.map((votes) => {
  const cells = sets.flatMap(({ set, series }) => {
    const found = series
      .filter(({ label }) => label.some(Boolean))
      .map((one) => {
        const score = scoresOf(one, votes);
        return { pr: metrics.aucPr(one.label, score), vus: metrics.vus(one.label, score, 100).pr };
      });
    const mean = (of: (one: { pr: number; vus: number }) => number): number =>
      found.reduce((sum, one) => sum + of(one) / found.length, 0);
    process.stderr.write(`${votes.join('+')} ${set}: ${show(mean((one) => one.pr))}\n`);
    return [show(mean(({ pr }) => pr)), show(mean(({ vus }) => vus))];
  });
  return [votes.join(' + '), ...cells];
});
printTable(['votes', ...sets.flatMap(({ set }) => [`${set} AUC-PR`, `${set} VUS-PR`])], rows);
