import type { Exclusion } from '../domain/excluded.ts';
import type { StageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import { lengthOf } from '../domain/wording.ts';
import type { BacktestReport } from './backtest.ts';
import { html, type Markup } from './html.ts';
import { pictureOf } from './incidents.ts';
import type { Episode, Tally } from './tally.ts';
import { delayWords, moment, percent, perWeek } from './words.ts';

/** One stage of a backtest. */
export interface StageRow {
  readonly id: StageId;
  readonly samples: number;
  /** When nothing was warming any more. */
  readonly learnedAt: EpochMs | undefined;
  /** Weeks seen since then. */
  readonly weeks: number;
  readonly pages: readonly Episode[];
  readonly tally: Tally | undefined;
  readonly signals: readonly SignalRow[];
  /** Times that are not learned. */
  readonly excluded: readonly Exclusion[];
}

export interface SignalRow {
  readonly signal: string;
  /** Stretches over its page line. */
  readonly episodes: readonly Episode[];
  readonly tally: Tally | undefined;
}

const MOST_PICTURES = 48;
/** Columns of all pictures together, so that more of them are not heavier; each has so many at least and at most. */
const ALL_COLUMNS = 8_640;
const COLUMNS = { least: 180, most: 360 };
const MOST_ROWS = 2_000;

/** Pictures of the signals that had something to tell, then one row for each stage and signal. */
export function stagesOf(report: BacktestReport): Markup {
  const all = report.stages.flatMap((stage) => stage.signals.map((signal) => ({ stage, signal })));
  const telling = all.toSorted((a, b) => weightOf(report, b) - weightOf(report, a));
  const span = { from: report.from, to: report.to };
  const share = Math.floor(ALL_COLUMNS / Math.max(1, Math.min(all.length, MOST_PICTURES)));
  const columns = Math.max(COLUMNS.least, Math.min(COLUMNS.most, share));
  const pictures = telling
    .slice(0, MOST_PICTURES)
    .flatMap(({ stage, signal }) => pictureOf(report, stage.id, signal.signal, span, columns) ?? []);
  const rows = report.stages.flatMap((stage) => [
    stageRow(report, stage),
    ...stage.signals.map((signal) => signalRow(stage, signal)),
  ]);
  const labelled = report.tally !== undefined;
  return html`<h2 id="signals">Signals</h2>
<div class="charts">${pictures.map((picture) => html`<div class="card">${picture}</div>`)}</div>
${all.length > MOST_PICTURES && html`<p class="dim">${all.length - MOST_PICTURES} quieter signals are not drawn.</p>`}
<h2 id="rates">Rates against the budget</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Rates by stage and signal"><table><caption>Pages a week since the stage had learned. ${labelled ? 'An alert without a label counts as false.' : 'Nothing is labelled: nobody can say which of them were false.'}</caption>
<thead><tr><th scope="col">Stage, signal</th><th scope="col" class="number">Samples</th><th scope="col">Learned after</th><th scope="col" class="number">Pages</th><th scope="col" class="number">a week</th>${labelled && html`<th scope="col" class="number">False a week</th><th scope="col" class="number">Caught</th><th scope="col" class="number">Right</th><th scope="col">Median delay</th>`}</tr></thead>
<tbody>${rows.slice(0, MOST_ROWS)}</tbody></table></div>
${rows.length > MOST_ROWS && html`<p class="dim">${rows.length - MOST_ROWS} more rows are not listed.</p>`}`;
}

/** Signals with missed labels come first, then those with most alerts. */
function weightOf({ labels }: BacktestReport, { stage, signal }: { stage: StageRow; signal: SignalRow }): number {
  const mine = (labels ?? []).filter(
    (one) => one.stage === stage.id && (one.signal ?? signal.signal) === signal.signal,
  );
  return 1_000 * mine.length + signal.episodes.length;
}

const tallied = (labelled: boolean, tally: Tally | undefined): Markup | false =>
  labelled &&
  html`<td class="number">${perWeek(tally?.falsePerWeek)}</td><td class="number">${tally && tally.labels.length > 0 ? `${tally.found.length} of ${tally.labels.length}` : '–'}</td><td class="number">${percent(tally?.precision)}</td><td>${delayWords(tally?.medianDelay)}</td>`;

function stageRow(report: BacktestReport, { id, samples, learnedAt, weeks, pages, tally }: StageRow): Markup {
  const learned = learnedAt === undefined ? 'never' : lengthOf(Math.max(0, learnedAt - report.from));
  return html`<tr><th scope="row">${id}</th><td class="number">${samples}</td><td>${learned}</td><td class="number">${pages.length}</td><td class="number">${perWeek(weeks > 0 ? pages.length / weeks : undefined)}</td>${tallied(report.tally !== undefined, tally)}</tr>
`;
}

function signalRow({ weeks, tally: labelled }: StageRow, { signal, episodes, tally }: SignalRow): Markup {
  return html`<tr><td>&#8194;${signal === '*' ? 'all signals together' : signal}</td><td></td><td></td><td class="number">${episodes.length}</td><td class="number">${perWeek(weeks > 0 ? episodes.length / weeks : undefined)}</td>${tallied(labelled !== undefined, tally)}</tr>
`;
}

/** What policies would have done, and every lease. */
export function decisionsOf({ decisions, leases, to }: BacktestReport): Markup | undefined {
  if (decisions.size === 0) return undefined;
  const shown = leases.slice(0, 200);
  return html`<h2 id="decisions">Decisions</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Decisions"><table><caption>Every answer of a policy, also every no</caption><thead><tr><th scope="col">Decision and reason</th><th scope="col" class="number">Times</th></tr></thead>
<tbody>${[...decisions].map(
    ([what, times]) => html`<tr><th scope="row">${what}</th><td class="number">${times}</td></tr>
`,
  )}</tbody></table></div>
${
  shown.length > 0 &&
  html`<div class="scroll" tabindex="0" role="region" aria-label="Leases"><table><caption>Leases</caption><thead><tr><th scope="col">Granted</th><th scope="col">Gate</th><th scope="col">Policy</th><th scope="col">Asked</th><th scope="col" class="number">Held</th><th scope="col">Ended</th></tr></thead>
<tbody>${shown.map(
    (
      one,
    ) => html`<tr><th scope="row">${moment(one.grantedAt)}</th><td>${one.stage}</td><td>${one.policy}</td><td>${one.request.kind}</td><td class="number">${lengthOf((one.releasedAt ?? to) - one.grantedAt)}</td><td>${one.why ?? 'still held'}</td></tr>
`,
  )}</tbody></table></div>`
}
${shown.length < leases.length && html`<p class="dim">${leases.length - shown.length} more leases are not listed.</p>`}`;
}
