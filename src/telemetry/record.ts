import type { Incident } from '../domain/incident.ts';
import { isInForce, type Lease } from '../domain/lease.ts';
import type { Events, View } from '../domain/ports.ts';
import type { Score } from '../domain/score.ts';
import { pipelineOf, type StageId, stageNameOf } from '../domain/stage.ts';
import { SECOND } from '../domain/time.ts';
import type { Severity } from '../domain/verdict.ts';
import type { ValveState } from '../domain/views.ts';
import type { Metrics } from './metrics.ts';

const VERDICT: Readonly<Record<Severity, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** Ended leases remembered, so that one is not counted twice. */
const ENDED = 1_000;

/** Keeps the metrics up with what is announced, and reads the rest from the view before each exposition. */
export interface Recorder {
  readonly events: Partial<Events>;
  /** From now on the view is asked for what nobody announces; also for what was open before the start. */
  observe(view: View): Promise<void>;
}

export function createRecorder(metrics: Metrics): Recorder {
  const { stages } = metrics;
  const probes = createProbes(metrics);
  const leases = createLeases(metrics);
  const incidents = createIncidents(metrics);
  let oldestAt: number | undefined;
  const flag = (value: boolean): number => (value ? 1 : 0);
  metrics.set('headgate_outbox_degraded', [], 0);

  const events: Partial<Events> = {
    probed: ({ stage, probe, source, seconds, gap }) => {
      metrics.observe('headgate_probe_duration_seconds', [source], seconds);
      if (gap) metrics.count('headgate_probe_failures_total', [source, gap.code]);
      probes.note(stage, source, probe, gap === undefined);
    },
    slotsSkipped: ({ stage, count }) => metrics.count('headgate_slots_skipped_total', [pipelineOf(stage)], count),
    judged: ({ snapshot, scores, verdict, frozen, seconds }) => {
      const { stage, values, at } = snapshot;
      metrics.observe('headgate_step_duration_seconds', ['judge'], seconds);
      stages.put(
        'headgate_signal_value',
        stage,
        [...values].map(([signal, value]) => [[signal], value]),
      );
      stages.put('headgate_expected', stage, scores.flatMap(bandOf));
      stages.put(
        'headgate_anomaly_score',
        stage,
        scores.filter(isJudged).map((one) => [[one.subject], one.value]),
      );
      stages.put('headgate_verdict', stage, [[[], VERDICT[verdict.state]]]);
      stages.put('headgate_detector_ready', stage, readyShares(scores));
      stages.put('headgate_learning_frozen', stage, [[[], flag(frozen)]]);
      if (values.size > 0) stages.put('headgate_stage_last_success_timestamp_seconds', stage, [[[], at / SECOND]]);
    },
    incidentChanged: ({ incident, change }) => {
      if (change.kind === 'opened') metrics.count('headgate_incidents_total', [incident.pipeline, incident.severity]);
      incidents.note(incident);
    },
    decided: ({ decision: { stage, policy, kind, reason } }) =>
      metrics.count('headgate_decisions_total', [pipelineOf(stage), stageNameOf(stage), policy, kind, reason]),
    leaseChanged: ({ lease }) => leases.note(lease),
    acted: ({ lease: { actuator }, step, seconds, error }) => {
      metrics.count('headgate_actions_total', [actuator, step, error?.code ?? 'ok']);
      metrics.observe('headgate_action_duration_seconds', [actuator, step], seconds);
    },
    notified: ({ notifier, ageSeconds, error, gaveUp }) => {
      if (error) metrics.count('headgate_notification_failed_total', [notifier, error.code]);
      else {
        metrics.count('headgate_notification_sent_total', [notifier]);
        metrics.observe('headgate_notification_latency_seconds', [notifier], ageSeconds);
      }
      if (gaveUp) metrics.count('headgate_notification_given_up_total', [notifier]);
    },
    outbox: (event) => {
      metrics.set('headgate_outbox_pending', [], event.pending);
      oldestAt = event.oldestAt;
    },
    storeDegraded: ({ degraded }) => metrics.set('headgate_outbox_degraded', [], flag(degraded)),
    configLoaded: ({ ok, at }) => {
      metrics.set('headgate_config_last_reload_successful', [], flag(ok));
      if (!ok) return;
      metrics.set('headgate_config_last_reload_timestamp_seconds', [], at / SECOND);
      // Sources may be gone; those that are left show up with their next probe.
      probes.clear();
    },
    failed: ({ what }) => metrics.count('headgate_errors_total', [what]),
  };

  return {
    events,
    async observe(view) {
      metrics.beforeRender(() => {
        const known = view.stages().map(({ id }) => id);
        stages.keepOnly(new Set(known));
        for (const id of known) stages.put('headgate_valve_factor', id, factorOf(view.valve(id)));
        readBudgets(metrics, view);
        const age = oldestAt === undefined ? 0 : Math.max(0, view.now() - oldestAt) / SECOND;
        metrics.set('headgate_outbox_oldest_age_seconds', [], age);
      });
      const open = await Promise.all(
        ['open' as const, 'recovering' as const].map((state) => view.incidents({ state, limit: 1_000 })),
      );
      for (const incident of open.flat()) incidents.note(incident);
      for (const lease of await view.leases({ limit: 1_000 })) if (isInForce(lease)) leases.note(lease);
    },
  };
}

const isJudged = (score: Score): boolean => score.state === 'ready' || score.state === 'limit';

function bandOf(score: Score): (readonly [string[], number])[] {
  if (score.state !== 'ready' || score.expected === undefined) return [];
  const signal = score.subject.slice(score.subject.indexOf('/') + 1);
  return [
    [[signal, 'lower'], score.expected.lower],
    [[signal, 'upper'], score.expected.upper],
  ];
}

function readyShares(scores: readonly Score[]): (readonly [string[], number])[] {
  const seen = new Map<string, { ready: number; all: number }>();
  for (const score of scores) {
    const count = seen.get(score.detector) ?? { ready: 0, all: 0 };
    seen.set(score.detector, { ready: count.ready + (isJudged(score) ? 1 : 0), all: count.all + 1 });
  }
  return [...seen].map(([detector, { ready, all }]) => [[detector], ready / all]);
}

/** The share let through; nothing where the flow before was not known. */
const factorOf = (valve: ValveState | undefined): (readonly [string[], number])[] => {
  const factor = valve?.state === 'open' ? 1 : valve?.state === 'paused' ? 0 : valve?.factor;
  return factor === undefined ? [] : [[[], factor]];
};

function readBudgets(metrics: Metrics, view: View): void {
  const names = ['pages_used', 'pages_per_week', 'tickets_used', 'tickets_per_week'] as const;
  for (const name of names) metrics.reset(`headgate_budget_${name}`);
  for (const { pipeline, budget, pagesUsed, ticketsUsed } of view.budgets()) {
    metrics.set('headgate_budget_pages_used', [pipeline], pagesUsed);
    metrics.set('headgate_budget_pages_per_week', [pipeline], budget.pagesPerWeek);
    metrics.set('headgate_budget_tickets_used', [pipeline], ticketsUsed);
    metrics.set('headgate_budget_tickets_per_week', [pipeline], budget.ticketsPerWeek);
  }
}

/** A stage may read one source several times; the source answers where all of its probes do. */
function createProbes({ stages }: Metrics) {
  const known = new Map<StageId, Map<string, Map<string, boolean>>>();
  return {
    note(stage: StageId, source: string, probe: string, ok: boolean): void {
      const sources = known.get(stage) ?? new Map<string, Map<string, boolean>>();
      const probes = sources.get(source) ?? new Map<string, boolean>();
      known.set(stage, sources.set(source, probes.set(probe, ok)));
      stages.put(
        'headgate_probe_success',
        stage,
        [...sources].map(([name, answers]) => [[name], [...answers.values()].every(Boolean) ? 1 : 0]),
      );
    },
    clear(): void {
      known.clear();
      stages.clear('headgate_probe_success');
    },
  };
}

/** Leases in force, as gauges of their gate. A gate that was held once keeps its 0, so that the next hold is a change. */
function createLeases(metrics: Metrics) {
  const held = new Map<string, Lease>();
  const seen = new Map<StageId, Map<string, readonly [policy: string, actuator: string]>>();
  const ended = new Set<string>();

  function show(stage: StageId): void {
    const here = [...held.values()].filter((lease) => lease.stage === stage);
    const rows = [...(seen.get(stage)?.values() ?? [])].map((labels) => ({
      labels,
      leases: here.filter(({ policy, actuator }) => policy === labels[0] && actuator === labels[1]),
    }));
    metrics.stages.put(
      'headgate_lease_active',
      stage,
      rows.map(({ labels, leases }) => [labels, leases.length]),
    );
    metrics.stages.put(
      'headgate_lease_expires_timestamp_seconds',
      stage,
      rows.flatMap(({ labels, leases }) => {
        const first = Math.min(...leases.map(({ expiresAt }) => expiresAt));
        return Number.isFinite(first) ? [[labels, first / SECOND] as const] : [];
      }),
    );
  }

  return {
    note(lease: Lease): void {
      const { id, stage, policy, actuator, state, why } = lease;
      const labels = seen.get(stage) ?? new Map<string, readonly [string, string]>();
      seen.set(stage, labels.set(`${policy}\u0000${actuator}`, [policy, actuator]));
      if (isInForce(lease) && state !== 'pending') held.set(id, lease);
      else held.delete(id);
      if (state === 'released' && !ended.has(id)) {
        metrics.count('headgate_lease_released_total', [why ?? 'unknown']);
        ended.add(id);
        const [oldest] = ended;
        if (ended.size > ENDED && oldest !== undefined) ended.delete(oldest);
      }
      show(stage);
    },
  };
}

/** Open incidents by root and severity. A root that had one keeps its 0, so that the next opening is a change. */
function createIncidents({ stages }: Metrics) {
  const open = new Map<string, Incident>();
  const seen = new Map<StageId, Set<Incident['severity']>>();

  function show(root: StageId): void {
    const here = [...open.values()].filter((incident) => incident.root === root);
    stages.put(
      'headgate_incident_open',
      root,
      [...(seen.get(root) ?? [])].map((severity) => [
        [severity],
        here.filter((one) => one.severity === severity).length,
      ]),
    );
  }

  return {
    note(incident: Incident): void {
      const before = open.get(incident.id);
      if (incident.state === 'resolved') open.delete(incident.id);
      else open.set(incident.id, incident);
      seen.set(incident.root, (seen.get(incident.root) ?? new Set()).add(incident.severity));
      show(incident.root);
      if (before && before.root !== incident.root) show(before.root);
    },
  };
}
