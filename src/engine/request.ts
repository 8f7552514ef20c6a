import { goodputRate } from '../control/goodput.ts';
import { replicasFor } from '../control/replicas.ts';
import { throttleRate } from '../control/throttle.ts';
import type { GateRequest } from '../domain/lease.ts';
import type { Outlook, OutlookPoint } from '../domain/outlook.ts';
import type { OptionPlan, PolicyPlan } from '../domain/plan.ts';
import { type Signal, signalSpec } from '../domain/signal.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { type StageId, stageNameOf } from '../domain/stage.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';
import { quantity } from '../domain/wording.ts';
import type { Estimate } from './estimate.ts';
import { waitsAtFew } from './partitions.ts';
import { ARRIVALS } from './plan.ts';

/** What a request is worked out from. */
export interface FlowView {
  readonly latest: ReadonlyMap<StageId, Snapshot>;
  estimate(stage: StageId): Estimate;
  /** What is likely to arrive at the stage a time from now; `undefined` where nobody can say. */
  arrivalsAfter(stage: StageId, time: DurationMs): OutlookPoint | undefined;
}

/** The kept signal tells of a dependency that fails: then the stage's own consumption is what is throttled, by its goodput. */
export const sparesDependency = (option: OptionPlan, policy: PolicyPlan): boolean =>
  option.kind === 'throttle' && option.stage === policy.keep.stage && policy.keep.signal === 'error_ratio';

/**
 * What the control law asks of the gate now; `undefined` where it cannot know, or where nothing is to be gained.
 * `held` is what the gate is held at, if it is; `ceiling` the rate at which a dependency failed not long ago.
 */
export function requestFor(
  option: OptionPlan,
  policy: PolicyPlan,
  view: FlowView,
  held: GateRequest | undefined,
  ceiling: number | undefined,
): GateRequest | undefined {
  if (option.kind === 'pause') return { kind: 'pause' };
  if (option.kind === 'scale') return scaleFor(option, policy, view, undefined);
  const usual = usualFlow(view.estimate(option.stage));
  const rate =
    policy.keep.signal === 'duplicate_ratio'
      ? floodRate(option, view, held)
      : sparesDependency(option, policy)
        ? spareRate(option, view, held, ceiling)
        : drainRate(option, policy, view, held);
  if (rate === undefined) return undefined;
  return { kind: 'throttle', rate: roundTo(rate, 4), ...(usual === undefined ? {} : { usual: roundTo(usual, 4) }) };
}

/** A flow this many times the usual is a flood. */
const FLOOD = 1.3;

const usualFlow = (estimate: Estimate): number | undefined => estimate.usualOut ?? estimate.usualIn;

/** A feeder that sends far more than usual is brought back to its usual; one that does not is none of the trouble. */
function floodRate(option: OptionPlan, view: FlowView, held: GateRequest | undefined): number | undefined {
  const gate = view.estimate(option.stage);
  const [usual, flow] = [usualFlow(gate), gate.recentOut ?? gate.recentIn];
  if (usual === undefined || flow === undefined) return undefined;
  return held || flow > FLOOD * usual ? Math.max(option.floor ?? 0, usual) : undefined;
}

function spareRate(
  option: OptionPlan,
  view: FlowView,
  held: GateRequest | undefined,
  ceiling: number | undefined,
): number | undefined {
  // The newest values and not their means: a dependency collapses within one sample.
  const values = view.latest.get(option.stage)?.values;
  const out = values?.get('out_records_per_second');
  const errorRatio = values?.get('error_ratio');
  if (out === undefined || errorRatio === undefined) return undefined;
  const rate = held?.kind === 'throttle' ? held.rate : undefined;
  return goodputRate({ rate, ceiling, out, errorRatio, floor: option.floor ?? 0 });
}

function drainRate(
  option: OptionPlan,
  policy: PolicyPlan,
  view: FlowView,
  held: GateRequest | undefined,
): number | undefined {
  const kept = view.estimate(policy.keep.stage);
  const gate = view.estimate(option.stage);
  const capacity = kept.capacity ?? kept.recentOut;
  if (capacity === undefined) return undefined;
  const backlog = view.latest.get(policy.keep.stage)?.values.get('lag_records') ?? 0;
  const gain = kept.usualIn !== undefined && gate.usualOut ? kept.usualIn / gate.usualOut : 1;
  return throttleRate({
    capacity,
    backlog,
    flow: held ? undefined : (gate.recentOut ?? gate.recentIn),
    gain: Math.min(100, Math.max(0.01, gain)),
    floor: option.floor ?? 0,
    drainWithin: policy.lease,
  });
}

/** How many workers are wanted of a stage. `from` asks as if there were so many now. */
export function scaleFor(
  option: OptionPlan,
  policy: PolicyPlan,
  view: FlowView,
  from: number | undefined,
): GateRequest | undefined {
  const gate = view.estimate(option.stage);
  const snapshot = view.latest.get(option.stage);
  const ready = snapshot?.values.get('workers_ready');
  const now = from ?? snapshot?.values.get('workers_desired') ?? ready;
  // Measured with the workers of then: what those who came later have got done is not in the capacity until work waits again.
  const perWorker =
    gate.perWorker ?? (gate.capacity === undefined ? undefined : gate.capacity / Math.max(1, ready ?? now ?? 1));
  if (now === undefined || perWorker === undefined) return undefined;
  const replicas = replicasFor({
    arriving: arrivingAt(option, view),
    backlog: backlogThen(option, policy, view),
    perWorker,
    now,
    min: option.min ?? 1,
    max: option.max ?? now,
    drainWithin: policy.lease,
    partitions: snapshot?.parts.get('lag_records')?.length,
    into: snapshot?.parts.get('in_records_per_second'),
  });
  return replicas === undefined ? undefined : { kind: 'scale', replicas };
}

/** What will still wait when new workers work: a batch that is done by then needs none. */
function backlogThen({ stage, startup = 0 }: OptionPlan, policy: PolicyPlan, view: FlowView): number {
  const snapshot = view.latest.get(policy.keep.stage);
  const backlog = snapshot?.values.get('lag_records') ?? 0;
  const lag = snapshot?.parts.get('lag_records');
  // What waits at one partition is done by the one worker who reads it.
  if (lag && waitsAtFew(lag, backlog)) return 0;
  const { recentIn, recentOut } = view.estimate(stage);
  if (recentIn === undefined || recentOut === undefined) return backlog;
  return Math.max(0, backlog - (Math.max(0, recentOut - recentIn) * startup) / SECOND);
}

/** What arrives is all but sure to be more by the time new workers work. */
export const isGrowing = (option: OptionPlan, view: FlowView): boolean => moreBy(option, view) !== undefined;

/** How much may arrive by the time new workers work, where that is all but sure to be more than now. */
function moreBy({ stage, startup }: OptionPlan, view: FlowView): number | undefined {
  const then = startup === undefined ? undefined : view.arrivalsAfter(stage, startup);
  return then && then.lower > (view.estimate(stage).recentIn ?? 0) ? then.upper : undefined;
}

/**
 * What the size is for: what arrives now, or where it is all but sure to grow until the new workers work, as much as may arrive then.
 * Noise has room in the utilisation that is aimed at; sized for its upper end as well, every burst would be a reason to grow.
 */
const arrivingAt = (option: OptionPlan, view: FlowView): number =>
  moreBy(option, view) ?? view.estimate(option.stage).recentIn ?? 0;

const roundTo = (x: number, digits: number): number => Number(x.toPrecision(digits));

const shortNumber = (x: number): string => String(Number(x.toPrecision(3)));

/** "3.2 s": a value of a signal in words. */
export const inUnit = (signal: Signal, x: number | undefined): string =>
  x === undefined ? 'no answer' : quantity(x, signalSpec(signal).unit);

/** "enrich lag_seconds below 5 s" */
export function describeKeep(policy: PolicyPlan): string {
  const { stage, signal, below, above } = policy.keep;
  const bounds = [
    below === undefined ? '' : `below ${inUnit(signal, below)}`,
    above === undefined ? '' : `above ${inUnit(signal, above)}`,
  ];
  return `${stageNameOf(stage)} ${signal} ${bounds.filter(Boolean).join(' and ')}`;
}

/** "throttle to 20/s" */
export function describeRequest(request: GateRequest): string {
  if (request.kind === 'pause') return 'pause';
  return request.kind === 'throttle' ? `throttle to ${shortNumber(request.rate)}/s` : `scale to ${request.replicas}`;
}

/** What is likely to arrive so long after the last sample: at the first point that is not before, else at the last there is. */
export function arrivalsAfter(outlooks: readonly Outlook[], time: DurationMs): OutlookPoint | undefined {
  const points = outlooks.find(({ signal }) => signal === ARRIVALS)?.points ?? [];
  return points.find(({ after }) => after >= time) ?? points.at(-1);
}
