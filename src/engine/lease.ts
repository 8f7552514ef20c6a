import type { HeadgateError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import {
  canBecome,
  type GateRequest,
  type Lease,
  type LeaseId,
  type LeaseState,
  type ReleaseReason,
} from '../domain/lease.ts';
import type { EpochMs } from '../domain/time.ts';

/** What has become of a piece of work on a gate. */
export type LeaseReport = { readonly lease: LeaseId } & (
  | { readonly kind: 'captured'; readonly preImage: Json }
  | { readonly kind: 'applied'; readonly left: Json }
  /** Will be tried again; the words are kept on the lease. */
  | { readonly kind: 'delayed'; readonly error: HeadgateError }
  /** Will not be tried again. */
  | { readonly kind: 'refused'; readonly error: HeadgateError }
  | { readonly kind: 'reverted' }
  | { readonly kind: 'overridden' }
);

/** Work that a lease's new state owes to its gate. */
export interface GateWork {
  readonly lease: LeaseId;
  readonly step: 'apply' | 'revert';
}

export interface LeaseStep {
  readonly lease: Lease;
  readonly work?: GateWork;
}

const to = (lease: Lease, state: LeaseState, more: Partial<Lease> = {}): Lease => {
  if (lease.state !== state && !canBecome(lease.state, state)) return lease;
  return { ...lease, state, ...more };
};

/** Begins the end of a lease. What was never applied is released at once; what is ending already stays as it is. */
export function endLease(lease: Lease, why: ReleaseReason, now: EpochMs): LeaseStep | undefined {
  if (lease.state === 'reverting' || lease.state === 'released') return undefined;
  if (lease.state === 'pending') return { lease: to(lease, 'released', { why, releasedAt: now }) };
  return { lease: to(lease, 'reverting', { why: lease.why ?? why }), work: { lease: lease.id, step: 'revert' } };
}

/**
 * Extends a lease, and changes what it asks where `request` is given; the gate is told in both cases. `kept`: whether its outcome is
 * kept now, where that is known.
 */
export function renewLease(lease: Lease, expiresAt: EpochMs, request?: GateRequest, kept?: boolean): LeaseStep {
  const { inVain = 0, ...rest } = lease;
  const vain = kept === undefined ? inVain : kept ? 0 : inVain + 1;
  const renewed = {
    ...rest,
    expiresAt: Math.max(lease.expiresAt, expiresAt),
    renewals: lease.renewals + 1,
    ...(vain > 0 && { inVain: vain }),
  };
  const changed = request ? { ...renewed, request, asked: askedBefore(lease) } : renewed;
  return { lease: changed, work: { lease: lease.id, step: 'apply' } };
}

/** A gate that has not answered for so many requests has hardly taken the first of them. */
const MOST_ASKED = 16;

const askedBefore = ({ asked = [], request }: Lease): readonly GateRequest[] => [...asked, request].slice(-MOST_ASKED);

/** Moves a lease on by what was reported of it. Reports that no longer fit its state change nothing. */
export function stepLease(lease: Lease, report: LeaseReport, now: EpochMs): LeaseStep {
  switch (report.kind) {
    case 'captured':
      return { lease: lease.preImage === undefined ? to(lease, 'applying', { preImage: report.preImage }) : lease };
    case 'applied': {
      const { error: _, asked: __, ...rest } = lease;
      // The lease may have begun to end while the gate was being moved; then what was left behind is still worth knowing.
      return {
        lease:
          lease.state === 'applying' ? { ...rest, state: 'active', left: report.left } : { ...rest, left: report.left },
      };
    }
    case 'delayed':
      return { lease: { ...lease, error: report.error.message } };
    case 'refused':
      return refused({ ...lease, error: report.error.message }, now);
    case 'reverted':
      return { lease: to(lease, 'released', { releasedAt: now }) };
    case 'overridden':
      return { lease: to(lease, 'released', { releasedAt: now, why: 'overridden' }) };
  }
}

function refused(lease: Lease, now: EpochMs): LeaseStep {
  if (lease.state === 'pending') return { lease: to(lease, 'failed', { why: 'could-not-apply', releasedAt: now }) };
  if (lease.state === 'reverting') return { lease: to(lease, 'failed') };
  return { lease: to(lease, 'reverting', { why: 'could-not-apply' }), work: { lease: lease.id, step: 'revert' } };
}
