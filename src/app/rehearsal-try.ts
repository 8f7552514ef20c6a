import type { Config } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import type { Plan, StagePlan } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { graphOf, type StageId, stageId } from '../domain/stage.ts';
import { type DurationMs, type EpochMs, MINUTE } from '../domain/time.ts';
import type { Engine } from '../engine/engine.ts';
import { replay } from '../engine/replay.ts';
import type { Span } from '../plant/faults.ts';
import { engineForConfig } from './offline.ts';
import type { Recorded, StagePast } from './recorded.ts';
import { comparedWith, type Place, SETTLE, type StageRun, watching } from './rehearsal-pass.ts';

/** A fault lasts at least so many samples, so that there is something to see where one comes every hour. */
const LEAST_SAMPLES = 12;
/** A single odd sample may be found this much later. */
const SPIKE_SAMPLES = 5;
/** Let go in time: within this, or so many samples, after the last faulty sample. */
const RELEASE_WITHIN = 15 * MINUTE;
const RELEASE_SAMPLES = 10;

/** The samples of a fault that begins at `from`, and with room to let go after it; `undefined` where the past ends before. */
export function spanOf(past: StagePast, from: number, length: DurationMs): Span | undefined {
  const start = past.at[from] as EpochMs;
  let to = from + (length === 0 ? 1 : LEAST_SAMPLES);
  while (to < past.length && (past.at[to] as EpochMs) < start + length) to++;
  return lastOf(past, to) < past.length ? { from, to } : undefined;
}

/** The last sample by which a fault that ended before `to` has to be let go. */
function lastOf(past: StagePast, to: number): number {
  const end = past.at[to - 1] as EpochMs;
  let last = to - 1 + RELEASE_SAMPLES;
  while (last < past.length && (past.at[last] as EpochMs) < end + RELEASE_WITHIN) last++;
  return last;
}

/** Nothing was critical or excluded around there in the past as it was: what is found then is the fault. */
export function isQuiet({ critical, excluded, past }: StageRun, { from, to }: Span): boolean {
  const before = Math.max(0, from - 2 * RELEASE_SAMPLES);
  return [critical, excluded].every((marks) => !marks.subarray(before, lastOf(past, to) + 1).includes(1));
}

export interface Try {
  readonly found: DurationMs | undefined;
  readonly warned: boolean;
  readonly holdable: boolean;
  readonly held: boolean;
  readonly released: boolean;
}

export interface Injected {
  readonly signal: string;
  readonly span: Span;
  readonly injected: Float64Array;
}

/** Goes on from a place with the fault in; `undefined` where the stage did not settle before it. */
export function tryFault(
  config: Config,
  { stages }: Recorded,
  { past }: StageRun,
  place: Place,
  { signal, span, injected }: Injected,
): Try | undefined {
  const refs = comparedWith(config, past.id).flatMap((ref) => stages.get(ref) ?? []);
  const engine = engineFrom(config, past.id, refs, place);
  const { from, to } = span;
  const graceful = to - from === 1 ? from + SPIKE_SAMPLES : to;
  const last = lastOf(past, to);
  let foundAt: number | undefined;
  let warned = false;
  let held = false;
  let released = false;
  for (let index = from - SETTLE; index <= last; index++) {
    const faulty = injected[index - from];
    const snapshot = past.snapshot(index, signal, Number.isNaN(faulty) ? undefined : faulty);
    const beside = refs.flatMap((ref) => seenBetween(ref, past.at[index - 1] ?? 0, snapshot.at));
    replay(engine, [...beside, snapshot], snapshot.at);
    const state = engine.verdict(past.id)?.state;
    const critical = state === 'critical';
    if (index < from && critical) return undefined;
    if (index >= from && index < graceful) {
      if (critical) foundAt ??= index;
      warned ||= critical || state === 'warning';
    }
    if (index === to - 1) held = critical;
    if (index >= to) released ||= !critical;
  }
  const found = foundAt === undefined ? undefined : (past.at[foundAt] as EpochMs) - (past.at[from] as EpochMs);
  return { found, warned, holdable: to - from > 1, held, released };
}

/** The snapshots of another stage in a stretch of time, its newest where there is none. */
function seenBetween(past: StagePast, after: EpochMs, until: EpochMs): readonly Snapshot[] {
  let end = upperBound(past.at, until);
  const found: Snapshot[] = [];
  while (end > 0 && (past.at[end - 1] as EpochMs) > after) found.unshift(past.snapshot(--end));
  return found.slice(-1);
}

/** How many of the ascending times are not later than `time`. */
function upperBound(times: readonly EpochMs[], time: EpochMs): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as EpochMs) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An engine that watches one stage from a place on, with the part of the budget it had in the whole. */
export function engineFrom(config: Config, id: StageId, refs: readonly StagePast[], place: Place): Engine {
  const { plan } = watching(config);
  const [pipeline] = plan.pipelines.filter(({ stages }) => stages.some((stage) => stage.id === id));
  const whole = planOf(plan, id);
  if (!pipeline || !whole) throw new HeadgateError('internal', `stage ${id} left the plan`);
  const { pagesPerWeek, ticketsPerWeek } = whole.budget;
  const budget = { pagesPerWeek: pagesPerWeek * place.share, ticketsPerWeek: ticketsPerWeek * place.share };
  const beside = refs.flatMap((ref) => planOf(plan, ref.id) ?? []);
  const blind = { after: [], detectors: [], derive: [] };
  // The pipeline as a whole is watched as its first stage is: not at all, or it would take a share of the budget.
  const first = { ...whole, id: stageId(pipeline.name, 'nothing'), ...blind };
  const stages = [first, ...beside.map((stage) => ({ ...stage, ...blind })), { ...whole, budget, after: [] }];
  const alone: Plan = {
    pipelines: [{ ...pipeline, stages }],
    policies: plan.policies.filter(({ keep }) => keep.stage === id).map((policy) => ({ ...policy, may: [] })),
    graph: graphOf(new Map(stages.map((stage) => [stage.id, []]))),
    holidays: plan.holidays,
  };
  const engine = engineForConfig({ ...config, plan: alone });
  engine.line(id)?.restore(place.state);
  return engine;
}

export const planOf = (plan: Plan, id: StageId): StagePlan | undefined =>
  plan.pipelines.flatMap((pipeline) => pipeline.stages).find((stage) => stage.id === id);
