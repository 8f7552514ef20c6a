import type { z } from 'zod';
import type { Json } from '../domain/json.ts';
import type { GateRequest, Lease, RequestKind, Reversibility } from '../domain/lease.ts';
import type { Notice } from '../domain/notice.ts';
import type { Outlook } from '../domain/outlook.ts';
import type { StagePlan } from '../domain/plan.ts';
import type { Clock, Random, Store, Valves } from '../domain/ports.ts';
import type { Surprise } from '../domain/score.ts';
import type { SignalSpec } from '../domain/signal.ts';
import type { Reading, Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { Subject } from '../domain/subject.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';

/** What every component says of itself. Parser, linter, JSON Schema and reference docs are made from this alone. */
export interface Declaration<Config extends z.ZodType> {
  /** kebab-case; the `type:` of the config. */
  readonly type: string;
  readonly stability: 'stable' | 'beta';
  /** One sentence for the table of components. */
  readonly summary: string;
  /** Markdown: what it reads or does, its units, when it is the wrong choice, what it costs. */
  readonly description: string;
  readonly config: Config;
  /** Each is checked by a test, and printed in the reference. */
  readonly examples: readonly { readonly title: string; readonly yaml: string }[];
}

/** What a component may use of the world around it. */
export interface PluginContext {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * One connection to a watched system. `probe` may be called many times at once; it never changes the watched system.
 * It rejects with a `HeadgateError` where it got no answer, and honours `abort` within 100 ms.
 * `close` may be called twice, also before the first probe; probes after it reject.
 */
export interface Source<Probe> {
  probe(ask: Probe, stage: StageId, abort: AbortSignal): Promise<Reading>;
  /**
   * Names of what is there now of one kind and fits `pattern` (`*` stands for any text), sorted. Only where the definition
   * lists the kind under `discovers`. Rejects and honours `abort` as `probe` does.
   */
  discover?(kind: Discoverable, pattern: string, abort: AbortSignal): Promise<readonly string[]>;
  /**
   * What probes would have answered at `from`, `from + step`, … up to `to`, oldest first, each with its `at`; for sources that
   * know the past. The caller asks for at most 10,000 steps at a time. Rejects and honours `abort` as `probe` does.
   */
  history?(ask: Probe, stage: StageId, range: TimeRange, abort: AbortSignal): Promise<readonly Reading[]>;
  close(): Promise<void>;
}

/** A time with a rhythm, both ends included. */
export interface TimeRange {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly step: DurationMs;
}

/** Kinds of things that a source may be asked to list, as they are named under `for_each`. */
export type Discoverable = 'topics' | 'streams' | 'tables';

export interface SourceDefinition<Config extends z.ZodType = z.ZodType, Probe extends z.ZodType = z.ZodType>
  extends Declaration<Config> {
  /** Where and how to connect is `config`; what to read for one stage is `probe`. Both are strict objects without common keys. */
  readonly probe: Probe;
  /** The signals a probe will answer, as far as its config tells; a failed probe is a gap in these. */
  signals(ask: z.output<Probe>): readonly SignalSpec[];
  /** Whether its probes can be asked for their past, by `history`. */
  readonly knowsPast?: boolean;
  /** What a connected source can list; left out: nothing. */
  readonly discovers?: readonly Discoverable[];
  create(config: z.output<Config>, context: PluginContext): Source<z.output<Probe>>;
}

/** What a detector knows of its stage when it is made. */
export interface DetectorContext {
  readonly stage: StagePlan;
  readonly random: Random;
  /** Days on which the learned season does not hold, as UTC midnights. */
  readonly holidays: readonly EpochMs[];
}

/**
 * Work that takes too long for the event loop, as data: it is carried to a worker where there is one, and kept over a restart.
 * `task` names one of `engine/jobs.ts`; the same input and seed give the same result everywhere.
 */
export interface Job {
  readonly task: JobTask;
  readonly seed: number;
  readonly input: Uint8Array;
}

export type JobTask = 'grow-forest';

/**
 * `learn` moves filters and the reference, `hold` moves only filters and clocks. `distorted` is a hold of what is not the stage's own
 * doing (a lease, an excluded range): not even how far it goes is to be remembered.
 */
export type HowToAdvance = (subject: Subject) => 'learn' | 'hold' | 'distorted';

/**
 * Learns what is normal for one stage, and says how surprising it is now. Deterministic: no clock, no unseeded randomness.
 * `signal` detectors score first; `stage` detectors then see their surprises.
 */
export interface Detector {
  /** Changes nothing. The same state and the same arguments give the same answer. */
  score(snapshot: Snapshot, now: EpochMs, before: readonly Surprise[]): readonly Surprise[];
  /** Exactly once for each snapshot, after it was scored, with the surprises `score` was given (none where left out). */
  advance(snapshot: Snapshot, now: EpochMs, how: HowToAdvance, before?: readonly Surprise[]): void;
  /** What is strange about the subject now becomes normal. Unknown subjects are ignored. */
  accept(subject: Subject, now: EpochMs): void;
  /**
   * Where signals go from the last snapshot on: so many points evenly apart, the last as far as the detector looks ahead. Changes
   * nothing. Left out: it does not look ahead.
   */
  outlook?(points: number): readonly Outlook[];
  /** Compact, and a copy for whoever asks; `restore` of the same bytes gives the same scores from there on. */
  save(): Uint8Array;
  /** Bytes of another version or of another config are refused with false, and nothing is changed. */
  restore(bytes: Uint8Array): boolean;
  /**
   * Asked after each `advance` while no job of the detector is under way: a job where one is due. It is under way then, and
   * `trained` gets its result a fixed number of snapshots later, before that snapshot is scored, in every mode alike.
   */
  retrain?(now: EpochMs): Job | undefined;
  /** Takes a result in. Not called where the job failed: what was learned before stays, and a later `retrain` asks again. */
  trained?(result: Uint8Array): void;
}

export interface DetectorDefinition<Config extends z.ZodType = z.ZodType> extends Declaration<Config> {
  readonly pass: 'signal' | 'stage';
  create(config: z.output<Config>, context: DetectorContext): Detector;
}

/** A gate as the actuator meets it. `target` is the part of a policy's option that is the actuator's own. */
export interface Target {
  readonly stage: StageId;
  readonly kind: RequestKind;
}

/**
 * Moves gates of one kind. `capture` and `plan` have no effect. `apply` twice is the same as once; with a later `expiresAt`
 * it renews. `revert` puts the pre-image back only where what `apply` left still stands; a human's change is kept.
 * All of it works on a lease read back after a restart. Every call honours `abort`.
 */
export interface Actuator {
  capture(target: Target, abort: AbortSignal): Promise<Json>;
  /** What would be done, as one sentence for people. */
  plan(target: Target, request: GateRequest): string;
  /** Answers with what it left behind; that is kept as `lease.left`. */
  apply(lease: Lease, abort: AbortSignal): Promise<Json>;
  verify(lease: Lease, abort: AbortSignal): Promise<'as-left' | 'changed' | 'unknown'>;
  revert(lease: Lease, abort: AbortSignal): Promise<'reverted' | 'overridden'>;
  close(): Promise<void>;
}

export interface ActuatorContext extends PluginContext {
  readonly valves: Valves;
}

export interface ActuatorDefinition<Config extends z.ZodType = z.ZodType> extends Declaration<Config> {
  readonly reversibility: Reversibility;
  readonly kinds: readonly RequestKind[];
  create(config: z.output<Config>, context: ActuatorContext): Actuator;
}

/** What a notifier keeps over restarts and reloads, in small values under keys of its own; what is over is forgotten. */
export interface Memory {
  get(key: string): Promise<Json | undefined>;
  /** Resolves once the value is durable, or kept for later where the store takes nothing at the moment. */
  set(key: string, value: Json): Promise<void>;
  forget(key: string): Promise<void>;
}

/** An incident that stands now or has just ended, as those are reminded of it who would forget it. */
export interface Standing {
  readonly notice: Notice;
  /** The longest interval between two looks at a stage of the incident. */
  readonly every: DurationMs;
}

/**
 * Tells a person or a program. `send` resolves once the receiver took the notice and rejects with a `HeadgateError`
 * whose code and `retryAfter` say what to do next. The same `notice.key` again must not make a second message where
 * the receiver offers any way to prevent it.
 */
export interface Notifier {
  send(notice: Notice, attempt: number, abort: AbortSignal): Promise<void>;
  /**
   * True where the receiver keeps a state for each incident, so that each notice has to reach it. Where it is not, notices that
   * waited too long are told in one (`change: 'digest'`).
   */
  readonly keepsState?: boolean;
  /** So many notices, of different incidents, may be under way at once; left out, one. */
  readonly atOnce?: number;
  /** Set where the receiver forgets what it is not reminded of: called with all that stands, first after the start. */
  readonly remind?: {
    readonly every: DurationMs;
    send(standing: readonly Standing[], abort: AbortSignal): Promise<void>;
  };
  close(): Promise<void>;
}

export interface NotifierContext extends PluginContext {
  /** Where a person can open the page, without a trailing slash. */
  readonly pageUrl: string;
  /** One line for the process's own log; only the `log` notifier needs it. */
  readonly say: (notice: Notice) => void;
  readonly memory: Memory;
}

export interface NotifierDefinition<Config extends z.ZodType = z.ZodType> extends Declaration<Config> {
  create(config: z.output<Config>, context: NotifierContext): Notifier;
}

export interface StoreDefinition<Config extends z.ZodType = z.ZodType> extends Declaration<Config> {
  /** `say` hears, in one sentence for people, of what was lost or set aside while opening: the daemon is `degraded` then. */
  open(config: z.output<Config>, say?: (message: string) => void): Promise<Store>;
}

/** All components of a build. The config's parser, the docs and the daemon take it as an argument. */
export interface Registry {
  readonly sources: readonly SourceDefinition[];
  readonly detectors: readonly DetectorDefinition[];
  readonly actuators: readonly ActuatorDefinition[];
  readonly notifiers: readonly NotifierDefinition[];
  readonly stores: readonly StoreDefinition[];
}

// The definitions are written with precise config types and listed with the general ones. A definition is only ever given
// configs its own schema has produced, so forgetting the precise type is safe; these five functions are the one place for it.
export const defineSource = <C extends z.ZodType, P extends z.ZodType>(of: SourceDefinition<C, P>): SourceDefinition =>
  of as unknown as SourceDefinition;
export const defineDetector = <C extends z.ZodType>(of: DetectorDefinition<C>): DetectorDefinition =>
  of as unknown as DetectorDefinition;
export const defineActuator = <C extends z.ZodType>(of: ActuatorDefinition<C>): ActuatorDefinition =>
  of as unknown as ActuatorDefinition;
export const defineNotifier = <C extends z.ZodType>(of: NotifierDefinition<C>): NotifierDefinition =>
  of as unknown as NotifierDefinition;
export const defineStore = <C extends z.ZodType>(of: StoreDefinition<C>): StoreDefinition =>
  of as unknown as StoreDefinition;
