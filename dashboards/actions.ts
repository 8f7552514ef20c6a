import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './frame.ts';
import { COLOUR, HELD, INCIDENTS, P, steps, toStage } from './look.ts';
import { bars, lines, stat, states, table } from './panels.ts';

/** What Headgate did, what it wanted to do and did not, and why. */
export const actions = (): Dashboard =>
  dashboardOf({
    uid: 'headgate-actions',
    title: 'Headgate · Actions',
    description: 'Gates held and let go, decisions with their reasons, and the incidents behind them.',
    variables: ['pipeline'],
    page: 'gates',
    parts: [now, leases, decisions, moves],
  });

function now(dashboard: DashboardBuilder): void {
  const held = steps(COLOUR.ok, [1, COLOUR.held]);
  dashboard
    .withRow(new RowBuilder('Now, and in the time shown'))
    .withPanel(
      stat(
        {
          title: 'Gates held',
          description: 'Leases in force now. A lease ends by itself where nobody renews it.',
          unit: 'none',
          noValue: 'no gate is held',
          width: 4,
        },
        [`sum(headgate_lease_active{${P}}) or vector(0)`, 'held'],
        held,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Next gate opens in',
          description: 'Time until the first lease runs out if nobody renews it. 0 where no gate is held.',
          unit: 's',
          noValue: 'no gate is held',
          width: 4,
        },
        [`min(headgate_lease_expires_timestamp_seconds{${P}} - time() > 0) or vector(0)`, 'opens in'],
        held,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Engaged',
          description: 'Times a gate was taken hold of in the time shown.',
          unit: 'none',
          noValue: 'never',
          width: 4,
        },
        [`round(sum(increase(headgate_decisions_total{${P},decision="engage"}[$__range]))) or vector(0)`, 'engaged'],
        held,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Withheld',
          description: 'Looks at which a policy wanted to act and said no, in the time shown. The reasons stand below.',
          unit: 'short',
          noValue: 'never',
          width: 4,
        },
        [`round(sum(increase(headgate_decisions_total{${P},decision="withhold"}[$__range]))) or vector(0)`, 'withheld'],
        steps(COLOUR.line),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Let go',
          description: 'Leases that ended in the time shown, of all pipelines.',
          unit: 'none',
          noValue: 'none',
          width: 4,
        },
        ['round(sum(increase(headgate_lease_released_total[$__range]))) or vector(0)', 'let go'],
        steps(COLOUR.line),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Moves that failed',
          description:
            'Tries to move a gate that were refused or got no answer, of all pipelines. They are tried again.',
          unit: 'none',
          noValue: 'none',
          width: 4,
        },
        ['round(sum(increase(headgate_actions_total{outcome!="ok"}[$__range]))) or vector(0)', 'failed'],
        steps(COLOUR.ok, [1, COLOUR.critical]),
      ),
    );
}

function leases(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Gates and incidents'))
    .withPanel(
      states(
        {
          title: 'Gates',
          description: 'One row for each policy and the gate it has held, and when it did.',
          unit: 'none',
          noValue: 'no gate was held',
          width: 12,
        },
        [`max by (pipeline, stage, policy) (headgate_lease_active{${P}})`, '{{pipeline}}.{{stage}} by {{policy}}'],
        HELD,
      ).dataLinks([toStage('__field.labels')]),
    )
    .withPanel(
      states(
        {
          title: 'Incidents by root',
          description: 'One row for each stage that was the root of an incident. A gate held without one is a finding.',
          unit: 'none',
          noValue: 'no incident',
          width: 12,
        },
        [
          `clamp_max(sum by (pipeline, stage, severity) (headgate_incident_open{${P}}), 1)`,
          '{{pipeline}}.{{stage}} {{severity}}',
        ],
        INCIDENTS,
      ).dataLinks([toStage('__field.labels')]),
    )
    .withPanel(
      lines(
        {
          title: 'What the gates let through',
          description: 'Share of the flow before, for each gate that was not fully open at some time shown.',
          unit: 'percentunit',
          noValue: 'every gate was open all the time',
          width: 12,
        },
        [
          `min by (pipeline, stage) (headgate_valve_factor{${P}}) and on (pipeline, stage) (min by (pipeline, stage) (min_over_time(headgate_valve_factor{${P}}[$__range])) < 1)`,
          '{{pipeline}}.{{stage}}',
        ],
      )
        .min(0)
        .max(1),
    )
    .withPanel(
      bars(
        {
          title: 'Leases that ended, and why',
          description:
            'recovered and expired are the usual ends; overridden: a person changed the gate; ineffective: it did not help.',
          unit: 'none',
          noValue: 'none ended',
          width: 12,
        },
        ['sum by (why) (increase(headgate_lease_released_total[$__rate_interval]))', '{{why}}'],
      ),
    );
}

function decisions(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Decisions'))
    .withPanel(
      bars(
        {
          title: 'Decisions, with their reasons',
          description: 'What the policies had done: engage, adjust, renew, release.',
          unit: 'none',
          noValue: 'no policy had anything to do',
          width: 12,
        },
        [
          `sum by (decision, reason) (increase(headgate_decisions_total{${P},decision!="withhold"}[$__rate_interval]))`,
          '{{decision}}: {{reason}}',
        ],
      ),
    )
    .withPanel(
      bars(
        {
          title: 'Withheld, with the reason',
          description:
            'Every look at which a policy said no. The same "no" is counted at each look as long as it holds.',
          unit: 'none',
          noValue: 'no policy said no',
          width: 12,
        },
        [
          `sum by (policy, reason) (increase(headgate_decisions_total{${P},decision="withhold"}[$__rate_interval]))`,
          '{{policy}}: {{reason}}',
        ],
      ),
    )
    .withPanel(
      table(
        {
          title: 'By policy',
          description: 'Every decision of the time shown. A policy in dry-run or observe shows here what it would do.',
          unit: 'none',
          noValue: 'nothing was decided',
          width: 24,
        },
        [
          [
            'times',
            `sum by (pipeline, stage, policy, decision, reason) (increase(headgate_decisions_total{${P}}[$__range])) > 0`,
          ],
        ],
      )
        .decimals(0)
        .dataLinks([toStage('__data.fields')]),
    );
}

function moves(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Moving gates'))
    .withPanel(
      lines(
        {
          title: 'Tries to move a gate',
          description: 'By step and outcome. Anything but ok was refused or got no answer, and is tried again.',
          unit: 'ops',
          noValue: 'no gate was moved',
          width: 12,
        },
        [
          'sum by (actuator, step, outcome) (rate(headgate_actions_total[$__rate_interval]))',
          '{{actuator}} {{step}}: {{outcome}}',
        ],
      ).min(0),
    )
    .withPanel(
      lines(
        {
          title: 'How long it takes',
          description: 'From the try to the answer of the gate: 99th percentile since the start, as moves are rare.',
          unit: 's',
          noValue: 'no gate was moved',
          width: 12,
        },
        [
          'histogram_quantile(0.99, sum by (le, actuator, step) (headgate_action_duration_seconds_bucket))',
          '{{actuator}} {{step}}',
        ],
      ).min(0),
    );
}
