import type { Decision } from '../domain/decision.ts';
import { isInForce, type Lease, type LeaseId, type ReleaseReason } from '../domain/lease.ts';
import type { PolicyPlan } from '../domain/plan.ts';
import type { Subject } from '../domain/subject.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { IncidentStep } from './incident.ts';
import { IncidentBook } from './incident-book.ts';
import { endLease, type GateWork, type LeaseReport, type LeaseStep, renewLease, stepLease } from './lease.ts';
import { newPolicyMemory, type PolicyMemory } from './policy-scene.ts';
import type { Reach } from './reach.ts';
import type { StageStep } from './stage.ts';

/** One stage in an outcome: what was seen and judged, and what the verdict was before. */
export type JudgedStage = StageStep & { readonly previous: Verdict | undefined; readonly frozen: boolean };

/** All that one step of the engine has changed; whoever runs the engine makes it durable and carries it out. */
export interface Outcome {
  readonly steps: readonly JudgedStage[];
  readonly incidents: readonly IncidentStep[];
  readonly decisions: readonly Decision[];
  /** Every lease that changed, in its newest form. */
  readonly leases: readonly Lease[];
  readonly work: readonly GateWork[];
  readonly accepted: readonly Subject[];
}

/** An outcome while it is being made. */
export interface Draft {
  readonly incidents: IncidentStep[];
  readonly decisions: Decision[];
  readonly leases: Map<LeaseId, Lease>;
  readonly work: GateWork[];
}

export const newDraft = (): Draft => ({ incidents: [], decisions: [], leases: new Map(), work: [] });

export function outcomeOf(
  draft: Draft,
  steps: readonly JudgedStage[] = [],
  accepted: readonly Subject[] = [],
): Outcome {
  return {
    steps,
    incidents: draft.incidents,
    decisions: draft.decisions,
    leases: [...draft.leases.values()],
    work: draft.work,
    accepted,
  };
}

/** What is open: incidents, leases, and what the policies remember. Pure bookkeeping; nothing here looks at a signal. */
export class Ledger {
  readonly incidents = new IncidentBook();
  readonly leases = new Map<LeaseId, Lease>();
  readonly memories = new Map<string, PolicyMemory>();
  /** Told of each lease that was taken in, and of each that is over. */
  readonly #reach: Pick<Reach, 'put' | 'remove'>;
  #policies = new Map<string, PolicyPlan>();
  #sequence: number;

  constructor(sequence: number, reach: Pick<Reach, 'put' | 'remove'>) {
    this.#sequence = sequence;
    this.#reach = reach;
  }

  get sequence(): number {
    return this.#sequence;
  }

  nextId(): string {
    this.#sequence++;
    return String(this.#sequence);
  }

  /** Policies that are new or were changed begin with a new memory. Answers with the names of those that stayed the same. */
  setPolicies(policies: readonly PolicyPlan[]): ReadonlySet<string> {
    const same = new Set<string>();
    for (const policy of policies) {
      if (this.#policies.get(policy.name)?.fingerprint === policy.fingerprint) same.add(policy.name);
      else this.memories.set(policy.name, newPolicyMemory(policy.mode));
    }
    this.#policies = new Map(policies.map((policy) => [policy.name, policy]));
    for (const name of this.memories.keys()) if (!this.#policies.has(name)) this.memories.delete(name);
    return same;
  }

  /** Carries decisions over into leases. */
  carryOut(decisions: readonly Decision[], draft: Draft): void {
    for (const decision of decisions) {
      const step = this.#stepFor(decision);
      draft.decisions.push(decision.kind === 'engage' && step ? { ...decision, lease: step.lease.id } : decision);
      if (step) this.put(step, decision.at, draft);
    }
  }

  #stepFor(decision: Decision): LeaseStep | undefined {
    const policy = this.#policies.get(decision.policy);
    const lease = decision.lease === undefined ? undefined : this.leases.get(decision.lease);
    switch (decision.kind) {
      case 'engage':
        return policy && this.#grant(decision, policy);
      case 'renew':
      case 'adjust':
        return lease && policy && renewed(lease, policy, decision);
      case 'release':
        return lease && endLease(lease, decision.reason, decision.at);
      case 'withhold':
        return undefined;
    }
  }

  #grant(decision: Decision, policy: PolicyPlan): LeaseStep | undefined {
    const { request, incident, stage, at } = decision;
    const option = policy.may.find((one) => one.stage === stage && one.kind === request?.kind);
    if (!request || incident === undefined || !option) return undefined;
    const lease: Lease = {
      id: `L${this.nextId()}`,
      policy: policy.name,
      incident,
      stage,
      actuator: option.actuator,
      request,
      state: 'pending',
      grantedAt: at,
      expiresAt: at + policy.lease,
      renewals: 0,
      because: decision.because,
    };
    return { lease, work: { lease: lease.id, step: 'apply' } };
  }

  /** Takes in the newest form of a lease. One that is over leaves the book, and its policy cools down. */
  put({ lease, work }: LeaseStep, now: EpochMs, draft: Draft): void {
    draft.leases.set(lease.id, lease);
    if (work) draft.work.push(work);
    if (lease.state === 'released' || (lease.state === 'failed' && !isInForce(lease))) {
      this.leases.delete(lease.id);
      this.coolDown(lease, now);
      this.#reach.remove(lease, now);
    } else this.#keep(lease);
  }

  #keep(lease: Lease): void {
    this.leases.set(lease.id, lease);
    this.#reach.put(lease);
  }

  coolDown(lease: Lease, from: EpochMs): void {
    const memory = this.memories.get(lease.policy);
    const policy = this.#policies.get(lease.policy);
    if (!memory || !policy || lease.why === 'shutdown' || lease.why === 'policy-changed') return;
    memory.calm = 0;
    const until = from + policy.cooldown;
    if (until <= memory.cooldownUntil) return;
    memory.cooldownUntil = until;
    memory.cooldownWhy = lease.why === 'overridden' ? 'overridden' : 'cooldown';
  }

  report(report: LeaseReport, now: EpochMs, draft: Draft): void {
    const lease = this.leases.get(report.lease);
    if (lease) this.put(stepLease(lease, report, now), now, draft);
  }

  /**
   * Leases whose time is up begin to end, whatever else is going on. Nothing is held or kept away for longer than was granted
   * from now on: where the wall clock was set back, what lies too far ahead is brought near.
   */
  expire(now: EpochMs, draft: Draft): void {
    for (const lease of [...this.leases.values()]) {
      const latest = now + (this.#policies.get(lease.policy)?.lease ?? 0);
      if (lease.expiresAt > latest) this.put({ lease: { ...lease, expiresAt: latest } }, now, draft);
    }
    for (const [policy, memory] of this.memories) {
      memory.knownAt = Math.min(memory.knownAt, now);
      memory.calmSince = Math.min(memory.calmSince, now);
      memory.adjustedAt = Math.min(memory.adjustedAt, now);
      memory.triedAt = Math.min(memory.triedAt, now);
      memory.cooldownUntil = Math.min(memory.cooldownUntil, now + (this.#policies.get(policy)?.cooldown ?? 0));
    }
    this.release((lease) => lease.expiresAt <= now, 'expired', 'its time was up and it was not renewed', now, draft);
  }

  release(which: (lease: Lease) => boolean, why: ReleaseReason, because: string, now: EpochMs, draft: Draft): void {
    for (const lease of [...this.leases.values()].filter(which)) {
      const step = endLease(lease, why, now);
      if (!step) continue;
      const { id, policy, stage, incident } = lease;
      draft.decisions.push({ at: now, policy, stage, incident, lease: id, kind: 'release', reason: why, because });
      this.put(step, now, draft);
    }
  }

  /** Takes back what was in force when the process before ended, and says what is owed to each gate now. */
  resume(leases: readonly Lease[], ended: readonly Lease[], now: EpochMs, draft: Draft): void {
    for (const lease of ended) this.coolDown(lease, lease.releasedAt ?? now);
    for (const lease of leases) {
      this.#keep(lease);
      const memory = this.memories.get(lease.policy);
      if (memory) memory.knownAt = now;
      if (lease.state === 'reverting') draft.work.push({ lease: lease.id, step: 'revert' });
    }
    this.release(
      (lease) => !this.memories.has(lease.policy) || !this.incidents.has(lease.incident),
      'policy-changed',
      'its policy or incident is gone',
      now,
      draft,
    );
    this.expire(now, draft);
    for (const lease of this.leases.values()) if (isApplied(lease)) draft.work.push({ lease: lease.id, step: 'apply' });
    this.retryFailed(now, draft);
  }

  /** A revert that was given up is owed again. */
  retryFailed(now: EpochMs, draft: Draft): void {
    for (const lease of [...this.leases.values()])
      if (lease.state === 'failed')
        this.put({ lease: { ...lease, state: 'reverting' }, work: { lease: lease.id, step: 'revert' } }, now, draft);
  }
}

/** The gate has been moved, may have been, or is about to be. */
export const isApplied = (lease: Lease): boolean =>
  lease.state === 'pending' || lease.state === 'applying' || lease.state === 'active';

function renewed(lease: Lease, policy: PolicyPlan, { at, kind, reason, request }: Decision): LeaseStep {
  const kept = reason === 'blind-hold' ? undefined : reason === 'still-recovering';
  return renewLease(lease, at + policy.lease, kind === 'adjust' ? request : undefined, kept);
}
