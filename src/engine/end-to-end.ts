import type { PipelinePlan, Plan, StagePlan } from '../domain/plan.ts';
import { emptySnapshot, type Snapshot } from '../domain/snapshot.ts';
import type { Graph, StageId } from '../domain/stage.ts';
import { graphOf, PIPELINE_PSEUDO_STAGE, stageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Latest } from './derive.ts';

/** An answer of a stage is taken for its pipeline until it is older than this many of the stage's intervals. */
const STALE_INTERVALS = 2;

export const pseudoStageOf = (pipeline: string): StageId => stageId(pipeline, PIPELINE_PSEUDO_STAGE);

/**
 * Adds to every pipeline the pseudo-stage that carries its end-to-end signals. It stands below all sinks, so that its trouble
 * joins the incident of whoever causes it, and ticks as often as the fastest of the stages.
 */
export function withPseudoStages(plan: Plan): Plan {
  const pipelines = plan.pipelines.map((pipeline) => ({
    ...pipeline,
    stages: [...pipeline.stages, pseudoStage(pipeline, plan.graph)],
  }));
  const after = new Map(pipelines.flatMap(({ stages }) => stages.map((stage) => [stage.id, stage.after] as const)));
  return { ...plan, pipelines, graph: graphOf(after) };
}

function pseudoStage(pipeline: PipelinePlan, graph: Graph): StagePlan {
  const [first] = pipeline.stages;
  const every = Math.min(...pipeline.stages.map((stage) => stage.every));
  return {
    id: pseudoStageOf(pipeline.name),
    after: pipeline.stages.map((stage) => stage.id).filter((id) => graph.downstream(id).length === 0),
    every,
    season: first?.season ?? [],
    budget: pipeline.budget,
    signals: pipeline.signals ?? new Map(),
    derive: [],
    detectors: first?.detectors ?? [],
    ...(pipeline.excluded && { excluded: pipeline.excluded }),
    fingerprint: `${pipeline.name} end to end, every ${every}, season ${first?.season.join()}`,
  };
}

/**
 * What the whole pipeline shows: `e2e_seconds`, as the sinks measure it themselves, else the largest sum of `lag_seconds` along a
 * path from an origin to a sink. A stage on the way that gives no answer makes it a gap; `undefined` where the stages have no
 * such signals at all.
 */
export function endToEnd(pipeline: PipelinePlan, graph: Graph, latest: Latest, now: EpochMs): Snapshot | undefined {
  const own = pipeline.stages.filter((stage) => stage.id !== pseudoStageOf(pipeline.name));
  const known = (stage: StagePlan, signal: string): number | undefined => {
    const snapshot = latest.get(stage.id);
    return snapshot && now - snapshot.at <= STALE_INTERVALS * stage.every ? snapshot.values.get(signal) : undefined;
  };
  const pseudo = pseudoStageOf(pipeline.name);
  const sinks = own.filter((stage) => graph.downstream(stage.id).every((id) => id === pseudo));
  const measured = sinks.map((sink) => known(sink, 'e2e_seconds'));
  if (measured.some((value) => value !== undefined)) return asSnapshot(pseudo, now, largest(measured));
  const lags = new Map(own.map((stage) => [stage.id, known(stage, 'lag_seconds')]));
  const lagging = own.filter((stage) => lags.get(stage.id) !== undefined || mayLag(latest.get(stage.id)));
  if (lagging.length === 0) return undefined;
  const complete = lagging.every((stage) => lags.get(stage.id) !== undefined);
  return asSnapshot(pseudo, now, complete ? longest(graph, own, lags) : undefined);
}

/** The stage shows a lag, or would show one if its probe had answered. */
const mayLag = (snapshot: Snapshot | undefined): boolean =>
  snapshot !== undefined &&
  (snapshot.values.has('lag_seconds') ||
    snapshot.gaps.some(({ signals }) => signals.length === 0 || signals.includes('lag_seconds')));

/** Nothing as soon as one of them is missing: the largest of the others may be too small. */
const largest = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce((most, value) => (most === undefined || value === undefined ? undefined : Math.max(most, value)));

function longest(graph: Graph, stages: readonly StagePlan[], lags: ReadonlyMap<StageId, number | undefined>): number {
  const until = new Map<StageId, number>();
  for (const id of graph.order) {
    if (!stages.some((stage) => stage.id === id)) continue;
    const above = Math.max(0, ...graph.upstream(id).map((feeder) => until.get(feeder) ?? 0));
    until.set(id, above + (lags.get(id) ?? 0));
  }
  return Math.max(0, ...until.values());
}

function asSnapshot(stage: StageId, at: EpochMs, seconds: number | undefined): Snapshot {
  const empty = emptySnapshot(stage, at);
  if (seconds !== undefined) return { ...empty, values: new Map([['e2e_seconds', seconds]]) };
  const message = 'a stage on the way gives no answer';
  return { ...empty, gaps: [{ probe: 'pipeline', signals: ['e2e_seconds'], code: 'stale', message }] };
}
