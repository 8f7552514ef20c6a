import type { IncidentId } from './incident.ts';
import type { GateRequest, LeaseId, ReleaseReason } from './lease.ts';
import type { StageId } from './stage.ts';
import type { EpochMs } from './time.ts';

/** Why a policy that was asked said no. */
export type WithholdReason =
  | 'observe-only'
  | 'dry-run'
  | 'cooldown'
  | 'target-held'
  | 'warming'
  | 'blind'
  | 'unknown'
  | 'restart'
  | 'maintenance'
  | 'muted'
  | 'cause-not-helped'
  | 'confirming'
  | 'no-capacity-estimate'
  | 'nothing-to-gain'
  | 'budget-spent'
  | 'needs-opt-in'
  | 'renewals-spent'
  | 'overridden'
  | 'stopped-by-hand';

export type EngageReason = 'keep-broken' | 'keep-at-risk';
export type RenewReason = 'still-broken' | 'blind-hold' | 'still-recovering';

/** What a policy wants done with a gate now, with its reason from a closed set and one sentence for people. */
export type Decision = {
  readonly at: EpochMs;
  readonly policy: string;
  /** The stage whose gate would move. */
  readonly stage: StageId;
  readonly incident?: IncidentId;
  readonly lease?: LeaseId;
  readonly request?: GateRequest;
  readonly because: string;
} & (
  | { readonly kind: 'engage'; readonly reason: EngageReason }
  | { readonly kind: 'adjust'; readonly reason: EngageReason | RenewReason }
  | { readonly kind: 'renew'; readonly reason: RenewReason }
  | { readonly kind: 'release'; readonly reason: ReleaseReason }
  | { readonly kind: 'withhold'; readonly reason: WithholdReason }
);
