import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './frame.ts';
import { COLOUR, FAILS, I, steps, WORKS } from './look.ts';
import { bars, lines, stat, table, withLine } from './panels.ts';

/** The daemon: what it owes, whether its probes answer, how it keeps its time, what it costs. */
export const itself = (): Dashboard =>
  dashboardOf({
    uid: 'headgate-itself',
    title: 'Headgate · Itself',
    description: 'The daemon itself: what it owes, what its probes get, how it keeps its time, and what it costs.',
    variables: ['instance'],
    page: 'health',
    parts: [now, owed, probes, engine, budgets, costs],
  });

/** Of a metric that every process has, those of Headgate alone, whatever its job is called. */
const ours = (expr: string): string =>
  `${expr} * on (job, instance) group_left () max by (job, instance) (headgate_build_info{${I}})`;

function now(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          title: 'Owed',
          description: 'Notices and actions that wait in the outbox. They are safe on disk, and it should return to 0.',
          unit: 'none',
          noValue: 'not reported',
          width: 4,
        },
        [`sum(headgate_outbox_pending{${I}})`, 'waiting'],
        steps(COLOUR.ok, [100, COLOUR.warning]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Oldest owed',
          description: 'How long the oldest notice or action has waited. The alert is at 5 minutes.',
          unit: 's',
          noValue: 'not reported',
          width: 4,
        },
        [`max(headgate_outbox_oldest_age_seconds{${I}})`, 'oldest'],
        steps(COLOUR.ok, [60, COLOUR.warning], [300, COLOUR.critical]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Store fails',
          description: 'Yes: the store takes no writes, and a crash now would lose what is owed. Do not restart it.',
          unit: 'none',
          noValue: 'not reported',
          width: 4,
        },
        [`max(headgate_outbox_degraded{${I}})`, 'degraded'],
        steps(COLOUR.unknown),
        FAILS,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Configuration is good',
          description: 'No: the last change was refused, and the configuration before is in force.',
          unit: 'none',
          noValue: 'not reported',
          width: 4,
        },
        [`min(headgate_config_last_reload_successful{${I}})`, 'good'],
        steps(COLOUR.unknown),
        WORKS,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Runs since',
          description: 'Time since the youngest of the daemons shown was started.',
          unit: 's',
          noValue: 'not reported',
          width: 4,
        },
        [`time() - max(${ours('process_start_time_seconds')})`, 'runs since'],
        steps(COLOUR.line),
      ),
    )
    .withPanel(
      table(
        {
          title: 'Version',
          description: 'Which version of Headgate and of Node runs where.',
          unit: 'none',
          noValue: 'not reported',
          width: 4,
          height: 4,
        },
        [['daemons', `count by (version, node) (headgate_build_info{${I}})`]],
      ),
    );
}

function owed(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('What it owes'))
    .withPanel(
      bars(
        {
          title: 'Notices taken',
          description: 'Notices that their receiver took, by notifier.',
          unit: 'none',
          noValue: 'no notifier',
          width: 6,
        },
        [`sum by (notifier) (increase(headgate_notification_sent_total{${I}}[$__rate_interval]))`, '{{notifier}}'],
      ),
    )
    .withPanel(
      bars(
        {
          title: 'Notices that failed',
          description: 'Sends that were refused or got no answer, by notifier and reason. They are tried again.',
          unit: 'none',
          noValue: 'none failed',
          width: 6,
        },
        [
          `sum by (notifier, reason) (increase(headgate_notification_failed_total{${I}}[$__rate_interval]))`,
          '{{notifier}}: {{reason}}',
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'From probe to notice',
          description:
            'From the answer of the probe to the acceptance of its notice: 99th percentile since the start, as notices are rare.',
          unit: 's',
          noValue: 'nothing was sent',
          width: 6,
        },
        [
          `histogram_quantile(0.99, sum by (le, notifier) (headgate_notification_latency_seconds_bucket{${I}}))`,
          '{{notifier}}',
        ],
      ).min(0),
    )
    .withPanel(
      bars(
        {
          title: 'Notices given up',
          description: 'Notices that waited too long. Whoever keeps no state is told of them in one digest.',
          unit: 'none',
          noValue: 'no notifier',
          width: 6,
        },
        [`sum by (notifier) (increase(headgate_notification_given_up_total{${I}}[$__rate_interval]))`, '{{notifier}}'],
      ),
    );
}

function probes(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Probes'))
    .withPanel(
      lines(
        {
          title: 'Probes made',
          description: 'Probes a second, by source.',
          unit: 'ops',
          noValue: 'no probe has run',
          width: 6,
        },
        [`sum by (source) (rate(headgate_probe_duration_seconds_count{${I}}[$__rate_interval]))`, '{{source}}'],
      ).min(0),
    )
    .withPanel(
      lines(
        {
          title: 'Probes without an answer',
          description: 'By source and reason. The signals are gaps meanwhile, and are not judged.',
          unit: 'ops',
          noValue: 'every probe was answered',
          width: 6,
        },
        [`sum by (source, code) (rate(headgate_probe_failures_total{${I}}[$__rate_interval]))`, '{{source}}: {{code}}'],
      ).min(0),
    )
    .withPanel(
      lines(
        {
          title: 'Duration of probes',
          description: 'By source, 99th percentile.',
          unit: 's',
          noValue: 'no probe has run',
          width: 6,
        },
        [
          `histogram_quantile(0.99, sum by (le, source) (rate(headgate_probe_duration_seconds_bucket{${I}}[$__rate_interval])))`,
          '{{source}}',
        ],
      ).min(0),
    )
    .withPanel(
      bars(
        {
          title: 'Slots skipped',
          description: 'Looks that were due while the one before was still running: the source is slower than `every`.',
          unit: 'none',
          noValue: 'not reported',
          width: 6,
        },
        [`sum by (pipeline) (increase(headgate_slots_skipped_total{${I}}[$__rate_interval]))`, '{{pipeline}}'],
      ),
    );
}

function engine(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Engine'))
    .withPanel(
      lines(
        {
          title: 'Steps of the engine',
          description: 'Duration of the steps, 99th percentile. They share one thread, so the sum matters.',
          unit: 's',
          noValue: 'no step has run',
          width: 8,
        },
        [
          `histogram_quantile(0.99, sum by (le, step) (rate(headgate_step_duration_seconds_bucket{${I}}[$__rate_interval])))`,
          '{{step}}',
        ],
      ).min(0),
    )
    .withPanel(
      lines(
        {
          title: 'Past learned',
          description:
            'How far pipelines with a seed have learned from their past. One that stays below 1 could not: see the log.',
          unit: 'percentunit',
          noValue: 'no pipeline has a seed',
          width: 8,
        },
        [`max by (pipeline) (headgate_seed_progress_ratio{${I}})`, '{{pipeline}}'],
      )
        .min(0)
        .max(1),
    )
    .withPanel(
      lines(
        {
          title: 'Subjects by detector and state',
          description:
            'ready and limit can be judged; warming has seen too little; blind lacks an input. A blind one stays so until its probe is mended.',
          unit: 'none',
          noValue: 'no detector',
          width: 8,
        },
        [`sum by (detector, state) (headgate_detector_state{${I}}) > 0`, '{{detector}}: {{state}}'],
      ).min(0),
    )
    .withPanel(
      stat(
        {
          title: 'Learning again',
          description:
            'Stages for which a detector could not go on with what it knew at the last start; labels and log say which, and whether by an update, another configuration, or damage. Limits work meanwhile.',
          unit: 'none',
          noValue: 'every detector goes on with what it knew',
          width: 12,
        },
        [`sum(headgate_detector_relearning{${I}}) or vector(0)`, 'stages'],
        steps(COLOUR.line),
      ),
    )
    .withPanel(
      bars(
        {
          title: 'Incidents opened',
          description: 'By pipeline and severity at opening.',
          unit: 'none',
          noValue: 'not reported',
          width: 12,
        },
        [
          `sum by (pipeline, severity) (increase(headgate_incidents_total{${I}}[$__rate_interval]))`,
          '{{pipeline}} {{severity}}',
        ],
      ),
    );
}

function budgets(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Budgets'))
    .withPanel(
      table(
        {
          title: 'Budgets',
          description:
            'Pages and tickets of the last seven days that were not labelled real, how many are accepted, and pages a week over the last four weeks.',
          unit: 'none',
          noValue: 'no budget',
          width: 12,
        },
        [
          ['pages', `sum by (pipeline) (headgate_budget_pages_used{${I}})`],
          ['pages allowed', `sum by (pipeline) (headgate_budget_pages_per_week{${I}})`],
          ['pages a week, four weeks', `sum by (pipeline) (headgate_budget_pages_per_week_realised{${I}})`],
          ['tickets', `sum by (pipeline) (headgate_budget_tickets_used{${I}})`],
          ['tickets allowed', `sum by (pipeline) (headgate_budget_tickets_per_week{${I}})`],
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Pages, by what people said of them',
          description:
            'Pages of the last seven days: real, false, or not labelled. Labels are set on the page of the incident.',
          unit: 'none',
          noValue: 'no budget',
          width: 6,
        },
        [`sum by (pipeline, label) (headgate_budget_pages_opened{${I}})`, '{{pipeline}} {{label}}'],
      ).min(0),
    )
    .withPanel(
      stat(
        {
          title: 'Detectors demoted',
          description:
            'Detectors that opened more pages on a subject than accepted, and open tickets only until they keep within it.',
          unit: 'none',
          noValue: 'none',
          width: 6,
          height: 8,
        },
        [`count(headgate_detector_demoted{${I}}) or vector(0)`, 'demoted'],
        steps(COLOUR.ok, [1, COLOUR.warning]),
      ),
    );
}

function costs(dashboard: DashboardBuilder): void {
  const about = { width: 6, noValue: 'not reported' };
  dashboard
    .withRow(new RowBuilder('What it costs'))
    .withPanel(
      withLine(
        lines(
          {
            ...about,
            title: 'Event loop',
            description:
              'Delay of the event loop. Where the 99th percentile stays above 20 ms (dashed) something works in slices that are too long.',
            unit: 's',
          },
          [`max by (instance, quantile) (headgate_event_loop_delay_seconds{${I}})`, '{{instance}} {{quantile}}'],
        ).min(0),
        0.02,
        COLOUR.warning,
      ),
    )
    .withPanel(
      lines({ ...about, title: 'Memory', description: 'Resident memory of the process.', unit: 'bytes' }, [
        ours('process_resident_memory_bytes'),
        '{{instance}}',
      ]).min(0),
    )
    .withPanel(
      lines(
        {
          ...about,
          title: 'Processor',
          description: 'Share of one core. The engine has one thread; above 70 % it has no room for a busy hour.',
          unit: 'percentunit',
        },
        [ours('rate(process_cpu_seconds_total[$__rate_interval])'), '{{instance}}'],
      ).min(0),
    )
    .withPanel(
      lines(
        {
          ...about,
          title: 'Series exposed',
          description: 'Series of stages, by family. Those beyond the cap are dropped, which has a line of its own.',
          unit: 'short',
        },
        [`topk(10, sum by (family) (headgate_series{${I}}))`, '{{family}}'],
        [`sum(increase(headgate_series_dropped_total{${I}}[$__rate_interval]))`, 'dropped'],
      ).min(0),
    );
}
