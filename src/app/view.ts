import type { Config } from '../config/config.ts';
import { exclusionsOf } from '../domain/excluded.ts';
import { type Incident, spends } from '../domain/incident.ts';
import { OUTLOOK_POINTS } from '../domain/outlook.ts';
import type { PipelinePlan, PolicyPlan } from '../domain/plan.ts';
import type { Clock, Store, Valves, View } from '../domain/ports.ts';
import type { Score } from '../domain/score.ts';
import type { Gap } from '../domain/snapshot.ts';
import { isPseudoStage, type StageId } from '../domain/stage.ts';
import { type EpochMs, WEEK } from '../domain/time.ts';
import type { BudgetView, PolicyView, SourceHealth, StageView } from '../domain/views.ts';
import { describeKeep } from '../engine/request.ts';
import type { StageLine } from '../engine/stage.ts';
import type { Daemon } from './daemon.ts';
import type { SeedLog } from './seed-log.ts';
import { withStanding } from './standing.ts';

/** How each source has been answering. */
export interface SourceLog {
  note(source: string, gap: Gap | undefined, at: EpochMs): void;
  health(config: Config): readonly SourceHealth[];
}

export function createSourceLog(): SourceLog {
  const failing = new Map<string, { since: EpochMs; count: number; error: string }>();
  return {
    note(source, gap, at) {
      const before = failing.get(source);
      if (gap) failing.set(source, { since: before?.since ?? at, count: (before?.count ?? 0) + 1, error: gap.message });
      else failing.delete(source);
    },
    health: (config) =>
      [...config.sources].map(([name, { type }]) => {
        const bad = failing.get(name);
        return bad
          ? { name, type, ok: false, lastError: bad.error, failingSince: bad.since, failures: bad.count }
          : { name, type, ok: true, failures: 0 };
      }),
  };
}

export interface ViewParts {
  readonly daemon: () => Daemon;
  readonly config: () => Config;
  readonly store: Store;
  readonly valves: Valves;
  readonly clock: Clock;
  readonly sources: SourceLog;
  readonly seeding: SeedLog;
  readonly version: string;
  readonly startedAt: EpochMs;
  /** `doing`: what it does instead of being ready. */
  readonly status: () => {
    doing: string | undefined;
    configLoadedAt: EpochMs;
    configOk: boolean;
    degraded: readonly string[];
  };
}

/** What the server may see of the daemon; reads only, answers are copies or immutable. */
export function createView(parts: ViewParts): View {
  const { store, valves, clock } = parts;
  const engine = () => parts.daemon().engine;
  const stage = (id: StageId): StageView | undefined => {
    const line = engine().line(id);
    return line && stageView(line, parts.daemon());
  };
  // A pipeline whose stages show nothing end to end has no such stage to show.
  const stageIds = (): readonly StageId[] =>
    engine().plan.graph.order.filter((id) => engine().line(id)?.last || !isPseudoStage(id));
  let week: { at: EpochMs; incidents: readonly Incident[] } = { at: 0, incidents: [] };
  const refreshWeek = async (): Promise<void> => {
    week = { at: clock.now(), incidents: await store.incidents({ limit: 1_000 }) };
  };
  return {
    stageIds,
    stages: () => stageIds().flatMap((id) => stage(id) ?? []),
    stage,
    incidents: (filter) =>
      withStanding(store.incidents(filter), () => engine().openIncidents(), filter, parts.daemon()),
    leases: (filter) => withStanding(store.leases(filter), () => engine().leases(), filter, parts.daemon()),
    decisions: (filter) => store.decisions(filter),
    series: (query) => store.series(query),
    outlooks: (id) => engine().line(id)?.outlooks(OUTLOOK_POINTS) ?? [],
    exclusions(id) {
      const line = engine().line(id);
      return line ? exclusionsOf(line.plan) : [];
    },
    valve: (id) => (engine().line(id) ? valves.get(id) : undefined),
    waitValve: (id, version, abort) =>
      engine().line(id) ? valves.wait(id, version, abort) : Promise.resolve(undefined),
    policies: () => engine().plan.policies.map((policy) => policyView(policy, parts.daemon())),
    budgets() {
      if (clock.now() - week.at > 5_000) void refreshWeek().catch(() => {});
      return engine().plan.pipelines.map((pipeline) =>
        budgetView(pipeline, week.incidents, clock.now(), (id) => engine().line(id)),
      );
    },
    health() {
      const { doing, configLoadedAt, configOk, degraded } = parts.status();
      const pending = parts.daemon().outbox.pending();
      const config = parts.config();
      return {
        version: parts.version,
        startedAt: parts.startedAt,
        ready: doing === undefined,
        ...(doing === undefined ? {} : { notReadyBecause: doing }),
        degraded: [...degraded, ...(parts.daemon().journal.degraded ? ['the store takes no writes'] : [])],
        configLoadedAt,
        configOk,
        sources: parts.sources.health(config),
        seeding: parts.seeding.seeding(),
        outbox: {
          pending: pending.length,
          ...(pending.length > 0 ? { oldestAt: Math.min(...pending.map((one) => one.createdAt)) } : {}),
        },
        notifiers: [...config.notifiers].map(([name, { type }]) => ({ name, type })),
      };
    },
    now: () => clock.now(),
  };
}

function stageView(line: StageLine, { engine }: Daemon): StageView {
  const { id, after, every } = line.plan;
  const scores = line.last?.scores ?? [];
  const best = new Map<string, Score>();
  for (const score of scores) if (tellsMore(score, best.get(score.subject))) best.set(score.subject, score);
  const ready = [...best.values()].filter((score) => score.state === 'ready' || score.state === 'limit').length;
  return {
    id,
    after,
    every,
    verdict: engine.verdict(id),
    snapshot: line.last?.snapshot,
    scores,
    frozen: engine.isFrozen(id),
    learned: best.size === 0 ? 0 : ready / best.size,
    relearning: line.relearning,
  };
}

const TELLS = { ready: 2, limit: 1, warming: 0, blind: 0 } as const;

/** The higher value speaks for a subject; between equals what was learned tells more than a limit that is kept. */
const tellsMore = (score: Score, than: Score | undefined): boolean =>
  than === undefined ||
  score.value > than.value ||
  (score.value === than.value && TELLS[score.state] > TELLS[than.state]);

function policyView(policy: PolicyPlan, daemon: Daemon): PolicyView {
  const memory = daemon.engine.memory(policy.name);
  const last = daemon.lastDecision(policy.name);
  const cooling = memory !== undefined && memory.cooldownUntil > 0;
  return {
    name: policy.name,
    mode: daemon.engine.isStopped ? 'observe' : (memory?.mode ?? policy.mode),
    configuredMode: policy.mode,
    keep: describeKeep(policy),
    may: policy.may.map((option) => `${option.kind} ${option.stage} by ${option.actuator}`),
    gates: policy.may.map(({ stage, actuator }) => ({ stage, actuator })),
    uses: memory?.uses ?? 0,
    ...(cooling ? { cooldownUntil: memory.cooldownUntil } : {}),
    ...(last ? { last } : {}),
  };
}

/** The weeks over which a realised rate is told: those over which detectors are held to account. */
const REALISED_WEEKS = 4;

function budgetView(
  { name, budget, stages }: PipelinePlan,
  incidents: readonly Incident[],
  now: EpochMs,
  line: (id: StageId) => StageLine | undefined,
): BudgetView {
  const own = incidents.filter((one) => one.pipeline === name);
  const spent = (weeks: number, severity: Incident['severity']): number =>
    own.filter((one) => spends(one, severity, now - weeks * WEEK)).length;
  const pages = own.filter((one) => one.severity === 'critical' && one.openedAt > now - WEEK);
  const labelled = (label: Incident['label']): number => pages.filter((one) => one.label === label).length;
  return {
    pipeline: name,
    budget,
    pagesUsed: spent(1, 'critical'),
    ticketsUsed: spent(1, 'warning'),
    opened: { real: labelled('real'), false: labelled('not-an-anomaly'), none: labelled(undefined) },
    realised: spent(REALISED_WEEKS, 'critical') / REALISED_WEEKS,
    demoted: stages.flatMap(({ id }) =>
      (line(id)?.demoted ?? []).flatMap(({ subject, detector, demotion }) =>
        demotion ? [{ subject, detector, demotion }] : [],
      ),
    ),
  };
}
