import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type ThresholdsConfigBuilder,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Gauge } from '@grafana/grafana-foundation-sdk/gauge';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { type About, COLOUR, DATASOURCE, type Query, steps } from './look.ts';

type AnyPanel = Stat | Gauge | TimeSeries | Table | StateTimeline | BarGauge;

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

const byThreshold = (): FieldColorBuilder => new FieldColorBuilder().mode(FieldColorModeId.Thresholds);

const newest = (): ReduceDataOptionsBuilder => new ReduceDataOptionsBuilder().calcs(['lastNotNull']);

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
    .reduceOptions(newest())
    .colorMode(BigValueColorMode.Value)
    .graphMode(mappings.length > 0 ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .mappings(mappings);
}

/** One number of a known range, as it is now. */
export const gauge = (about: About, one: Query, thresholds: ThresholdsConfigBuilder, max: number): Gauge =>
  describe(new Gauge(), { height: 4, ...about })
    .withTarget(nowQuery(one, 0))
    .reduceOptions(newest())
    .min(0)
    .max(max)
    .thresholds(thresholds)
    .colorScheme(byThreshold());

/** Lines over time; the legend is a table with the last value where there can be many of them. */
export function lines(about: About, ...queries: readonly Query[]): TimeSeries {
  const panel = describe(new TimeSeries(), about);
  panel.targets(queries.map(query));
  return panel.lineWidth(1).showPoints(VisibilityMode.Never).fillOpacity(0).legend(legendOf(about));
}

const legendOf = ({ height = 8 }: About): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder()
    .displayMode(height >= 8 ? LegendDisplayMode.Table : LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(height >= 8 ? ['lastNotNull', 'max'] : []);

/** Draws where a line must not be crossed. */
export const withLine = (panel: TimeSeries, at: number, colour: string): TimeSeries =>
  panel
    .thresholds(steps('transparent', [at, colour]))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));

export const bars = (about: About, ...queries: readonly Query[]): TimeSeries =>
  stacked(
    lines(about, ...queries)
      .drawStyle(GraphDrawStyle.Bars)
      .fillOpacity(60),
  );

export const stacked = (panel: TimeSeries): TimeSeries =>
  panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));

/** A value inside the range it was expected in. */
export function band(about: About, value: Query, lower: Query, upper: Query, ahead: Query): TimeSeries {
  const quiet = [
    { id: 'custom.lineWidth', value: 0 },
    { id: 'color', value: { mode: 'fixed', fixedColor: COLOUR.line } },
  ];
  return lines(about, value, lower, upper, ahead)
    .overrideByQuery('D', [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [2, 4] } }])
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
    .reduceOptions(newest())
    .displayMode(BarGaugeDisplayMode.Basic)
    .min(0)
    .thresholds(steps(COLOUR.line))
    .colorScheme(byThreshold());

/** The name of a column, and the query whose answer of now stands in it. */
export type Column = readonly [name: string, expr: string];

/** Rows by label, with one column for each query; columns that only machines need are hidden. */
export function table(about: About, columns: readonly Column[], hidden: readonly string[] = []): Table {
  const one = columns.length === 1;
  const fieldOf = (index: number): string => (one ? 'Value' : `Value #${String.fromCharCode(65 + index)}`);
  const names = columns.map(([name], index) => [fieldOf(index), name] as const);
  const panel = describe(new Table(), about).targets(
    columns.map(([name, expr], index) => nowQuery([expr, name], index).format(PromQueryFormat.Table)),
  );
  if (!one) panel.withTransformation({ id: 'merge', options: {} });
  return panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(['Time', '__name__', 'instance', 'job', ...hidden].map((name) => [name, true])),
      renameByName: Object.fromEntries(names),
    },
  });
}

/** Colours the text of a column by its value. */
export const coloured = (panel: Table, column: string, thresholds: ThresholdsConfigBuilder): Table =>
  panel.overrideByName(column, [
    { id: 'thresholds', value: thresholds.build() },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ]);

/** Writes the values of a column out. */
export const worded = (panel: Table, column: string, mappings: ValueMapping[]): Table =>
  panel.overrideByName(column, [
    { id: 'mappings', value: mappings },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ]);

/** Gives a column a unit of its own. */
export const inUnit = (panel: Table, column: string, unit: string, decimals?: number): Table =>
  panel.overrideByName(column, [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
  ]);
