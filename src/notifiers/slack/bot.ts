import { actionOf } from '../../domain/brief.ts';
import { HeadgateError } from '../../domain/error.ts';
import type { Notice } from '../../domain/notice.ts';
import type { Memory } from '../../kit/component.ts';
import type { HttpClient } from '../../kit/http-client.ts';
import { parseRetryAfter } from '../../kit/http-error.ts';
import { linksOf, type NoticeLinks } from '../../kit/notice-links.ts';
import { isContent, isLost, SlackAnswer, slackError } from './answer.ts';
import { actionMessage, messageOf, newsOf, type SlackMessage } from './message.ts';

export interface BotPost {
  readonly client: HttpClient;
  readonly links: { readonly pageUrl: string; readonly runbookUrl: string | undefined };
  readonly memory: Memory;
  readonly channel: string;
  readonly apiUrl: string;
  token(): string;
}

/** Where the message of an incident is, and the last notice that was told there. */
interface Root {
  readonly channel: string;
  readonly ts: string;
  readonly key: string;
}

type Method = 'chat.postMessage' | 'chat.update';

/**
 * One message for each incident, updated in place; what is new is a line in its thread. A notice that was told already, as after
 * a crash before that was written down, only updates.
 */
export function sendAsBot(post: BotPost) {
  const { memory, channel, links } = post;
  const say = (message: SlackMessage, abort: AbortSignal) =>
    callWithFallback(post, 'chat.postMessage', { channel, unfurl_links: false, unfurl_media: false }, message, abort);

  const open = async (notice: Notice, message: SlackMessage, abort: AbortSignal): Promise<void> => {
    const { ts, channel: id } = await say(message, abort);
    if (notice.incident.state === 'resolved') await memory.forget(notice.incident.id);
    else if (ts !== undefined) await memory.set(notice.incident.id, { channel: id ?? channel, ts, key: notice.key });
  };

  const update = async (root: Root, notice: Notice, to: NoticeLinks, abort: AbortSignal): Promise<void> => {
    const message = messageOf(notice, to);
    const place = { channel: root.channel, ts: root.ts };
    const answer = await callWithFallback(post, 'chat.update', place, message, abort, isLost);
    if (!answer.ok) return open(notice, message, abort);
    if (root.key !== notice.key) {
      const news = { channel: root.channel, thread_ts: root.ts, unfurl_links: false, text: newsOf(notice) };
      await call(post, 'chat.postMessage', { ...news, reply_broadcast: actionOf(notice)?.failed ?? false }, abort);
    }
    if (notice.incident.state === 'resolved') await memory.forget(notice.incident.id);
    else await memory.set(notice.incident.id, { ...root, key: notice.key });
  };

  return async (notice: Notice, abort: AbortSignal): Promise<void> => {
    const to = linksOf(notice, links.pageUrl, links.runbookUrl);
    if (notice.change === 'test' || notice.change === 'digest') {
      await say(messageOf(notice, to), abort);
      return;
    }
    const root = (await memory.get(notice.incident.id)) as Root | undefined;
    if (root) return update(root, notice, to, abort);
    if (notice.change !== 'action') return open(notice, messageOf(notice, to), abort);
    await say(actionMessage(notice, to), abort);
  };
}

/** As `call`, and once more without blocks where Slack refuses the layout. */
async function callWithFallback(
  post: BotPost,
  method: Method,
  to: object,
  message: SlackMessage,
  abort: AbortSignal,
  accept: (error: string) => boolean = () => false,
): Promise<SlackAnswer> {
  const first = await call(post, method, { ...to, ...message }, abort, (error) => isContent(error) || accept(error));
  if (first.ok || !isContent(first.error ?? '')) return first;
  // An empty list removes what an update would keep.
  return call(post, method, { ...to, text: message.text, blocks: [] }, abort, accept);
}

/** @throws HeadgateError for every `{ok: false}` whose `error` is not accepted. */
async function call(
  { client, apiUrl, token }: BotPost,
  method: Method,
  body: object,
  abort: AbortSignal,
  accept: (error: string) => boolean = () => false,
): Promise<SlackAnswer> {
  const answer = await client.request(
    {
      url: `${apiUrl.replace(/\/+$/, '')}/${method}`,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token()}` },
      body: JSON.stringify(body),
    },
    abort,
  );
  const parsed = SlackAnswer.safeParse(jsonOf(answer.text()));
  if (!parsed.success)
    throw new HeadgateError('malformed', `slack ${method}: the answer is not Slack's; check api_url and proxies`);
  const { ok, error = 'unknown_error' } = parsed.data;
  if (!ok && !accept(error))
    throw slackError(method, error, parseRetryAfter(answer.headers['retry-after'], Date.now()));
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
