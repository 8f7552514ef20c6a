import type { BacktestLog } from '../app/backtest-log.ts';
import { type Exclusion, exclusionsOf } from '../domain/excluded.ts';
import type { Label } from '../domain/label.ts';
import type { Budget, Plan } from '../domain/plan.ts';
import { isPseudoStage, pipelineOf, type StageId } from '../domain/stage.ts';
import { type DurationMs, MINUTE, SECOND } from '../domain/time.ts';
import { lengthOf } from '../domain/wording.ts';
import type { BudgetRow } from '../report/budgets.ts';
import type { StageRow } from '../report/stages.ts';
import { type Tally, tally } from '../report/tally.ts';
import { tableOf } from './text-table.ts';

/** A backtest, held against labels and budget. */
export interface Assessed {
  readonly log: BacktestLog;
  readonly budget: Budget;
  readonly labels: readonly Label[] | undefined;
  /** Pages of the whole against all labels; `undefined` without labels. */
  readonly tally: Tally | undefined;
  readonly stages: readonly StageRow[];
  /** The same past under other budgets. */
  readonly budgets: readonly BudgetRow[];
}

export interface AssessAsk {
  readonly log: BacktestLog;
  readonly plan: Plan;
  readonly labels: readonly Label[] | undefined;
  readonly slack: DurationMs;
  /** Other logs of the same past, by the pages a week that were allowed. */
  readonly others?: ReadonlyMap<number, BacktestLog>;
}

export function assess(ask: AssessAsk): Assessed {
  const { log, plan, labels: given, slack, others = new Map<number, BacktestLog>() } = ask;
  const seen = plan.pipelines.filter(({ stages }) => stages.some(({ id }) => log.stages.has(id)));
  const sum = (of: (budget: Budget) => number): number => seen.reduce((total, { budget }) => total + of(budget), 0);
  const budget = { pagesPerWeek: sum((one) => one.pagesPerWeek), ticketsPerWeek: sum((one) => one.ticketsPerWeek) };
  const labels = given && inContext(given, log);
  const end = log.last;
  const pages = log.pages.map((one) => ({ from: one.openedAt, to: one.resolvedAt ?? end, stages: one.affected }));
  const learned = log.learnedAt;
  const weeks = learned === undefined ? 0 : log.weeks * ((end - learned) / Math.max(1, end - (log.first ?? 0)));
  const stages = [...log.stages.values()]
    .filter((stage) => !isPseudoStage(stage.id) || stage.pages.length > 0)
    .map((stage): StageRow => {
      const { id, samples, learnedAt } = stage;
      const of = (episodes: StageRow['pages'], mine: (label: Label) => boolean): Tally | undefined =>
        labels && tally({ labels, episodes, mine, slack, from: learnedAt, weeks: stage.weeks });
      const signals = [...stage.signals].map(([signal, episodes]) => ({
        signal,
        episodes,
        tally: of(episodes, (label) => label.stage === id && label.signal === signal),
      }));
      const mine = (label: Label): boolean => label.stage === id;
      const { weeks: seenFor, pages: paged } = stage;
      const excluded = excludedFrom(plan, id);
      return { id, samples, learnedAt, weeks: seenFor, pages: paged, tally: of(paged, mine), signals, excluded };
    });
  const whole = labels && tally({ labels, episodes: pages, mine: () => true, slack, from: learned, weeks });
  const budgets = [...others].map(([allowed, other]): BudgetRow => {
    const { tally: ofOther } = assess({ log: other, plan, labels: given, slack });
    const chosen = plan.pipelines.every((one) => one.budget.pagesPerWeek === allowed);
    const { pages: paged, weeks: lived } = other;
    return { allowed, pages: paged.length, pagesPerWeek: paged.length / lived, tally: ofOther, chosen };
  });
  return { log, budget, labels, tally: whole, stages, budgets };
}

function excludedFrom(plan: Plan, id: StageId): readonly Exclusion[] {
  const pipeline = plan.pipelines.find(({ name }) => name === pipelineOf(id));
  const stage = pipeline?.stages.find((one) => one.id === id);
  return stage ? exclusionsOf(stage) : (pipeline?.excluded ?? []);
}

/** Where there is one stage only, every label is of it; where that has one signal only, it is of that. */
function inContext(labels: readonly Label[], log: BacktestLog): readonly Label[] {
  const stages = [...log.stages.values()].filter((stage) => !isPseudoStage(stage.id));
  const only = stages.length === 1 ? stages[0] : undefined;
  if (!only) return labels;
  const [signal, ...more] = only.signals.keys();
  return labels.map((label) => ({
    ...label,
    stage: label.stage ?? only.id,
    ...(signal !== undefined && more.length === 0 && { signal: label.signal ?? signal }),
  }));
}

/** The figures for programs. */
export function summaryOf({ log, budget, labels, tally: whole, stages, budgets }: Assessed) {
  const { weeks, pages } = log;
  const incidents = [...log.incidents.values()];
  return {
    samples: log.samples,
    weeks,
    pages: pages.length,
    pagesPerWeek: pages.length / weeks,
    tickets: incidents.length - pages.length,
    ticketsPerWeek: (incidents.length - pages.length) / weeks,
    budget,
    gatesHeldSeconds: log.held / SECOND,
    decisions: Object.fromEntries(log.decisions),
    ...(whole && { labels: { given: labels?.length ?? 0, ...told(whole), missed: whole.missed.map(spelled) } }),
    ...(budgets.length > 0 && {
      budgets: budgets.map(({ allowed, pages: paged, pagesPerWeek, tally: ofBudget }) => ({
        pagesPerWeekAllowed: allowed,
        pages: paged,
        pagesPerWeek,
        ...(ofBudget && told(ofBudget)),
      })),
    }),
    stages: stages.map(({ id, samples, weeks: seen, pages: alerts, tally: ofStage, signals }) => ({
      stage: id,
      samples,
      weeks: seen,
      pages: alerts.length,
      pagesPerWeek: seen > 0 ? alerts.length / seen : null,
      ...(ofStage && told(ofStage)),
      signals: signals.map(({ signal, episodes, tally: ofSignal }) => ({
        signal,
        pages: episodes.length,
        pagesPerWeek: seen > 0 ? episodes.length / seen : null,
        ...(ofSignal && told(ofSignal)),
      })),
    })),
    incidents: incidents.map(({ id, root, affected, severity, cause, openedAt, resolvedAt, resolution, because }) => ({
      id,
      root,
      affected,
      severity,
      cause,
      openedAt: new Date(openedAt).toISOString(),
      resolvedAt: resolvedAt === undefined ? null : new Date(resolvedAt).toISOString(),
      resolution: resolution ?? null,
      because: because.map((fact) => fact.text),
    })),
  };
}

const told = ({ labels, found, right, wrong, recall, precision, medianDelay, worstDelay, falsePerWeek }: Tally) => ({
  labels: labels.length,
  found: found.length,
  recall: recall ?? null,
  right: right.length,
  wrong: wrong.length,
  precision: precision ?? null,
  medianDelaySeconds: medianDelay === undefined ? null : medianDelay / SECOND,
  worstDelaySeconds: worstDelay === undefined ? null : worstDelay / SECOND,
  falsePerWeek: falsePerWeek ?? null,
});

const spelled = ({ from, to, ...where }: Label) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  ...where,
});

export function textOf(assessed: Assessed): string {
  const said = summaryOf(assessed);
  const lines = [
    `${said.samples} samples over ${said.weeks.toFixed(2)} weeks: ${said.pages} pages (${said.pagesPerWeek.toFixed(2)} a week), ${said.tickets} tickets, gates held for ${Math.round(said.gatesHeldSeconds / 60)} min`,
    ...said.incidents.map((one) => {
      const minutes =
        one.resolvedAt === null
          ? 'still open'
          : `${Math.round((Date.parse(one.resolvedAt) - Date.parse(one.openedAt)) / MINUTE)} min, ${one.resolution}`;
      return `  ${one.openedAt}  ${one.severity.padEnd(8)} ${one.root}  ${one.cause}  ${minutes}  ${one.because[0] ?? ''}`;
    }),
    ...Object.entries(said.decisions).map(([what, count]) => `  ${String(count).padStart(5)} × ${what}`),
  ];
  return `${lines.join('\n')}\n${labelsText(assessed)}${budgetsText(assessed)}`;
}

const share = (some: number, all: number): string => (all === 0 ? '–' : `${some}/${all}`);
const delay = (length: DurationMs | undefined): string =>
  length === undefined ? '–' : length === 0 ? 'at once' : lengthOf(length);

function budgetsText({ budgets }: Assessed): string {
  if (budgets.length === 0) return '';
  const head = ['pages a week allowed', 'pages', 'a week', 'false a week', 'found', 'right', 'median delay'];
  const rows = budgets.map(({ allowed, pages, pagesPerWeek, tally: of, chosen }) => [
    `${allowed}${chosen ? ' (as configured)' : ''}`,
    String(pages),
    pagesPerWeek.toFixed(2),
    of?.falsePerWeek?.toFixed(2) ?? '–',
    share(of?.found.length ?? 0, of?.labels.length ?? 0),
    share(of?.right.length ?? 0, (of?.right.length ?? 0) + (of?.wrong.length ?? 0)),
    delay(of?.medianDelay),
  ]);
  return `\n${tableOf(head, rows)}`;
}

function labelsText({ labels, tally: whole, stages, budget }: Assessed): string {
  if (!whole || !labels) return '';
  const row = (name: string, of: Tally | undefined): string[] => [
    name,
    share(of?.found.length ?? 0, of?.labels.length ?? 0),
    share(of?.right.length ?? 0, (of?.right.length ?? 0) + (of?.wrong.length ?? 0)),
    delay(of?.medianDelay),
    of?.falsePerWeek?.toFixed(2) ?? '–',
  ];
  const rows = [
    row(`all pages (${budget.pagesPerWeek} a week allowed)`, whole),
    ...stages.flatMap(({ id, tally: ofStage, signals }) => [
      row(id, ofStage),
      ...signals.map(({ signal, tally: ofSignal }) => row(`  ${signal}`, ofSignal)),
    ]),
  ];
  const early = labels.length - whole.labels.length;
  return [
    '\n',
    tableOf(['against the labels', 'found', 'right', 'median delay', 'false a week'], rows),
    ...(early > 0
      ? [`\n${early} of ${labels.length} labels lie before anything had been learned and are not counted\n`]
      : []),
    ...whole.missed.map((one) => `\nmissed: ${new Date(one.from).toISOString()}${one.name ? ` ${one.name}` : ''}`),
    whole.missed.length > 0 ? '\n' : '',
  ].join('');
}
