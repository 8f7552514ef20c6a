import type { IncidentId } from './incident.ts';
import type { Json } from './json.ts';
import type { StageId } from './stage.ts';
import type { EpochMs } from './time.ts';

export type LeaseId = string;

/** What a gate is asked to do. Rates are records per second, replicas whole numbers. */
export type GateRequest =
  | {
      readonly kind: 'throttle';
      readonly rate: number /** What flowed before anything was wrong. */;
      readonly usual?: number;
    }
  | { readonly kind: 'pause' }
  | { readonly kind: 'scale'; readonly replicas: number };

export type RequestKind = GateRequest['kind'];

/** How well an action can be taken back; the last two need opt-in in the policy. */
export type Reversibility = 'native-lease' | 'exact-inverse' | 'lossy' | 'one-way';

export const NEEDS_OPT_IN: ReadonlySet<Reversibility> = new Set(['lossy', 'one-way']);

export type LeaseState = 'pending' | 'applying' | 'active' | 'reverting' | 'released' | 'failed';

/** Why a lease ended. */
export type ReleaseReason =
  | 'recovered'
  | 'expired'
  | 'overridden'
  | 'ineffective'
  | 'by-hand'
  | 'policy-changed'
  | 'shutdown'
  | 'could-not-apply';

/** An action in force: whose it is, what it asks, until when, and the pre-image that undoes it. */
export interface Lease {
  readonly id: LeaseId;
  readonly policy: string;
  readonly incident: IncidentId;
  /** The stage whose gate is moved. */
  readonly stage: StageId;
  readonly actuator: string;
  readonly request: GateRequest;
  readonly state: LeaseState;
  readonly why?: ReleaseReason;
  readonly grantedAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly releasedAt?: EpochMs;
  readonly renewals: number;
  /** Of these the last in a row at which the outcome was not kept; none where left out. */
  readonly inVain?: number;
  /** What stood before the first apply; what revert puts back. */
  readonly preImage?: Json;
  /** What apply left behind; revert touches the gate only where this still stands. */
  readonly left?: Json;
  /** What was asked before `request` and since the gate last answered, oldest first: it may stand there, and is no person's doing. */
  readonly asked?: readonly GateRequest[];
  /** The last thing that went wrong while applying or reverting, in words. */
  readonly error?: string;
  readonly because: string;
}

const NEXT: Readonly<Record<LeaseState, readonly LeaseState[]>> = {
  pending: ['applying', 'released', 'failed'],
  applying: ['active', 'reverting', 'failed'],
  // From active straight to released: somebody else has moved the gate, and it is theirs now.
  active: ['applying', 'reverting', 'released'],
  reverting: ['released', 'failed'],
  // A revert that was given up is tried again after a restart or by hand.
  failed: ['reverting', 'released'],
  released: [],
};

/** True where the life cycle of a lease has that step. */
export const canBecome = (from: LeaseState, to: LeaseState): boolean => NEXT[from].includes(to);

/** The gate may be away from where its owner left it. `failed` counts where something was applied and not undone. */
export const isInForce = (lease: Lease): boolean =>
  lease.state !== 'released' && !(lease.state === 'failed' && lease.preImage === undefined);

/** Of two requests for one gate, the one that lets less through (for scale: the one with more workers wins). */
export function moreRestrictive(a: GateRequest, b: GateRequest): GateRequest {
  if (a.kind === 'scale' && b.kind === 'scale') return a.replicas >= b.replicas ? a : b;
  return flowOf(a) <= flowOf(b) ? a : b;
}

const flowOf = (request: GateRequest): number =>
  request.kind === 'pause' ? 0 : request.kind === 'throttle' ? request.rate : Number.POSITIVE_INFINITY;

/** A throttle or a pause, and a scale, move different gates of one stage. */
export const gateOf = (stage: StageId, kind: RequestKind): string => `${stage}:${kind === 'scale' ? 'scale' : 'flow'}`;
