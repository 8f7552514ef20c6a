import type { Unit } from '../domain/signal.ts';
import type { EpochMs } from '../domain/time.ts';
import { clockTime, quantity } from '../domain/wording.ts';
import { type Column, columnsOf, type Series } from './downsample.ts';
import { html, type Markup } from './html.ts';

/** A stretch of time that is marked in a chart. */
export interface Mark {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

export interface ChartAsk {
  readonly series: Series;
  readonly unit: Unit;
  /** Line above the picture. */
  readonly caption: Markup;
  /** The picture in words, for those who do not see it. */
  readonly says: string;
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Columns the time is parted into; what a chart weighs follows from it. */
  readonly columns: number;
  readonly alerts: readonly Mark[];
  readonly labels: readonly Mark[];
  readonly leases: readonly Mark[];
  /** Times that are not learned. */
  readonly excluded: readonly Mark[];
  /** A limit that was in sight, as it was told: from where, and when it was to be reached. */
  readonly sight: Sight | undefined;
}

export interface Sight {
  readonly from: EpochMs;
  readonly value: number;
  readonly limit: number;
  readonly soonest: EpochMs;
  readonly likely: EpochMs;
  readonly latest: EpochMs;
}

const WIDTH = 720;
const HEIGHT = 120;
/** Marks are at least this wide, so that a short one is seen in a long history. */
const LEAST = 3;

/** One signal over time as a picture: value, expected band, alerts (bar above), labels (bar below), held gates. Empty without samples. */
export function chartOf(ask: ChartAsk): Markup | undefined {
  const { series, unit, caption, says, from, to } = ask;
  const columns = columnsOf(series, from, to, ask.columns);
  const scale = scaleOf(columns, ask.sight?.limit);
  if (!scale) return undefined;
  const x = (at: EpochMs): number => round(((at - from) / Math.max(1, to - from)) * WIDTH);
  const y = (value: number): number => round(HEIGHT - ((value - scale.low) / (scale.high - scale.low)) * HEIGHT);
  return html`<figure class="chart"><figcaption>${caption}</figcaption>
<div class="plot"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${says}">
${marksOf('lease', ask.leases, from, to, x, 0, HEIGHT)}<path class="band" d="${bandPath(columns, x, y)}"/>
${marksOf('excluded', ask.excluded, from, to, x, 0, HEIGHT)}<path class="line" d="${linePath(columns, x, y)}"/>
${ask.sight && sightOf(ask.sight, x, y)}${marksOf('alert', ask.alerts, from, to, x, 0, 5)}${marksOf('label', ask.labels, from, to, x, HEIGHT - 5, 5)}</svg>
<span class="high">${quantity(scale.high, unit)}</span><span class="low">${quantity(scale.low, unit)}</span></div>
<div class="ends"><span>${clockTime(from, 0)}</span><span>${clockTime(to, 0)}</span></div></figure>
`;
}

const round = (number: number): number => Math.round(number * 10) / 10;

function marksOf(
  kind: string,
  marks: readonly Mark[],
  from: EpochMs,
  to: EpochMs,
  x: (at: EpochMs) => number,
  top: number,
  height: number,
): Markup[] {
  return joined(
    marks.filter((mark) => mark.to >= from && mark.from <= to),
    (to - from) / WIDTH,
  ).map((mark) => {
    const left = x(Math.max(from, mark.from));
    const width = Math.max(LEAST, x(Math.min(to, mark.to)) - left);
    return html`<rect class="${kind}" x="${Math.min(left, WIDTH - width)}" y="${top}" width="${round(width)}" height="${height}"/>
`;
  });
}

/** Marks that would touch in the picture become one. */
function joined(marks: readonly Mark[], apart: number): Mark[] {
  const out: Mark[] = [];
  for (const mark of marks.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && mark.from - last.to <= apart) out[out.length - 1] = { from: last.from, to: Math.max(last.to, mark.to) };
    else out.push(mark);
  }
  return out;
}

/** Covers all values; of the band so much that it is seen without making the values small. From 0 where that is not far. */
function scaleOf(columns: readonly Column[], limit?: number): { low: number; high: number } | undefined {
  const seen = columns.filter((column) => !Number.isNaN(column.most));
  if (seen.length === 0) return undefined;
  const least = Math.min(...seen.map((column) => column.least), limit ?? Number.POSITIVE_INFINITY);
  const most = Math.max(...seen.map((column) => column.most), limit ?? Number.NEGATIVE_INFINITY);
  const room = most - least || Math.abs(most) || 1;
  const bands = columns.filter((column) => !Number.isNaN(column.upper));
  const low = Math.max(least - room / 2, Math.min(least, ...bands.map((column) => column.lower)));
  const high = Math.min(most + room / 2, Math.max(most, ...bands.map((column) => column.upper)));
  const base = least >= 0 && low < 0.85 * high ? 0 : low;
  return high > base ? { low: base, high } : { low: base - room / 2, high: base + room / 2 };
}

/** The fan from the sample at which it was told to the limit, its likely course, and the limit. */
function sightOf(
  { from, value, limit, soonest, likely, latest }: Sight,
  x: (at: EpochMs) => number,
  y: (value: number) => number,
): Markup {
  const start = `M${x(from)} ${y(value)}`;
  return html`<path class="band" d="${start}L${x(soonest)} ${y(limit)}L${x(latest)} ${y(limit)}Z"/>
<path class="ahead" d="${start}L${x(likely)} ${y(limit)}"/><path class="limit" d="M${x(from)} ${y(limit)}H${WIDTH}"/>
`;
}

/** Up to two points a column, the extremes in their order; a new stretch after a column without a sample that had neighbours with one. */
function linePath(columns: readonly Column[], x: (at: EpochMs) => number, y: (value: number) => number): string {
  const sparse = columns.filter((column) => !Number.isNaN(column.most)).length < columns.length / 2;
  let path = '';
  let pen = 'M';
  for (const { from, least, most, rising } of columns) {
    if (Number.isNaN(most)) {
      // With fewer samples than columns an empty column is no gap.
      if (!sparse) pen = 'M';
      continue;
    }
    const [a, b] = rising ? [least, most] : [most, least];
    path += `${pen}${x(from)} ${y(a)}${y(a) === y(b) ? '' : `V${y(b)}`}`;
    // A lone sample between two gaps is a dot, not nothing.
    if (pen === 'M') path += 'h.1';
    pen = 'L';
  }
  return path;
}

function bandPath(columns: readonly Column[], x: (at: EpochMs) => number, y: (value: number) => number): string {
  const clip = (value: number): number => Math.max(-HEIGHT, Math.min(2 * HEIGHT, y(value)));
  const known = columns.filter((column) => !Number.isNaN(column.upper));
  if (known.length < 2) return '';
  const upper = known.map(({ from, upper }) => `${x(from)} ${clip(upper)}`).join('L');
  const lower = known
    .toReversed()
    .map(({ from, lower }) => `${x(from)} ${clip(lower)}`)
    .join('L');
  return `M${upper}L${lower}Z`;
}
