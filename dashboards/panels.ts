import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  GraphDrawStyle,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

/** The reader chooses the data source at the top; no panel names one itself, so that the dashboard can be imported. */
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** What the reader chose above: pipelines for the fleet, and one stage of them. */
export const P = 'pipeline=~"$pipeline"';
export const S = `${P},stage="$stage"`;

/** The colours of the page in its dark theme: told apart also without red, green or blue sight. */
export const COLOUR = {
  ok: '#86EBC0',
  warning: '#FDB746',
  critical: '#FE6B70',
  unknown: '#A9BAC2',
  held: '#9C8BE8',
  line: '#6FC7DB',
} as const;

/** A colour is never the only sign: every state is written out as well. */
export const VERDICTS: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: {
      '0': { text: 'ok', color: COLOUR.ok, index: 0 },
      '1': { text: 'warning', color: COLOUR.warning, index: 1 },
      '2': { text: 'critical', color: COLOUR.critical, index: 2 },
      '3': { text: 'unknown', color: COLOUR.unknown, index: 3 },
    },
  },
];

/** What every panel says of itself. */
export interface About {
  readonly title: string;
  /** For the reader at 3 a.m.: what it shows, and what to make of it. */
  readonly description: string;
  readonly unit: string;
  /** What an empty answer means. */
  readonly noValue: string;
  readonly width: number;
  readonly height?: number;
}

/** One query: PromQL and the name of its lines. */
export type Query = readonly [expr: string, legend: string];

type AnyPanel = Stat | TimeSeries | Table | StateTimeline | BarGauge;

function describe<Panel extends AnyPanel>(panel: Panel, about: About): Panel {
  panel.title(about.title).description(about.description).unit(about.unit).noValue(about.noValue);
  panel
    .span(about.width)
    .height(about.height ?? 8)
    .datasource(DATASOURCE);
  return panel;
}

const query = ([expr, legend]: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .datasource(DATASOURCE)
    .refId(String.fromCharCode(65 + index));

const nowQuery = (one: Query, index: number): DataqueryBuilder => query(one, index).instant();

/** Steps upwards: the colour holds from its value on; the first is for everything below. */
export const steps = (lowest: string, ...rest: readonly (readonly [from: number, colour: string])[]) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: lowest }, ...rest.map(([value, color]) => ({ value, color }))]);

const byThreshold = (): FieldColorBuilder => new FieldColorBuilder().mode(FieldColorModeId.Thresholds);

/** One number, as it is now, with its last hours behind it. */
export function stat(
  about: About,
  one: Query,
  thresholds: ThresholdsConfigBuilder,
  mappings: ValueMapping[] = [],
): Stat {
  return describe(new Stat(), { height: 4, ...about })
    .withTarget(query(one, 0))
    .thresholds(thresholds)
    .colorScheme(byThreshold())
    .colorMode(BigValueColorMode.Value)
    .graphMode(mappings.length > 0 ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .mappings(mappings);
}

export function lines(about: About, ...queries: readonly Query[]): TimeSeries {
  const panel = describe(new TimeSeries(), about);
  panel.targets(queries.map(query));
  return panel.lineWidth(1).showPoints(VisibilityMode.Never).fillOpacity(0);
}

export const bars = (about: About, ...queries: readonly Query[]): TimeSeries =>
  lines(about, ...queries)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(60);

/** A value inside the range it was expected in. */
export function band(about: About, value: Query, lower: Query, upper: Query): TimeSeries {
  const quiet = [
    { id: 'custom.lineWidth', value: 0 },
    { id: 'color', value: { mode: 'fixed', fixedColor: COLOUR.line } },
  ];
  return lines(about, value, lower, upper)
    .overrideByQuery('A', [{ id: 'custom.lineWidth', value: 2 }])
    .overrideByQuery('B', quiet)
    .overrideByQuery('C', [
      ...quiet,
      { id: 'custom.fillBelowTo', value: lower[1] },
      { id: 'custom.fillOpacity', value: 16 },
    ]);
}

export const states = (about: About, one: Query, mappings: ValueMapping[]): StateTimeline =>
  describe(new StateTimeline(), about)
    .withTarget(query(one, 0))
    .mappings(mappings)
    .colorScheme(byThreshold())
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .perPage(20);

export const against = (about: About, used: Query, allowed: Query): BarGauge =>
  describe(new BarGauge(), { height: 4, ...about })
    .withTarget(nowQuery(used, 0))
    .withTarget(nowQuery(allowed, 1))
    .displayMode(BarGaugeDisplayMode.Basic)
    .min(0)
    .thresholds(steps(COLOUR.line))
    .colorScheme(byThreshold());

/** The answers of now as rows; columns that only machines need are hidden, the value is called `column`. */
export function table(about: About, column: string, ...queries: readonly Query[]): Table {
  const targets = queries.map((one, index) => nowQuery(one, index).format(PromQueryFormat.Table));
  return describe(new Table(), about)
    .targets(targets)
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, __name__: true, instance: true, job: true },
        renameByName: { Value: column },
      },
    });
}

export const link = (title: string, url: string): DashboardLinkBuilder =>
  new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).targetBlank(true);
