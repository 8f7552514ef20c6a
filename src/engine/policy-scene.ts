import type { Incident } from '../domain/incident.ts';
import type { GateRequest, Lease, Reversibility } from '../domain/lease.ts';
import type { OptionPlan, PolicyMode, PolicyPlan } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { FlowView } from './request.ts';

/** What a policy remembers between two steps. */
export interface PolicyMemory {
  mode: PolicyMode;
  /** Samples in a row in which the keep was broken or at risk; and in which it was safely kept. */
  broken: number;
  calm: number;
  cooldownUntil: EpochMs;
  cooldownWhy: 'cooldown' | 'overridden';
  /** Since when the outcome has been safely kept; 0 while it is not. */
  calmSince: EpochMs;
  /** The rate at which a dependency failed, and until when that is remembered; 0 where none. */
  ceiling: number;
  ceilingUntil: EpochMs;
  adjustedAt: EpochMs;
  /** How often workers were sent away to see whether fewer do, and when last. */
  tries: number;
  triedAt: EpochMs;
  /** When the kept signal was last known. */
  knownAt: EpochMs;
  uses: number;
  /** The last "no" of each option, so that a "no" is said once and not on every tick. */
  said: Record<string, string>;
  /** The keep was broken or at risk when it was last looked at, or has not been looked at yet. */
  pressed: boolean;
}

export const newPolicyMemory = (mode: PolicyMode): PolicyMemory => ({
  mode,
  broken: 0,
  calm: 0,
  calmSince: 0,
  ceiling: 0,
  ceilingUntil: 0,
  adjustedAt: 0,
  tries: 0,
  triedAt: 0,
  cooldownUntil: 0,
  cooldownWhy: 'cooldown',
  knownAt: 0,
  uses: 0,
  said: {},
  pressed: true,
});

/** All that deciding may look at. */
export interface DecideView extends FlowView {
  readonly now: EpochMs;
  /** Stages whose snapshot is new in this step: only they count as another sample. */
  readonly fresh: ReadonlySet<StageId>;
  readonly verdicts: ReadonlyMap<StageId, Verdict>;
  /** The oldest open or recovering incident that affects the stage. */
  incidentOn(stage: StageId): Incident | undefined;
  /** Leases in force, of all policies. */
  readonly leases: readonly Lease[];
  readonly reversibility: ReadonlyMap<string, Reversibility>;
  /** Set for the stages that have not been seen since a restart. */
  readonly restarting: ReadonlySet<StageId>;
  readonly stoppedByHand: boolean;
  inMaintenance(stage: StageId): boolean;
  /** Time between two looks at the stage. */
  every(stage: StageId): DurationMs;
}

/** How the kept outcome stands. */
export interface KeepState {
  readonly value: number | undefined;
  readonly broken: boolean;
  readonly atRisk: boolean;
  readonly safe: boolean;
  readonly known: boolean;
  readonly incident: Incident | undefined;
}

/** One policy with all that its decisions depend on. */
export interface Scene {
  readonly policy: PolicyPlan;
  readonly memory: PolicyMemory;
  readonly view: DecideView;
  readonly state: KeepState;
  readonly mine: readonly Lease[];
  /** What the other policies ask of gates in this step. */
  readonly wants: Want[];
}

/** A request that a policy would put through if nobody else stood at the gate. */
export interface Want {
  readonly policy: string;
  readonly gate: string;
  readonly request: GateRequest;
}

/** The option under which a lease was granted; `undefined` where the policy has it no more. */
export const optionOf = ({ stage, request }: Lease, { may }: PolicyPlan): OptionPlan | undefined =>
  may.find((option) => option.stage === stage && option.kind === request.kind);
