import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engineForOne } from '../src/app/offline.ts';
import { baseline, baselineTuned } from '../src/detectors/baseline/index.ts';
import type { Tuning } from '../src/detectors/baseline/tuning.ts';
import { emptySnapshot } from '../src/domain/snapshot.ts';
import type { StageId } from '../src/domain/stage.ts';
import { DAY, MINUTE, WEEK } from '../src/domain/time.ts';
import { EpisodeLine } from '../src/engine/budget.ts';
import type { Outcome } from '../src/engine/ledger.ts';
import { replay } from '../src/engine/replay.ts';
import { registry } from '../src/registry.ts';
import type { Labelled } from './univariate-sets.ts';

const STAGE: StageId = 'bench.stage';
/** A score of NAB counts only where it tops so many before it; as `evaluate.mjs` does it. */
const REFRACTORY = 100;

interface Metrics {
  aucPr(label: Uint8Array, score: Float64Array): number;
  vus(label: Uint8Array, score: Float64Array, window: number): { readonly pr: number };
  acfWindow(values: ArrayLike<number>): number;
}
type Corpus = readonly unknown[];
interface Nab {
  readonly PROFILES: { readonly standard: object };
  sweep(corpus: Corpus, scores: Map<string, Float64Array>, profile: object): { score: number };
  scoreAt(corpus: Corpus, scores: Map<string, Float64Array>, profile: object, at: number): { score: number };
  normalise(raw: number, corpus: Corpus, profile: object): number;
}

/** What one set says of a choice of votes, by name. */
export type Said = Readonly<Record<string, number>>;

/** The figures of `evaluate.mjs` for the real detector in the real engine with other votes, in this process. */
export async function univariate(harness: string): Promise<(set: string, series: Labelled[], tuning: Tuning) => Said> {
  const load = (file: string): Promise<unknown> => import(pathToFileURL(join(harness, file)).href);
  const metrics = (await load('metrics.mjs')) as Metrics;
  const nab = (await load('nab.mjs')) as Nab;
  return (set, series, tuning) => {
    const results = series.map((one) => ({ ...one, ...scored(one, tuning) }));
    return set === 'nab' ? ofNab(nab, results) : ofLabels(metrics, results, set === 'mscloud');
  };
}

interface Scored extends Labelled {
  readonly score: Float64Array;
  readonly alert: Uint8Array;
}

function ofNab(nab: Nab, results: readonly Scored[]): Said {
  const { standard } = nab.PROFILES;
  const corpus = results.map(({ loaded }) => loaded);
  const scores = new Map(results.map(({ name, score }) => [name, refractory(score)]));
  const onsets = new Map(
    results.map(({ name, alert }) => [name, Float64Array.from(alert, (a, t) => (a && !alert[t - 1] ? 1 : 0))]),
  );
  return {
    standard: nab.normalise(nab.sweep(corpus, scores, standard).score, corpus, standard),
    'own alerts': nab.normalise(nab.scoreAt(corpus, onsets, standard, 1).score, corpus, standard),
  };
}

function ofLabels(metrics: Metrics, results: readonly Scored[], ownWindow: boolean): Said {
  const found = results.filter(({ label }) => label.some(Boolean));
  const mean = (of: (one: Scored) => number): number => found.reduce((sum, one) => sum + of(one) / found.length, 0);
  return {
    'AUC-PR': mean(({ label, score }) => metrics.aucPr(label, score)),
    'VUS-PR': mean(({ label, score, values }) => {
      const window = ownWindow ? metrics.acfWindow(values) : 100;
      return metrics.vus(label, score, window).pr;
    }),
    'false alerts': mean(({ label, alert }) =>
      alert.reduce((count, a, t) => count + (a && !alert[t - 1] && !label[t] ? 1 : 0), 0),
    ),
  };
}

const refractory = (score: Float64Array): Float64Array =>
  score.map((s, i) => {
    for (let j = Math.max(0, i - REFRACTORY); j < i; j++) if ((score[j] as number) >= s) return 0;
    return s;
  });

/** Score and alert of every sample, as `headgate score` writes them. */
function scored({ at, values }: Labelled, tuning: Tuning): { score: Float64Array; alert: Uint8Array } {
  const steps = at.slice(1, 16).map((time, k) => time - (at[k] as number));
  const every = steps.filter((step) => step > 0).sort((a, b) => a - b)[steps.length >> 1] ?? MINUTE;
  const stage = { stage: STAGE, signals: ['v0'], every, season: [DAY, WEEK], pagesPerWeek: 1, learnUntil: undefined };
  const tuned = { ...baseline, create: baselineTuned(tuning) };
  const detectors = registry.detectors.map((one) => (one.type === baseline.type ? tuned : one));
  const engine = engineForOne(stage, { ...registry, detectors });
  const line = -new EpisodeLine(every).lnLine(1);
  const score = new Float64Array(at.length);
  const alert = new Uint8Array(at.length);
  at.forEach((time, k) => {
    const x = values[k] as number;
    const snapshot = { ...emptySnapshot(STAGE, time), values: new Map(Number.isNaN(x) ? [] : [['v0', x]]) };
    const [step] = (replay(engine, [snapshot], time).at(-1) as Outcome).steps;
    for (const one of step?.scores ?? []) {
      if (one.state !== 'ready') continue;
      score[k] = Math.max(score[k] as number, (one.surprise ?? -Math.log(one.pValue)) / line);
    }
    alert[k] = step?.verdict.state === 'critical' ? 1 : 0;
  });
  return { score, alert };
}
