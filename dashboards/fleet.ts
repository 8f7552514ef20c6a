import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { against, bars, COLOUR, lines, P, stat, states, steps, table, VERDICTS } from './panels.ts';

const anyIsBad = steps(COLOUR.ok, [1, COLOUR.critical]);

/** Six numbers that say in one look whether there is anything to do. */
export function now(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          title: 'Open incidents',
          description:
            'Incidents that are open or recovering. One incident may cover many stages; its root is one of them.',
          unit: 'none',
          noValue: 'no incident',
          width: 4,
        },
        [`sum(headgate_incident_open{${P}}) or vector(0)`, 'open'],
        anyIsBad,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Critical stages',
          description: 'Stages past their page line or a critical limit.',
          unit: 'none',
          noValue: 'none',
          width: 4,
        },
        [`count(headgate_verdict{${P}} == 2) or vector(0)`, 'critical'],
        anyIsBad,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Stages in warning',
          description: 'Stages past their ticket line or a warning limit: worth a look in working hours.',
          unit: 'none',
          noValue: 'none',
          width: 4,
        },
        [`count(headgate_verdict{${P}} == 1) or vector(0)`, 'warning'],
        steps(COLOUR.ok, [1, COLOUR.warning]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Unknown stages',
          description: 'Stages of which nothing can be said: no probe answers, or everything is still warming.',
          unit: 'none',
          noValue: 'none',
          width: 4,
        },
        [`count(headgate_verdict{${P}} == 3) or vector(0)`, 'unknown'],
        steps(COLOUR.ok, [1, COLOUR.unknown]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Gates held',
          description: 'Leases in force. Every one of them ends by itself; the stage part below says when.',
          unit: 'none',
          noValue: 'no gate is held',
          width: 4,
        },
        [`sum(headgate_lease_active{${P}}) or vector(0)`, 'held'],
        steps(COLOUR.ok, [1, COLOUR.held]),
      ),
    )
    .withPanel(
      against(
        {
          title: 'Pages this week, and the budget',
          description: 'Pages of the last seven days beside what the budget of the pipeline allows.',
          unit: 'none',
          noValue: 'no budget',
          width: 4,
        },
        [`sum by (pipeline) (headgate_budget_pages_used{${P}})`, '{{pipeline}} used'],
        [`sum by (pipeline) (headgate_budget_pages_per_week{${P}})`, '{{pipeline}} allowed'],
      ),
    );
}

/** Every stage over time, and what is strangest now. */
export function stages(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Stages'))
    .withPanel(
      states(
        {
          title: 'State of the stages',
          description: 'One row a stage: ok, warning, critical, unknown. Read along a row to see when it changed.',
          unit: 'none',
          noValue: 'no stage is watched',
          width: 14,
          height: 10,
        },
        [`max by (pipeline, stage) (headgate_verdict{${P}})`, '{{pipeline}}.{{stage}}'],
        VERDICTS,
      ),
    )
    .withPanel(
      table(
        {
          title: 'Most surprising now',
          description: 'The twenty highest scores. 1 is the page line; a score below it is within the budget.',
          unit: 'none',
          noValue: 'nothing is ready to be scored',
          width: 10,
          height: 10,
        },
        'score',
        [`topk(20, max by (pipeline, stage, subject) (headgate_anomaly_score{${P}}))`, ''],
      )
        .decimals(2)
        .overrideByName('score', [
          { id: 'thresholds', value: steps(COLOUR.ok, [0.5, COLOUR.warning], [1, COLOUR.critical]).build() },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]),
    );
}

/** What flows, what answers, and what the policies made of it. */
export function flow(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Flow'))
    .withPanel(
      lines(
        {
          title: 'Furthest behind',
          description: 'The ten stages with the highest lag_seconds: the age of the oldest record not yet taken.',
          unit: 's',
          noValue: 'no stage shows lag_seconds',
          width: 8,
        },
        [
          `topk(10, max by (pipeline, stage) (headgate_signal_value{${P},signal="lag_seconds"}))`,
          '{{pipeline}}.{{stage}}',
        ],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Probes that answer',
          description:
            'Share of the probes of each source whose last try got an answer. Below 100 % its signals have gaps.',
          unit: 'percentunit',
          noValue: 'no probe has run',
          width: 8,
        },
        [`avg by (source) (headgate_probe_success{${P}})`, '{{source}}'],
      )
        .min(0)
        .max(1),
    )
    .withPanel(
      bars(
        {
          title: 'Decisions, with their reasons',
          description: 'What the policies wanted done, and every "no" with its reason.',
          unit: 'none',
          noValue: 'no policy had anything to decide',
          width: 8,
        },
        [
          `sum by (decision, reason) (increase(headgate_decisions_total{${P}}[$__rate_interval]))`,
          '{{decision}}: {{reason}}',
        ],
      ),
    );
}
