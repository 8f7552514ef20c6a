import type { Plan, PolicyPlan, SignalPlan, StagePlan } from '../domain/plan.ts';
import { type Signal, signalSpec } from '../domain/signal.ts';

/** What is planned for a signal that the user says nothing of. */
export function defaultSignalPlan(name: Signal): SignalPlan {
  return {
    name,
    direction: signalSpec(name).direction,
    limits: [],
    detect: true,
    minimumChange: { absolute: 0, relative: 0 },
  };
}

/**
 * What a policy keeps is a limit of its stage: critical, without patience, and in force from the first sample, since it needs
 * no learned past. So an incident is always there to hang a lease on. A stage that is scaled is looked ahead of as well.
 */
export function withKeptLimits(plan: Plan): Plan {
  const scaled = new Set(
    plan.policies.flatMap(({ may }) => may.filter(({ startup }) => startup !== undefined).map(({ stage }) => stage)),
  );
  const foreseen = (stage: StagePlan): StagePlan => (scaled.has(stage.id) ? { ...stage, foreseen: [ARRIVALS] } : stage);
  const pipelines = plan.pipelines.map((pipeline) => ({
    ...pipeline,
    stages: pipeline.stages.map((stage) => foreseen(withLimitsOf(stage, plan.policies))),
  }));
  return { ...plan, pipelines };
}

/** What the size of a stage follows from. */
export const ARRIVALS: Signal = 'in_records_per_second';

function withLimitsOf(stage: StagePlan, policies: readonly PolicyPlan[]): StagePlan {
  const keeps = policies.map((policy) => policy.keep).filter((keep) => keep.stage === stage.id);
  if (keeps.length === 0) return stage;
  const signals = new Map(stage.signals);
  for (const { signal, above, below } of keeps) {
    const planned = signals.get(signal) ?? defaultSignalPlan(signal);
    // What is to be kept below a bound is broken above it.
    const limits = [
      ...(below === undefined ? [] : [{ rule: 'above' as const, value: below }]),
      ...(above === undefined ? [] : [{ rule: 'below' as const, value: above }]),
    ].filter(
      ({ rule, value }) =>
        !planned.limits.some((one) => one.rule === rule && one.value === value && one.severity === 'critical'),
    );
    const kept = limits.map((limit) => ({ ...limit, severity: 'critical' as const, patience: 0 }));
    signals.set(signal, { ...planned, limits: [...planned.limits, ...kept] });
  }
  return { ...stage, signals };
}
