import uPlot from 'uplot';
import { formatTicks } from '../text/number.ts';
import { clock, day } from '../text/time.ts';
import { yExtent } from './extent.ts';
import { paintUnder, type Scene } from './paint.ts';
import { paintOver } from './paint-over.ts';

export interface PlotAsk {
  readonly width: number;
  readonly height: number;
  readonly unit: string;
  /** Charts with one key share a cursor. */
  readonly sync: string | undefined;
  /** Read at every drawing. */
  readonly scene: () => Scene;
  /** Index of the point under the cursor, or null. */
  readonly onCursor: (index: number | null) => void;
}

const tickText = (seconds: number, length: number): string =>
  length > 2 * 86_400_000 ? day(seconds * 1_000) : clock(seconds * 1_000);

export const plotData = (scene: Scene): uPlot.AlignedData => [
  scene.data.at.map((at) => at / 1_000),
  [...scene.data.value],
];

function yRange({ data, labels, marks: { outlook } }: Scene): [number, number] {
  const beside = outlook ? [...outlook.lower, ...outlook.upper, ...(outlook.limit ? [outlook.limit.value] : [])] : [];
  return [...yExtent(data, labels ? 0.22 : 0.05, beside)] as [number, number];
}

/** Makes one chart: value over time with its band, on an axis that the caller fixes. */
export function makePlot(target: HTMLElement, ask: PlotAsk): uPlot {
  const { colours } = ask.scene();
  const axis = { stroke: colours.axis, font: `11px ${colours.font}`, ticks: { show: false } };
  const options: uPlot.Options = {
    width: ask.width,
    height: ask.height,
    legend: { show: false },
    padding: [6, 18, 0, 0],
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: false, y: false },
      ...(ask.sync !== undefined && { sync: { key: ask.sync, scales: ['x', null] } }),
    },
    scales: {
      x: { time: true, range: () => [ask.scene().from / 1_000, ask.scene().to / 1_000] },
      y: { range: () => yRange(ask.scene()) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        grid: { show: false },
        space: 70,
        values: (_, splits) => splits.map((at) => tickText(at, ask.scene().to - ask.scene().from)),
      },
      {
        ...axis,
        size: 54,
        space: 34,
        grid: { stroke: colours.grid, width: 1 },
        values: (_, splits) => formatTicks(splits, ask.unit),
      },
    ],
    series: [{}, { stroke: colours.line, width: 1.6, points: { show: false }, spanGaps: false }],
    hooks: {
      drawClear: [(plot) => paintUnder(plot, ask.scene())],
      draw: [(plot) => paintOver(plot, ask.scene(), clock)],
      setCursor: [(plot) => ask.onCursor(plot.cursor.idx ?? null)],
    },
  };
  return new uPlot(options, plotData(ask.scene()), target);
}
