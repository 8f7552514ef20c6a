import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { band, COLOUR, lines, S, stat, steps, VERDICTS } from './panels.ts';

/** The stage chosen above: how it is, and each of its signals inside the range it was expected in. */
export function oneStage(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Stage $stage'))
    .withPanel(
      stat(
        {
          title: 'Verdict of $stage',
          description: 'The worst of its subjects that are ready.',
          unit: 'none',
          noValue: 'not watched',
          width: 4,
        },
        [`max(headgate_verdict{${S}})`, 'verdict'],
        steps(COLOUR.unknown),
        VERDICTS,
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Score',
          description: 'The most surprising subject of the stage. 1 is the page line.',
          unit: 'none',
          noValue: 'nothing is ready',
          width: 4,
        },
        [`max(headgate_anomaly_score{${S}})`, 'score'],
        steps(COLOUR.ok, [0.5, COLOUR.warning], [1, COLOUR.critical]),
      ).decimals(2),
    )
    .withPanel(
      stat(
        {
          title: 'Learned',
          description: 'Share of the subjects the least ready detector can judge. Limits work from the start.',
          unit: 'percentunit',
          noValue: 'no detector',
          width: 4,
        },
        [`min(headgate_detector_ready{${S}})`, 'ready'],
        steps(COLOUR.unknown, [1, COLOUR.ok]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Gate opens in',
          description: 'Time until the last lease on this stage runs out if nobody renews it. 0 where no gate is held.',
          unit: 's',
          noValue: 'no gate is held',
          width: 4,
        },
        [`max(headgate_lease_expires_timestamp_seconds{${S}} - time() > 0) or vector(0)`, 'opens in'],
        steps(COLOUR.ok, [1, COLOUR.held]),
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Score by subject',
          description: 'Each signal, field, and the stage as a whole (`*`). The line at 1 is the page line.',
          unit: 'none',
          noValue: 'nothing is ready',
          width: 8,
          height: 4,
        },
        [`max by (subject) (headgate_anomaly_score{${S}})`, '{{subject}}'],
      ),
    )
    .withPanel(
      band(
        {
          title: '$signal',
          description:
            'The signal, and the range it was expected in as a band. A break in the line is a probe without an answer.',
          unit: 'none',
          noValue: 'the stage does not show this signal',
          width: 12,
        },
        [`max(headgate_signal_value{${S},signal="$signal"})`, '$signal'],
        [`max(headgate_expected{${S},signal="$signal",bound="lower"})`, 'expected from'],
        [`max(headgate_expected{${S},signal="$signal",bound="upper"})`, 'expected to'],
      )
        .repeat('signal')
        .repeatDirection('h')
        .maxPerRow(2),
    );
}
