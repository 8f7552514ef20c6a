import type { Incident } from '../domain/incident.ts';
import type { Label } from '../domain/label.ts';
import { signalSpec } from '../domain/signal.ts';
import { type StageId, titleOf } from '../domain/stage.ts';
import { storyOf } from '../domain/story.ts';
import { partOfSubject, stageOfSubject, subjectOf, VECTOR } from '../domain/subject.ts';
import { type EpochMs, HOUR, MINUTE } from '../domain/time.ts';
import { lengthOf } from '../domain/wording.ts';
import type { BacktestReport } from './backtest.ts';
import { chartOf, type Mark, type Sight } from './chart.ts';
import { html, type Markup } from './html.ts';
import { count, moment } from './words.ts';

/** Told with words and pictures; the others have a row in the table. */
const MOST_TOLD = 40;
const MOST_ROWS = 500;
const PICTURES = 2;
/** Half as many columns as a signal's own picture: these are smaller. */
const COLUMNS = 180;

/** `missed` and `wrong` first: what failed is what a reader looks for. */
type Kind = 'missed' | 'wrong' | 'right' | 'page' | 'ticket';
const ORDER: readonly Kind[] = ['missed', 'wrong', 'page', 'right', 'ticket'];
const WORDS: Readonly<Record<Kind, string>> = {
  missed: '✕ Missed',
  wrong: '✕ False page',
  right: '✓ Right page',
  page: '⬣ Page',
  ticket: '▲ Ticket',
};

type Told = { readonly kind: Kind; readonly at: EpochMs } & (
  | { readonly incident: Incident; readonly label?: undefined }
  | { readonly label: Label; readonly incident?: undefined }
);

/** Every incident, and every label that none came for. */
export function incidentsOf(report: BacktestReport): Markup {
  const { tally, incidents } = report;
  const isRight = new Set(tally?.right.map((one) => one.from));
  const kindOf = ({ severity, openedAt }: Incident): Kind => {
    if (severity === 'warning') return 'ticket';
    return tally ? (isRight.has(openedAt) ? 'right' : 'wrong') : 'page';
  };
  const told: Told[] = [
    ...(tally?.missed ?? []).map((label) => ({ kind: 'missed' as const, at: label.from, label })),
    ...incidents.map((incident) => ({ kind: kindOf(incident), at: incident.openedAt, incident })),
  ].toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.at - b.at);
  if (told.length === 0) return html`<h2 id="incidents">Incidents</h2><p>Nothing would have been told.</p>`;
  const rows = told.toSorted((a, b) => a.at - b.at).slice(0, MOST_ROWS);
  return html`<h2 id="incidents">Incidents</h2>
${told.slice(0, MOST_TOLD).map((one) => (one.incident ? incidentCard(report, one.kind, one.incident) : missedCard(report, one.label)))}
${told.length > MOST_TOLD && html`<p class="dim">The other ${told.length - MOST_TOLD} are in the table alone.</p>`}
<div class="scroll" tabindex="0" role="region" aria-label="All incidents in the order of time"><table><caption>All in the order of time</caption>
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Stage</th><th scope="col">Cause</th><th scope="col">Lasted</th><th scope="col">Because</th></tr></thead>
<tbody>${rows.map((one) => rowOf(report, one))}</tbody></table></div>
${rows.length < told.length && html`<p class="dim">${told.length - rows.length} more are not listed.</p>`}`;
}

function rowOf({ to }: BacktestReport, { kind, at, incident, label }: Told): Markup {
  const lasted = incident ? (incident.resolvedAt ?? to) - incident.openedAt : label.to - label.from;
  return html`<tr><th scope="row">${moment(at)}</th><td><span class="tag ${kind}">${WORDS[kind]}</span></td><td>${incident?.root ?? label?.stage ?? 'not said'}</td><td>${incident?.cause ?? ''}</td><td class="number">${lasted > 0 ? lengthOf(lasted) : ''}</td><td class="words">${incident ? (incident.because[0]?.text ?? '') : (label.name ?? '')}</td></tr>
`;
}

function incidentCard(report: BacktestReport, kind: Kind, incident: Incident): Markup {
  const leases = report.leases.filter((lease) => lease.incident === incident.id);
  const end = incident.resolvedAt ?? report.to;
  const withheld = report.withheld.get(incident.id) ?? [];
  const story = storyOf({ incident, leases, now: end, withheld });
  return html`<article class="card ${kind}"><header><span class="tag ${kind}">${WORDS[kind]}</span><h3>${story.headline}</h3><span class="dim">${moment(incident.openedAt)} · ${lengthOf(end - incident.openedAt)}${incident.resolvedAt === undefined && ' · still open at the end'} · cause ${incident.cause}</span></header>
<dl class="story"><dt>Wrong</dt><dd>${story.wrong}${story.also && ` Also: ${story.also}.`}</dd><dt>Done</dt><dd>${story.done}</dd></dl>
${picturesOf(report, incident, end)}</article>
`;
}

/** The signals that spoke loudest, each around the time of the incident. */
function picturesOf(report: BacktestReport, incident: Incident, end: EpochMs): readonly (Markup | undefined)[] {
  const signals = new Map<string, { stage: StageId; signal: string }>();
  for (const { subject } of incident.because) {
    const [stage, signal] = [stageOfSubject(subject), partOfSubject(subject)];
    if (signal !== VECTOR) signals.set(subject, { stage, signal });
  }
  const around = Math.max(2 * HOUR, Math.min(24 * HOUR, end - incident.openedAt));
  const span = { from: incident.openedAt - around, to: end + around / 2 };
  return [...signals.values()]
    .slice(0, PICTURES)
    .map(({ stage, signal }) => pictureOf(report, stage, signal, span, COLUMNS, sightOf(incident, stage, signal)));
}

/** The limit that was in sight when the incident was told. */
function sightOf({ because, openedAt }: Incident, stage: StageId, signal: string): Sight | undefined {
  for (const { subject, observed, limit, reach } of because) {
    if (!reach || observed === undefined || limit === undefined || subject !== subjectOf(stage, signal)) continue;
    const { likely, soonest, latest = likely } = reach;
    return { from: openedAt, value: observed, limit, soonest, likely, latest };
  }
  return undefined;
}

function missedCard(report: BacktestReport, label: Label): Markup {
  const span = { from: label.from - 2 * HOUR, to: label.to + HOUR };
  const where =
    label.stage === undefined
      ? 'no stage is named'
      : `${titleOf(label.stage)}${label.signal ? `, ${label.signal}` : ''}`;
  const { stage } = label;
  const row = report.stages.find((one) => one.id === stage);
  const signals = label.signal === undefined ? (row?.signals ?? []).map((one) => one.signal) : [label.signal];
  const shown = stage && signals.slice(0, PICTURES).map((signal) => pictureOf(report, stage, signal, span, COLUMNS));
  return html`<article class="card missed"><header><span class="tag missed">${WORDS.missed}</span><h3>${label.name ?? 'A labelled incident'}</h3><span class="dim">${moment(label.from)}${label.to > label.from && ` · ${lengthOf(label.to - label.from)}`} · ${where}</span></header>
<p>Nobody would have been paged${ticketAt(report, label) && '; a ticket would have been opened'}.</p>${shown}</article>
`;
}

const ticketAt = ({ incidents, to }: BacktestReport, { from, to: end, stage }: Label): boolean =>
  incidents.some(
    (one) =>
      one.severity === 'warning' &&
      one.openedAt <= end &&
      (one.resolvedAt ?? to) >= from &&
      (stage === undefined || one.affected.includes(stage)),
  );

/** One signal over a stretch of time, with everything that is known of it then. */
export function pictureOf(
  report: BacktestReport,
  stage: StageId,
  signal: string,
  span: Mark,
  columns: number,
  sight?: Sight,
): Markup | undefined {
  const series = report.series(stage, signal);
  if (!series) return undefined;
  const from = Math.max(report.from, span.from);
  const to = Math.min(report.to, Math.max(span.to, from + MINUTE));
  const row = report.stages.find((one) => one.id === stage);
  const alerts = row?.signals.find((one) => one.signal === signal)?.episodes ?? [];
  const labels = (report.labels ?? []).filter(
    (one) => (one.stage ?? stage) === stage && (one.signal ?? signal) === signal,
  );
  const leases = report.leases.map((one) => ({ from: one.grantedAt, to: one.releasedAt ?? report.to }));
  const excluded = row?.excluded.filter((one) => one.signal === undefined || one.signal === signal) ?? [];
  const within = (mark: Mark): boolean => mark.to >= from && mark.from <= to;
  const says = `${stage} ${signal}, ${moment(from)} to ${moment(to)}: ${count(alerts.filter(within).length, 'alert')}, ${count(labels.filter(within).length, 'label')}`;
  const caption = html`<b>${titleOf(stage)} · ${signal}</b> <span class="dim">${count(alerts.filter(within).length, 'alert')}</span>`;
  const { unit } = signalSpec(signal);
  return chartOf({ series, unit, caption, says, from, to, columns, alerts, labels, leases, excluded, sight });
}
