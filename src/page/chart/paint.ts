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

export const px = (): number => devicePixelRatio;
export const xOf = (plot: uPlot, at: number): number => plot.valToPos(at / 1_000, 'x', true);
export const yOf = (plot: uPlot, value: number): number => plot.valToPos(value, 'y', true);

/** Paints inside the plot only. */
export function clipped(plot: uPlot, paint: (context: CanvasRenderingContext2D) => void): void {
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

/** Words in the font of the page, in the fill that is set. */
export function words(
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

/** What is likely: the band goes on from the last value, paler than where it was expected, and opens like a fan. */
function outlook(plot: uPlot, { marks, colours, data }: Scene): void {
  const last = data.value.findLastIndex((value) => value !== null);
  if (!marks.outlook || last < 0) return;
  const { at, lower, upper } = marks.outlook;
  clipped(plot, (context) => {
    context.fillStyle = colours.band;
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(xOf(plot, data.at[last] ?? 0), yOf(plot, data.value[last] ?? 0));
    for (const [index, time] of at.entries()) context.lineTo(xOf(plot, time), yOf(plot, upper[index] ?? 0));
    for (let index = at.length - 1; index >= 0; index -= 1)
      context.lineTo(xOf(plot, at[index] ?? 0), yOf(plot, lower[index] ?? 0));
    context.closePath();
    context.fill();
  });
}

/** Times that are not learned: a frame of dots, so that it is seen without colour too. */
function excluded(plot: uPlot, { marks, colours, labels }: Scene): void {
  const { top, height } = plot.bbox;
  for (const range of marks.excluded ?? []) {
    clipped(plot, (context) => {
      const [left, right] = [xOf(plot, range.from), xOf(plot, range.to)];
      context.fillStyle = colours.axis;
      context.globalAlpha = 0.12;
      context.fillRect(left, top, right - left, height);
      context.globalAlpha = 1;
      context.strokeStyle = colours.axis;
      context.lineWidth = px();
      context.setLineDash([px(), 3 * px()]);
      context.strokeRect(left, top + px() / 2, right - left, height - px());
      const isRoomy = right - left > (labels ? 60 : 90) * px();
      if (isRoomy) words(context, colours, range.label, left + 5 * px(), top + height - 7 * px(), 'left');
    });
  }
}

/** Under the line. */
export function paintUnder(plot: uPlot, scene: Scene): void {
  excluded(plot, scene);
  band(plot, scene);
  outlook(plot, scene);
  leases(plot, scene);
  gaps(plot, scene);
}
