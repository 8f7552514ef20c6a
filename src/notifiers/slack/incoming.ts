import { HeadgateError } from '../../domain/error.ts';
import type { Notice } from '../../domain/notice.ts';
import type { HttpClient } from '../../kit/http-client.ts';
import { linksOf } from '../../kit/notice-links.ts';
import { isContent, slackError, wordOf } from './answer.ts';
import { actionMessage, messageOf, type SlackMessage } from './message.ts';

export interface WebhookPost {
  readonly client: HttpClient;
  readonly links: { readonly pageUrl: string; readonly runbookUrl: string | undefined };
  url(): string;
}

/** Every notice is one message. A good answer is the text `ok`; a bad one is a word in the body, mostly beside a 4xx. */
export function sendToWebhook({ client, links, url }: WebhookPost) {
  const post = async (body: Partial<SlackMessage>, abort: AbortSignal): Promise<string> => {
    const address = url();
    if (!URL.canParse(address)) throw new HeadgateError('bad-config', 'slack: webhook_url_file holds no address');
    const answer = await client.request(
      {
        url: address,
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(body),
        // The path is the secret.
        called: `slack webhook at ${new URL(address).host}`,
        accept: (status) => status === 400,
        explain: (refusal) => wordOf(refusal.text()),
      },
      abort,
    );
    const said = answer.text().trim();
    if (answer.status === 400 && !isContent(said)) throw slackError('webhook', said || 'bad_request');
    return said;
  };
  return async (notice: Notice, abort: AbortSignal): Promise<void> => {
    const to = linksOf(notice, links.pageUrl, links.runbookUrl);
    const message = notice.change === 'action' ? actionMessage(notice, to) : messageOf(notice, to);
    let said = await post(message, abort);
    if (isContent(said)) said = await post({ text: `${message.text} ${to.incident}` }, abort);
    if (said === 'ok') return;
    throw isContent(said)
      ? slackError('webhook', said)
      : new HeadgateError('malformed', 'slack webhook: the answer is not "ok"; is webhook_url an incoming webhook?');
  };
}
