/** One series of a unit test, in promtool's notation of one value a minute. */
interface TestSeries {
  readonly series: string;
  /** A level (`2`), or a level that moves (`0+5`: grows by 5 each minute). */
  readonly bad: string;
  readonly good: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** Minutes it has to hold first. The engine has waited already where it judged; this is 0 there. */
  readonly minutes: number;
  readonly severity: 'critical' | 'warning';
  /** `{label}` stands for the value of a label. */
  readonly summary: string;
  readonly description: string;
  /** The dashboard on which to look first. */
  readonly dashboard: 'stage' | 'data' | 'actions' | 'itself';
  readonly test: {
    readonly series: readonly TestSeries[];
    readonly labels: Readonly<Record<string, string>>;
    /** Minutes until `bad` first counts, where the expression looks back. */
    readonly warmUp?: number;
    /** What a value of 0 in every series means. */
    readonly zero: 'fires' | 'quiet';
    readonly absent: 'fires' | 'quiet';
  };
}

const STAGE = { pipeline: 'orders', stage: 'enrich' };
const OF_STAGE = 'pipeline="orders",stage="enrich"';

const onVerdict = (value: number, good: number): AlertRule['test'] => ({
  series: [{ series: `headgate_verdict{${OF_STAGE}}`, bad: `${value}`, good: `${good}` }],
  labels: STAGE,
  zero: 'quiet',
  absent: 'quiet',
});

/** What a person should be told of, for those who alert with Prometheus instead of, or beside, Headgate's own notifiers. */
export const RULES: readonly AlertRule[] = [
  {
    alert: 'HeadgateStageCritical',
    expr: 'headgate_verdict == 2',
    minutes: 0,
    severity: 'critical',
    summary: '{pipeline}.{stage} is critical',
    description:
      'A signal is past its page line or a critical limit. The incident names the root stage and what was done.',
    dashboard: 'stage',
    test: onVerdict(2, 1),
  },
  {
    alert: 'HeadgateStageWarning',
    expr: 'headgate_verdict == 1',
    minutes: 5,
    severity: 'warning',
    summary: '{pipeline}.{stage} has been in warning for 5 minutes',
    description: 'A signal is past its ticket line or a warning limit. Worth a look in working hours.',
    dashboard: 'stage',
    test: onVerdict(1, 0),
  },
  {
    alert: 'HeadgateStageUnknown',
    expr: 'headgate_verdict == 3',
    minutes: 15,
    severity: 'warning',
    summary: '{pipeline}.{stage} has been unknown for 15 minutes',
    description:
      'No probe of the stage answers, or nothing that it shows can be judged yet. No gate moves on its account.',
    dashboard: 'stage',
    test: onVerdict(3, 0),
  },
  {
    alert: 'HeadgateDataStale',
    expr: 'headgate_signal_value{signal="freshness_seconds"} > ignoring (bound) headgate_expected{signal="freshness_seconds",bound="upper"}',
    minutes: 10,
    severity: 'warning',
    summary: 'The data of {pipeline}.{stage} is older than expected',
    description: 'The newest data of the stage has been older than the expected range for 10 minutes.',
    dashboard: 'data',
    test: {
      series: [
        { series: `headgate_signal_value{${OF_STAGE},signal="freshness_seconds"}`, bad: '90', good: '30' },
        { series: `headgate_expected{${OF_STAGE},signal="freshness_seconds",bound="upper"}`, bad: '60', good: '60' },
      ],
      labels: { ...STAGE, signal: 'freshness_seconds' },
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateDeadLettersGrowing',
    expr: 'delta(headgate_signal_value{signal="dlq_depth"}[15m]) > 0',
    minutes: 5,
    severity: 'warning',
    summary: 'Dead letters of {pipeline}.{stage} are growing',
    description:
      'Records have been put aside for at least 5 minutes. They wait for a person; nothing retries them by itself.',
    dashboard: 'data',
    test: {
      series: [{ series: `headgate_signal_value{${OF_STAGE},signal="dlq_depth"}`, bad: '10+5', good: '10' }],
      labels: { ...STAGE, signal: 'dlq_depth' },
      warmUp: 1,
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateDetectorNotReady',
    expr: 'headgate_detector_ready < 1',
    minutes: 24 * 60,
    severity: 'warning',
    summary: 'Detector {detector} of {pipeline}.{stage} has not been ready for a day',
    description: 'It has too little history, or a signal it needs does not come. Limits work meanwhile.',
    dashboard: 'stage',
    test: {
      series: [{ series: `headgate_detector_ready{${OF_STAGE},detector="baseline"}`, bad: '0.5', good: '1' }],
      labels: { ...STAGE, detector: 'baseline' },
      zero: 'fires',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateProbeFailing',
    expr: 'headgate_probe_success == 0',
    minutes: 5,
    severity: 'warning',
    summary: 'A probe of {pipeline}.{stage} has been failing for 5 minutes',
    description: 'Its signals are gaps until it answers again. A gap is never judged as zero.',
    dashboard: 'stage',
    test: {
      series: [{ series: `headgate_probe_success{${OF_STAGE},source="kafka-main"}`, bad: '0', good: '1' }],
      labels: { ...STAGE, source: 'kafka-main' },
      zero: 'fires',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateOutboxStuck',
    expr: 'headgate_outbox_oldest_age_seconds > 300',
    minutes: 1,
    severity: 'critical',
    summary: 'A notice or an action has waited for more than 5 minutes',
    description:
      'The receiver or the gate does not take it. It is kept and retried; look at the notifiers on the page.',
    dashboard: 'itself',
    test: {
      series: [{ series: 'headgate_outbox_oldest_age_seconds', bad: '400', good: '20' }],
      labels: {},
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateOutboxDegraded',
    expr: 'headgate_outbox_degraded == 1',
    minutes: 1,
    severity: 'critical',
    summary: 'Headgate cannot write its store',
    description:
      'It keeps sensing and sending, but a restart now would lose what it owes. Check the disk of the store.',
    dashboard: 'itself',
    test: {
      series: [{ series: 'headgate_outbox_degraded', bad: '1', good: '0' }],
      labels: {},
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateNoticeGivenUp',
    expr: 'increase(headgate_notification_given_up_total[15m]) > 0',
    minutes: 0,
    severity: 'critical',
    summary: 'A notice to {notifier} was given up',
    description:
      'Its receiver did not take it in all the time it may wait, so somebody was not told. Tell them by hand.',
    dashboard: 'itself',
    test: {
      series: [{ series: 'headgate_notification_given_up_total{notifier="oncall"}', bad: '0+1', good: '50' }],
      labels: { notifier: 'oncall' },
      warmUp: 1,
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateSeriesDropped',
    expr: 'increase(headgate_series_dropped_total[15m]) > 0',
    minutes: 5,
    severity: 'warning',
    summary: 'Series of {family} are not exposed',
    description:
      'There are more series of stages than are exposed, so dashboards and the rules on stages miss some of them.',
    dashboard: 'itself',
    test: {
      series: [{ series: 'headgate_series_dropped_total{family="headgate_signal_value"}', bad: '0+5', good: '500' }],
      labels: { family: 'headgate_signal_value' },
      warmUp: 1,
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateBudgetOverspent',
    expr: 'headgate_budget_pages_used > headgate_budget_pages_per_week',
    minutes: 0,
    severity: 'warning',
    summary: '{pipeline} has paged more often this week than its budget allows',
    description: 'Label the incidents that were no trouble, widen the budget, or mend what keeps breaking.',
    dashboard: 'itself',
    test: {
      series: [
        { series: 'headgate_budget_pages_used{pipeline="orders"}', bad: '3', good: '2' },
        { series: 'headgate_budget_pages_per_week{pipeline="orders"}', bad: '2', good: '2' },
      ],
      labels: { pipeline: 'orders' },
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateConfigReloadFailed',
    expr: 'headgate_config_last_reload_successful == 0',
    minutes: 1,
    severity: 'warning',
    summary: 'The changed configuration was refused',
    description: 'The one before is still in force. `headgate check` prints every problem with file, line and column.',
    dashboard: 'itself',
    test: {
      series: [{ series: 'headgate_config_last_reload_successful', bad: '0', good: '1' }],
      labels: {},
      zero: 'fires',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateLeaseHeldLong',
    expr: 'headgate_lease_active > 0',
    minutes: 60,
    severity: 'warning',
    summary: 'A gate of {pipeline}.{stage} has been held for an hour',
    description: 'Policy {policy} keeps renewing its lease, so the trouble behind it is not getting better by itself.',
    dashboard: 'actions',
    test: {
      series: [
        { series: `headgate_lease_active{${OF_STAGE},policy="keep-enrich",actuator="valve"}`, bad: '1', good: '0' },
      ],
      labels: { ...STAGE, policy: 'keep-enrich', actuator: 'valve' },
      zero: 'quiet',
      absent: 'quiet',
    },
  },
  {
    alert: 'HeadgateAbsent',
    expr: 'absent(headgate_config_last_reload_successful)',
    minutes: 3,
    severity: 'critical',
    summary: 'Headgate does not report',
    description:
      'No Headgate is scraped, so none of the other rules can fire. Held gates open when their leases run out.',
    dashboard: 'itself',
    test: {
      series: [{ series: 'headgate_config_last_reload_successful', bad: '_', good: '1' }],
      labels: {},
      zero: 'quiet',
      absent: 'fires',
    },
  },
];
