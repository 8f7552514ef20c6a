import type uPlot from 'uplot';
import type { Colours } from './colours.ts';
import type { Marks } from './marks.ts';
import type { SparkInput } from './spark.ts';

/** What the painters need to know beside the plot itself. */
export interface Scene {
  readonly data: SparkInput;
  readonly marks: Marks;
  readonly colours: Colours;
  readonly now: number;
  /** The window that is drawn, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Write words beside the marks; only where there is room. */
  readonly labels: boolean;
}

const px = (): number => devicePixelRatio;
const xOf = (plot: uPlot, at: number): number => plot.valToPos(at / 1_000, 'x', true);
const yOf = (plot: uPlot, value: number): number => plot.valToPos(value, 'y', true);

function clipped(plot: uPlot, paint: (context: CanvasRenderingContext2D) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(ctx);
  ctx.restore();
}

/** The expected band, run by run, so that a hole in it is a hole and not a wedge. */
function band(plot: uPlot, { data, colours }: Scene): void {
  clipped(plot, (context) => {
    context.fillStyle = colours.band;
    let run: number[] = [];
    const flush = (): void => {
      if (run.length > 1) {
        context.beginPath();
        for (const index of run) context.lineTo(xOf(plot, data.at[index] ?? 0), yOf(plot, data.upper[index] ?? 0));
        for (const index of run.reverse())
          context.lineTo(xOf(plot, data.at[index] ?? 0), yOf(plot, data.lower[index] ?? 0));
        context.closePath();
        context.fill();
      }
      run = [];
    };
    data.at.forEach((_, index) => {
      if (data.lower[index] == null || data.upper[index] == null) flush();
      else run.push(index);
    });
    flush();
  });
}

function gaps(plot: uPlot, { marks, colours }: Scene): void {
  const { top, height } = plot.bbox;
  for (const gap of marks.gaps) {
    clipped(plot, (context) => {
      const [left, right] = [xOf(plot, gap.from), xOf(plot, gap.to)];
      context.beginPath();
      context.rect(left, top, right - left, height);
      context.clip();
      context.strokeStyle = colours.axis;
      context.globalAlpha = 0.55;
      context.lineWidth = px();
      context.beginPath();
      for (let x = left - height; x < right; x += 6 * px()) {
        context.moveTo(x, top + height);
        context.lineTo(x + height * 0.45, top);
      }
      context.stroke();
    });
  }
}

function leases(plot: uPlot, { marks, colours, labels }: Scene): void {
  const { top, height } = plot.bbox;
  for (const lease of marks.leases) {
    clipped(plot, (context) => {
      const [left, right] = [xOf(plot, lease.from), xOf(plot, lease.to)];
      context.fillStyle = colours.held;
      context.globalAlpha = 0.11;
      context.fillRect(left, top, right - left, height);
      context.globalAlpha = 1;
      context.fillRect(left, top, right - left, 3 * px());
      if (labels && right - left > 60 * px())
        words(context, colours, lease.label, left + 5 * px(), top + 17 * px(), 'left');
    });
  }
}

function words(
  context: CanvasRenderingContext2D,
  colours: Colours,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
): void {
  context.font = `500 ${11.5 * px()}px ${colours.font}`;
  context.textAlign = align;
  context.fillText(text, x, y);
}

function opened(plot: uPlot, { marks, colours, labels }: Scene, clock: (at: number) => string): void {
  const { top, height, left } = plot.bbox;
  for (const at of marks.opened) {
    clipped(plot, (context) => {
      const x = xOf(plot, at);
      context.strokeStyle = colours.critical;
      context.fillStyle = colours.critical;
      context.lineWidth = 1.6 * px();
      context.setLineDash([4 * px(), 3 * px()]);
      context.beginPath();
      context.moveTo(x, top);
      context.lineTo(x, top + height);
      context.stroke();
      if (!labels) return;
      const room = x - left > 90 * px();
      words(
        context,
        colours,
        `opened ${clock(at)}`,
        room ? x - 6 * px() : x + 6 * px(),
        top + 17 * px() + (room ? 0 : 16 * px()),
        room ? 'right' : 'left',
      );
    });
  }
}

function ahead(plot: uPlot, { marks, colours, data, labels }: Scene): void {
  const last = data.value.findLastIndex((value) => value !== null);
  if (!marks.ahead || last < 0) return;
  const { to, value, label } = marks.ahead;
  clipped(plot, (context) => {
    const [x0, y0] = [xOf(plot, data.at[last] ?? 0), yOf(plot, data.value[last] ?? 0)];
    const [x1, y1] = [xOf(plot, to), yOf(plot, value)];
    context.strokeStyle = colours.line;
    context.fillStyle = colours.ink;
    context.lineWidth = 1.6 * px();
    context.setLineDash([2 * px(), 4 * px()]);
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
    const edge = plot.bbox.left + plot.bbox.width - 4 * px();
    if (labels) words(context, colours, label, Math.min(edge, x1) - 14 * px(), y1 - 6 * px(), 'right');
  });
}

/** A value between two gaps would be invisible as a line; it is a point. */
function lonely(plot: uPlot, { data, colours }: Scene): void {
  clipped(plot, (context) => {
    context.fillStyle = colours.line;
    data.value.forEach((value, index) => {
      if (value == null || data.value[index - 1] != null || data.value[index + 1] != null) return;
      context.beginPath();
      context.arc(xOf(plot, data.at[index] ?? 0), yOf(plot, value), 2 * px(), 0, 2 * Math.PI);
      context.fill();
    });
  });
}

function nowTick(plot: uPlot, { now, colours }: Scene): void {
  const { top, height, left, width } = plot.bbox;
  const x = xOf(plot, now);
  if (x < left || x > left + width) return;
  plot.ctx.save();
  plot.ctx.fillStyle = colours.ink;
  plot.ctx.fillRect(x - px() / 2, top + height - 5 * px(), px(), 10 * px());
  plot.ctx.restore();
}

/** Under the line. */
export function paintUnder(plot: uPlot, scene: Scene): void {
  band(plot, scene);
  leases(plot, scene);
  gaps(plot, scene);
}

/** Over the line. */
export function paintOver(plot: uPlot, scene: Scene, clock: (at: number) => string): void {
  lonely(plot, scene);
  ahead(plot, scene);
  opened(plot, scene, clock);
  nowTick(plot, scene);
}
