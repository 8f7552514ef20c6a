import { isInForce } from '../domain/lease.ts';
import type { Outlook } from '../domain/outlook.ts';
import type { Events, View } from '../domain/ports.ts';
import type { Reach, Score } from '../domain/score.ts';
import { pipelineOf, type StageId, stageNameOf } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { type EpochMs, MINUTE, SECOND } from '../domain/time.ts';
import type { Severity } from '../domain/verdict.ts';
import type { ValveState } from '../domain/views.ts';
import { showFields } from './fields.ts';
import { countFromZero } from './from-zero.ts';
import type { Metrics } from './metrics.ts';
import { createDetectorStates, createIncidents, createLeases, createProbes } from './standing.ts';

/** A stage that is watched no longer may be heard of so long, as its last probe was under way. */
const LAST_WORDS = 5 * MINUTE;

const VERDICT: Readonly<Record<Severity, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** Keeps the metrics up with what is announced, and reads the rest from the view before each exposition. */
export interface Recorder {
  readonly events: Partial<Events>;
  /** From now on the view is asked for what nobody announces; also for what was open before the start. Never rejects. */
  observe(view: View): Promise<void>;
}

export function createRecorder(metrics: Metrics): Recorder {
  const { stages } = metrics;
  const probes = createProbes(metrics);
  const leases = createLeases(metrics);
  const incidents = createIncidents(metrics);
  const detectors = createDetectorStates(metrics);
  let oldestAt: number | undefined;
  let watched: View | undefined;
  let shown: ReadonlySet<StageId> = new Set();
  let tidyUntil: EpochMs = 0;
  const showValve = (stage: StageId): void =>
    stages.put('headgate_valve_factor', stage, factorOf(watched?.valve(stage)));
  /** Names of the configuration that no counter has heard of yet. */
  let fresh = true;
  const flag = (value: boolean): number => (value ? 1 : 0);
  metrics.set('headgate_outbox_degraded', [], 0);

  const events: Partial<Events> = {
    probed: ({ stage, probe, source, seconds, gap }) => {
      metrics.observe('headgate_probe_duration_seconds', [source], seconds);
      if (gap) metrics.count('headgate_probe_failures_total', [source, gap.code]);
      probes.note(stage, source, probe, gap === undefined);
    },
    slotsSkipped: ({ stage, count }) => metrics.count('headgate_slots_skipped_total', [pipelineOf(stage)], count),
    judged: ({ snapshot, scores, verdict, frozen, outlooks, seconds }) => {
      const { stage, values, at } = snapshot;
      metrics.observe('headgate_step_duration_seconds', ['judge'], seconds);
      stages.put(
        'headgate_signal_value',
        stage,
        [...values].map(([signal, value]) => [[signal], value]),
      );
      stages.put('headgate_expected', stage, scores.flatMap(bandOf));
      stages.put('headgate_time_to_breach_seconds', stage, breachesOf(scores));
      stages.put('headgate_forecast', stage, outlooks.flatMap(endOf));
      stages.put(
        'headgate_detector_demoted',
        stage,
        scores.filter(({ demoted }) => demoted).map(({ subject, detector }) => [[subject, detector], 1]),
      );
      stages.put(
        'headgate_anomaly_score',
        stage,
        // Of two detectors on one subject the higher speaks; the last of equal labels is the one that stays.
        scores
          .filter(isJudged)
          .toSorted((a, b) => a.value - b.value)
          .map((one) => [[one.subject], one.value]),
      );
      stages.put('headgate_anomaly_contribution_ratio', stage, sharesOf(scores));
      stages.put('headgate_verdict', stage, [[[], VERDICT[verdict.state]]]);
      stages.put('headgate_detector_ready', stage, readyShares(scores));
      detectors.note(stage, scores);
      showFields(stages, stage, snapshot.profiles, scores);
      showValve(stage);
      stages.put('headgate_learning_frozen', stage, [[[], flag(frozen)]]);
      if (values.size > 0) stages.put('headgate_stage_last_success_timestamp_seconds', stage, [[[], at / SECOND]]);
    },
    incidentChanged: ({ incident, change }) => {
      if (change.kind === 'opened') metrics.count('headgate_incidents_total', [incident.pipeline, incident.severity]);
      incidents.note(incident);
    },
    decided: ({ decision: { stage, policy, kind, reason } }) =>
      metrics.count('headgate_decisions_total', [pipelineOf(stage), stageNameOf(stage), policy, kind, reason]),
    leaseChanged: ({ lease }) => {
      leases.note(lease);
      showValve(lease.stage);
    },
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
    relearning: ({ detector, why, stages }) => metrics.set('headgate_detector_relearning', [detector, why], stages),
    seeded: ({ pipeline, share }) => metrics.set('headgate_seed_progress_ratio', [pipeline], share),
    storeDegraded: ({ degraded }) => metrics.set('headgate_outbox_degraded', [], flag(degraded)),
    configLoaded: ({ ok, at }) => {
      metrics.set('headgate_config_last_reload_successful', [], flag(ok));
      if (!ok) return;
      metrics.set('headgate_config_last_reload_timestamp_seconds', [], at / SECOND);
      fresh = true;
      // Sources may be gone; those that are left show up with their next probe.
      probes.clear();
    },
    failed: ({ what }) => metrics.count('headgate_errors_total', [what]),
  };

  return {
    events,
    async observe(view) {
      watched = view;
      for (const id of view.stageIds()) showValve(id);
      metrics.beforeRender(() => {
        const known = new Set(view.stageIds());
        if (known.size !== shown.size || [...known].some((id) => !shown.has(id))) tidyUntil = view.now() + LAST_WORDS;
        shown = known;
        if (view.now() <= tidyUntil) {
          stages.keepOnly(known);
          detectors.keepOnly(known);
        }
        readBudgets(metrics, view);
        if (fresh) countFromZero(metrics, view);
        fresh = false;
        const age = oldestAt === undefined ? 0 : Math.max(0, view.now() - oldestAt) / SECOND;
        metrics.set('headgate_outbox_oldest_age_seconds', [], age);
      });
      try {
        for (const state of ['open', 'recovering'] as const)
          for (const incident of await view.incidents({ state, limit: 1_000 })) incidents.note(incident);
        for (const lease of await view.leases({ limit: 1_000 })) if (isInForce(lease)) leases.note(lease);
      } catch {
        // The store says itself that it fails; what changes from here on is announced.
        metrics.count('headgate_errors_total', ['metrics of what was open before the start']);
      }
    },
  };
}

const isJudged = (score: Score): boolean => score.state === 'ready' || score.state === 'limit';

/** Who has a share in the highest score that was learned; none while nothing is worth a look. */
function sharesOf(scores: readonly Score[]): (readonly [string[], number])[] {
  let lead: (Score & { state: 'ready' }) | undefined;
  for (const score of scores) if (score.state === 'ready' && score.value > (lead?.value ?? 0)) lead = score;
  if (!lead) return [];
  const { subject, because } = lead;
  return because.map(({ signal, share }) => [[subject, signal], share] as const);
}

function bandOf(score: Score): (readonly [string[], number])[] {
  if (score.state !== 'ready' || score.expected === undefined) return [];
  const signal = score.subject.slice(score.subject.indexOf('/') + 1);
  return [
    [[signal, 'lower'], score.expected.lower],
    [[signal, 'upper'], score.expected.upper],
  ];
}

function endOf({ signal, points }: Outlook): (readonly [string[], number])[] {
  const last = points.at(-1);
  return last ? (['lower', 'centre', 'upper'] as const).map((bound) => [[signal, bound], last[bound]]) : [];
}

/** The nearest limit in sight of each signal. */
function breachesOf(scores: readonly Score[]): (readonly [string[], number])[] {
  const near = new Map<string, Reach>();
  for (const score of scores) {
    if (score.state !== 'limit' || !score.reach) continue;
    const signal = partOfSubject(score.subject);
    if (score.reach.likely < (near.get(signal)?.likely ?? Number.POSITIVE_INFINITY)) near.set(signal, score.reach);
  }
  return [...near].flatMap(([signal, reach]) =>
    Object.entries(reach).map(([bound, length]) => [[signal, bound], length / SECOND] as const),
  );
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
  metrics.reset('headgate_budget_pages_opened');
  metrics.reset('headgate_budget_pages_per_week_realised');
  for (const { pipeline, budget, pagesUsed, ticketsUsed, opened, realised } of view.budgets()) {
    for (const [label, count] of Object.entries(opened))
      metrics.set('headgate_budget_pages_opened', [pipeline, label], count);
    metrics.set('headgate_budget_pages_per_week_realised', [pipeline], realised);
    metrics.set('headgate_budget_pages_used', [pipeline], pagesUsed);
    metrics.set('headgate_budget_pages_per_week', [pipeline], budget.pagesPerWeek);
    metrics.set('headgate_budget_tickets_used', [pipeline], ticketsUsed);
    metrics.set('headgate_budget_tickets_per_week', [pipeline], budget.ticketsPerWeek);
  }
}
