import type { Decision } from './decision.ts';
import type { HeadgateError } from './error.ts';
import type { Exclusion } from './excluded.ts';
import type { Incident, IncidentChange, IncidentId } from './incident.ts';
import type { Json } from './json.ts';
import type { Lease, LeaseId } from './lease.ts';
import type { Notice } from './notice.ts';
import type { Outlook } from './outlook.ts';
import type { PolicyMode } from './plan.ts';
import type { Relearning } from './relearning.ts';
import type { Demotion, Score } from './score.ts';
import type { Signal } from './signal.ts';
import type { Gap, Snapshot } from './snapshot.ts';
import type { StageId } from './stage.ts';
import type { Subject } from './subject.ts';
import type { DurationMs, EpochMs } from './time.ts';
import type { Verdict } from './verdict.ts';
import type {
  BudgetView,
  HealthView,
  IncidentFilter,
  LeaseFilter,
  PolicyView,
  Series,
  StageView,
  ValveRequest,
  ValveState,
} from './views.ts';

/** Uniform in [0, 1). Always seeded where a result depends on it. */
export type Random = () => number;

/** The only way to know or wait for time. `now` may jump; `monotonic` never runs back. */
export interface Clock {
  now(): EpochMs;
  monotonic(): DurationMs;
  /** Calls once after `delay`; the answer cancels. A timer alone does not keep the process alive. */
  timer(delay: DurationMs, call: () => void): () => void;
}

/** One thing owed to the outside: a notice, or a gate to be moved or put back. */
export interface OutboxItem {
  readonly id: string;
  /** Where it goes: `notifier:NAME` or `actuator:NAME`. Items of one lane are worked on one at a time, in order. */
  readonly lane: string;
  /** Lower goes first within a lane. */
  readonly priority: number;
  readonly createdAt: EpochMs;
  readonly dueAt: EpochMs;
  readonly attempts: number;
  /** After this time the item is given up, and that is said. */
  readonly giveUpAt: EpochMs;
  readonly body: Json;
}

export type AuditEntry = {
  readonly at: EpochMs;
  readonly actor: string;
  readonly action: string;
  readonly detail: Json;
};

/** One link of the audit log; `hash` covers the entry and the link before. */
export type AuditLink = AuditEntry & { readonly seq: number; readonly hash: string; readonly previous: string };

/** One durable fact. A list of them is committed whole or not at all. */
export type Change =
  | { readonly put: 'incident'; readonly incident: Incident }
  | { readonly put: 'lease'; readonly lease: Lease }
  | { readonly put: 'decision'; readonly decision: Decision }
  | { readonly put: 'outbox'; readonly item: OutboxItem }
  | { readonly drop: 'outbox'; readonly id: string }
  | { readonly put: 'audit'; readonly entry: AuditEntry }
  | { readonly put: 'setting'; readonly key: string; readonly value: Json };

/** One tick of a stage as it is kept: values that were seen, and the band they were expected in. */
export interface SampleRow {
  readonly stage: StageId;
  readonly at: EpochMs;
  readonly values: ReadonlyMap<Signal, number>;
  readonly bands: ReadonlyMap<Signal, { readonly lower: number; readonly upper: number }>;
}

export interface SampleQuery {
  readonly stage: StageId;
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Wanted distance of points; the store answers from the finest rollup that is not much finer. */
  readonly step: DurationMs;
}

export interface StateBlob {
  readonly key: string;
  readonly at: EpochMs;
  readonly bytes: Uint8Array;
}

export interface Retention {
  readonly raw: DurationMs;
  readonly minutes: DurationMs;
  readonly hours: DurationMs;
  /** Decisions, resolved incidents and released leases. */
  readonly history: DurationMs;
}

/**
 * Everything durable. `commit` returns when the changes survive a power cut; the rest may lose the last seconds.
 * Every call may fail with `store-failed`; the caller keeps working without and says `degraded`.
 * After `close` every call fails the same way; `close` may be called twice.
 */
export interface Store {
  commit(changes: readonly Change[]): Promise<void>;
  openIncidents(): Promise<readonly Incident[]>;
  incidents(filter: IncidentFilter): Promise<readonly Incident[]>;
  leasesInForce(): Promise<readonly Lease[]>;
  leases(filter: LeaseFilter): Promise<readonly Lease[]>;
  /** Newest first. */
  decisions(filter: { readonly stage?: StageId; readonly limit: number }): Promise<readonly Decision[]>;
  /** All items not yet done, in the order of lane, priority, creation. */
  outbox(): Promise<readonly OutboxItem[]>;
  /** Oldest first, from `after` (exclusive). */
  audit(after: number, limit: number): Promise<readonly AuditLink[]>;
  setting(key: string): Promise<Json | undefined>;
  appendSamples(rows: readonly SampleRow[]): Promise<void>;
  series(query: SampleQuery): Promise<readonly Series[]>;
  /** Raw samples since `from`, oldest first, as snapshots' values: what is replayed after a restart. */
  samplesSince(stage: StageId, from: EpochMs): Promise<readonly SampleRow[]>;
  saveState(blobs: readonly StateBlob[]): Promise<void>;
  loadState(key: string): Promise<StateBlob | undefined>;
  /** One small slice (< 20 ms) of rollup and deletion; true when there is nothing left to do. */
  maintain(now: EpochMs, retention: Retention): Promise<boolean>;
  close(): Promise<void>;
}

/** What the daemon announces; metrics, logs, spans, SSE and the console listen. One method per event. */
export interface Events {
  probed(event: {
    stage: StageId;
    probe: string;
    source: string;
    seconds: number;
    gap: Gap | undefined;
    at: EpochMs;
  }): void;
  /** Slots that could not be kept because the one before was still running. */
  slotsSkipped(event: { stage: StageId; count: number }): void;
  judged(event: {
    snapshot: Snapshot;
    scores: readonly Score[];
    verdict: Verdict;
    previous: Verdict | undefined;
    frozen: boolean;
    /** How far each followed signal is likely to have come at the end of what is looked ahead. */
    outlooks: readonly Outlook[];
    seconds: number;
  }): void;
  /** A detector has overspent on a subject and may only open tickets; or it may page again. */
  standingChanged(event: {
    stage: StageId;
    subject: Subject;
    detector: string;
    demotion: Demotion | undefined;
    at: EpochMs;
  }): void;
  incidentChanged(event: { incident: Incident; change: IncidentChange; at: EpochMs }): void;
  decided(event: { decision: Decision }): void;
  leaseChanged(event: { lease: Lease; at: EpochMs }): void;
  acted(event: {
    lease: Lease;
    step: 'apply' | 'revert' | 'verify';
    seconds: number;
    error: HeadgateError | undefined;
  }): void;
  notified(event: {
    notifier: string;
    notice: Notice;
    attempt: number;
    seconds: number;
    /** From the answer of the probe that caused it to the end of the send. */
    ageSeconds: number;
    error: HeadgateError | undefined;
    gaveUp: boolean;
  }): void;
  outbox(event: { pending: number; oldestAt: EpochMs | undefined }): void;
  storeDegraded(event: { degraded: boolean; message: string }): void;
  /** Stages have come or gone with what sources find; the config is as it was. */
  discovered(event: { message: string }): void;
  /** So many stages were saved with something that this detector cannot go on with, `stage` the first of them: it learns again. */
  relearning(event: Relearning & { stages: number; stage: StageId }): void;
  /** How far stages of a pipeline have learned from their past; `share` is 0 at its beginning and 1 at its end. */
  /** `over`: it ends here, well where `share` is 1. */
  seeded(event: { pipeline: string; stages: number; samples: number; share: number; over: boolean }): void;
  configLoaded(event: { ok: boolean; message: string; at: EpochMs }): void;
  lifecycle(event: { phase: 'starting' | 'ready' | 'stopping' | 'stopped'; message: string }): void;
  /** A failure that has no better event; never silent. */
  failed(event: { what: string; error: HeadgateError }): void;
}

/** What the server may read. Every answer is a copy or immutable. */
export interface View {
  stages(): readonly StageView[];
  /** The stages of `stages`, in its order, without the work of looking at each. */
  stageIds(): readonly StageId[];
  stage(id: StageId): StageView | undefined;
  incidents(filter: IncidentFilter): Promise<readonly Incident[]>;
  leases(filter: LeaseFilter): Promise<readonly Lease[]>;
  decisions(filter: { readonly stage?: StageId; readonly limit: number }): Promise<readonly Decision[]>;
  series(query: SampleQuery): Promise<readonly Series[]>;
  /** Where signals of the stage go from here on, of those that are followed. */
  outlooks(stage: StageId): readonly Outlook[];
  /** All times of the stage that are not learned, past ones and those to come. */
  exclusions(stage: StageId): readonly Exclusion[];
  valve(stage: StageId): ValveState | undefined;
  /** Answers at once where the version differs from `version`, else at the next change or when `abort` fires. */
  waitValve(stage: StageId, version: number, abort: AbortSignal): Promise<ValveState | undefined>;
  policies(): readonly PolicyView[];
  budgets(): readonly BudgetView[];
  health(): HealthView;
  now(): EpochMs;
}

/** Answer of a command: done, or not with the reason for people. */
export type CommandResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'not-found' | 'conflict'; readonly message: string };

/** What the server and the signals may ask for. `by` names the person or program for the audit log. */
export interface Commands {
  releaseLease(id: LeaseId, ask: { by: string; reason: string; holdOff: DurationMs }): Promise<CommandResult>;
  /** Releases every gate and sets all policies to observe until resumed. */
  stopActing(ask: { by: string; reason: string }): Promise<CommandResult>;
  resumeActing(ask: { by: string }): Promise<CommandResult>;
  acknowledge(id: IncidentId, ask: { by: string }): Promise<CommandResult>;
  mute(id: IncidentId, ask: { by: string; until: EpochMs }): Promise<CommandResult>;
  label(id: IncidentId, ask: { by: string; label: 'real' | 'not-an-anomaly' }): Promise<CommandResult>;
  note(id: IncidentId, ask: { by: string; text: string }): Promise<CommandResult>;
  accept(subject: Subject, ask: { by: string }): Promise<CommandResult>;
  promote(policy: string, ask: { by: string; mode: PolicyMode }): Promise<CommandResult>;
  testNotice(notifier: string, ask: { by: string }): Promise<CommandResult>;
}

/** The gates the daemon itself serves; the `valve` actuator moves them, the server shows them. */
export interface Valves {
  get(stage: StageId): ValveState;
  /** Holds the gate until `until`, when it opens by itself. Holding again with the same lease renews. */
  hold(
    stage: StageId,
    request: ValveRequest,
    hold: { lease: LeaseId; until: EpochMs; reason: string; usual?: number },
  ): ValveState;
  /** Opens the gate if `lease` still holds it; false where it does not. */
  open(stage: StageId, lease: LeaseId): boolean;
  wait(stage: StageId, version: number, abort: AbortSignal): Promise<ValveState>;
}
