import { DAY, type EpochMs, MINUTE, WEEK } from '../domain/time.ts';
import type { Mark } from './chart.ts';
import { html, type Markup } from './html.ts';

/** A week is parted into so many cells of half an hour. */
const CELL = 30 * MINUTE;
const CELLS = WEEK / CELL;
const HEIGHT = 20;
/** More weeks make no picture; the newest are shown. */
const MOST_WEEKS = 53;
/** 1970-01-01 was a Thursday; weeks begin on Monday, in UTC. */
const FIRST_MONDAY = 4 * DAY;

export interface CalendarAsk {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** From when on alerts were to be expected. */
  readonly learnedAt: EpochMs | undefined;
  readonly pages: readonly Mark[];
  readonly tickets: readonly Mark[];
  readonly labels: readonly Mark[];
}

/** One row a week: pages above, tickets in the middle, labels below, and the time in which it was still learning. */
export function calendarOf(ask: CalendarAsk): Markup {
  const first = mondayOf(ask.from);
  const weeks = Math.floor((mondayOf(ask.to) - first) / WEEK) + 1;
  const shown = Math.min(weeks, MOST_WEEKS);
  const rows = Array.from({ length: shown }, (_, index) => weekOf(first + (weeks - shown + index) * WEEK, ask));
  return html`<div class="calendar">
<div class="week head" aria-hidden="true"><span></span><ol><li>Mon</li><li>Tue</li><li>Wed</li><li>Thu</li><li>Fri</li><li>Sat</li><li>Sun</li></ol></div>
${rows}</div>
${shown < weeks && html`<p class="dim">The first ${weeks - shown} weeks are not drawn.</p>`}`;
}

const mondayOf = (at: EpochMs): EpochMs => Math.floor((at - FIRST_MONDAY) / WEEK) * WEEK + FIRST_MONDAY;

function weekOf(monday: EpochMs, { from, to, learnedAt, pages, tickets, labels }: CalendarAsk): Markup {
  const name = new Date(monday).toISOString().slice(0, 10);
  const learning = { from, to: learnedAt ?? to };
  const count = (marks: readonly Mark[]): number =>
    marks.filter((mark) => mark.from >= monday && mark.from < monday + WEEK).length;
  const says = `Week from ${name}: ${count(pages)} pages, ${count(tickets)} tickets, ${count(labels)} labels`;
  const seen = runsOf([{ from, to }], monday);
  return html`<div class="week"><span>${name}</span><svg viewBox="0 0 ${CELLS} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${says}">
${rects('seen', seen, 0, HEIGHT)}${rects('learning', runsOf([learning], monday), 0, HEIGHT)}${[1, 2, 3, 4, 5, 6].map(
  (day) => html`<path class="day" d="M${(day * DAY) / CELL} 0V${HEIGHT}"/>`,
)}${rects('alert', runsOf(pages, monday), 0, 8)}${rects('ticket', runsOf(tickets, monday), 8, 4)}${rects('label', runsOf(labels, monday), 14, 6)}
</svg></div>
`;
}

/** Cells of the week that a mark touches, as runs. */
function runsOf(marks: readonly Mark[], monday: EpochMs): { at: number; length: number }[] {
  const cells = new Uint8Array(CELLS);
  for (const { from, to } of marks) {
    const first = Math.max(0, Math.floor((from - monday) / CELL));
    const last = Math.min(CELLS - 1, Math.floor((to - monday) / CELL));
    if (first <= last) cells.fill(1, first, last + 1);
  }
  const runs: { at: number; length: number }[] = [];
  for (let at = 0; at < CELLS; at++) {
    if (cells[at] === 0) continue;
    const start = at;
    while (at < CELLS && cells[at] === 1) at++;
    runs.push({ at: start, length: at - start });
  }
  return runs;
}

const rects = (kind: string, runs: readonly { at: number; length: number }[], top: number, height: number): Markup[] =>
  runs.map(({ at, length }) => html`<rect class="${kind}" x="${at}" y="${top}" width="${length}" height="${height}"/>`);
