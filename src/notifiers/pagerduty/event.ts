import { actionOf, briefOf, leastChance } from '../../domain/brief.ts';
import { factWords, partWords } from '../../domain/evidence.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Notice } from '../../domain/notice.ts';
import { stageNameOf } from '../../domain/stage.ts';
import { partOfSubject } from '../../domain/subject.ts';
import type { EpochMs } from '../../domain/time.ts';
import { quantity } from '../../domain/wording.ts';
import { linksOf, type NoticeLinks } from '../../kit/notice-links.ts';
import { within } from '../../kit/within.ts';

/** PagerDuty cuts or refuses what is longer. */
const MOST_SUMMARY = 1_024;
const MOST_DEDUP_KEY = 255;
/** Ours: the whole event stays far below the 512 kB that are allowed. */
const MOST_DETAIL = 4_000;
const MOST_STAGES = 100;
const MOST_SIGNALS = 10;
const MOST_SIGNAL = 300;

/** What an event says of its sender. */
export interface Sender {
  /** The machine that reports. */
  readonly source: string;
  readonly pageUrl: string;
  readonly runbookUrl: string | undefined;
}

/**
 * The key that ties all events of an incident together: `headgate/<pipeline>/<stage>/<incident>`. The stage is the one the
 * incident opened on; the root may move later, the key may not.
 */
export const dedupKeyOf = ({ incident }: Notice): string =>
  within(
    `headgate/${incident.pipeline}/${stageNameOf(incident.affected[0] ?? incident.root)}/${incident.id}`,
    MOST_DEDUP_KEY,
  );

/** `POST /v2/enqueue`, without the routing key. */
export function triggerOf(notice: Notice, dedupKey: string, sender: Sender) {
  const { incident, severity } = notice;
  const [lead] = incident.because;
  return {
    event_action: 'trigger',
    dedup_key: dedupKey,
    payload: {
      summary: within(briefOf(notice), MOST_SUMMARY),
      source: sender.source,
      severity,
      timestamp: iso(notice.at),
      component: stageNameOf(incident.root),
      group: incident.pipeline,
      class: lead === undefined ? incident.cause : partOfSubject(lead.subject),
      custom_details: detailsOf(notice),
    },
    links: linkList(linksOf(notice, sender.pageUrl, sender.runbookUrl)),
    client: 'Headgate',
    client_url: `${sender.pageUrl}/`,
  };
}

/** An acknowledgement or the end; PagerDuty needs no more than the key. */
export const endOf = (action: 'acknowledge' | 'resolve', dedupKey: string) => ({
  event_action: action,
  dedup_key: dedupKey,
});

/** `POST /v2/change/enqueue`, without the routing key: something Headgate did, or an incident that was over before it was told. */
export function changeEventOf(notice: Notice, sender: Sender) {
  const action = actionOf(notice);
  const said = action ? `Headgate: ${action.did.toLowerCase()} ${action.rest}` : briefOf(notice);
  return {
    payload: {
      summary: within(said, MOST_SUMMARY),
      source: sender.source,
      timestamp: iso(notice.at),
      custom_details: {
        incident: notice.incident.id,
        root: notice.incident.root,
        ...(action && { lease: action.lease.id, policy: action.lease.policy, state: action.lease.state }),
      },
    },
    links: linkList(linksOf(notice, sender.pageUrl, sender.runbookUrl)),
  };
}

function detailsOf({ incident, story, budget }: Notice) {
  const scores = incident.because.map((one) => one.score).filter(Number.isFinite);
  const chance = leastChance(incident);
  const more = incident.affected.length - MOST_STAGES;
  const signals = signalsOf(incident);
  return {
    wrong: within(story.wrong, MOST_DETAIL),
    ...(story.also && { also: within(story.also, MOST_DETAIL) }),
    done: within(story.done, MOST_DETAIL),
    next: within(story.next, MOST_DETAIL),
    ...(signals.length > 0 && { signals }),
    root: incident.root,
    cause: incident.cause,
    affected: [...incident.affected.slice(0, MOST_STAGES), ...(more > 0 ? [`+${more}`] : [])],
    ...(scores.length > 0 && { score: Math.max(...scores) }),
    ...(chance !== undefined && { p_value: chance }),
    ...(budget && { pages_this_week: `${budget.pagesUsed} of ${budget.pagesPerWeek}` }),
    incident: incident.id,
    times: 'UTC',
  };
}

/** Each signal behind the incident with what it shows and what was expected: "lag_seconds 321 s, usually 2 to 16 s (71 %)". */
function signalsOf({ because, root }: Incident): readonly string[] {
  const words = because.flatMap((fact) => {
    if (fact.parts) return fact.parts.map(partWords);
    return [`${factWords(fact, root)}${fact.share === undefined ? '' : ` (${quantity(fact.share, 'ratio')})`}`];
  });
  return [...new Set(words)].slice(0, MOST_SIGNALS).map((one) => within(one, MOST_SIGNAL));
}

const linkList = ({ incident, release, runbook }: NoticeLinks) => [
  { href: incident, text: 'Incident' },
  ...(release ? [{ href: release, text: 'Release gate' }] : []),
  ...(runbook ? [{ href: runbook, text: 'Runbook' }] : []),
];

const iso = (at: EpochMs): string => new Date(at).toISOString();
