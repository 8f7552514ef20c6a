import type { BacktestReport } from './backtest.ts';
import { html, type Markup } from './html.ts';
import type { Tally } from './tally.ts';
import { delayWords, percent, perWeek } from './words.ts';

/** What the same past comes to under another allowance of pages. */
export interface BudgetRow {
  /** Pages a week that each pipeline may cost. */
  readonly allowed: number;
  readonly pages: number;
  readonly pagesPerWeek: number;
  readonly tally: Tally | undefined;
  /** The allowance of the config itself. */
  readonly chosen: boolean;
}

const WIDTH = 480;
const HEIGHT = 200;
const MARGIN = 14;

/** Caught against false pages for each allowance, as a picture and as a table; nothing where only one was tried. */
export function budgetsOf({ budgets }: BacktestReport): Markup | undefined {
  if (budgets.length < 2) return undefined;
  const labelled = budgets.some((row) => row.tally !== undefined);
  const rows = budgets.map(
    ({ allowed, pages, pagesPerWeek, tally, chosen }) =>
      html`<tr><th scope="row">${allowed}${chosen && ' (as configured)'}</th><td class="number">${pages}</td><td class="number">${perWeek(pagesPerWeek)}</td>${
        labelled &&
        html`<td class="number">${perWeek(tally?.falsePerWeek)}</td><td class="number">${percent(tally?.recall)}</td><td class="number">${percent(tally?.precision)}</td><td>${delayWords(tally?.medianDelay)}</td>`
      }</tr>
`,
  );
  return html`<h2 id="budgets">Other budgets</h2>
${labelled && curveOf(budgets)}
<div class="scroll" tabindex="0" role="region" aria-label="Other budgets"><table><caption>The same past with another allowance of pages for each pipeline</caption>
<thead><tr><th scope="col">Pages a week allowed</th><th scope="col" class="number">Pages</th><th scope="col" class="number">a week</th>${
    labelled &&
    html`<th scope="col" class="number">False a week</th><th scope="col" class="number">Caught</th><th scope="col" class="number">Right</th><th scope="col">Median delay</th>`
  }</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function curveOf(budgets: readonly BudgetRow[]): Markup {
  const points = budgets
    .flatMap(({ allowed, tally, chosen }) =>
      tally?.recall === undefined || tally.falsePerWeek === undefined
        ? []
        : [{ allowed, chosen, falsePerWeek: tally.falsePerWeek, recall: tally.recall }],
    )
    .toSorted((a, b) => a.allowed - b.allowed);
  const most = Math.max(1e-9, ...points.map((one) => one.falsePerWeek));
  const x = (rate: number): number => Math.round(MARGIN + (rate / most) * (WIDTH - 2 * MARGIN));
  const y = (recall: number): number => Math.round(HEIGHT - MARGIN - recall * (HEIGHT - 2 * MARGIN));
  const path = points.map(({ falsePerWeek, recall }) => `${x(falsePerWeek)} ${y(recall)}`).join('L');
  const says = points
    .map(
      (one) =>
        `${one.allowed} allowed: ${percent(one.recall)} caught at ${perWeek(one.falsePerWeek)} false pages a week`,
    )
    .join('; ');
  return html`<figure class="card curve"><figcaption>Caught (upward, to 100 %) against false pages a week (to the right, to ${perWeek(most)}); the ring is what is configured</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${says}"><path class="axis" d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}"/><path class="line" d="M${path}"/>
${points.map(({ falsePerWeek, recall, chosen }) => html`<circle class="${chosen ? 'chosen' : 'point'}" cx="${x(falsePerWeek)}" cy="${y(recall)}" r="${chosen ? 7 : 4}"/>`)}</svg></figure>
`;
}
