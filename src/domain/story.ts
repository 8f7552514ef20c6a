import type { Cause } from './cause.ts';
import type { Decision, WithholdReason } from './decision.ts';
import { besidesWords, factWords } from './evidence.ts';
import type { Incident } from './incident.ts';
import { isInForce, type Lease, type ReleaseReason, type RequestKind } from './lease.ts';
import type { Story } from './notice.ts';
import { pipelineOf, titleOf } from './stage.ts';
import { partOfSubject, stageOfSubject } from './subject.ts';
import { type EpochMs, SECOND } from './time.ts';
import { clockTime, lengthOf, list, requestWords } from './wording.ts';

/** What a story is told from. `leases` are those of the incident, any state; `withheld` the latest "no" of each policy. */
export interface StoryFacts {
  readonly incident: Incident;
  readonly leases: readonly Lease[];
  readonly now: EpochMs;
  readonly withheld?: readonly Decision[];
  /** When the backlog is expected to be gone, where an estimate stands. */
  readonly eta?: EpochMs;
  /** Minutes east of UTC in which times are said; 0 where not given. */
  readonly timezoneOffset?: number;
}

const IS: Readonly<Record<Cause, string>> = {
  surge: 'gets more than it can take',
  backlog: 'works off a backlog',
  slow: 'is slow',
  stopped: 'has stopped',
  rebalancing: 'is rebalancing',
  replay: 'reads old records again',
  poison: 'is stuck on a bad record',
  hot: 'has one overloaded partition',
  'broker-throttled': 'is throttled by its broker',
  downstream: 'waits for a stage below',
  duplicates: 'sees records twice',
  'source-outage': 'gets no data from its source',
  'bad-data': 'receives bad data',
  unknown: 'is not normal',
};

const WAS: Readonly<Record<Cause, string>> = {
  surge: 'got more than it could take',
  backlog: 'worked off a backlog',
  slow: 'was slow',
  stopped: 'had stopped',
  rebalancing: 'was rebalancing',
  replay: 'read old records again',
  poison: 'was stuck on a bad record',
  hot: 'had one overloaded partition',
  'broker-throttled': 'was throttled by its broker',
  downstream: 'waited for a stage below',
  duplicates: 'saw records twice',
  'source-outage': 'got no data from its source',
  'bad-data': 'received bad data',
  unknown: 'was not normal',
};

const WITHHELD: Readonly<Record<WithholdReason, string>> = {
  'observe-only': 'the policy only observes',
  'dry-run': 'the policy is in dry run',
  cooldown: 'the policy cools down after its last use',
  'target-held': 'another policy holds the gate',
  warming: 'the signal is still being learned',
  blind: 'the signal cannot be seen',
  unknown: 'the state of the stage is not known',
  restart: 'Headgate has just started and looks first',
  maintenance: 'a maintenance window is open',
  muted: 'the incident is muted',
  'cause-not-helped': 'this gate does not help against the cause',
  confirming: 'it waits for more samples to confirm',
  'no-capacity-estimate': 'the capacity of the stage is not known yet',
  'nothing-to-gain': 'moving the gate would gain nothing',
  'budget-spent': 'the budget of the policy is spent',
  'needs-opt-in': 'the action cannot be undone exactly and was not opted into',
  'renewals-spent': 'the lease was renewed as often as allowed without effect',
  overridden: 'a person changed the gate by hand',
  'stopped-by-hand': 'all actions are stopped by hand',
};

const RELEASED: Readonly<Record<ReleaseReason, string>> = {
  recovered: 'opened after recovery',
  expired: 'opened when its time was up',
  overridden: 'left as a person set it',
  ineffective: 'opened because it did not help',
  'by-hand': 'opened by hand',
  'policy-changed': 'opened because its policy changed',
  shutdown: 'opened at shutdown',
  'could-not-apply': 'could not be moved',
};

/** The words of a "no": one clause without a full stop, the same on page, notices and command line. */
export const withholdWords = (reason: WithholdReason): string => WITHHELD[reason];

/** The words of how a lease ended: "opened after recovery"; replicas are not opened but "put back". */
export const releaseWords = (reason: ReleaseReason, kind: RequestKind): string =>
  kind === 'scale' ? RELEASED[reason].replace('opened', 'put back') : RELEASED[reason];

/**
 * An incident in the sentences every reader gets: what is wrong, who else feels it, what was done, what comes next.
 * Plain words; times as HH:MM; never empty but for `also`. Pure, and short enough for a push notification line by line.
 */
export function storyOf(facts: StoryFacts): Story {
  return { headline: headline(facts), wrong: wrong(facts), also: also(facts), done: done(facts), next: next(facts) };
}

function headline({ incident, now, timezoneOffset }: StoryFacts): string {
  const name = titleOf(incident.root);
  const behind = lagOf(incident);
  if (incident.state === 'resolved') {
    const lasted = `for ${lengthOf((incident.resolvedAt ?? now) - incident.openedAt)}`;
    const was = incident.cause === 'unknown' && behind !== undefined ? 'was behind' : WAS[incident.cause];
    return `${name} ${was} ${lasted}${incident.resolution === 'accepted' ? '; accepted as the new normal' : ''}`;
  }
  const lead = incident.because[0];
  if (lead?.reach && incident.state === 'open' && incident.cause === 'unknown')
    return `${name} reaches a limit about ${clockTime(lead.reach.likely, now, timezoneOffset)}`;
  const known = incident.cause !== 'unknown' || behind === undefined;
  const clauses = [
    ...(known ? [IS[incident.cause]] : []),
    ...(behind === undefined ? [] : [`is ${lengthOf(behind * SECOND)} behind`]),
    ...(incident.state === 'recovering' ? ['is recovering'] : []),
  ];
  // "is slow and is 5 min behind" says "is" once too often.
  const said = clauses.map((text, at) =>
    at > 0 && clauses[at - 1]?.startsWith('is ') ? text.replace(/^is /, '') : text,
  );
  return `${name} ${list(said)}`;
}

/** How far the root is behind, in seconds, where that is part of the evidence and broken. */
const lagOf = (incident: Incident): number | undefined =>
  incident.because.find(
    (fact) =>
      stageOfSubject(fact.subject) === incident.root && partOfSubject(fact.subject) === 'lag_seconds' && !fact.reach,
  )?.observed;

function wrong(facts: StoryFacts): string {
  const { incident, now, timezoneOffset } = facts;
  const lead = incident.because[0];
  const what =
    lead === undefined
      ? 'Something is not normal'
      : factWords(lead, incident.root, { now, offset: timezoneOffset ?? 0 });
  const besides = besidesWords(incident.because);
  const until =
    incident.state === 'resolved' ? ` to ${clockTime(incident.resolvedAt ?? now, now, timezoneOffset)}` : '';
  const since = `${until === '' ? 'since' : 'from'} ${clockTime(incident.openedAt, now, timezoneOffset)}${until}`;
  const root = titleOf(incident.root);
  const why =
    incident.unknownAbove === undefined
      ? `Root: ${root}; nothing upstream is unusual.`
      : `Root: ${root}, as far as can be seen; ${titleOf(incident.unknownAbove)} above it gives no answer.`;
  return `${what}, ${since}${besides && `; ${besides}`}. ${why}`;
}

function also({ incident }: StoryFacts): string {
  const home = pipelineOf(incident.root);
  return list(
    incident.affected
      .filter((stage) => stage !== incident.root)
      .map((stage) => (pipelineOf(stage) === home ? titleOf(stage) : stage)),
  );
}

function done({ incident, leases, now, withheld = [], timezoneOffset }: StoryFacts): string {
  const acts = leases.map((lease) => leaseWords(lease, now, timezoneOffset));
  if (acts.length > 0) return acts.join(' ');
  const no = withheld[0];
  if (no) return `No gate was moved: ${WITHHELD[no.reason as WithholdReason]} (${no.policy}).`;
  return incident.state === 'resolved' ? 'No gate was moved.' : 'No gate was moved; no policy acts on this.';
}

function leaseWords(lease: Lease, now: EpochMs, offset = 0): string {
  const gate = titleOf(lease.stage);
  const did = requestWords(lease.request);
  const from = clockTime(lease.grantedAt, now, offset);
  const by = `(${lease.policy})`;
  const undone = lease.request.kind === 'scale' ? 'put back' : 'opened again';
  const trouble = lease.error === undefined ? '' : `: ${lease.error.replace(/[.\s]+$/, '')}`;
  switch (lease.state) {
    case 'pending':
    case 'applying':
      return `${gate} is being ${did} ${by}${trouble}.`;
    case 'active':
      return `${gate} ${did} at ${from} ${by}.`;
    case 'reverting':
      return `${gate} was ${did} at ${from} ${by} and is being ${undone}${trouble}.`;
    case 'failed':
      return isInForce(lease)
        ? `${gate} was ${did} at ${from} ${by} and could not be ${undone}${trouble}.`
        : `${gate} could not be ${did} ${by}${trouble}.`;
    case 'released': {
      const end = lease.releasedAt === undefined ? '' : ` to ${clockTime(lease.releasedAt, now, offset)}`;
      const how = lease.why === undefined ? '' : `, ${releaseWords(lease.why, lease.request.kind)}`;
      return `${gate} ${did} from ${from}${end} ${by}${how}.`;
    }
  }
}

function next({ incident, leases, now, eta, timezoneOffset }: StoryFacts): string {
  if (incident.state === 'resolved') return resolvedWords(incident, leases);
  const said: string[] = [];
  if (eta !== undefined && eta > now) said.push(`Backlog clears about ${clockTime(eta, now, timezoneOffset)}.`);
  const held = leases.filter((lease) => isInForce(lease) && lease.state !== 'failed' && lease.state !== 'reverting');
  const first = held.reduce<EpochMs>((least, lease) => Math.min(least, lease.expiresAt), Number.POSITIVE_INFINITY);
  if (held.length > 0) {
    const when = clockTime(Math.max(first, now), now, timezoneOffset);
    said.push(`${opening(held)} ${when} unless renewed.`);
  }
  if (leases.some((lease) => lease.state === 'failed' && isInForce(lease))) said.push('A gate must be opened by hand.');
  if (incident.state === 'recovering') said.push('The incident closes when the stage has stayed normal.');
  return said.length > 0 ? said.join(' ') : 'The incident closes when the stage is normal again.';
}

function opening(held: readonly Lease[]): string {
  if (held.length > 1) return `${held.length} gates open by themselves from`;
  return held[0]?.request.kind === 'scale' ? 'The scaling is put back by itself at' : 'The gate opens by itself at';
}

const resolvedWords = (incident: Incident, leases: readonly Lease[]): string =>
  leases.some((lease) => isInForce(lease))
    ? 'A gate is still held.'
    : incident.resolution === 'accepted'
      ? 'What was strange counts as normal from now on.'
      : incident.resolution === 'unwatched'
        ? 'The stage is no longer watched.'
        : 'Nothing to do.';
