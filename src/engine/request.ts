import { replicasFor } from '../control/replicas.ts';
import { throttleRate } from '../control/throttle.ts';
import type { GateRequest } from '../domain/lease.ts';
import type { OptionPlan, PolicyPlan } from '../domain/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { type StageId, stageNameOf } from '../domain/stage.ts';
import type { Estimate } from './estimate.ts';

/** What a request is worked out from. */
export interface FlowView {
  readonly latest: ReadonlyMap<StageId, Snapshot>;
  estimate(stage: StageId): Estimate;
}

/** What the control law asks of the gate now; `undefined` where it cannot know, or where nothing is to be gained. */
export function requestFor(
  option: OptionPlan,
  policy: PolicyPlan,
  view: FlowView,
  held: boolean,
): GateRequest | undefined {
  if (option.kind === 'pause') return { kind: 'pause' };
  const kept = view.estimate(policy.keep.stage);
  const gate = view.estimate(option.stage);
  const backlog = view.latest.get(policy.keep.stage)?.values.get('lag_records') ?? 0;
  if (option.kind === 'throttle') {
    const capacity = kept.capacity ?? kept.recentOut;
    if (capacity === undefined) return undefined;
    const gain = kept.usualIn !== undefined && gate.usualOut ? kept.usualIn / gate.usualOut : 1;
    const flow = held ? undefined : (gate.recentOut ?? gate.recentIn);
    const rate = throttleRate({
      capacity,
      backlog,
      flow,
      gain: Math.min(100, Math.max(0.01, gain)),
      floor: option.floor ?? 0,
      drainWithin: policy.lease,
    });
    if (rate === undefined) return undefined;
    const usual = gate.usualOut ?? gate.usualIn;
    return { kind: 'throttle', rate: roundTo(rate, 4), ...(usual === undefined ? {} : { usual: roundTo(usual, 4) }) };
  }
  const values = view.latest.get(option.stage)?.values;
  const workers = values?.get('workers_desired') ?? values?.get('workers_ready');
  if (workers === undefined || gate.capacity === undefined) return undefined;
  const ready = values?.get('workers_ready') ?? workers;
  const partitions = view.latest.get(option.stage)?.parts.get('lag_records')?.length;
  const replicas = replicasFor({
    arriving: gate.recentIn ?? 0,
    backlog,
    perWorker: gate.capacity / Math.max(1, ready),
    now: workers,
    min: option.min ?? 1,
    max: option.max ?? workers,
    drainWithin: policy.lease,
    partitions,
  });
  return replicas === undefined ? undefined : { kind: 'scale', replicas };
}

const roundTo = (x: number, digits: number): number => Number(x.toPrecision(digits));

export const shortNumber = (x: number | undefined): string =>
  x === undefined ? 'no answer' : String(Number(x.toPrecision(3)));

/** "enrich lag_seconds below 5" */
export function describeKeep(policy: PolicyPlan): string {
  const { stage, signal, below, above } = policy.keep;
  const bounds = [
    below === undefined ? '' : `below ${shortNumber(below)}`,
    above === undefined ? '' : `above ${shortNumber(above)}`,
  ];
  return `${stageNameOf(stage)} ${signal} ${bounds.filter(Boolean).join(' and ')}`;
}

/** "throttle to 20/s" */
export function describeRequest(request: GateRequest): string {
  if (request.kind === 'pause') return 'pause';
  return request.kind === 'throttle' ? `throttle to ${shortNumber(request.rate)}/s` : `scale to ${request.replicas}`;
}
