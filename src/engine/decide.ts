import type { Decision, EngageReason, RenewReason } from '../domain/decision.ts';
import { type GateRequest, gateOf, type Lease, moreRestrictive, type ReleaseReason } from '../domain/lease.ts';
import type { OptionPlan, PolicyPlan } from '../domain/plan.ts';
import { type StageId, stageNameOf } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { MINUTE, SECOND } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import { presentCause } from './naming.ts';
import { inTheWay, NOT_HELPED, notYet, objection } from './objection.ts';
import {
  type DecideView,
  type KeepState,
  newPolicyMemory,
  optionOf,
  type PolicyMemory,
  type Scene,
  type Want,
} from './policy-scene.ts';
import { describeKeep, describeRequest, inUnit, requestFor, sparesDependency } from './request.ts';
import { mayLeave, resized } from './workforce.ts';

/** The kept signal is safe again when it is below this share of its bound: between the two lines nothing changes. */
const RELEASE_SHARE = 0.5;
/** A request is adjusted when it is off by more than this share, so that noise moves no gate. */
const ADJUST_SHARE = 0.2;
/** A gate is not moved more often than this within the length of a lease: an effect needs time to be seen. */
const ADJUSTS_A_LEASE = 4;
/** Probing for room goes by smaller steps. */
const PROBE_SHARE = 0.05;

/**
 * What every policy wants done now. Deterministic; `memories` is moved one step on. A policy says `engage` only when its keep is
 * broken or at risk for `confirm` samples in a row, an incident is open on the kept stage, and nothing forbids it;
 * every "no" carries its reason, once.
 */
export function decide(
  policies: readonly PolicyPlan[],
  memories: Map<string, PolicyMemory>,
  view: DecideView,
): readonly Decision[] {
  const held = Map.groupBy(view.leases, (lease) => lease.policy);
  const scenes = policies.flatMap((policy): Scene[] => {
    const memory = memories.get(policy.name) ?? newPolicyMemory(policy.mode);
    memories.set(policy.name, memory);
    const mine = held.get(policy.name) ?? [];
    // Nothing has changed for a policy that holds no gate, wants none, and whose stage shows nothing new.
    if (mine.length === 0 && !memory.pressed && !view.fresh.has(policy.keep.stage)) return [];
    return [{ policy, memory, view, mine, state: keepState(policy, memory, view), wants: [] }];
  });
  const awake = scenes.filter((scene) => !view.restarting.has(scene.policy.keep.stage));
  const wants = awake.flatMap(wantsOf);
  for (const scene of awake) scene.wants.push(...wants.filter((want) => want.policy !== scene.policy.name));
  return awake.flatMap((scene) => [...scene.mine.flatMap((lease) => holdOn(lease, scene)), ...reachOut(scene)]);
}

function wantsOf(scene: Scene): readonly Want[] {
  const { policy, state, view, memory } = scene;
  if (memory.mode !== 'enforce' || !(state.broken || state.atRisk)) return [];
  return policy.may.flatMap((option) => {
    const request = requestFor(option, policy, view, heldBy(scene, option)?.request, ceilingOf(scene));
    if (!request || objection(option, request, scene)) return [];
    return [{ policy: policy.name, gate: gateOf(option.stage, option.kind), request }];
  });
}

const heldBy = ({ mine }: Scene, option: OptionPlan): Lease | undefined =>
  mine.find((lease) => lease.stage === option.stage && lease.request.kind === option.kind);

function keepState(policy: PolicyPlan, memory: PolicyMemory, view: DecideView): KeepState {
  const { stage, signal, below, above } = policy.keep;
  const verdict = view.verdicts.get(stage);
  const value = view.latest.get(stage)?.values.get(signal);
  const known = value !== undefined && verdict !== undefined && verdict.state !== 'unknown';
  const broken = known && ((below !== undefined && value > below) || (above !== undefined && value < above));
  const safe = known && !broken && (below === undefined || value <= RELEASE_SHARE * below);
  const atRisk = known && !safe && verdict.state === 'critical';
  memory.pressed = broken || atRisk;
  if (known) memory.knownAt = view.now;
  if (view.fresh.has(stage) && known) {
    memory.broken = broken || atRisk ? memory.broken + 1 : 0;
    memory.calm = safe && !isSick(verdict) ? memory.calm + 1 : 0;
    memory.calmSince = memory.calm === 0 ? 0 : memory.calmSince || view.now;
  }
  const incident = view.incidentOn(stage);
  return { value, broken, atRisk, safe, known, incident };
}

/** What a stage suffers from by itself, whatever flows through it: a gate that is held does not move these. */
const OWN_HEALTH = /^(latency_|run_seconds$|error_ratio$)/;

/** The stage is not well yet, though its backlog may be gone: let go now, it would fall behind again. */
const isSick = (verdict: Verdict): boolean =>
  verdict.state === 'critical' &&
  verdict.because.some((score) => score.value >= 1 && OWN_HEALTH.test(partOfSubject(score.subject)));

/** A throttle this many times above what comes in holds nothing back, also not in a peak. */
const CLEARLY_OPEN = 1.5;
/** How long a rate at which a dependency failed is not tried again. */
const CEILING_FOR = 15 * MINUTE;

const ceilingOf = ({ memory, view }: Scene): number | undefined =>
  view.now < memory.ceilingUntil ? memory.ceiling : undefined;

/** What waits at the stage is done before it is looked at again; more than that, let go at once, would fall upon the dependency. */
function isWorkedOff(stage: StageId, rate: number, view: DecideView): boolean {
  const waiting = view.latest.get(stage)?.values.get('lag_records') ?? 0;
  return waiting <= (rate * view.every(stage)) / SECOND;
}

/** The outcome is kept again, and would stay so without the lease, as far as can be told. */
function isEnough(lease: Lease, scene: Scene): boolean {
  const { policy, memory, view, state } = scene;
  const option = optionOf(lease, policy);
  if (option && lease.request.kind === 'throttle' && sparesDependency(option, policy)) {
    // Probed up to where the throttle holds nothing back, neither of what comes nor of what the workers make of what waits.
    const { recentIn, usualIn, recentOut } = view.estimate(lease.stage);
    const { rate } = lease.request;
    const isOpenFor = (flow: number | undefined): boolean => rate > CLEARLY_OPEN * (flow ?? 0);
    const isOpen = isOpenFor(recentIn) && isOpenFor(usualIn);
    return state.safe && isOpen && (isOpenFor(recentOut) || isWorkedOff(lease.stage, rate, view));
  }
  if (memory.calm < policy.confirm) return false;
  return !option || lease.request.kind !== 'scale' || mayLeave(option, scene);
}

const isKept = ({ known, broken, atRisk }: KeepState): boolean => known && !broken && !atRisk;

/**
 * Renewed as often as allowed. Workers that keep the outcome do what they were asked for and hold nobody back, and without a throttle that
 * spares a dependency even less would be done, so of these only what was renewed in vain counts; another throttle that is only just
 * enough ends, since what waits upstream grows with it.
 */
function isSpent(lease: Lease, { policy, state }: Scene): boolean {
  const option = optionOf(lease, policy);
  const spares = option !== undefined && sparesDependency(option, policy);
  if (lease.request.kind !== 'scale' && !spares) return lease.renewals >= policy.maxRenewals;
  return !isKept(state) && (lease.inVain ?? 0) >= policy.maxRenewals;
}

/** A lease in force: let go, keep it on, or leave it to run out. */
function holdOn(lease: Lease, scene: Scene): readonly Decision[] {
  const { policy, memory, view, state } = scene;
  if (lease.state === 'reverting' || lease.state === 'failed') return [];
  const base = { at: view.now, policy: policy.name, stage: lease.stage, incident: lease.incident, lease: lease.id };
  const release = (reason: ReleaseReason, because: string): Decision[] => [
    { ...base, kind: 'release', reason, because },
  ];
  const keep = describeKeep(policy);

  if (view.stoppedByHand) return release('by-hand', 'all actions were stopped by hand');
  if (memory.mode !== 'enforce') return release('policy-changed', `policy ${policy.name} is in mode ${memory.mode}`);
  if (state.known && (isEnough(lease, scene) || !state.incident)) return release('recovered', `${keep} is kept again`);
  const cause = state.incident && presentCause(state.incident);
  if (lease.request.kind === 'scale' && cause && NOT_HELPED.scale.has(cause))
    return release('ineffective', `scaling does not help against ${cause}`);
  const dueForRenewal = lease.expiresAt - view.now <= policy.lease / 2;
  if (dueForRenewal && isSpent(lease, scene)) {
    const how = !state.known ? 'is not known to be kept' : isKept(state) ? 'is not yet safe' : 'is still not kept';
    return release('ineffective', `${keep} ${how} after ${lease.renewals} renewals`);
  }

  const adjusted = state.known && lease.state === 'active' ? adjust(lease, scene) : undefined;
  const reason: RenewReason = !state.known ? 'blind-hold' : isKept(state) ? 'still-recovering' : 'still-broken';
  if (adjusted) {
    if (adjusted.kind === 'throttle' && lease.request.kind === 'throttle' && adjusted.rate < lease.request.rate) {
      memory.ceiling = lease.request.rate;
      memory.ceilingUntil = view.now + CEILING_FOR;
    }
    memory.adjustedAt = view.now;
    const because = `${describeRequest(adjusted)} fits what ${stageNameOf(policy.keep.stage)} gets done now`;
    return [{ ...base, kind: 'adjust', reason, request: adjusted, because }];
  }
  if (!dueForRenewal) return [];
  // Blind, a lease is kept on for two of its lengths at most; then it runs out by itself.
  if (!state.known && view.now - memory.knownAt > 2 * policy.lease) return [];
  const because = state.known
    ? `${keep} is not yet safe`
    : `${stageNameOf(policy.keep.stage)} gives no answer; held on for now`;
  return [{ ...base, kind: 'renew', reason, request: lease.request, because }];
}

/** A throttle follows the capacity, and the strictest of all who ask for the gate; other requests stay as they were granted. */
function adjust(lease: Lease, scene: Scene): GateRequest | undefined {
  const { policy, view, wants, memory } = scene;
  if (lease.request.kind === 'scale') return resized(lease, scene);
  if (lease.request.kind !== 'throttle') return undefined;
  if (view.now - Math.max(memory.adjustedAt, lease.grantedAt) < policy.lease / ADJUSTS_A_LEASE) return undefined;
  const gate = gateOf(lease.stage, lease.request.kind);
  const option = policy.may.find((one) => gateOf(one.stage, one.kind) === gate && one.kind === 'throttle');
  const own = (option && requestFor(option, policy, view, lease.request, ceilingOf(scene))) ?? lease.request;
  const wanted = wants
    .filter((want) => want.gate === gate)
    .reduce((strictest, want) => moreRestrictive(strictest, want.request), own);
  if (wanted.kind !== 'throttle') return wanted;
  const off = Math.abs(wanted.rate - lease.request.rate) / Math.max(lease.request.rate, 1e-9);
  const least = option && sparesDependency(option, policy) ? PROBE_SHARE : ADJUST_SHARE;
  return off > least ? wanted : undefined;
}

/** No lease yet for some options: the first that helps is engaged; the next only after the one before was renewed in vain. */
function reachOut(scene: Scene): readonly Decision[] {
  const { policy, memory, view, state, mine } = scene;
  if (!state.broken && !state.atRisk) {
    // A gap is not a recovery: only a known, kept signal makes the next "no" news again.
    if (state.known) memory.said = {};
    return [];
  }
  if (mine.some((lease) => lease.renewals === 0 || lease.state === 'reverting')) return [];
  const decisions: Decision[] = [];
  for (const option of policy.may) {
    if (heldBy(scene, option)) continue;
    const request = requestFor(option, policy, view, undefined, ceilingOf(scene));
    const no =
      objection(option, request, scene) ??
      inTheWay(option, request as GateRequest, scene) ??
      notYet(option, request as GateRequest, scene);
    const base = {
      at: view.now,
      policy: policy.name,
      stage: option.stage,
      ...(state.incident ? { incident: state.incident.id } : {}),
      ...(request ? { request } : {}),
    };
    if (no) {
      const key = `${option.actuator} ${option.stage} ${option.kind}`;
      if (memory.said[key] !== no.reason) decisions.push({ ...base, kind: 'withhold', ...no });
      memory.said[key] = no.reason;
      continue;
    }
    const reason: EngageReason = state.broken ? 'keep-broken' : 'keep-at-risk';
    const because = `${describeKeep(policy)} is ${state.broken ? 'broken' : 'at risk'}: ${inUnit(policy.keep.signal, state.value)} now; ${describeRequest(request as GateRequest)}`;
    const engaged: Decision = { ...base, kind: 'engage', reason, because };
    memory.uses++;
    decisions.push(engaged);
    break;
  }
  return decisions;
}
