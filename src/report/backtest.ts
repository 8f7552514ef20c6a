import type { Decision } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import type { Label } from '../domain/label.ts';
import type { Lease } from '../domain/lease.ts';
import type { Budget } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import { type DurationMs, type EpochMs, WEEK } from '../domain/time.ts';
import { lengthOf } from '../domain/wording.ts';
import { type BudgetRow, budgetsOf } from './budgets.ts';
import { calendarOf } from './calendar.ts';
import type { Series } from './downsample.ts';
import { html, type Markup, pageOf } from './html.ts';
import { incidentsOf } from './incidents.ts';
import { decisionsOf, type StageRow, stagesOf } from './stages.ts';
import { STYLE } from './style.ts';
import type { Tally } from './tally.ts';
import { tilesOf } from './tiles.ts';
import { count, day } from './words.ts';

/** Everything a report of a backtest is made of. */
export interface BacktestReport {
  /** What was run and on what, so that it can be run again. */
  readonly made: {
    readonly version: string;
    readonly command: string;
    readonly config: string;
    readonly data: string;
    /** SHA-256 of the config. */
    readonly digest: string;
  };
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly weeks: number;
  readonly samples: number;
  readonly learnedAt: EpochMs | undefined;
  /** Sum over the pipelines. */
  readonly budget: Budget;
  readonly incidents: readonly Incident[];
  readonly leases: readonly Lease[];
  /** The newest "no" of each policy, by incident. */
  readonly withheld: ReadonlyMap<string, readonly Decision[]>;
  readonly decisions: ReadonlyMap<string, number>;
  readonly held: DurationMs;
  /** Every label given, also those nobody could have found. */
  readonly labels: readonly Label[] | undefined;
  /** Pages against labels; `undefined` where there are none. */
  readonly tally: Tally | undefined;
  readonly stages: readonly StageRow[];
  /** The same past under other budgets, with the configured one among them; empty where none was asked for. */
  readonly budgets: readonly BudgetRow[];
  /** What was seen of a signal; `undefined` where nothing was. */
  readonly series: (stage: StageId, signal: string) => Series | undefined;
  /** The figures for programs. */
  readonly figures: unknown;
}

/**
 * A backtest as one HTML file that loads nothing and runs nothing. What it weighs is bounded: pictures keep the extremes of their
 * columns and no samples, and beyond a number of incidents, signals and rows the rest is counted instead.
 */
export function renderBacktest(report: BacktestReport): string {
  const { made, from, to, incidents, tally } = report;
  const body = html`<main>
<p class="dim">Headgate backtest · ${day(from)} to ${day(to)}</p>
<h1>${sentenceOf(report)}</h1>
<p>${report.samples} samples over ${spanWords(report.weeks)} of <code>${made.data}</code> through <code>${made.config}</code>. ${learningWords(report)}</p>
${tilesOf(report)}
<h2 id="weeks">Week by week</h2>
${legend(
  tally !== undefined,
  report.stages.some((stage) => stage.excluded.length > 0),
)}
${calendarOf({
  from,
  to,
  learnedAt: report.learnedAt,
  pages: incidents
    .filter((one) => one.severity === 'critical')
    .map((one) => ({ from: one.openedAt, to: one.resolvedAt ?? to })),
  tickets: incidents
    .filter((one) => one.severity === 'warning')
    .map((one) => ({ from: one.openedAt, to: one.resolvedAt ?? to })),
  labels: report.labels ?? [],
})}
${budgetsOf(report)}
${incidentsOf(report)}
${stagesOf(report)}
${decisionsOf(report)}
<footer><h2 id="made">How this was made</h2>
<p><code>${made.command}</code></p>
<p>Headgate ${made.version}, config SHA-256 <code>${made.digest.slice(0, 16)}</code>. Times are UTC. The band is what was expected at that time, learned from what came before it; nothing in a picture depends on later samples. Gates were taken to obey at once, and what they would have changed is not in the recorded samples.</p>
<p class="dim">This file loads nothing and runs nothing. The figures are in it as JSON, in the element <code>figures</code>.</p></footer>
</main>`;
  return pageOf({ title: `Headgate backtest, ${day(from)} to ${day(to)}`, style: STYLE, body, data: report.figures });
}

const spanWords = (weeks: number): string => (weeks < 2 ? lengthOf(weeks * WEEK) : `${weeks.toFixed(1)} weeks`);

/** The report in one sentence. Without labels there is nothing to be caught, and nothing is claimed. */
function sentenceOf({ budget, incidents, weeks, tally }: BacktestReport): string {
  const pages = incidents.filter((one) => one.severity === 'critical').length;
  const allowed = `With ${count(budget.pagesPerWeek, 'page')} a week allowed`;
  const said = `${allowed}: ${count(pages, 'page')} in ${spanWords(weeks)}`;
  if (!tally) return `${said}. No incidents are labelled, so nobody can say how many were right.`;
  const { labels, found, medianDelay } = tally;
  const delay =
    medianDelay === undefined
      ? ''
      : `, ${medianDelay === 0 ? 'at once' : `after ${lengthOf(medianDelay)}`} in the median`;
  return `${said}, ${found.length} of ${labels.length} labelled incidents caught${delay}.`;
}

function learningWords({ learnedAt, from, labels, tally }: BacktestReport): string {
  if (learnedAt === undefined) return 'Nothing was learned by the end; only limits could alert.';
  const early = (labels?.length ?? 0) - (tally?.labels.length ?? 0);
  const before = early > 0 ? ` ${count(early, 'label')} before that ${early === 1 ? 'is' : 'are'} not counted.` : '';
  return `The first stage had learned after ${lengthOf(learnedAt - from)}.${before}`;
}

function legend(labelled: boolean, excluded: boolean): Markup {
  const swatch = (kind: string, top: number, height: number): Markup =>
    html`<svg viewBox="0 0 26 14" aria-hidden="true"><rect class="${kind}" x="1" y="${top}" width="24" height="${height}"/></svg>`;
  return html`<ul class="legend"><li>${swatch('alert', 0, 5)}bar above: page</li><li>${swatch('ticket', 5, 4)}thin bar: ticket</li>${
    labelled && html`<li>${swatch('label', 9, 5)}bar below: labelled</li>`
  }<li>${swatch('band', 3, 8)}expected</li><li>${swatch('lease', 1, 12)}gate held</li>${
    excluded && html`<li>${swatch('excluded', 1, 12)}not learned</li>`
  }</ul>`;
}
