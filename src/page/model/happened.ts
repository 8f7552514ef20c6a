import type { ApiDecision, ApiIncident, ApiLease, ApiStage } from '../../server/api.ts';
import { counting } from '../text/number.ts';
import { duration, epoch } from '../text/time.ts';
import type { Notice } from './fleet.ts';
import { endedBecause, gateText, incidentName, inWords, isHeld, nameOf } from './names.ts';
import { incidentHash, stageHash } from './route.ts';
import type { State } from './state.ts';

/** One line of "what happened": when, a glyph, who, what. */
export interface Happening {
  readonly at: number;
  readonly state: State | 'note';
  readonly who: string;
  readonly what: string;
  readonly href: string;
  readonly detail: string;
}

function ofIncident(incident: ApiIncident): Happening[] {
  const who = nameOf(incident.root);
  const href = incidentHash(incident.id);
  const others = incident.affected.length - 1;
  const feel = others > 0 ? `; ${counting(others, 'other stage feels', 'other stages feel')} it` : '';
  const lines: Happening[] = [
    {
      at: epoch(incident.openedAt),
      state: incident.severity,
      who,
      what: `${incident.severity}, ${incidentName(incident.id)}`,
      href,
      detail: `${incident.because[0]?.text ?? ''}${feel}`,
    },
  ];
  if (incident.recoveringAt) {
    lines.push({
      at: epoch(incident.recoveringAt),
      state: 'ok',
      who,
      what: 'recovering',
      href,
      detail: 'back in its band',
    });
  }
  if (incident.resolvedAt) {
    const lasted = duration(epoch(incident.resolvedAt) - epoch(incident.openedAt));
    const how = incident.resolution === 'accepted' ? 'accepted as the new normal' : 'resolved';
    lines.push({ at: epoch(incident.resolvedAt), state: 'ok', who, what: `${how} after ${lasted}`, href, detail: '' });
  }
  for (const note of incident.notes) {
    lines.push({ at: epoch(note.at), state: 'note', who: note.by, what: 'wrote', href, detail: note.text });
  }
  return lines;
}

/** The share of the flow is known only while the gate stands. */
function heldWords(lease: ApiLease, stages: Stages): string {
  const text = gateText(lease.request, isHeld(lease) ? stages.get(lease.stage)?.valve : undefined);
  return text.startsWith('at ') ? `throttled to ${text.slice(3)}` : text;
}

type Stages = ReadonlyMap<string, ApiStage>;

function ofLease(lease: ApiLease, stages: Stages): Happening[] {
  const who = nameOf(lease.stage);
  const href = '#/gates';
  const granted: Happening = {
    at: epoch(lease.grantedAt),
    state: 'held',
    who,
    what: heldWords(lease, stages),
    href,
    detail: `${lease.policy}: ${lease.because}`,
  };
  if (!lease.releasedAt) {
    if (lease.state !== 'failed') return [granted];
    const failed = `gate ${isHeld(lease) ? 'not yet' : 'could not be'} put back`;
    return [{ ...granted, state: 'critical', what: failed, detail: lease.error ?? '' }, granted];
  }
  const lasted = duration(epoch(lease.releasedAt) - epoch(lease.grantedAt));
  const why = endedBecause(lease.why);
  return [
    { at: epoch(lease.releasedAt), state: 'ok', who, what: `released after ${lasted}`, href, detail: why },
    granted,
  ];
}

const DONE: Readonly<Record<ApiDecision['kind'], string>> = {
  engage: 'engaged',
  adjust: 'adjusted',
  renew: 'renewed',
  release: 'let go',
  withhold: 'withheld',
};

const ofDecision = (decision: ApiDecision): Happening => ({
  at: epoch(decision.at),
  state: decision.kind === 'withhold' ? 'note' : 'held',
  who: decision.policy,
  what: `${DONE[decision.kind]}: ${inWords(decision.reason)}`,
  href: stageHash(decision.stage),
  detail: decision.because,
});

const ofNotice = (notice: Notice): Happening => ({
  at: epoch(notice.at),
  state: notice.ok ? 'note' : 'critical',
  who: notice.notifier,
  what: notice.ok ? `told: ${inWords(notice.change)}` : `not told: ${inWords(notice.change)}`,
  href: incidentHash(notice.incident),
  detail: notice.error ?? '',
});

const newestFirst = (lines: readonly Happening[]): Happening[] => [...lines].sort((a, b) => b.at - a.at);

/** The last things that happened anywhere, newest first: incidents and gates. */
export const happened = (
  incidents: readonly ApiIncident[],
  leases: readonly ApiLease[],
  stages: Stages,
  most: number,
): Happening[] =>
  newestFirst([...incidents.flatMap(ofIncident), ...leases.flatMap((lease) => ofLease(lease, stages))]).slice(0, most);

/** Everything known of one incident, newest first: verdicts, gates, decisions with every no, notices, people's notes. */
export function logOf(
  incident: ApiIncident,
  leases: readonly ApiLease[],
  decisions: readonly ApiDecision[],
  notices: readonly Notice[],
  stages: Stages,
): Happening[] {
  return newestFirst([
    ...ofIncident(incident),
    ...leases.filter((lease) => lease.incident === incident.id).flatMap((lease) => ofLease(lease, stages)),
    ...decisions.filter((decision) => decision.incident === incident.id).map(ofDecision),
    ...notices.filter((notice) => notice.incident === incident.id).map(ofNotice),
  ]);
}
