import type { Cause } from '../domain/cause.ts';
import type { WithholdReason } from '../domain/decision.ts';
import { type GateRequest, gateOf, moreRestrictive, NEEDS_OPT_IN, type RequestKind } from '../domain/lease.ts';
import type { OptionPlan, PolicyPlan } from '../domain/plan.ts';
import { presentCause } from './naming.ts';
import type { DecideView, Scene, Want } from './policy-scene.ts';
import { describeRequest } from './request.ts';

/**
 * Causes that the kind of request does nothing for, or makes worse. What is read again is old: new records wait for it either way,
 * and in the log they are safer than at whoever sends them.
 */
export const NOT_HELPED: Readonly<Record<RequestKind, ReadonlySet<Cause>>> = {
  throttle: new Set<Cause>(['source-outage', 'poison', 'bad-data', 'replay']),
  pause: new Set<Cause>(['source-outage', 'poison', 'replay']),
  scale: new Set<Cause>([
    'source-outage',
    'poison',
    'bad-data',
    'downstream',
    'duplicates',
    'stopped',
    'rebalancing',
    'broker-throttled',
  ]),
};

/** A "no" with its reason. */
export interface No {
  readonly reason: WithholdReason;
  readonly because: string;
}

/** The first thing that speaks against an engagement, in the order in which a person would want to hear it. */
export function objection(
  option: OptionPlan,
  request: GateRequest | undefined,
  { policy, memory, view, state }: Scene,
): No | undefined {
  const no = (reason: WithholdReason, because: string): No => ({ reason, because });
  const { incident } = state;
  if (!state.known) return no('unknown', `${policy.keep.stage} is unknown`);
  if (!incident) return no('unknown', `no incident is open on ${policy.keep.stage}`);
  if (view.stoppedByHand) return no('stopped-by-hand', 'all actions were stopped by hand');
  if (view.inMaintenance(option.stage)) return no('maintenance', `${option.stage} is in a maintenance window`);
  if (incident.mutedUntil !== undefined && incident.mutedUntil > view.now) return no('muted', 'the incident is muted');
  if (memory.broken < policy.confirm)
    return no('confirming', `${memory.broken} of ${policy.confirm} samples confirm it`);
  if (view.now < memory.cooldownUntil) {
    const left = Math.ceil((memory.cooldownUntil - view.now) / 1_000);
    return no(memory.cooldownWhy, `${left} s of the cooldown are left`);
  }
  const cause = presentCause(incident);
  if (NOT_HELPED[option.kind].has(cause))
    return no('cause-not-helped', `${option.kind} does not help against ${cause}`);
  const reversibility = view.reversibility.get(option.actuator) ?? 'one-way';
  if (NEEDS_OPT_IN.has(reversibility) && !option.accept.includes(reversibility))
    return no('needs-opt-in', `${option.actuator} undoes ${reversibility}; the policy does not accept that`);
  if (!request) return describeMissing(option, policy, view);
  return undefined;
}

/** One lease for each gate: whoever holds it keeps it, and among newcomers the most restrictive wins. */
export function inTheWay(option: OptionPlan, request: GateRequest, { policy, view, wants }: Scene): No | undefined {
  const gate = gateOf(option.stage, option.kind);
  const holder = view.leases.find(
    (lease) => lease.policy !== policy.name && gateOf(lease.stage, lease.request.kind) === gate,
  );
  if (holder) return { reason: 'target-held', because: `${holder.policy} holds the gate of ${option.stage}` };
  const rival = wants.find((want) => want.gate === gate && wins(want, { policy: policy.name, gate, request }));
  return rival && { reason: 'target-held', because: `${rival.policy} asks for more at ${option.stage}` };
}

/** The stricter request wins; between equal ones the policy that comes first by name. */
function wins(a: Want, b: Want): boolean {
  const same = JSON.stringify(a.request) === JSON.stringify(b.request);
  return same ? a.policy < b.policy : moreRestrictive(a.request, b.request) === a.request;
}

/** Everything speaks for it but the mode, in which the policy only says what it would do. */
export function notYet(option: OptionPlan, request: GateRequest, { memory }: Scene): No | undefined {
  const because = `would ${describeRequest(request)} at ${option.stage}`;
  if (memory.mode === 'observe') return { reason: 'observe-only', because };
  return memory.mode === 'dry-run' ? { reason: 'dry-run', because } : undefined;
}

function describeMissing(
  option: OptionPlan,
  policy: PolicyPlan,
  view: DecideView,
): { reason: WithholdReason; because: string } {
  const { capacity, recentOut } = view.estimate(policy.keep.stage);
  return capacity === undefined && recentOut === undefined
    ? { reason: 'no-capacity-estimate', because: `it is not known what ${policy.keep.stage} gets done` }
    : { reason: 'nothing-to-gain', because: `a ${option.kind} of ${option.stage} would change nothing` };
}
