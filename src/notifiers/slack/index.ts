import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import { defineNotifier, type Notifier, type NotifierContext } from '../../kit/component.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import { runbookField } from '../../kit/notice-links.ts';
import { secretFields, secretOf } from '../../kit/secret.ts';
import { sendAsBot } from './bot.ts';
import { sendToWebhook } from './incoming.ts';

export const SlackConfig = z
  .strictObject({
    ...secretFields('token', 'Bot token (`xoxb-…`) with the scope chat:write.'),
    channel: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Channel of the bot, as C0123456789 or #name; with token.', examples: ['#data-oncall'] }),
    ...secretFields('webhook_url', 'Address of an incoming webhook, instead of token and channel.'),
    api_url: z
      .url({ protocol: /^https?$/ })
      .default('https://slack.com/api')
      .meta({ description: 'Where the Web API is; another one only behind a proxy of yours.' }),
    ...runbookField,
    ...httpClientFields('15s'),
  })
  .refine((config) => hasToken(config) !== hasWebhook(config), {
    path: ['token'],
    message: 'set exactly one of token, token_file, webhook_url and webhook_url_file',
  })
  .refine((config) => !(config.token && config.token_file) && !(config.webhook_url && config.webhook_url_file), {
    path: ['token'],
    message: 'set a secret or its file, not both',
  })
  .refine((config) => hasToken(config) === (config.channel !== undefined), {
    path: ['channel'],
    message: 'set channel with a token, and leave it out with a webhook',
  });

export type SlackConfig = z.output<typeof SlackConfig>;

export const slack = defineNotifier({
  type: 'slack',
  stability: 'stable',
  summary:
    'Tells a Slack channel: one message for each incident, kept up to date, its news in the thread (or a plain webhook).',
  description: `With a bot \`token\` each incident is one message: what is wrong, who else feels it, what was done, what comes next.
It is updated in place when something changes, and the change itself is one line in its thread; a gate that could not be let go is
shown to the channel as well. Where the message is survives a restart. With \`webhook_url\` every notice is a message of its own,
because a webhook can update nothing.

The buttons are links to the page: Slack needs no way to reach Headgate. Messages stay within 10,000 characters; what gives way
first is the list of stages that feel it, never what is wrong, what comes next and the link.

Slack allows about one message a second and channel. 429, \`ratelimited\`, 5xx, \`internal_error\` and a broken connection are tried
again, not before a \`Retry-After\` has passed; notices that wait too long are told in one. Any other \`error\` is final. Where
Slack refuses the layout, the same is sent as plain text. After an error of Slack's own a message may come twice.`,
  config: SlackConfig,
  examples: [
    {
      title: 'A bot that keeps one message for each incident',
      yaml: `notifiers:
  team: { type: slack, token_file: /run/secrets/slack, channel: '#data-oncall' }
routes: [{ to: [team] }]`,
    },
    {
      title: 'An incoming webhook',
      yaml: `notifiers:
  team: { type: slack, webhook_url_file: /run/secrets/slack-webhook }
routes: [{ severity: [critical, warning], to: [team] }]`,
    },
  ],
  create: createSlack,
});

function createSlack(config: SlackConfig, { clock, pageUrl, memory }: NotifierContext): Notifier {
  const client = httpClient(config, { clock });
  const links = { pageUrl, runbookUrl: config.runbook_url };
  const { channel } = config;
  const send =
    channel === undefined
      ? sendToWebhook({ client, links, url: () => revealed(config, 'webhook_url') })
      : sendAsBot({ client, links, memory, channel, apiUrl: config.api_url, token: () => revealed(config, 'token') });
  return { send: (notice, _attempt, abort) => send(notice, abort), close: () => client.close() };
}

function revealed(config: SlackConfig, name: 'token' | 'webhook_url'): string {
  const text = secretOf(config, name)?.reveal().trim() ?? '';
  if (text === '') throw new HeadgateError('bad-config', `slack: ${name}_file is empty`);
  return text;
}

function hasToken(config: { token?: unknown; token_file?: unknown }): boolean {
  return config.token !== undefined || config.token_file !== undefined;
}

function hasWebhook(config: { webhook_url?: unknown; webhook_url_file?: unknown }): boolean {
  return config.webhook_url !== undefined || config.webhook_url_file !== undefined;
}
