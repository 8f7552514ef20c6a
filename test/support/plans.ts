import type { OptionPlan, Plan, PolicyPlan, SignalPlan, StagePlan } from '../../src/domain/plan.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { graphOf, pipelineOf, type StageId } from '../../src/domain/stage.ts';
import { MINUTE, SECOND } from '../../src/domain/time.ts';
import { defaultSignalPlan } from '../../src/engine/plan.ts';
import { registry } from '../../src/registry.ts';

/** The default detectors with their default configs. */
export const DETECTORS: StagePlan['detectors'] = ['limits', 'baseline'].map((type) => ({
  type,
  config: registry.detectors.find((one) => one.type === type)?.config.parse({}),
}));

const BUDGET = { pagesPerWeek: 1, ticketsPerWeek: 7 };

export function stagePlan(id: StageId, more: Partial<StagePlan> = {}): StagePlan {
  return {
    id,
    after: [],
    every: 10 * SECOND,
    season: [],
    budget: BUDGET,
    signals: new Map(),
    derive: [],
    detectors: DETECTORS,
    fingerprint: `${id} 1`,
    ...more,
  };
}

export const limitedSignal = (name: string, above: number, more: Partial<SignalPlan> = {}): [string, SignalPlan] => [
  name,
  { ...defaultSignalPlan(name), limits: [{ rule: 'above', value: above, severity: 'critical', patience: 0 }], ...more },
];

export function planOf(stages: readonly StagePlan[], policies: readonly PolicyPlan[] = []): Plan {
  const names = [...new Set(stages.map((stage) => pipelineOf(stage.id)))];
  return {
    pipelines: names.map((name) => ({
      name,
      stages: stages.filter((stage) => pipelineOf(stage.id) === name),
      budget: BUDGET,
    })),
    policies,
    graph: graphOf(new Map(stages.map((stage) => [stage.id, stage.after]))),
    holidays: [],
  };
}

export function policyPlan(more: Partial<PolicyPlan> = {}): PolicyPlan {
  const option: OptionPlan = { actuator: 'valve', stage: 'orders.ingest', kind: 'throttle', floor: 5, accept: [] };
  return {
    name: 'keep-enrich',
    mode: 'enforce',
    keep: { stage: 'orders.enrich', signal: 'lag_seconds', below: 60 },
    may: [option],
    lease: 2 * MINUTE,
    cooldown: 10 * MINUTE,
    confirm: 2,
    maxRenewals: 20,
    fingerprint: 'keep-enrich 1',
    ...more,
  };
}

export const snapshot = (
  stage: StageId,
  at: number,
  values: Readonly<Record<string, number>>,
  more: Partial<Snapshot> = {},
): Snapshot => ({
  ...emptySnapshot(stage, at),
  values: new Map(Object.entries(values)),
  ...more,
});

/** A snapshot of a stage whose only probe gave no answer. */
export const gap = (stage: StageId, at: number, signals: readonly string[]): Snapshot => ({
  ...emptySnapshot(stage, at),
  gaps: [{ probe: 'p#0', signals, code: 'timeout', message: 'no answer' }],
});
