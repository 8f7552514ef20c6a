import type { Decision } from './decision.ts';
import type { Incident, IncidentId } from './incident.ts';
import type { GateRequest, Lease, LeaseId } from './lease.ts';
import type { Budget, PolicyMode } from './plan.ts';
import type { Relearning } from './relearning.ts';
import type { Demotion, Score } from './score.ts';
import type { Snapshot } from './snapshot.ts';
import type { StageId } from './stage.ts';
import type { Subject } from './subject.ts';
import type { DurationMs, EpochMs } from './time.ts';
import type { Verdict } from './verdict.ts';

/** Everything that is known of a stage now. `verdict` and `snapshot` are missing before the first tick. */
export interface StageView {
  readonly id: StageId;
  readonly after: readonly StageId[];
  readonly every: DurationMs;
  readonly verdict: Verdict | undefined;
  readonly snapshot: Snapshot | undefined;
  /** Scores of the last tick, of every detector. */
  readonly scores: readonly Score[];
  /** Learning is held: an incident, a lease, or the subject's own score. */
  readonly frozen: boolean;
  /** Share of the subjects that are ready, 0 … 1. */
  readonly learned: number;
  /** Detectors that learn again what they knew before the start. */
  readonly relearning: readonly Relearning[];
}

/** The gate the daemon serves for a stage. `until` is set whenever it is not open: it then opens by itself. */
export interface ValveState {
  readonly stage: StageId;
  readonly state: 'open' | 'throttled' | 'paused';
  readonly rate?: number;
  /** Share of the flow let through, where the flow before was known; 0 … 1. */
  readonly factor?: number;
  readonly reason?: string;
  readonly lease?: LeaseId;
  readonly until?: EpochMs;
  /** Grows with every change, also over restarts. */
  readonly version: number;
}

export interface PolicyView {
  readonly name: string;
  readonly mode: PolicyMode;
  readonly configuredMode: PolicyMode;
  readonly keep: string;
  readonly may: readonly string[];
  /** The gates it may move, and by whom. */
  readonly gates: readonly { readonly stage: StageId; readonly actuator: string }[];
  readonly uses: number;
  readonly cooldownUntil?: EpochMs;
  readonly last?: Decision;
}

export interface BudgetView {
  readonly pipeline: string;
  readonly budget: Budget;
  /** Incidents opened in the last seven days, by severity, without those labelled real. */
  readonly pagesUsed: number;
  readonly ticketsUsed: number;
  /** Pages of the last seven days by what people said of them. */
  readonly opened: { readonly real: number; readonly false: number; readonly none: number };
  /** Pages a week over the last four weeks, without those labelled real. */
  readonly realised: number;
  /** Detectors that may only open tickets, since they alone opened more pages than accepted. */
  readonly demoted: readonly { readonly subject: Subject; readonly detector: string; readonly demotion: Demotion }[];
}

/** One signal over time, oldest first; NaN where nothing is known. All arrays have equal length. */
export interface Series {
  readonly signal: string;
  readonly at: Float64Array;
  readonly value: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

export interface SourceHealth {
  readonly name: string;
  readonly type: string;
  readonly ok: boolean;
  readonly lastError?: string;
  readonly failingSince?: EpochMs;
  readonly failures: number;
}

/** A pipeline that learns from its past: samples so far, and the share of the time that is behind it, 0 … 1. */
export interface SeedingView {
  readonly pipeline: string;
  readonly samples: number;
  readonly share: number;
}

export interface HealthView {
  readonly version: string;
  readonly startedAt: EpochMs;
  readonly ready: boolean;
  /** What the daemon is doing instead, where it is not ready. */
  readonly notReadyBecause?: string;
  readonly degraded: readonly string[];
  readonly configLoadedAt: EpochMs;
  readonly configOk: boolean;
  readonly sources: readonly SourceHealth[];
  readonly seeding: readonly SeedingView[];
  readonly outbox: { readonly pending: number; readonly oldestAt?: EpochMs };
  readonly notifiers: readonly { readonly name: string; readonly type: string }[];
}

/** What a valve client would be told about a request; `undefined` for requests a valve cannot hold. */
export type ValveRequest = Exclude<GateRequest, { kind: 'scale' }>;

export interface IncidentFilter {
  /** Only this one, however old. */
  readonly id?: IncidentId;
  readonly state?: Incident['state'];
  readonly limit: number;
}

export interface LeaseFilter {
  /** Only this one, however old. */
  readonly id?: LeaseId;
  /** Only those of this incident. */
  readonly incident?: IncidentId;
  readonly state?: Lease['state'];
  readonly limit: number;
}
