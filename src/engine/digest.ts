import type { Incident } from '../domain/incident.ts';
import type { Collapsed, Notice } from '../domain/notice.ts';
import { storyOf } from '../domain/story.ts';
import { DAY, type EpochMs } from '../domain/time.ts';
import { severityRank } from '../domain/verdict.ts';
import { lengthOf } from '../domain/wording.ts';

/** A digest names no more incidents than this; the rest is counted. */
const NAMED = 20;

/**
 * The incidents of the last day in one notice, worst first, then longest; `undefined` where there were none, since a digest that
 * says nothing is soon not read any more.
 */
export function dailyDigest(incidents: readonly Incident[], now: EpochMs): Notice | undefined {
  const lasted = (incident: Incident): number => (incident.resolvedAt ?? now) - incident.openedAt;
  const told = incidents
    .filter(
      (incident) =>
        incident.openedAt > now - DAY || incident.state !== 'resolved' || (incident.resolvedAt ?? 0) > now - DAY,
    )
    .sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || lasted(b) - lasted(a));
  const [worst] = told;
  if (!worst) return undefined;
  const pages = told.filter((incident) => incident.severity === 'critical').length;
  const open = told.filter((incident) => incident.state !== 'resolved').length;
  const counts = [`${pages} worth a page`, `${told.length - pages} worth a ticket`, `${open} still open`].join(', ');
  return {
    key: `headgate-digest-${now}`,
    at: now,
    change: 'digest',
    severity: 'info',
    incident: worst,
    leases: [],
    story: {
      headline: `The last day: ${told.length === 1 ? 'one incident' : `${told.length} incidents`}, ${counts}.`,
      wrong: told
        .slice(0, NAMED)
        .map((incident) => `${headlineOf(incident, now)} (${lengthOf(lasted(incident))})`)
        .join('; '),
      also: told.length > NAMED ? `${told.length - NAMED} more` : '',
      done: '',
      next: '',
    },
    collapsed: { count: told.length, notices: told.slice(0, NAMED).map((incident) => collapse(incident, now)) },
  };
}

const headlineOf = (incident: Incident, now: EpochMs): string =>
  storyOf({ incident, leases: [], now }).headline.replace(/\.$/, '');

const collapse = (incident: Incident, now: EpochMs): Collapsed => ({
  incident: incident.id,
  root: incident.root,
  change: incident.state === 'resolved' ? 'resolved' : 'opened',
  severity: incident.severity,
  at: incident.openedAt,
  headline: headlineOf(incident, now),
});
