import { lengthOf } from '../domain/wording.ts';
import type { BacktestReport } from './backtest.ts';
import { html, type Markup } from './html.ts';
import { count, delayWords, percent, perWeek } from './words.ts';

/** The figures that decide, beside what was promised. */
export function tilesOf({ incidents, weeks, budget, tally, held, leases }: BacktestReport): Markup {
  const pages = incidents.filter((one) => one.severity === 'critical').length;
  const tickets = incidents.length - pages;
  return html`<dl class="tiles">
${rate('Pages a week', pages / weeks, budget.pagesPerWeek, tally && `${perWeek(tally.falsePerWeek)} of them false`)}
${rate('Tickets a week', tickets / weeks, budget.ticketsPerWeek)}
${tally && tile('Labelled, caught', `${tally.found.length} of ${tally.labels.length}`, `${percent(tally.recall)} recall`)}
${tally && tile('Pages that were right', `${tally.right.length} of ${tally.right.length + tally.wrong.length}`, `${percent(tally.precision)} precision`)}
${tally && tile('Time to find', delayWords(tally.medianDelay), tally.worstDelay === undefined ? 'nothing was found' : `median; at worst ${delayWords(tally.worstDelay)}`)}
${tile('Gates held', held > 0 ? lengthOf(held) : 'not at all', count(leases.length, 'lease'))}
</dl>`;
}

const tile = (what: string, figure: string, beside: string): Markup =>
  html`<div class="tile"><dt>${what}</dt><dd><span class="figure">${figure}</span></dd><dd class="dim">${beside}</dd></div>`;

/** What came against what was allowed: a bar with the allowance as a tick, twice the allowance wide at least. */
function rate(what: string, came: number, allowed: number, beside = ''): Markup {
  const full = Math.max(2 * allowed, came, 1e-9);
  const x = (value: number): number => Math.round((value / full) * 1_000) / 10;
  // As it is shown: four pages in a minute less than four weeks are one a week.
  const over = Number(perWeek(came)) > allowed;
  const says = `${perWeek(came)} a week of ${allowed} allowed`;
  return html`<div class="tile"><dt>${what}</dt><dd><span class="figure">${perWeek(came)}</span> of ${allowed} allowed</dd>
<dd><svg class="bullet" viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label="${says}"><rect class="track" width="100" height="12"/><rect class="${over ? 'over' : 'used'}" y="3" width="${x(came)}" height="6"/><rect class="limit" x="${Math.min(99, x(allowed))}" width="1" height="12"/></svg></dd>
<dd class="dim">${over ? 'more than promised' : 'within the promise'}${beside && `; ${beside}`}</dd></div>`;
}
