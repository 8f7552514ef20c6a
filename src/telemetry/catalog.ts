/** One own metric, as it is exposed, documented, and named in dashboards and rules. */
export interface MetricSpec {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram' | 'summary';
  readonly help: string;
  /** Names of the labels, in the order in which values are given; every label is a bounded set. */
  readonly labels: readonly string[];
  readonly unit: 'seconds' | 'bytes' | 'ratio' | 'none';
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

const STAGE = ['pipeline', 'stage'] as const;

const gauge = <const Name extends string, const Labels extends readonly string[]>(
  name: Name,
  labels: Labels,
  help: string,
  unit: MetricSpec['unit'] = 'none',
) => ({ name, type: 'gauge', labels, help, unit }) as const;

const counter = <const Name extends string, const Labels extends readonly string[]>(
  name: Name,
  labels: Labels,
  help: string,
  unit: MetricSpec['unit'] = 'none',
) => ({ name, type: 'counter', labels, help, unit }) as const;

const histogram = <const Name extends string, const Labels extends readonly string[]>(
  name: Name,
  labels: Labels,
  help: string,
  buckets: readonly number[],
) => ({ name, type: 'histogram', labels, help, unit: 'seconds', buckets }) as const;

const PROBE = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const STEP = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1];
const OUTSIDE = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What a stage shows. A series is there only while there is an answer: a gap removes it, it is never 0 and never stale. */
export const STAGE_METRICS = [
  gauge('headgate_signal_value', [...STAGE, 'signal'], 'Newest value of a signal, in the unit of its name.'),
  gauge('headgate_expected', [...STAGE, 'signal', 'bound'], 'Expected range of a signal: bound is lower or upper.'),
  gauge(
    'headgate_detector_demoted',
    [...STAGE, 'subject', 'detector'],
    'Detectors that opened more pages on a subject than accepted and open tickets only: 1; absent for all others.',
  ),
  gauge(
    'headgate_time_to_breach_seconds',
    [...STAGE, 'signal', 'bound'],
    'Time until a signal reaches its limit at its present course: bound is likely, soonest or latest; absent while no limit is in sight.',
    'seconds',
  ),
  gauge(
    'headgate_forecast',
    [...STAGE, 'signal', 'bound'],
    'What is likely of a signal that is followed by the end of what the forecast looks ahead (`ahead`, 30m): bound is lower, centre or upper.',
  ),
  gauge('headgate_anomaly_score', [...STAGE, 'subject'], 'How surprising a subject is; 1 is the line of a page.'),
  gauge(
    'headgate_anomaly_contribution_ratio',
    [...STAGE, 'subject', 'signal'],
    'Shares of signals in the highest score of a stage, which is that of subject; they add up to 1.',
    'ratio',
  ),
  gauge('headgate_verdict', STAGE, 'Judged state of a stage: 0 ok, 1 warning, 2 critical, 3 unknown.'),
  gauge(
    'headgate_detector_ready',
    [...STAGE, 'detector'],
    'Share of the subjects of a detector that have learned enough to judge, 0 to 1.',
    'ratio',
  ),
  gauge('headgate_probe_success', [...STAGE, 'source'], 'Whether the last probes of a source were answered: 1 or 0.'),
  gauge(
    'headgate_stage_last_success_timestamp_seconds',
    STAGE,
    'When the newest values of a stage were true at their origin, in seconds since 1970.',
    'seconds',
  ),
  gauge(
    'headgate_learning_frozen',
    STAGE,
    'Whether learning of the stage is held by an incident, a lease or an excluded range: 1 or 0.',
  ),
  gauge(
    'headgate_valve_factor',
    STAGE,
    'Share of the flow that the valve lets through: 1 open, 0 paused; absent where it is not known.',
    'ratio',
  ),
  gauge(
    'headgate_lease_active',
    [...STAGE, 'policy', 'actuator'],
    'Leases in force on the gate of a stage; 0 after the last has ended.',
  ),
  gauge(
    'headgate_lease_expires_timestamp_seconds',
    [...STAGE, 'policy', 'actuator'],
    'When the gate opens by itself unless renewed, in seconds since 1970; absent while nothing is held.',
    'seconds',
  ),
  gauge(
    'headgate_drift_detected',
    [...STAGE, 'field'],
    'Whether a field is spread otherwise than it was, beyond the line of a ticket: 1 or 0; absent while it cannot be told.',
  ),
  gauge(
    'headgate_drift_effect',
    [...STAGE, 'field'],
    'Population stability index of a field against its reference. 0.1 is called moderate, 0.2 large.',
  ),
  gauge('headgate_drift_effect_null', [...STAGE, 'field'], 'What chance alone gives of headgate_drift_effect.'),
  gauge(
    'headgate_drift_adjusted_p',
    [...STAGE, 'field'],
    'P-value of the comparison of a field, adjusted for the number of fields of the stage.',
    'ratio',
  ),
  gauge('headgate_profile_rows', [...STAGE, 'field'], 'Rows behind the newest profile of a field.'),
  gauge(
    'headgate_profile_null_ratio',
    [...STAGE, 'field'],
    'Share of rows without a value in the newest profile of a field.',
    'ratio',
  ),
  gauge(
    'headgate_profile_end_timestamp_seconds',
    [...STAGE, 'field'],
    'Up to when the data of the newest profile of a field reaches, in seconds since 1970.',
    'seconds',
  ),
  gauge(
    'headgate_incident_open',
    [...STAGE, 'severity'],
    'Incidents not resolved, by root stage and worst severity; 0 after the last was resolved.',
  ),
] as const satisfies readonly MetricSpec[];

/** What the daemon shows of itself. */
export const OWN_METRICS = [
  histogram('headgate_probe_duration_seconds', ['source'], 'How long probes took, answered or not.', PROBE),
  counter('headgate_probe_failures_total', ['source', 'code'], 'Probes without an answer, by reason.'),
  counter('headgate_slots_skipped_total', ['pipeline'], 'Slots skipped since the probe before was still running.'),
  histogram('headgate_step_duration_seconds', ['step'], 'How long a step of the engine took.', STEP),
  counter('headgate_incidents_total', ['pipeline', 'severity'], 'Incidents opened, by severity at opening.'),
  counter(
    'headgate_decisions_total',
    [...STAGE, 'policy', 'decision', 'reason'],
    'Decisions of policies, also every no, with their reason.',
  ),
  counter('headgate_lease_released_total', ['why'], 'Leases that have ended, by reason.'),
  counter(
    'headgate_actions_total',
    ['actuator', 'step', 'outcome'],
    'Attempts to move a gate; outcome is ok or the error.',
  ),
  histogram('headgate_action_duration_seconds', ['actuator', 'step'], 'How long a gate took to be moved.', OUTSIDE),
  counter('headgate_notification_sent_total', ['notifier'], 'Notices that their receiver took.'),
  counter('headgate_notification_failed_total', ['notifier', 'reason'], 'Attempts to send that failed.'),
  counter('headgate_notification_given_up_total', ['notifier'], 'Notices that were given up.'),
  histogram(
    'headgate_notification_latency_seconds',
    ['notifier'],
    'From the answer of the probe that caused a notice to the end of its sending.',
    OUTSIDE,
  ),
  gauge('headgate_outbox_pending', [], 'Notices and actions that wait to be done.'),
  gauge('headgate_outbox_oldest_age_seconds', [], 'Age of the oldest that waits; 0 where none does.', 'seconds'),
  gauge('headgate_outbox_degraded', [], 'Whether the store fails, so that a crash could lose what is owed: 1 or 0.'),
  gauge(
    'headgate_seed_progress_ratio',
    ['pipeline'],
    'How far a pipeline has learned from its past: 1 once it has, less where it could not.',
  ),
  gauge(
    'headgate_budget_pages_opened',
    ['pipeline', 'label'],
    'Pages of the last seven days by what people said of them: label is real, false or none.',
  ),
  gauge(
    'headgate_budget_pages_per_week_realised',
    ['pipeline'],
    'Pages a week over the last four weeks that were not labelled real, to hold against the budget.',
  ),
  gauge('headgate_budget_pages_used', ['pipeline'], 'Pages of the last seven days that were not labelled real.'),
  gauge('headgate_budget_pages_per_week', ['pipeline'], 'Pages a week that are accepted.'),
  gauge('headgate_budget_tickets_used', ['pipeline'], 'Tickets of the last seven days that were not labelled real.'),
  gauge('headgate_budget_tickets_per_week', ['pipeline'], 'Tickets a week that are accepted.'),
  gauge(
    'headgate_detector_state',
    ['detector', 'state'],
    'Subjects of a detector by state: ready, limit, warming (too little seen) or blind (an input is missing).',
  ),
  gauge(
    'headgate_detector_relearning',
    ['detector', 'reason'],
    'Stages for which a detector began to learn again what it knew before the last start: reason is update (saved by another version), config (the stage is configured otherwise) or damaged.',
  ),
  gauge('headgate_config_last_reload_successful', [], 'Whether the last load of the config was good: 1 or 0.'),
  gauge('headgate_config_last_reload_timestamp_seconds', [], 'When a good config was loaded last.', 'seconds'),
  gauge('headgate_build_info', ['version', 'node'], 'Always 1; says which version runs.'),
  gauge('headgate_series', ['family'], 'Series of stages that are exposed.'),
  counter('headgate_series_dropped_total', ['family'], 'Series left out since the cap was reached.'),
  {
    name: 'headgate_event_loop_delay_seconds',
    type: 'summary',
    labels: [],
    unit: 'seconds',
    help: 'Delay of the event loop.',
  },
  counter('headgate_errors_total', ['what'], 'Failures inside the daemon that have no counter of their own.'),
  counter('process_cpu_seconds_total', [], 'Processor time used, user and system.', 'seconds'),
  gauge('process_resident_memory_bytes', [], 'Resident memory.', 'bytes'),
  gauge('process_open_fds', [], 'Open file descriptors.'),
  gauge('process_start_time_seconds', [], 'When the process started, in seconds since 1970.', 'seconds'),
] as const satisfies readonly MetricSpec[];

/** Every metric there is; docs, dashboards and rules are checked against it. */
export const METRICS: readonly MetricSpec[] = [...STAGE_METRICS, ...OWN_METRICS];

export type StageMetric = (typeof STAGE_METRICS)[number]['name'];
export type OwnMetric = (typeof OWN_METRICS)[number]['name'];
