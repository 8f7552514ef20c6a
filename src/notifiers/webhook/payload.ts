import type { Incident } from '../../domain/incident.ts';
import type { Lease } from '../../domain/lease.ts';
import type { Collapsed, Notice, Story } from '../../domain/notice.ts';
import type { Contribution } from '../../domain/score.ts';
import type { EpochMs } from '../../domain/time.ts';
import { within } from '../../kit/within.ts';

/** Standard Webhooks asks for payloads of at most 20 kB. */
const MOST_BYTES = 20_000;

/** How much is left of lists and texts, tried one after the other until the body is small enough. */
const CUTS: readonly { readonly items: number; readonly text: number }[] = [
  { items: Number.POSITIVE_INFINITY, text: Number.POSITIVE_INFINITY },
  { items: 50, text: 1_000 },
  { items: 20, text: 500 },
  { items: 10, text: 200 },
  { items: 5, text: 100 },
  { items: 2, text: 60 },
  { items: 0, text: 30 },
];

/**
 * The body of a notice: `{type, timestamp, data: {severity, incident, story, leases, links, budget?, omitted?}}`, times as RFC 3339.
 * `type` is `headgate.incident.<change>`, `headgate.action`, `headgate.digest` or `headgate.test`. Over 20 kB the lists and then the texts are cut,
 * and `omitted` says how many entries of which list are missing; what is wrong, what comes next, and the links stay whole.
 */
export function webhookBody(notice: Notice, pageUrl: string): string {
  let body = '';
  for (const cut of CUTS) {
    body = JSON.stringify(payloadOf(notice, pageUrl, cut.items, cut.text));
    if (Buffer.byteLength(body) <= MOST_BYTES) break;
  }
  return body;
}

function payloadOf(notice: Notice, pageUrl: string, items: number, text: number) {
  const { incident, leases, change, severity } = notice;
  const lists = { affected: incident.affected, because: incident.because, notes: incident.notes, leases };
  const omitted = Object.fromEntries(
    Object.entries(lists).flatMap(([name, list]) => (list.length > items ? [[name, list.length - items]] : [])),
  );
  return {
    type: typeOf(change),
    timestamp: iso(notice.at),
    data: {
      severity,
      incident: incidentOf(incident, items, text),
      story: storyWithin(notice.story, text),
      leases: newest(leases, items, (lease) => lease.grantedAt).map((lease) => leaseOf(lease, text)),
      links: { page: `${pageUrl}/`, incident: `${pageUrl}/#/incidents/${encodeURIComponent(incident.id)}` },
      ...(notice.budget && { budget: notice.budget }),
      ...(notice.collapsed && {
        collapsed: {
          count: notice.collapsed.count,
          notices: notice.collapsed.notices.slice(0, items).map((one) => collapsedOf(one, text)),
        },
      }),
      ...(Object.keys(omitted).length > 0 && { omitted }),
    },
  };
}

/** Event types of Standard Webhooks have letters, digits, `_` and `.` only. */
function typeOf(change: Notice['change']): string {
  const isOfIncident = change !== 'action' && change !== 'test' && change !== 'digest';
  return `headgate.${isOfIncident ? 'incident.' : ''}${change.replaceAll('-', '_')}`;
}

const collapsedOf = ({ incident, root, change, severity, at, headline }: Collapsed, text: number) => ({
  incident,
  root,
  change,
  severity,
  at: iso(at),
  headline: within(headline, text),
});

function incidentOf(incident: Incident, items: number, text: number) {
  const { id, pipeline, root, severity, cause, state, resolution, unknownAbove, acknowledgedBy } = incident;
  return {
    id,
    pipeline,
    root,
    affected: incident.affected.slice(0, items),
    severity,
    cause,
    state,
    openedAt: iso(incident.openedAt),
    ...(incident.recoveringAt !== undefined && { recoveringAt: iso(incident.recoveringAt) }),
    ...(incident.resolvedAt !== undefined && { resolvedAt: iso(incident.resolvedAt) }),
    ...(resolution !== undefined && { resolution }),
    ...(unknownAbove !== undefined && { unknownAbove }),
    ...(acknowledgedBy !== undefined && { acknowledgedBy: within(acknowledgedBy, text) }),
    because: incident.because.slice(0, items).map((one) => ({
      subject: one.subject,
      detector: one.detector,
      score: one.score,
      ...(one.observed !== undefined && { observed: one.observed }),
      ...(one.lower !== undefined && one.upper !== undefined && { expected: [one.lower, one.upper] }),
      ...(one.limit !== undefined && { limit: one.limit }),
      ...(one.share !== undefined && { share: one.share }),
      ...(one.parts && { parts: one.parts.map(partOf) }),
      text: within(one.text, text),
    })),
    notes: newest(incident.notes, items, (note) => note.at).map((note) => ({
      at: iso(note.at),
      by: within(note.by, text),
      text: within(note.text, text),
    })),
  };
}

const partOf = ({ signal, share, observed, expected }: Contribution) => ({
  signal,
  share,
  ...(observed !== undefined && { observed }),
  ...(expected && { expected: [expected.lower, expected.upper] }),
});

const storyWithin = ({ headline, wrong, also, done, next }: Story, text: number): Story => ({
  headline: within(headline, text),
  wrong,
  also: within(also, text),
  done: within(done, text),
  next,
});

/** What is the actuator's own, the pre-image and what was left, stays in the house. */
function leaseOf(lease: Lease, text: number) {
  const { id, policy, stage, actuator, request, state, why, renewals } = lease;
  return {
    id,
    policy,
    stage,
    actuator,
    request,
    state,
    ...(why !== undefined && { why }),
    grantedAt: iso(lease.grantedAt),
    expiresAt: iso(lease.expiresAt),
    ...(lease.releasedAt !== undefined && { releasedAt: iso(lease.releasedAt) }),
    renewals,
    because: within(lease.because, text),
    ...(lease.error !== undefined && { error: within(lease.error, text) }),
  };
}

/** The last few in the order of time. */
const newest = <T>(list: readonly T[], items: number, at: (one: T) => EpochMs): readonly T[] =>
  list.toSorted((a, b) => at(a) - at(b)).slice(Math.max(0, list.length - items));

const iso = (at: EpochMs): string => new Date(at).toISOString();
