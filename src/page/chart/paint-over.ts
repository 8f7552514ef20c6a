import type uPlot from 'uplot';
import { clipped, px, type Scene, words, xOf, yOf } from './paint.ts';

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

function ahead(plot: uPlot, { marks, colours, data, labels, now, from }: Scene): void {
  const last = data.value.findLastIndex((value) => value !== null);
  // From a value of long ago a forecast would be a fairy tale.
  if (!marks.ahead || last < 0 || now - (data.at[last] ?? 0) > (now - from) / 10) return;
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
    if (labels) words(context, colours, label, Math.min(edge, x1) - 34 * px(), y1 - 5 * px(), 'right');
  });
}

/** The likely course from the last value on, and the limit it comes to. */
function outlook(plot: uPlot, { marks, colours, data, to }: Scene): void {
  const last = data.value.findLastIndex((value) => value !== null);
  if (!marks.outlook || last < 0) return;
  const { at, centre, limit } = marks.outlook;
  clipped(plot, (context) => {
    const x0 = xOf(plot, data.at[last] ?? 0);
    context.strokeStyle = colours.line;
    context.lineWidth = 1.6 * px();
    context.setLineDash([2 * px(), 4 * px()]);
    context.beginPath();
    context.moveTo(x0, yOf(plot, data.value[last] ?? 0));
    for (const [index, time] of at.entries()) context.lineTo(xOf(plot, time), yOf(plot, centre[index] ?? 0));
    context.stroke();
    if (!limit) return;
    const [x, y] = [xOf(plot, limit.at), yOf(plot, limit.value)];
    context.strokeStyle = colours.critical;
    context.fillStyle = colours.critical;
    context.setLineDash([5 * px(), 3 * px()]);
    context.beginPath();
    context.moveTo(x0, y);
    context.lineTo(plot.bbox.left + plot.bbox.width, y);
    context.stroke();
    if (limit.at > to) return;
    context.setLineDash([]);
    context.beginPath();
    context.arc(x, y, 3.5 * px(), 0, 2 * Math.PI);
    context.fill();
    const isLeft = x - plot.bbox.left > plot.bbox.width / 2;
    // On the far side of the limit, where neither the line nor its course is.
    const isBelow = (data.value[last] ?? 0) > limit.value;
    const side = isBelow ? 15 : -7;
    words(context, colours, limit.label, x + (isLeft ? -7 : 7) * px(), y + side * px(), isLeft ? 'right' : 'left');
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

/** Over the line. */
export function paintOver(plot: uPlot, scene: Scene, clock: (at: number) => string): void {
  lonely(plot, scene);
  ahead(plot, scene);
  outlook(plot, scene);
  opened(plot, scene, clock);
  nowTick(plot, scene);
}
