import { factWords } from './evidence.ts';
import type { Incident } from './incident.ts';
import { isInForce, type Lease } from './lease.ts';
import type { Notice } from './notice.ts';
import { titleOf } from './stage.ts';
import { releaseWords } from './story.ts';
import { clockTime, requestWords } from './wording.ts';

/**
 * A notice in one line, for what has room for no more: a push notification, the title of a page.
 *
 * @example "enrich is 5 min behind: lag_seconds 321 s, usually 2 to 16 s. 3 other stages feel it. ingest throttled to 40/s until 03:16."
 */
export function briefOf(notice: Notice): string {
  const { incident, leases, story, change, at } = notice;
  if (change === 'digest' || change === 'test') return story.wrong;
  const action = actionOf(notice);
  if (action) return `${action.did} ${action.rest}`;
  if (incident.state === 'resolved') return `${story.headline}.`;
  const [lead] = incident.because;
  const others = incident.affected.length - 1;
  const held = leases.filter(isInForce).map((lease) => `${heldWords(lease, at)}.`);
  return [
    lead === undefined ? `${story.headline}.` : `${story.headline}: ${factWords(lead, incident.root, { now: at })}.`,
    ...(others > 0 ? [`${others} other ${others === 1 ? 'stage feels' : 'stages feel'} it.`] : []),
    ...held.slice(0, 3),
  ].join(' ');
}

const heldWords = (lease: Lease, now: number): string =>
  `${titleOf(lease.stage)} ${requestWords(lease.request)} until ${clockTime(lease.expiresAt, now)}`;

/** The least likely fact behind an incident, per sample; `undefined` where only limits are broken. */
export function leastChance({ because }: Incident): number | undefined {
  const all = because.flatMap(({ pValue }) => pValue ?? []);
  return all.length > 0 ? Math.min(...all) : undefined;
}

/** What was done to a gate, as verb and the rest of the sentence, and whether a person has to look. */
export interface Action {
  readonly lease: Lease;
  readonly did: 'Held' | 'Released' | 'Could not hold' | 'Could not release';
  readonly rest: string;
  readonly failed: boolean;
}

/** The action a notice is about; `undefined` for every other notice. */
export function actionOf({ change, leases, lease: id, at }: Notice): Action | undefined {
  const lease = leases.find((one) => one.id === id) ?? leases.at(-1);
  if (change !== 'action' || !lease) return undefined;
  const gate = titleOf(lease.stage);
  const error = lease.error === undefined ? '' : `: ${lease.error.replace(/[.\s]+$/, '')}`;
  if (lease.state === 'failed') {
    const failed = isInForce(lease) ? 'Could not release' : 'Could not hold';
    return { lease, did: failed, rest: `${gate} (${lease.policy})${error}.`, failed: true };
  }
  if (lease.state === 'released' || lease.state === 'reverting') {
    const why = lease.why === undefined ? '' : `, ${releaseWords(lease.why, lease.request.kind)}`;
    return { lease, did: 'Released', rest: `${gate} (${lease.policy})${why}.`, failed: false };
  }
  const because = lease.because.replace(/[.\s]+$/, '');
  return { lease, did: 'Held', rest: `${heldWords(lease, at)} (${lease.policy}), because ${because}.`, failed: false };
}
