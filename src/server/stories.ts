import type { Decision } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import type { View } from '../domain/ports.ts';
import { storyOf } from '../domain/story.ts';
import { SECOND } from '../domain/time.ts';
import type { ApiIncident } from './api.ts';
import { toApiIncident } from './to-api.ts';

/** So many of the newest leases are looked through for the stories of a list. */
const LEASES = 1_000;
const DECISIONS = 500;

/**
 * Incidents with their stories. Leases and decisions are asked for once for all of them; decisions only where an incident
 * is still open and nothing was done, so that the story can say why.
 */
export async function tellIncidents(view: View, incidents: readonly Incident[]): Promise<ApiIncident[]> {
  const [only] = incidents;
  if (only === undefined) return [];
  const leases = await view.leases(incidents.length === 1 ? { incident: only.id, limit: LEASES } : { limit: LEASES });
  const quiet = incidents.some(({ id, state }) => state !== 'resolved' && !leases.some((one) => one.incident === id));
  const decisions = quiet ? await view.decisions({ limit: DECISIONS }) : [];
  return incidents.map((incident) => {
    const eta = etaOf(view, incident);
    const story = storyOf({
      incident,
      leases: leases.filter((lease) => lease.incident === incident.id).toReversed(),
      now: view.now(),
      withheld: withheldFor(incident, decisions),
      ...(eta === undefined ? {} : { eta }),
    });
    return toApiIncident(incident, story);
  });
}

/** The latest "no" of each policy about the incident, newest first. */
function withheldFor(incident: Incident, decisions: readonly Decision[]): Decision[] {
  const latest = new Map<string, Decision>();
  for (const decision of decisions) {
    const about = decision.incident === incident.id;
    if (about && decision.kind === 'withhold' && !latest.has(decision.policy)) latest.set(decision.policy, decision);
  }
  return [...latest.values()];
}

/** When the backlog of the root is gone at the present rates, where the engine derives it. */
function etaOf(view: View, incident: Incident): number | undefined {
  if (incident.state === 'resolved') return undefined;
  const snapshot = view.stage(incident.root)?.snapshot;
  const drain = snapshot?.values.get('drain_seconds');
  return snapshot === undefined || drain === undefined ? undefined : snapshot.at + drain * SECOND;
}
