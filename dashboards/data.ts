import { type Dashboard, type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './frame.ts';
import { COLOUR, DRIFTED, SOME, steps, toStage } from './look.ts';
import { bars, coloured, inUnit, lines, stat, table, withLine, worded } from './panels.ts';

/** The data itself: how fields are spread, how much there is, how old it is, and what was put aside. */
export const data = (): Dashboard =>
  dashboardOf({
    uid: 'headgate-data',
    title: 'Headgate · Data',
    description: 'What is in the data: drift of fields, missing values, rows, freshness, dead letters.',
    variables: ['pipeline', 'stages'],
    page: 'data',
    parts: [now, fields, amounts],
  });

const signal = (name: string): string => `headgate_signal_value{${SOME},signal="${name}"}`;
const FIELD = '{{pipeline}}.{{stage}}/{{field}}';
const STAGE = '{{pipeline}}.{{stage}}';

function now(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          title: 'Fields that drifted',
          description:
            'Fields that are spread otherwise than they were: significant, large enough, and unusual for the field.',
          unit: 'none',
          noValue: 'no field is compared yet',
          width: 5,
        },
        [`sum(headgate_drift_detected{${SOME}}) or vector(0)`, 'drifted'],
        steps(COLOUR.ok, [1, COLOUR.warning]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Fields compared',
          description:
            'Fields with a profile now and a reference to compare it with. Fewer than usual: some are blind.',
          unit: 'none',
          noValue: 'no field is compared yet',
          width: 5,
        },
        [`count(headgate_drift_detected{${SOME}}) or vector(0)`, 'compared'],
        steps(COLOUR.line),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Oldest profile',
          description: 'Age of the newest data of the field whose profile is oldest.',
          unit: 's',
          noValue: 'no field is profiled',
          width: 5,
        },
        [`time() - min(headgate_profile_end_timestamp_seconds{${SOME}})`, 'oldest'],
        steps(COLOUR.line),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Dead letters',
          description: 'Records put aside and waiting for a person, over all stages shown.',
          unit: 'short',
          noValue: 'no stage shows dlq_depth',
          width: 5,
        },
        [`sum(${signal('dlq_depth')})`, 'waiting'],
        steps(COLOUR.ok, [1, COLOUR.warning]),
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Stalest data',
          description: 'The highest freshness_seconds of the stages shown: the age of their newest data.',
          unit: 's',
          noValue: 'no stage shows freshness_seconds',
          width: 4,
        },
        [`max(${signal('freshness_seconds')})`, 'stalest'],
        steps(COLOUR.line),
      ),
    );
}

function fields(dashboard: DashboardBuilder): void {
  const by = 'max by (pipeline, stage, field)';
  let all = table(
    {
      title: 'Fields',
      description:
        'Every field that is profiled: whether it drifted, its effect and what chance gives of it, the p-value among all fields, missing values and rows.',
      unit: 'none',
      noValue: 'no field is profiled',
      width: 24,
      height: 9,
    },
    [
      ['state', `${by} (headgate_drift_detected{${SOME}})`],
      ['effect', `${by} (headgate_drift_effect{${SOME}})`],
      ['by chance', `${by} (headgate_drift_effect_null{${SOME}})`],
      ['adjusted p', `${by} (headgate_drift_adjusted_p{${SOME}})`],
      ['missing', `${by} (headgate_profile_null_ratio{${SOME}})`],
      ['rows', `${by} (headgate_profile_rows{${SOME}})`],
    ],
  );
  all = coloured(
    worded(all, 'state', DRIFTED),
    'effect',
    steps(COLOUR.ok, [0.1, COLOUR.warning], [0.2, COLOUR.critical]),
  );
  all = inUnit(inUnit(inUnit(all, 'effect', 'none', 3), 'by chance', 'none', 3), 'adjusted p', 'sci', 1);
  all = inUnit(inUnit(all, 'missing', 'percentunit', 1), 'rows', 'short');
  dashboard
    .withRow(new RowBuilder('Fields'))
    .withPanel(all.dataLinks([toStage('__data.fields')]))
    .withPanel(
      withLine(
        lines(
          {
            title: 'Effect beyond chance',
            description:
              'Population stability index of the fifteen fields that moved most, less what chance alone gives. 0.1 is called moderate (dashed), 0.2 large.',
            unit: 'none',
            noValue: 'no field is compared yet',
            width: 12,
          },
          [`topk(15, headgate_drift_effect{${SOME}} - headgate_drift_effect_null{${SOME}})`, FIELD],
        ),
        0.1,
        COLOUR.warning,
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Missing values',
          description: 'Share of rows without a value, of the fifteen fields that lack most.',
          unit: 'percentunit',
          noValue: 'no field is profiled',
          width: 12,
        },
        [`topk(15, max by (pipeline, stage, field) (headgate_profile_null_ratio{${SOME}}))`, FIELD],
      ).min(0),
    );
}

function amounts(dashboard: DashboardBuilder): void {
  dashboard
    .withRow(new RowBuilder('How much, how old, what was put aside'))
    .withPanel(
      lines(
        {
          title: 'Rows',
          description: 'The signal rows of each stage that shows it.',
          unit: 'short',
          noValue: 'no stage shows rows',
          width: 8,
        },
        [`max by (pipeline, stage) (${signal('rows')})`, STAGE],
      ),
    )
    .withPanel(
      lines(
        {
          title: 'Age of the newest data',
          description: 'freshness_seconds of the stages, and up to where it was expected to be.',
          unit: 's',
          noValue: 'no stage shows freshness_seconds',
          width: 8,
        },
        [`max by (pipeline, stage) (${signal('freshness_seconds')})`, STAGE],
        [
          `max by (pipeline, stage) (headgate_expected{${SOME},signal="freshness_seconds",bound="upper"})`,
          `${STAGE} expected to`,
        ],
      ).overrideByQuery('B', [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } }]),
    )
    .withPanel(
      bars(
        {
          title: 'Records put aside',
          description:
            'By how much the dead letters of each stage grew. They wait for a person; nothing retries them by itself.',
          unit: 'short',
          noValue: 'no stage shows dlq_depth',
          width: 8,
        },
        [`clamp_min(max by (pipeline, stage) (delta(${signal('dlq_depth')}[$__rate_interval])), 0)`, STAGE],
      ),
    );
}
