import type { RequestKind } from '../domain/lease.ts';
import type { OptionPlan, Plan, PolicyPlan, SignalPlan, StagePlan } from '../domain/plan.ts';
import type { Signal } from '../domain/signal.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { emptySnapshot } from '../domain/snapshot.ts';
import { graphOf, type StageId, stageId } from '../domain/stage.ts';
import { DAY, type EpochMs, SECOND } from '../domain/time.ts';
import { defaultSignalPlan } from '../engine/plan.ts';

/** The greeting of the protocol: what there is, and what may be done. Rates in records per second, lengths in seconds. */
export interface Hello {
  readonly slo_seconds: number;
  readonly every_seconds: number;
  readonly sources: readonly { readonly name: string }[];
  readonly stages: readonly {
    readonly name: string;
    readonly after: readonly string[];
    readonly workers: number;
    readonly min_workers: number;
    readonly max_workers: number;
    readonly calls?: string;
    readonly retention_seconds: number;
    /** From an action to a worker that works: its start, and the pause that all take when it joins. */
    readonly startup_seconds?: number;
    readonly rebalance_seconds?: number;
  }[];
}

/** One stage of an observation. Arrays have one element for each partition. */
interface SeenStage {
  readonly lag: readonly number[];
  readonly age_seconds: number;
  readonly in: readonly number[];
  readonly out: readonly number[];
  readonly latency: Readonly<Record<'p50' | 'p95' | 'p99', number>>;
  readonly errors: number;
  readonly bad: number;
  readonly dup: number;
  readonly rows_in: number;
  readonly rows_out: number;
  readonly dlq: number;
  readonly workers_ready: number;
  readonly workers_desired: number;
  readonly rebalancing: boolean | number;
}

export interface Observation {
  readonly t: number;
  readonly gap?: boolean;
  readonly sources: Readonly<Record<string, { readonly rate: number }>>;
  readonly stages: Readonly<Record<string, SeenStage>>;
  readonly gates?: Readonly<Record<string, { readonly throttle: number | null; readonly paused: boolean }>>;
}

const PIPELINE = 'plant';
export const idOf = (name: string): StageId => stageId(PIPELINE, name);

/** A lease lasts this many samples: long enough to ride out gaps, short enough to open soon after a crash. */
const LEASE_SAMPLES = 8;
/** The wait in one stage may take this share of the whole way's limit. */
const STAGE_SHARE = 0.3;
const BAD_RATIO = 0.05;
const DUPLICATE_RATIO = 0.2;
const ERROR_RATIO = 0.03;
/** Seconds of retention below which a backlog is in danger, and the share of it that may be used up. */
const SHORT_RETENTION = 7_200;
const LOSS_SHARE = 0.15;

/** The plan a careful operator would write for the greeting: limits on what is promised, and one gate for each kind of trouble. */
export function planOf(hello: Hello, detectors: StagePlan['detectors']): Plan {
  const every = hello.every_seconds * SECOND;
  const budget = { pagesPerWeek: 1, ticketsPerWeek: 7 };
  const sources = new Set(hello.sources.map(({ name }) => name));
  const stage = (name: string, after: readonly string[]): StagePlan => ({
    id: idOf(name),
    after: after.map(idOf),
    every,
    season: [DAY],
    budget,
    signals: new Map([fed(after.length > 0 && after.every((one) => sources.has(one)), hello.slo_seconds)]),
    derive: [],
    detectors,
    fingerprint: JSON.stringify([name, after, hello.every_seconds]),
  });
  const stages = [
    ...hello.sources.map(({ name }) => stage(name, [])),
    ...hello.stages.map(({ name, after }) => stage(name, after)),
  ];
  return {
    pipelines: [{ name: PIPELINE, stages, budget }],
    policies: policiesOf(hello),
    graph: graphOf(new Map(stages.map((one) => [one.id, one.after]))),
    holidays: [],
  };
}

/** 1 while nothing comes into a stage and nobody holds a source. */
const STARVED = 'starved_ratio';

/** A stage that gets nothing for as long as the whole way may take: its sources are silent. Worth a ticket, since no gate helps. */
const fed = (bySources: boolean, slo: number): [Signal, SignalPlan] => [
  STARVED,
  {
    ...defaultSignalPlan(STARVED),
    limits: bySources ? [{ rule: 'above', value: 0.5, severity: 'warning', patience: slo * SECOND }] : [],
    detect: false,
  },
];

const gate = (stage: string, kind: RequestKind, more: Partial<OptionPlan> = {}): OptionPlan => ({
  actuator: 'plant',
  stage: idOf(stage),
  kind,
  accept: [],
  ...more,
});

function policiesOf(hello: Hello): readonly PolicyPlan[] {
  const lease = LEASE_SAMPLES * hello.every_seconds * SECOND;
  const isSource = (name: string): boolean => hello.sources.some((source) => source.name === name);
  const feeding = new Set(hello.stages.flatMap((stage) => stage.after));
  return hello.stages.flatMap((told) => {
    const { name, calls, workers, max_workers, after, retention_seconds: retention } = told;
    const startup = ((told.startup_seconds ?? 0) + (told.rebalance_seconds ?? 0)) * SECOND;
    const keep = (
      what: string,
      signal: Signal,
      below: number,
      confirm: number,
      may: readonly OptionPlan[],
    ): PolicyPlan => ({
      name: `${what}-${name}`,
      mode: 'enforce',
      keep: { stage: idOf(name), signal, below },
      may,
      lease,
      cooldown: 2 * lease,
      confirm,
      maxRenewals: 1_000,
      fingerprint: `${what}-${name}`,
    });
    const sources = after.filter(isSource);
    const policies = [
      keep('keep-up', 'lag_seconds', STAGE_SHARE * hello.slo_seconds, 3, [
        gate(name, 'scale', { min: workers, max: max_workers, ...(startup > 0 && { startup }) }),
      ]),
      keep(
        'dedupe',
        'duplicate_ratio',
        DUPLICATE_RATIO,
        3,
        sources.map((source) => gate(source, 'throttle', { floor: 1 })),
      ),
    ];
    if (calls !== undefined)
      policies.push(keep('spare', 'error_ratio', ERROR_RATIO, 2, [gate(name, 'throttle', { floor: 1 })]));
    if (!feeding.has(name)) policies.push(keep('keep-out', 'bad_ratio', BAD_RATIO, 2, [gate(name, 'pause')]));
    // Where what waits is soon thrown away, it waits better one stage above.
    if (retention < SHORT_RETENTION)
      policies.push(
        keep(
          'save',
          'lag_seconds',
          LOSS_SHARE * retention,
          2,
          after.map((above) => gate(above, 'pause')),
        ),
      );
    return policies.filter((policy) => policy.may.length > 0);
  });
}

const sum = (parts: readonly number[]): number => parts.reduce((total, one) => total + one, 0);

/** What an observation shows of every stage and source; nothing for a gap. */
export function snapshotsOf(seen: Observation, at: EpochMs): readonly Snapshot[] {
  if (seen.gap) return [];
  const sources = Object.entries(seen.sources).map(([name, { rate }]) => ({
    ...emptySnapshot(idOf(name), at),
    values: new Map([
      ['out_records_per_second', rate],
      ['in_records_per_second', rate],
    ]),
  }));
  const isHeld = Object.keys(seen.sources).some((name) => seen.gates?.[name]?.paused);
  const stages = Object.entries(seen.stages).map(([name, stage]) => ({
    ...emptySnapshot(idOf(name), at),
    values: valuesOf(stage, isHeld),
    parts: new Map([
      ['lag_records', Float64Array.from(stage.lag)],
      ['in_records_per_second', Float64Array.from(stage.in)],
      ['out_records_per_second', Float64Array.from(stage.out)],
    ]),
  }));
  return [...sources, ...stages];
}

function valuesOf(stage: SeenStage, isHeld: boolean): Map<Signal, number> {
  const all: [Signal, number][] = [
    ['lag_records', sum(stage.lag)],
    ['lag_seconds', stage.age_seconds],
    ['in_records_per_second', sum(stage.in)],
    [STARVED, Number(!isHeld && sum(stage.in) === 0)],
    ['out_records_per_second', sum(stage.out)],
    ['latency_p50_seconds', stage.latency.p50],
    ['latency_p95_seconds', stage.latency.p95],
    ['latency_p99_seconds', stage.latency.p99],
    ['error_ratio', stage.errors],
    ['bad_ratio', stage.bad],
    ['duplicate_ratio', stage.dup],
    ['dlq_depth', stage.dlq],
    ['workers_ready', stage.workers_ready],
    ['workers_desired', stage.workers_desired],
    ['rebalancing', Number(stage.rebalancing)],
  ];
  return new Map(all.filter(([, value]) => Number.isFinite(value)));
}
