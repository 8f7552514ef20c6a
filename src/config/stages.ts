import type { ExcludedRange } from '../domain/excluded.ts';
import type { Budget, DetectorPlan, PipelinePlan, StagePlan } from '../domain/plan.ts';
import { signalSpec } from '../domain/signal.ts';
import { type StageId, stageId } from '../domain/stage.ts';
import { DAY, type DurationMs, WEEK } from '../domain/time.ts';
import type { Registry } from '../kit/component.ts';
import { formatDuration } from '../kit/duration.ts';
import { type Raw, readWith } from './components.ts';
import type { ProbeConfig, SeedConfig } from './config.ts';
import { fingerprintOf, withoutDefaults } from './digest.ts';
import { readExclude } from './exclude.ts';
import { type ProbeScene, type ReadProbe, readProbes, withoutEssence } from './probes.ts';
import { hint, type Path } from './problem.ts';
import { readSeed } from './seeds.ts';
import type { RootShape } from './shape.ts';
import { DISCOVERABLES } from './shape-pipeline.ts';
import { readDerive, readSignals, warnOfSlips } from './signals.ts';

type PipelineShape = RootShape['pipelines'][string];
type StageShape = PipelineShape['stages'][string];

/** Run on every stage unless its `detectors:` says otherwise. */
export const EVERYWHERE: readonly string[] = ['limits', 'baseline', 'forecast', 'multivariate'];
const MOST_STAGES = 10_000;

/** Stage names of every pipeline as written, also of those that are wrong elsewhere. */
export type WrittenStages = ReadonlyMap<string, readonly string[]>;

export interface ReadStages {
  readonly pipelines: readonly PipelinePlan[];
  readonly probes: ReadonlyMap<StageId, readonly ProbeConfig[]>;
  readonly seeds: ReadonlyMap<StageId, SeedConfig>;
}

export function readPipelines(
  pipelines: RootShape['pipelines'],
  written: WrittenStages,
  scene: ProbeScene,
): ReadStages {
  const probes = new Map<StageId, readonly ProbeConfig[]>();
  const seeds = new Map<StageId, SeedConfig>();
  if (written.size === 0) scene.findings.error(['pipelines'], 'names no pipeline; there is nothing to watch');
  const count = [...written.values()].reduce((sum, names) => sum + names.length, 0);
  if (count > MOST_STAGES) scene.findings.error(['pipelines'], `has ${count} stages; one daemon holds ${MOST_STAGES}`);
  const plans = Object.entries(pipelines).map(([name, shape]): PipelinePlan => {
    const names = written.get(name) ?? [];
    if (names.length === 0 && !isDiscovered(shape))
      scene.findings.error(['pipelines', name, 'stages'], 'names no stage');
    const budget = budgetOf(shape.budget);
    const excluded = readExclude(shape.exclude, ['pipelines', name, 'exclude'], scene.findings);
    const stages = Object.entries(shape.stages).map(([stage, one]) => {
      const path = ['pipelines', name, 'stages', stage];
      const read = readProbes(one.probes as readonly Raw[], [...path, 'probes'], scene);
      probes.set(stageId(name, stage), read.map(withoutEssence));
      const seed = readSeed({ shape: one, of: shape, probes: read, path }, scene);
      if (seed) seeds.set(stageId(name, stage), seed);
      return readStage(
        { pipeline: name, stage, shape: one, of: shape, budget, excluded, names, probes: read, path },
        scene,
      );
    });
    const signals = readSignals(shape.signals, ['pipelines', name, 'signals'], scene.findings);
    return { name, stages, budget, signals, ...(excluded.length > 0 && { excluded }) };
  });
  return { pipelines: plans, probes, seeds };
}

/** Nothing may be there to be watched now, and something tomorrow. */
const isDiscovered = ({ for_each: each }: PipelineShape): boolean =>
  DISCOVERABLES.some((kind) => each?.[kind] !== undefined);

interface StageScene {
  readonly pipeline: string;
  readonly stage: string;
  readonly shape: StageShape;
  readonly of: PipelineShape;
  readonly budget: Budget;
  /** Ranges of the pipeline. */
  readonly excluded: readonly ExcludedRange[];
  readonly names: readonly string[];
  readonly probes: readonly ReadProbe[];
  readonly path: Path;
}

function readStage(
  { pipeline, stage, shape, of, budget, excluded: common, names, probes, path }: StageScene,
  { registry, findings }: ProbeScene,
): StagePlan {
  const id = stageId(pipeline, stage);
  const given = probes.flatMap((probe) => probe.signals.map((one) => one.name));
  for (const name of Object.keys(shape.derive))
    if (given.includes(name))
      findings.error([...path, 'derive', name], 'a probe of the stage gives this signal already');
  warnOfSlips(Object.keys(shape.signals), [...given, ...Object.keys(shape.derive)], [...path, 'signals'], findings);
  const every = shape.every ?? of.every;
  const season = readSeason(shape.season ?? of.season, every, [...path, shape.season ? 'season' : 'every'], findings);
  const signals = readSignals(shape.signals, [...path, 'signals'], findings);
  const derive = readDerive(id, shape.derive, { pipeline, names }, [...path, 'derive'], findings);
  const detectors = readDetectors(registry, shape.detectors, [...path, 'detectors'], findings);
  const turned = [...signals.values()].filter(({ name, direction }) => direction !== signalSpec(name).direction);
  const directions = turned.map(({ name, direction }) => [name, direction]).toSorted();
  const excluded = [...common, ...readExclude(shape.exclude, [...path, 'exclude'], findings)];
  const essence = probes.map((probe) => probe.essence);
  return {
    id,
    after: readAfter(pipeline, stage, shape.after, names, [...path, 'after'], findings),
    every,
    season,
    budget: shape.budget ? budgetOf(shape.budget) : budget,
    signals,
    derive,
    detectors: detectors.map(({ type, config }) => ({ type, config })),
    ...(excluded.length > 0 && { excluded }),
    // Limits, budgets, excluded ranges, feeders and addresses are left out: what was learned holds whatever they are.
    fingerprint: fingerprintOf({
      id,
      every,
      season,
      directions,
      derive,
      probes: essence,
      detectors: detectors.map(({ essence }) => essence),
    }),
  };
}

const DEFAULT_SEASON = [DAY, WEEK];
/** Fewer looks in a season show nothing of its course. */
const LEAST_LOOKS = 4;

/** The seasons, shortest first. Those that are too short for `every` are wrong where they were written, else left out. */
function readSeason(
  written: readonly DurationMs[] | undefined,
  every: DurationMs,
  path: Path,
  findings: ProbeScene['findings'],
): DurationMs[] {
  const season = [...new Set(written ?? DEFAULT_SEASON)].toSorted((a, b) => a - b);
  const fitting = season.filter((length) => length >= LEAST_LOOKS * every);
  if (written && fitting.length < season.length)
    findings.error(
      path,
      `a season of ${formatDuration(season[0] ?? 0)} is too short for a look every ${formatDuration(every)}; look more often, or set season: []`,
    );
  return fitting;
}

const budgetOf = ({ pages, tickets }: PipelineShape['budget']): Budget => ({
  pagesPerWeek: pages,
  ticketsPerWeek: tickets,
});

function readAfter(
  pipeline: string,
  stage: string,
  after: readonly string[],
  names: readonly string[],
  path: Path,
  findings: ProbeScene['findings'],
): StageId[] {
  after.forEach((feeder, index) => {
    const here = [...path, index];
    if (feeder === stage) findings.error(here, 'a stage cannot feed itself');
    else if (after.indexOf(feeder) < index) findings.error(here, `"${feeder}" stands twice`);
    else if (feeder.includes('.') && !names.includes(feeder))
      findings.error(
        here,
        `names a stage of another pipeline; after wants stages of ${pipeline}, without the pipeline's name`,
      );
    else if (!names.includes(feeder))
      findings.error(
        here,
        `unknown stage "${feeder}" in pipeline ${pipeline}${hint(
          feeder,
          names.filter((one) => one !== stage),
        )}`,
      );
  });
  return after
    .filter((feeder) => names.includes(feeder) && feeder !== stage)
    .map((feeder) => stageId(pipeline, feeder));
}

/** The detectors of a stage: those that run everywhere, and those it names; in the order of the registry. */
function readDetectors(
  registry: Registry,
  written: StageShape['detectors'],
  path: Path,
  findings: ProbeScene['findings'],
): (DetectorPlan & { readonly essence: string })[] {
  const types = registry.detectors.map(({ type }) => type);
  for (const type of Object.keys(written))
    if (!types.includes(type)) findings.error([...path, type], `unknown detector type "${type}"${hint(type, types)}`);
  return registry.detectors.flatMap(({ type, config: schema }) => {
    const own = written[type];
    if (own === false || (own === undefined && !EVERYWHERE.includes(type))) return [];
    const config = readWith(schema, own ?? {}, [...path, type], findings);
    if (!config) return [];
    return [{ type, config: config.value, essence: fingerprintOf([type, withoutDefaults(schema, config.value)]) }];
  });
}
