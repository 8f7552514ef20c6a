import type { Json } from '../domain/json.ts';
import type { Collapsed, Notice } from '../domain/notice.ts';
import type { OutboxItem } from '../domain/ports.ts';
import { stageNameOf } from '../domain/stage.ts';
import { DAY, type DurationMs, type EpochMs, SECOND } from '../domain/time.ts';
import { lengthOf } from '../domain/wording.ts';

/** What waits for one notifier, and how it fares. */
export interface Queue {
  readonly lane: string;
  /** Notices that nobody works on at the moment, in any order. */
  readonly items: readonly OutboxItem[];
  readonly now: EpochMs;
  /** The receiver has said that it is sent too much, and there is more to send since. */
  readonly slow: boolean;
  /** Notices may be told in one: nobody keeps a state for each incident at the other end. */
  readonly together: boolean;
}

/** Rows that go and rows that take their place. */
export interface Folded {
  readonly drop: readonly string[];
  readonly put: readonly OutboxItem[];
}

/** With a receiver that takes one a second, what waits longer is told in one: everything is told within two minutes. */
const PAGE_PATIENCE: DurationMs = 90 * SECOND;
const OTHER_PATIENCE: DurationMs = 45 * SECOND;
/** Fewer than this are quicker told one by one. */
const FEWEST = 3;
const MOST_LISTED = 1_000;
const DIGEST_AGE: DurationMs = 7 * DAY;
/** Priorities up to this are pages. */
const PAGE = 1;

const NEWS: ReadonlySet<Notice['change']> = new Set([
  'opened',
  'severity-raised',
  'root-moved',
  'acknowledged',
  'resolved',
]);

/** The notice in a row. */
export const noticeIn = (item: OutboxItem): Notice => item.body as unknown as Notice;

/**
 * Says more with fewer notices where they could not be sent in time: what became of one incident while its opening waited is told
 * in one, and what waited too long, or is too old to be told by itself, in a digest. Nothing is dropped without being told.
 *
 * @returns `undefined` where everything is to be sent as it is; calling again with the answer carried out gives that
 */
export function collapse(queue: Queue): Folded | undefined {
  return joinIncidents(queue) ?? (queue.together ? digest(queue) : undefined);
}

function joinIncidents({ items, together }: Queue): Folded | undefined {
  const drop: string[] = [];
  const put: OutboxItem[] = [];
  const incidents = Map.groupBy(
    items.filter((item) => NEWS.has(noticeIn(item).change) || noticeIn(item).change === 'action'),
    (item) => noticeIn(item).incident.id,
  );
  for (const all of incidents.values()) {
    if (all.length < 2) continue;
    const inOrder = all.toSorted((a, b) => a.createdAt - b.createdAt || a.priority - b.priority);
    const news = inOrder.filter((item) => NEWS.has(noticeIn(item).change));
    const joined = joinedOf(news);
    if (!joined) continue;
    // What was done stands in the story of the end; who keeps a list of changes gets each of them.
    const overtaken = together && noticeIn(joined).missedOpening ? inOrder : news;
    drop.push(...overtaken.filter((item) => item.id !== joined.id).map((item) => item.id));
    put.push(joined);
  }
  return put.length > 0 ? { drop, put } : undefined;
}

/** The one row that says it all; `undefined` where each says its own. */
function joinedOf(news: readonly OutboxItem[]): OutboxItem | undefined {
  const [first, last] = [news[0], news.at(-1)];
  if (!first || !last || first === last) return undefined;
  const [opening, latest] = [noticeIn(first), noticeIn(last)];
  const missedOpening = opening.change === 'opened';
  if (latest.change === 'resolved') {
    if (!missedOpening) return last;
    const story = { ...latest.story, headline: recovered(latest) };
    return { ...last, body: { ...latest, story, missedOpening } as unknown as Json };
  }
  if (!missedOpening) return undefined;
  const { incident, leases, story } = latest;
  const severity = incident.severity;
  // The row of the opening stays: its key is what a receiver may know already.
  const priority = severity === 'critical' ? 0 : Math.min(...news.map((item) => item.priority));
  return { ...first, priority, body: { ...opening, incident, leases, story, severity } as unknown as Json };
}

function recovered({ incident, at }: Notice): string {
  const lasted = lengthOf((incident.resolvedAt ?? at) - incident.openedAt);
  return `${stageNameOf(incident.root)} fired and recovered in ${lasted}`;
}

function digest(queue: Queue): Folded | undefined {
  const { lane, items, now } = queue;
  const waiting = items.filter((item) => noticeIn(item).collapsed?.instead);
  const chosen = new Set([...expired(queue), ...overdue(queue), ...followUps(queue, waiting)]);
  if (chosen.size === 0) return undefined;
  for (const item of waiting) chosen.add(item);
  const rows = [...chosen];
  const notice = digestOf(rows.map(noticeIn), lane, now);
  const item: OutboxItem = {
    id: `${notice.key}@${lane.slice(lane.indexOf(':') + 1)}`,
    lane,
    priority: Math.min(...rows.map((row) => row.priority)),
    createdAt: now,
    dueAt: now,
    attempts: 0,
    giveUpAt: now + DIGEST_AGE,
    body: notice as unknown as Json,
  };
  return { drop: rows.map((row) => row.id).filter((id) => id !== item.id), put: [item] };
}

const single = (item: OutboxItem): boolean => noticeIn(item).change !== 'digest' && noticeIn(item).change !== 'test';

const expired = ({ items, now }: Queue): readonly OutboxItem[] =>
  items.filter((item) => single(item) && item.giveUpAt <= now);

/** Tickets and actions first; pages only where they themselves have waited for too long. */
function overdue({ items, now, slow }: Queue): readonly OutboxItem[] {
  if (!slow) return [];
  const waited = (item: OutboxItem, patience: DurationMs): boolean => now - item.createdAt >= patience;
  const singles = items.filter(single);
  const others = singles.filter((item) => item.priority > PAGE);
  const chosen = singles.some((item) => item.priority <= PAGE && waited(item, PAGE_PATIENCE))
    ? singles
    : others.some((item) => waited(item, OTHER_PATIENCE))
      ? others
      : [];
  return chosen.length >= FEWEST ? chosen : [];
}

/** News of an incident whose beginning is part of a digest that waits: sent by themselves they could come before it. */
function followUps({ items }: Queue, digests: readonly OutboxItem[]): readonly OutboxItem[] {
  const begun = new Set(
    digests.flatMap((item) => noticeIn(item).collapsed?.notices ?? []).map(({ incident }) => incident),
  );
  return items.filter((item) => single(item) && begun.has(noticeIn(item).incident.id));
}

const RANK = { critical: 0, warning: 1, info: 2 } as const;

function digestOf(notices: readonly Notice[], lane: string, now: EpochMs): Notice {
  const lines = notices.flatMap((notice) => notice.collapsed?.notices ?? [lineOf(notice)]);
  const count = notices.reduce((sum, notice) => sum + (notice.collapsed?.count ?? 1), 0);
  const worstFirst = lines.toSorted((a, b) => RANK[a.severity] - RANK[b.severity] || a.at - b.at);
  const [worst] = notices.toSorted((a, b) => RANK[a.severity] - RANK[b.severity] || a.at - b.at) as [Notice];
  const headline = `${count} ${count === 1 ? 'notice' : 'notices'} not delivered one by one`;
  const first = worstFirst.slice(0, 3).map((line) => line.headline);
  return {
    key: `headgate-instead-${lane.slice(lane.indexOf(':') + 1)}-${now}`,
    at: now,
    change: 'digest',
    severity: worst.severity,
    incident: worst.incident,
    leases: [],
    story: {
      headline,
      wrong: `${headline}: ${first.join('; ')}${count > first.length ? '; …' : '.'}`,
      also: '',
      done: 'They came faster than they could be sent, or could not be sent in time.',
      next: 'The page shows all of them.',
    },
    collapsed: { count, notices: worstFirst.slice(0, MOST_LISTED), instead: true },
  };
}

const lineOf = ({ incident, change, severity, at, story }: Notice): Collapsed => ({
  incident: incident.id,
  root: incident.root,
  change,
  severity,
  at,
  headline: story.headline,
});
