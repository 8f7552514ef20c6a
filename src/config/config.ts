import type { Plan, WindowPlan } from '../domain/plan.ts';
import type { Retention } from '../domain/ports.ts';
import type { SignalSpec } from '../domain/signal.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Discoverable } from '../kit/component.ts';
import type { Secret } from '../kit/secret.ts';

export interface ServerConfig {
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
  /** Asked of every request that changes something. */
  readonly token: Secret | undefined;
  /** Where people open the page, without a trailing slash; the listening address where nothing is configured. */
  readonly pageUrl: string;
  /** Names of this server besides loopback that a browser may use in `Host`. */
  readonly allowedHosts: readonly string[];
}

/** One configured component. `config` has been parsed by the schema of `type`. */
export interface ComponentConfig {
  readonly type: string;
  readonly config: unknown;
  /** Equal on two loads in one process when the component need not be made anew; covers secrets, says nothing of them. */
  readonly digest: string;
}

export interface SourceConfig extends ComponentConfig {
  /** Probes of this source that may run at the same time. */
  readonly concurrency: number;
}

/** One configured read of a stage. */
export interface ProbeConfig {
  /** `source#place`, as it is named in gaps: the place counts from 0 in the stage's list. */
  readonly name: string;
  /** A key of `Config.sources`; inline probes have a source of their own there, shared by those that connect alike. */
  readonly source: string;
  readonly type: string;
  /** Parsed by the source type's `probe` schema. */
  readonly ask: unknown;
  /** What the probe will answer as far as its config tells. */
  readonly signals: readonly SignalSpec[];
  /** As that of a component. */
  readonly digest: string;
}

/** Where a stage that has learned nothing yet takes its past from. */
export interface SeedConfig {
  readonly from: DurationMs;
  readonly historyFile: string | undefined;
  readonly store: boolean;
  /** Probes that know their past. */
  readonly probes: readonly ProbeConfig[];
}

/** Who is told. An empty list of severities means every notice; a missing pipeline or stage means all of them. */
export interface RouteConfig {
  readonly severities: readonly ('critical' | 'warning' | 'info')[];
  readonly pipeline: string | undefined;
  readonly stage: StageId | undefined;
  /** Keys of `Config.notifiers`. */
  readonly to: readonly string[];
}

/** Stages that are made of what a source finds. */
export interface DiscoveryConfig {
  readonly pipeline: string;
  readonly kind: Discoverable;
  readonly pattern: string;
  /** A key of `Config.sources`. */
  readonly source: string;
  readonly every: DurationMs;
  readonly cap: number;
  /** What was found and could not become a stage, with the reason. */
  readonly leftOut: readonly string[];
}

/** When the incidents of the last day are told in one notice, and to whom. */
export interface DigestConfig {
  readonly cron: string;
  readonly timezone: string;
  /** Keys of `Config.notifiers`. */
  readonly to: readonly string[];
}

export interface TracingConfig {
  readonly otlpEndpoint: string;
  /** Share of ticks that are traced, 0 … 1. */
  readonly sample: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A whole config file, parsed and checked; every reference in it leads somewhere. */
export interface Config {
  readonly file: string;
  readonly server: ServerConfig;
  readonly store: ComponentConfig;
  readonly sources: ReadonlyMap<string, SourceConfig>;
  /** Holds `valve` always. */
  readonly actuators: ReadonlyMap<string, ComponentConfig>;
  readonly notifiers: ReadonlyMap<string, ComponentConfig>;
  readonly routes: readonly RouteConfig[];
  readonly plan: Plan;
  /** An entry for every stage, in the order written; stages without probes have an empty list. */
  readonly probes: ReadonlyMap<StageId, readonly ProbeConfig[]>;
  readonly seeds: ReadonlyMap<StageId, SeedConfig>;
  readonly discoveries: readonly DiscoveryConfig[];
  readonly maintenance: readonly WindowPlan[];
  /** When detectors may train anew. */
  readonly retraining: readonly WindowPlan[];
  readonly digests: readonly DigestConfig[];
  readonly calendars: { readonly holidays: readonly EpochMs[]; readonly timezone: string };
  readonly retention: Retention;
  readonly tracing: TracingConfig | undefined;
  readonly log: { readonly level: LogLevel };
}
