import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './frame.ts';
import { COLOUR, P, scoreSteps, steps, toStage, VERDICTS } from './look.ts';
import { against, coloured, lines, stat, states, table, withLine, worded } from './panels.ts';

/** Is there anything to do, where, and what has been done: the first look. */
export const overview = (): Dashboard =>
  dashboardOf({
    uid: 'headgate-overview',
    title: 'Headgate · Overview',
    description: 'Every stage Headgate watches: what is wrong, where, and what was done about it.',
    variables: ['pipeline'],
    page: '',
    parts: [now, stages, flow],
  });

const anyIsBad = () => steps(COLOUR.ok, [1, COLOUR.critical]);

/** Six numbers that say in one look whether there is anything to do. */
function now(dashboard: DashboardBuilder): void {
  const about = { unit: 'none', width: 4 };
  dashboard
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          ...about,
          title: 'Open incidents',
          description:
            'Incidents that are open or recovering. One incident may cover many stages; its root is one of them.',
          noValue: 'no incident',
        },
        [`sum(headgate_incident_open{${P}}) or vector(0)`, 'open'],
        anyIsBad(),
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Critical stages',
          description: 'Stages past their page line or a critical limit.',
          noValue: 'none',
        },
        [`count(headgate_verdict{${P}} == 2) or vector(0)`, 'critical'],
        anyIsBad(),
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Stages in warning',
          description: 'Stages past their ticket line or a warning limit: worth a look in working hours.',
          noValue: 'none',
        },
        [`count(headgate_verdict{${P}} == 1) or vector(0)`, 'warning'],
        steps(COLOUR.ok, [1, COLOUR.warning]),
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Unknown stages',
          description: 'Stages of which nothing can be said: no probe answers, or everything is still warming.',
          noValue: 'none',
        },
        [`count(headgate_verdict{${P}} == 3) or vector(0)`, 'unknown'],
        steps(COLOUR.ok, [1, COLOUR.unknown]),
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Gates held',
          description: 'Leases in force. Every one of them ends by itself; the dashboard of actions says when.',
          noValue: 'no gate is held',
        },
        [`sum(headgate_lease_active{${P}}) or vector(0)`, 'held'],
        steps(COLOUR.ok, [1, COLOUR.held]),
      ),
    )
    .withPanel(
      against(
        {
          ...about,
          title: 'Pages this week, and the budget',
          description: 'Pages of the last seven days that were not labelled real, beside what the pipeline may have.',
          noValue: 'no budget',
        },
        [`sum by (pipeline) (headgate_budget_pages_used{${P}})`, '{{pipeline}} used'],
        [`sum by (pipeline) (headgate_budget_pages_per_week{${P}})`, '{{pipeline}} allowed'],
      ),
    );
}

/** What is strangest now, and how the stages that are not ok have come to be so. */
function stages(dashboard: DashboardBuilder): void {
  const verdict = `max by (pipeline, stage) (headgate_verdict{${P}})`;
  const worst = `topk(20, topk by (pipeline, stage) (1, max by (pipeline, stage, subject) (headgate_anomaly_score{${P}})))`;
  const strangest = table(
    {
      title: 'Most surprising now',
      description:
        'The twenty stages with the highest scores, and which of their subjects has it. 1 is the page line; below it is within the budget.',
      unit: 'none',
      noValue: 'nothing is ready to be scored',
      width: 10,
      height: 10,
    },
    [
      ['score', worst],
      ['verdict', `${verdict} and on (pipeline, stage) ${worst}`],
    ],
  );
  dashboard
    .withRow(new RowBuilder('Stages'))
    .withPanel(
      states(
        {
          title: 'Stages that were not ok',
          description:
            'One row for each stage that was in warning, critical or unknown at any time shown. Read along a row to see when it changed; click it for the stage.',
          unit: 'none',
          noValue: 'every stage was ok all the time',
          width: 14,
          height: 10,
        },
        [
          `${verdict} and on (pipeline, stage) (max by (pipeline, stage) (max_over_time(headgate_verdict{${P}}[$__range])) > 0)`,
          '{{pipeline}}.{{stage}}',
        ],
        VERDICTS,
      ).dataLinks([toStage('__field.labels')]),
    )
    .withPanel(
      worded(coloured(strangest.decimals(2), 'score', scoreSteps()), 'verdict', VERDICTS).dataLinks([
        toStage('__data.fields'),
      ]),
    );
}

/** What flows, what will break, how old it is, and what answers. */
function flow(dashboard: DashboardBuilder): void {
  const byStage = '{{pipeline}}.{{stage}}';
  dashboard
    .withRow(new RowBuilder('Flow'))
    .withPanel(
      lines(
        {
          title: 'Furthest behind',
          description: 'The ten stages with the highest lag_seconds: the age of the oldest record not yet taken.',
          unit: 's',
          noValue: 'no stage shows lag_seconds',
          width: 6,
        },
        [`topk(10, max by (pipeline, stage) (headgate_signal_value{${P},signal="lag_seconds"}))`, byStage],
      ).dataLinks([toStage('__field.labels')]),
    )
    .withPanel(
      lines(
        {
          title: 'Limits in sight',
          description:
            'Time until a limit is reached if the signal keeps its course: the ten that come soonest. A policy may act before.',
          unit: 's',
          noValue: 'no limit is in sight',
          width: 6,
        },
        [
          `bottomk(10, min by (pipeline, stage, signal) (headgate_time_to_breach_seconds{${P},bound="likely"}))`,
          '{{pipeline}}.{{stage}}/{{signal}}',
        ],
      )
        .min(0)
        .dataLinks([toStage('__field.labels')]),
    )
    .withPanel(
      lines(
        {
          title: 'Longest without an answer',
          description:
            'The ten stages whose newest values are oldest. It climbs where probes fail, or where the origin stands still.',
          unit: 's',
          noValue: 'no stage has answered yet',
          width: 6,
        },
        [`topk(10, time() - max by (pipeline, stage) (headgate_stage_last_success_timestamp_seconds{${P}}))`, byStage],
      ).dataLinks([toStage('__field.labels')]),
    )
    .withPanel(
      withLine(
        lines(
          {
            title: 'Probes that answer',
            description:
              'Share of the stages of each source whose last probes were all answered. Below 100 % signals have gaps; a gap is never a zero.',
            unit: 'percentunit',
            noValue: 'no probe has run',
            width: 6,
          },
          [`avg by (source) (headgate_probe_success{${P}})`, '{{source}}'],
        )
          .min(0)
          .max(1),
        1,
        COLOUR.ok,
      ),
    );
}
