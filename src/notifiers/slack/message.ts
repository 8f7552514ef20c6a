import { actionOf, briefOf, leastChance } from '../../domain/brief.ts';
import type { Notice } from '../../domain/notice.ts';
import { stageNameOf } from '../../domain/stage.ts';
import { clockTime, probability } from '../../domain/wording.ts';
import type { NoticeLinks } from '../../kit/notice-links.ts';
import { escaped, escapeWithin, link } from './mrkdwn.ts';

/** What `chat.postMessage`, `chat.update` and an incoming webhook take; `text` is what a phone shows. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly object[];
}

/**
 * Slack allows 3,000 characters a section and 50 blocks, and refuses about 13,200 in sum, which it does not document
 * (slackapi/bolt-js#2509): 10,000 is the budget for all texts together.
 */
const MOST_SECTION = 3_000;
const MOST_TOTAL = 10_000;
const MOST_LINE = 2_900;
const MOST_HEADLINE = 400;
const MOST_BRIEF = 300;
const MOST_OF_DIGEST = 20;

const ICONS = { critical: ':octagonal_sign:', warning: ':warning:', info: ':construction:' } as const;

/** The whole story of an incident as it stands: four lines, buttons that lead to the page, and the small print. */
export function messageOf(notice: Notice, links: NoticeLinks): SlackMessage {
  const { incident, change } = notice;
  if (change === 'digest') return digestOf(notice, links);
  if (change === 'test') return plainMessage(`:wave: ${escapeWithin(notice.story.wrong, MOST_LINE)}`, notice);
  const isOver = incident.state === 'resolved';
  const word = isOver ? 'Resolved' : incident.severity === 'critical' ? 'Critical' : 'Warning';
  const icon = isOver ? ':white_check_mark:' : ICONS[incident.severity];
  const title = link(links.incident, notice.story.headline, MOST_HEADLINE);
  const head = `${icon} *${word} · ${title}* · ${escapeWithin(incident.pipeline, 100)}`;
  const text = escapeWithin(`${word}: ${briefOf(notice)}`, MOST_BRIEF);
  const foot = escapeWithin(footOf(notice), MOST_BRIEF);
  const buttons = buttonsOf(links, isOver);
  const spent = head.length + text.length + foot.length + JSON.stringify(buttons).length;
  return {
    text,
    blocks: [
      section(head),
      ...sectionsOf(linesOf(notice, MOST_TOTAL - spent)),
      { type: 'actions', elements: buttons },
      { type: 'context', elements: [{ type: 'mrkdwn', text: foot }] },
    ],
  };
}

/** One line of news for the thread below a message, or for a channel that cannot be updated. */
export function newsOf(notice: Notice): string {
  const { incident, story, change, at } = notice;
  const time = clockTime(at, at);
  const action = actionOf(notice);
  const news = (what: string, rest: string): string => `${time} *${what}* ${escapeWithin(rest, MOST_LINE)}`;
  if (action) {
    const byHand =
      action.did === 'Could not release' ? ` By hand: headgate release ${action.lease.id}` : ` ${action.lease.id}`;
    return `${action.failed ? ':warning: ' : ''}${news(action.did, `${action.rest}${byHand}`)}`;
  }
  if (change === 'severity-raised') return news('Critical now.', story.wrong);
  if (change === 'root-moved') return news('Root moved', `to ${stageNameOf(incident.root)}. ${story.wrong}`);
  if (change === 'acknowledged') return news('Acknowledged', `by ${incident.acknowledgedBy ?? 'somebody'}.`);
  if (change === 'resolved') return news('Resolved.', `${story.headline}. ${story.done}`);
  return news('News.', `${story.headline}. ${story.wrong}`);
}

/** A message of one line; what was done to a gate, where there is no thread to put it. */
export const plainMessage = (line: string, notice: Notice): SlackMessage => ({
  text: escapeWithin(briefOf(notice), MOST_BRIEF),
  blocks: [section(line.slice(0, MOST_SECTION))],
});

/** The action of a notice, said in the channel. */
export const actionMessage = (notice: Notice, links: NoticeLinks): SlackMessage =>
  plainMessage(`${ICONS.info} ${newsOf(notice)} ${link(links.incident, `#${notice.incident.id}`, 80)}`, notice);

/**
 * Wrong, Also, Done, Next within `budget` characters. Wrong and Next are never cut but by Slack's own limit of a section; Also
 * becomes a count first, then Done loses the names of policies, then its end.
 */
function linesOf(notice: Notice, budget: number): readonly string[] {
  const { story, incident } = notice;
  const isOver = incident.state === 'resolved';
  const wrong = `*${isOver ? 'Was' : 'Wrong'}* ${escapeWithin(story.wrong, MOST_LINE)}`;
  const next = story.next && `*Next* ${escapeWithin(story.next, MOST_LINE)}`;
  const left = Math.max(0, budget - wrong.length - next.length - 20);
  const done = doneWithin(story.done, Math.min(MOST_LINE, left));
  const also = alsoWithin(notice, Math.min(MOST_LINE, Math.max(0, left - done.length)));
  return [wrong, also && `*Also* ${also}`, done && `*${isOver ? 'Did' : 'Done'}* ${done}`, next].filter(Boolean);
}

function doneWithin(done: string, most: number): string {
  if (escaped(done).length <= most) return escaped(done);
  return escapeWithin(done.replaceAll(/ \([A-Za-z0-9_-]+\)/g, ''), most);
}

function alsoWithin({ story, incident }: Notice, most: number): string {
  if (escaped(story.also).length <= most) return escaped(story.also);
  const names = incident.affected.filter((stage) => stage !== incident.root).map(stageNameOf);
  for (let shown = Math.min(names.length, 20); shown > 0; shown--) {
    const text = escaped(`${names.slice(0, shown).join(', ')} +${names.length - shown}`);
    if (text.length <= most) return text;
  }
  return most >= 20 ? `+${names.length}` : '';
}

/** As many lines in one section as fit; a line is never longer than a section. */
function sectionsOf(lines: readonly string[]): readonly object[] {
  const texts: string[] = [];
  for (const line of lines) {
    const joined = `${texts.at(-1)}\n${line}`;
    if (texts.length > 0 && joined.length <= MOST_SECTION) texts[texts.length - 1] = joined;
    else texts.push(line);
  }
  return texts.map(section);
}

function digestOf({ story, severity, collapsed, at }: Notice, links: NoticeLinks): SlackMessage {
  const shown = (collapsed?.notices ?? []).slice(0, MOST_OF_DIGEST);
  const more = (collapsed?.count ?? 0) - shown.length;
  const line = (one: (typeof shown)[number]): string =>
    `• ${clockTime(one.at, at)} ${one.change === 'resolved' ? ':white_check_mark:' : ICONS[one.severity]} ${escapeWithin(one.headline, 120)}`;
  const lines = [...shown.map(line), ...(more > 0 ? [`… and ${more} more`] : [])];
  return {
    text: escapeWithin(story.wrong, MOST_BRIEF),
    blocks: [
      section(`${ICONS[severity]} *${link(links.incident, story.headline, MOST_HEADLINE)}*`),
      ...sectionsOf(lines),
      { type: 'context', elements: [{ type: 'mrkdwn', text: escapeWithin(story.next, MOST_BRIEF) }] },
    ],
  };
}

function footOf({ incident, budget, at }: Notice): string {
  const scores = incident.because.map((one) => one.score).filter(Number.isFinite);
  const score = scores.length > 0 ? [`score ${Math.max(...scores).toFixed(1)} (line 1)`] : [];
  const least = leastChance(incident);
  const chance = least === undefined ? [] : [`p ${probability(least)}`];
  const spent = budget ? [`pages this week ${budget.pagesUsed} of ${budget.pagesPerWeek}`] : [];
  const opened = `opened ${clockTime(incident.openedAt, at)}`;
  const by = incident.acknowledgedBy === undefined ? [] : [`acknowledged by ${incident.acknowledgedBy}`];
  return [
    `#${incident.id}`,
    opened,
    ...score,
    ...chance,
    ...spent,
    ...by,
    `updated ${clockTime(at, at)}`,
    'times in UTC',
  ].join(' · ');
}

/** Plain links: they need neither an app nor a public address of ours. */
function buttonsOf({ incident, release, runbook }: NoticeLinks, isOver: boolean): readonly object[] {
  const button = (id: string, text: string, url: string) => ({
    type: 'button',
    action_id: id,
    text: { type: 'plain_text', text },
    url,
  });
  return [
    button('open', 'Open', incident),
    ...(release ? [button('release', 'Release gate…', release)] : []),
    isOver ? button('label', 'Was this useful?', incident) : button('mute', 'Mute…', incident),
    ...(runbook ? [button('runbook', 'Runbook', runbook)] : []),
  ];
}

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
