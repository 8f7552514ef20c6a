import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './frame.ts';
import { COLOUR, HELD, LEARNING, S, scoreSteps, steps, VERDICTS } from './look.ts';
import { band, gauge, lines, stacked, stat, states, table, withLine } from './panels.ts';

/** One stage: how it is, each of its signals inside the range it was expected in, why it is judged so, and what was done. */
export const stage = (): Dashboard =>
  dashboardOf({
    uid: 'headgate-stage',
    title: 'Headgate · Stage',
    description: 'One stage: its verdict, its signals inside the ranges they were expected in, and why.',
    variables: ['pipeline', 'stage', 'signal'],
    page: 'stage/${pipeline}/${stage}',
    parts: [now, signals, why, done],
  });

function now(dashboard: DashboardBuilder): void {
  const about = { width: 4 };
  dashboard
    .withRow(new RowBuilder('Stage $stage'))
    .withPanel(
      stat(
        {
          ...about,
          title: 'Verdict',
          description: 'The worst of its subjects that are ready.',
          unit: 'none',
          noValue: 'not watched',
        },
        [`max(headgate_verdict{${S}})`, 'verdict'],
        steps(COLOUR.unknown),
        VERDICTS,
      ),
    )
    .withPanel(
      gauge(
        {
          ...about,
          title: 'Score',
          description: 'The most surprising subject of the stage. 1 is the page line; the scale ends at 5.',
          unit: 'none',
          noValue: 'nothing is ready',
        },
        [`max(headgate_anomaly_score{${S}})`, 'score'],
        scoreSteps(),
        5,
      ).decimals(2),
    )
    .withPanel(
      gauge(
        {
          ...about,
          title: 'Learned',
          description: 'Share of the subjects the least ready detector can judge. Limits work from the start.',
          unit: 'percentunit',
          noValue: 'no detector',
        },
        [`min(headgate_detector_ready{${S}})`, 'ready'],
        steps(COLOUR.unknown, [1, COLOUR.ok]),
        1,
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Gate lets through',
          description: 'Share of the flow before that the gate of the stage lets through now.',
          unit: 'percentunit',
          noValue: 'the flow before was not known',
        },
        [`min(headgate_valve_factor{${S}})`, 'let through'],
        steps(COLOUR.held, [1, COLOUR.ok]),
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Gate opens in',
          description: 'Time until the last lease on this stage runs out if nobody renews it. 0 where no gate is held.',
          unit: 's',
          noValue: 'no gate is held',
        },
        [`max(headgate_lease_expires_timestamp_seconds{${S}} - time() > 0) or vector(0)`, 'opens in'],
        steps(COLOUR.ok, [1, COLOUR.held]),
      ),
    )
    .withPanel(
      stat(
        {
          ...about,
          title: 'Learning',
          description:
            'Frozen while an incident is open, a gate is held, or the stage is strange: trouble is not learned.',
          unit: 'none',
          noValue: 'not watched',
        },
        [`max(headgate_learning_frozen{${S}})`, 'learning'],
        steps(COLOUR.unknown),
        LEARNING,
      ),
    );
}

function signals(dashboard: DashboardBuilder): void {
  dashboard.withRow(new RowBuilder('Signals')).withPanel(
    band(
      {
        title: '$signal',
        description:
          'The signal, and the range it was expected in as a band. A break in the line is a probe without an answer. Dashed, for signals that are followed: where it was likely to be by the end of what the forecast looks ahead.',
        unit: 'none',
        noValue: 'the stage does not show this signal',
        width: 12,
      },
      [`max(headgate_signal_value{${S},signal="$signal"})`, '$signal'],
      [`max(headgate_expected{${S},signal="$signal",bound="lower"})`, 'expected from'],
      [`max(headgate_expected{${S},signal="$signal",bound="upper"})`, 'expected to'],
      [`max(headgate_forecast{${S},signal="$signal",bound="centre"})`, 'likely ahead'],
    )
      .repeat('signal')
      .repeatDirection('h')
      .maxPerRow(2),
  );
}

function why(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Why'))
    .withPanel(
      withLine(
        lines(
          {
            title: 'Score by subject',
            description: 'Each signal, field, and the stage as a whole (`*`). The dashed line at 1 is the page line.',
            unit: 'none',
            noValue: 'nothing is ready',
            width: 12,
          },
          [`max by (subject) (headgate_anomaly_score{${S}})`, '{{subject}}'],
        ).min(0),
        1,
        COLOUR.critical,
      ),
    )
    .withPanel(
      stacked(
        lines(
          {
            title: 'Who makes the highest score',
            description:
              'Shares of the signals in the highest score. Several in one colour column: they are unusual together.',
            unit: 'percentunit',
            noValue: 'nothing is unusual',
            width: 12,
          },
          [`max by (signal) (headgate_anomaly_contribution_ratio{${S}})`, '{{signal}}'],
        ).fillOpacity(40),
      )
        .min(0)
        .max(1),
    );
}

function done(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('What was done'))
    .withPanel(
      states(
        {
          title: 'Gates of the stage',
          description: 'One row for each policy that has held the gate of this stage, and when it did.',
          unit: 'none',
          noValue: 'the gate of this stage was never held',
          width: 12,
          height: 6,
        },
        [`max by (policy, actuator) (headgate_lease_active{${S}})`, '{{policy}} by {{actuator}}'],
        HELD,
      ),
    )
    .withPanel(
      table(
        {
          title: 'Decisions',
          description:
            'What the policies decided on the gate of this stage in the time shown; every "no" has a reason.',
          unit: 'none',
          noValue: 'nothing was decided on the gate of this stage',
          width: 12,
          height: 6,
        },
        [['times', `sum by (policy, decision, reason) (increase(headgate_decisions_total{${S}}[$__range])) > 0`]],
      ).decimals(0),
    );
}
