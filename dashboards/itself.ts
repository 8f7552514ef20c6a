import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { lines } from './panels.ts';

/** The daemon itself: what it owes, what it could not send, and how it keeps its time. */
export function itself(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Headgate itself'))
    .withPanel(
      lines(
        {
          title: 'Owed to the outside',
          description:
            'Notices and actions that wait in the outbox. It should return to 0; they are safe on disk meanwhile.',
          unit: 'none',
          noValue: 'not reported',
          width: 6,
        },
        ['sum(headgate_outbox_pending)', 'waiting'],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Age of the oldest',
          description: 'How long the oldest notice or action has been waiting.',
          unit: 's',
          noValue: 'not reported',
          width: 6,
        },
        ['max(headgate_outbox_oldest_age_seconds)', 'oldest'],
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
          'histogram_quantile(0.99, sum by (le, notifier) (headgate_notification_latency_seconds_bucket))',
          '{{notifier}}',
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Notices that failed',
          description: 'Sends that were refused or got no answer, by notifier and reason. They are tried again.',
          unit: 'ops',
          noValue: 'none failed',
          width: 6,
        },
        [
          'sum by (notifier, reason) (rate(headgate_notification_failed_total[$__rate_interval]))',
          '{{notifier}}: {{reason}}',
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Steps of the engine',
          description: 'Duration of the steps, 99th percentile. They share one thread, so the sum matters.',
          unit: 's',
          noValue: 'no step has run',
          width: 6,
        },
        [
          'histogram_quantile(0.99, sum by (le, step) (rate(headgate_step_duration_seconds_bucket[$__rate_interval])))',
          '{{step}}',
        ],
      ),
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
          'histogram_quantile(0.99, sum by (le, source) (rate(headgate_probe_duration_seconds_bucket[$__rate_interval])))',
          '{{source}}',
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Event loop',
          description:
            'Delay of the event loop, 99th percentile. Above 20 ms something works in slices that are too long.',
          unit: 's',
          noValue: 'not reported',
          width: 6,
        },
        ['max(headgate_event_loop_delay_seconds{quantile="0.99"})', 'p99'],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Memory',
          description: 'Resident memory of the process.',
          unit: 'bytes',
          noValue: 'not reported',
          width: 6,
        },
        ['max(process_resident_memory_bytes{job=~".*headgate.*"})', 'resident'],
      ),
    );
}
