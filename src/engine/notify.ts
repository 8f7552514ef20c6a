import type { Decision } from '../domain/decision.ts';
import type { Incident, IncidentChange } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import type { Lease } from '../domain/lease.ts';
import type { Notice } from '../domain/notice.ts';
import type { OutboxItem } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import { storyOf } from '../domain/story.ts';
import { type EpochMs, HOUR } from '../domain/time.ts';
import type { Outcome } from './ledger.ts';

/** Who is told of what. An empty list of severities, a missing pipeline or stage fit everything; all routes that fit are used. */
export interface Route {
  readonly severities: readonly Notice['severity'][];
  readonly pipeline: string | undefined;
  readonly stage: StageId | undefined;
  /** Names of notifiers. */
  readonly to: readonly string[];
}

export interface NoticeView {
  readonly now: EpochMs;
  readonly routes: readonly Route[];
  /** The incident as it stands now, also when it has just been resolved. */
  incident(id: string): Incident | undefined;
  leasesOf(incident: string): readonly Lease[];
  /** The latest "no" of each policy on the incident. */
  withheldFor(incident: string): readonly Decision[];
  inMaintenance(stage: StageId): boolean;
  /** What a pipeline has spent of its pages. */
  budgetOf(pipeline: string): Notice['budget'];
}

/** Changes that a person wants to hear of at once; the others show on the page. */
const TOLD: ReadonlySet<IncidentChange['kind']> = new Set([
  'opened',
  'severity-raised',
  'root-moved',
  'acknowledged',
  'resolved',
]);
const PAGE_AGE = 24 * HOUR;
const OTHER_AGE = 2 * HOUR;

/**
 * The notices an outcome owes: one for each incident and change, never one for each stage, and one when a gate was moved, put
 * back, or could not be. Muted incidents and maintenance keep silent, but whoever heard of an opening hears of its end.
 */
export function noticesOf(outcome: Outcome, view: NoticeView): readonly Notice[] {
  const notices: Notice[] = [];
  for (const { incident, changes } of outcome.incidents)
    for (const { kind } of changes)
      if (TOLD.has(kind) && (kind === 'resolved' || !isQuiet(incident, view)))
        notices.push(noticeOf(incident, kind, view));
  for (const lease of outcome.leases) {
    const incident = view.incident(lease.incident);
    const news = lease.state === 'active' || lease.state === 'released' || lease.state === 'failed';
    if (!incident || !news || (lease.state === 'active' && lease.renewals > 0) || isQuiet(incident, view)) continue;
    notices.push({ ...noticeOf(incident, 'action', view, `${lease.id}-${lease.state}`), lease: lease.id });
  }
  return notices;
}

const isQuiet = (incident: Incident, view: NoticeView): boolean =>
  (incident.mutedUntil ?? 0) > view.now || view.inMaintenance(incident.root);

function noticeOf(incident: Incident, change: Notice['change'], view: NoticeView, detail = ''): Notice {
  const leases = view.leasesOf(incident.id);
  const budget = view.budgetOf(incident.pipeline);
  const story = storyOf({ incident, leases, now: view.now, withheld: view.withheldFor(incident.id) });
  return {
    key: `headgate-${incident.id}-${change}${detail && `-${detail}`}-${view.now}`,
    at: view.now,
    change,
    severity: change === 'action' || change === 'acknowledged' ? 'info' : incident.severity,
    incident,
    leases,
    story,
    ...(budget && { budget }),
  };
}

/** An incident as it stands, for those who have to be reminded of it. */
export const standingNotice = (incident: Incident, view: NoticeView): Notice =>
  noticeOf(incident, incident.state === 'resolved' ? 'resolved' : 'opened', view, 'standing');

/**
 * A notice becomes one durable row for each notifier that a route names. Where it is said who has `heard` of the incident, its end
 * goes to them instead: to everyone who was told that it opened, and to nobody else.
 */
export function outboxItemsOf(
  notice: Notice,
  routes: readonly Route[],
  heard?: readonly string[],
): readonly OutboxItem[] {
  const { incident, change } = notice;
  if (heard && (change === 'resolved' || change === 'acknowledged'))
    return heard.map((name) => noticeItem(notice, name));
  // What was done about an incident goes to those who hear of the incident, and to those who asked for everything done.
  const fits = (route: Route) =>
    (route.severities.length === 0 ||
      route.severities.includes(incident.severity) ||
      route.severities.includes(notice.severity)) &&
    (route.pipeline === undefined || route.pipeline === incident.pipeline) &&
    (route.stage === undefined || incident.affected.includes(route.stage));
  const names = new Set(routes.filter(fits).flatMap((route) => route.to));
  return [...names].map((name) => noticeItem(notice, name));
}

/** The row that owes one notice to one notifier. Pages go first; what nobody could take is given up after a day. */
export function noticeItem(notice: Notice, notifier: string): OutboxItem {
  const isPage = notice.severity === 'critical';
  return {
    id: `${notice.key}@${notifier}`,
    lane: `notifier:${notifier}`,
    priority: isPage ? (notice.change === 'opened' ? 0 : 1) : notice.severity === 'warning' ? 2 : 3,
    createdAt: notice.at,
    dueAt: notice.at,
    attempts: 0,
    giveUpAt: notice.at + (isPage ? PAGE_AGE : OTHER_AGE),
    body: notice as unknown as Json,
  };
}
