import type { ExcludedRange } from './excluded.ts';
import type { RequestKind, Reversibility } from './lease.ts';
import type { LimitRule } from './score.ts';
import type { Direction, Signal } from './signal.ts';
import type { Graph, StageId } from './stage.ts';
import type { DurationMs, EpochMs } from './time.ts';

/** How many episodes a week the user will accept, for pages and for tickets. Lines of every subject follow from it. */
export interface Budget {
  readonly pagesPerWeek: number;
  readonly ticketsPerWeek: number;
}

/** A configured limit on a signal. */
export interface LimitPlan {
  readonly rule: LimitRule;
  /** The bound for `above` and `below`; for `absent` and `zero` it is not used (0). */
  readonly value: number;
  readonly severity: 'warning' | 'critical';
  /** The limit counts once it has been broken for this long. */
  readonly patience: DurationMs;
}

/** What the user says of one signal; signals not named get `direction` from the table and no limits. */
export interface SignalPlan {
  readonly name: Signal;
  readonly direction: Direction;
  readonly limits: readonly LimitPlan[];
  /** False switches the learned detectors off for the signal. Limits stay. */
  readonly detect: boolean;
  /** Deviations smaller than this, absolute in the unit of the signal or relative to what is expected, are not news. */
  readonly minimumChange: { readonly absolute: number; readonly relative: number };
  /** Times in which the signal is known not to be normal. */
  readonly excluded?: readonly ExcludedRange[];
}

/** A signal computed from others: the rate of a counter, or a ratio, also across stages. */
export type DerivePlan =
  | { readonly name: Signal; readonly kind: 'rate'; readonly of: Signal }
  | { readonly name: Signal; readonly kind: 'ratio'; readonly of: SignalRef; readonly to: SignalRef };

export interface SignalRef {
  readonly stage: StageId;
  readonly signal: Signal;
}

/** One configured detector of a stage; `config` has been parsed by the detector's own schema. */
export interface DetectorPlan {
  readonly type: string;
  readonly config: unknown;
}

export interface StagePlan {
  readonly id: StageId;
  readonly after: readonly StageId[];
  readonly every: DurationMs;
  /** Lengths of the seasons to look for, shortest first. Empty: none. */
  readonly season: readonly DurationMs[];
  readonly budget: Budget;
  readonly signals: ReadonlyMap<Signal, SignalPlan>;
  readonly derive: readonly DerivePlan[];
  readonly detectors: readonly DetectorPlan[];
  /** Times in which the whole stage is known not to be normal. */
  readonly excluded?: readonly ExcludedRange[];
  /** Signals of which is wanted where they go, though they have no limit: a policy sizes by them. */
  readonly foreseen?: readonly Signal[];
  /** Equal on two loads of the config when everything learned of the stage can be kept. */
  readonly fingerprint: string;
}

export interface PipelinePlan {
  readonly name: string;
  /** What the user says of the pipeline's own end-to-end signals. */
  readonly signals?: ReadonlyMap<Signal, SignalPlan>;
  readonly stages: readonly StagePlan[];
  readonly budget: Budget;
  /** Times in which nothing of the pipeline is normal; they stand at each of its stages as well. */
  readonly excluded?: readonly ExcludedRange[];
}

export type PolicyMode = 'observe' | 'dry-run' | 'enforce';

/** One thing a policy may do. */
export interface OptionPlan {
  readonly actuator: string;
  readonly stage: StageId;
  readonly kind: RequestKind;
  /** Throttle: never below this many records per second. */
  readonly floor?: number;
  /** Scale: never more replicas than this, never fewer than `min`. */
  readonly min?: number;
  readonly max?: number;
  /** Scale: how long it takes until new replicas work; where arrivals are to grow, sized for what may arrive by then. */
  readonly startup?: DurationMs;
  /** Accepts an actuator that cannot undo exactly. */
  readonly accept: readonly Reversibility[];
}

/** Which outcome to keep, and what may be done for it. */
export interface PolicyPlan {
  readonly name: string;
  readonly mode: PolicyMode;
  readonly keep: { readonly stage: StageId; readonly signal: Signal; readonly below?: number; readonly above?: number };
  readonly may: readonly OptionPlan[];
  readonly lease: DurationMs;
  readonly cooldown: DurationMs;
  /** Samples in a row that must say the same before the gate moves. */
  readonly confirm: number;
  /** After this many renewals the lease ends as `ineffective`; of a scale only those count that were in vain, in a row. */
  readonly maxRenewals: number;
  readonly fingerprint: string;
}

/** A time that comes back: of maintenance (nothing is engaged, nobody is paged), or in which detectors may train anew. */
export interface WindowPlan {
  readonly name: string;
  /** Cron expression of the start, five fields, in `timezone`. */
  readonly cron: string;
  readonly timezone: string;
  readonly duration: DurationMs;
  /** Pipelines or stages; empty means all. */
  readonly pipelines: readonly string[];
  readonly stages: readonly StageId[];
}

/** Everything the engine needs to know; no credentials, no addresses. */
export interface Plan {
  readonly pipelines: readonly PipelinePlan[];
  readonly policies: readonly PolicyPlan[];
  readonly graph: Graph;
  /** Days (UTC midnight) on which learned season does not hold. */
  readonly holidays: readonly EpochMs[];
}

export const stagesOf = (plan: Plan): readonly StagePlan[] => plan.pipelines.flatMap((pipeline) => pipeline.stages);
