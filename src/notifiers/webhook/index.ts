import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import type { Notice } from '../../domain/notice.ts';
import { defineNotifier, type Notifier, type NotifierContext } from '../../kit/component.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import { secretFields, secretOf } from '../../kit/secret.ts';
import { signWebhook } from '../../kit/signature.ts';
import { webhookBody } from './payload.ts';

export const WebhookConfig = z
  .strictObject({
    ...secretFields(
      'url',
      'Address that takes the notices, as http://host:port/path. Treated as a secret: many hold a token.',
    ),
    ...secretFields(
      'secret',
      'Signing secret; `whsec_` and 24 to 64 bytes in base64. Without it notices are not signed.',
    ),
    ...secretFields('previous_secret', 'The signing secret before, as long as receivers move from one to the other.'),
    concurrency: z.int().min(1).max(64).default(8).meta({
      description: 'So many notices may be under way at once. Those of one incident always come one after the other.',
    }),
    ...httpClientFields('15s'),
  })
  .refine((config) => (config.url === undefined) !== (config.url_file === undefined), {
    path: ['url'],
    message: 'set exactly one of url and url_file',
  })
  .refine(({ url }) => url === undefined || isAddress(url.reveal()), {
    path: ['url'],
    message: 'write the url as http://host:port/path',
  });

export type WebhookConfig = z.output<typeof WebhookConfig>;

export const webhook = defineNotifier({
  type: 'webhook',
  stability: 'stable',
  summary: 'Posts each notice as signed JSON to an address of yours (Standard Webhooks 1.0).',
  description: `One POST for each notice: \`{type, timestamp, data: {severity, incident, story, leases, links}}\`, at most 20 kB.
\`type\` is \`headgate.incident.opened\`, \`…severity_raised\`, \`…root_moved\`, \`…resolved\`, \`headgate.action\` or \`headgate.test\`.
Where you are slower than the notices, those that waited too long come as one \`headgate.digest\` with all of them in \`collapsed\`.
\`webhook-id\` stays the same when a notice is sent again: drop what you have seen. With \`secret\` set, verify
\`webhook-signature\` with any Standard Webhooks library.

Only an answer of 2xx counts as taken. 408, 425, 429, 5xx, a timeout and a broken connection are tried again, not before a
\`Retry-After\` has passed; any other answer, and 410 above all, is final. Redirects are not followed, and link-local addresses
(metadata of clouds) are never asked.`,
  config: WebhookConfig,
  examples: [
    {
      title: 'Critical incidents to an own service',
      yaml: `notifiers:
  ops:
    type: webhook
    url: https://ops.example.com/headgate
    secret_file: /run/secrets/webhook
routes: [{ severity: critical, to: [ops] }]`,
    },
  ],
  create: createWebhook,
});

function createWebhook(config: WebhookConfig, { clock, pageUrl }: NotifierContext): Notifier {
  const client = httpClient(config, { clock });
  const send = async (notice: Notice, _attempt: number, abort: AbortSignal): Promise<void> => {
    const url = secretOf(config, 'url')?.reveal() ?? '';
    if (!isAddress(url))
      throw new HeadgateError('bad-config', 'webhook: url_file holds no address such as https://host/path');
    const body = webhookBody(notice, pageUrl);
    const headers = { 'content-type': 'application/json', ...headersOf(config, notice.key, body, clock.now()) };
    // The path may be the secret, so messages show the host only.
    const called = `webhook at ${new URL(url).host}`;
    const accept = (status: number): boolean => status === 410;
    const answer = await client.request({ url, method: 'POST', headers, body, called, accept }, abort);
    if (answer.status === 410) {
      throw new HeadgateError(
        'rejected',
        `POST ${called}: answered 410, it wants no more notices; remove it from notifiers`,
      );
    }
  };
  return { send, atOnce: config.concurrency, close: () => client.close() };
}

function headersOf(config: WebhookConfig, key: string, body: string, now: number): Readonly<Record<string, string>> {
  // A dot separates the parts that are signed, so an id may not hold one.
  const id = key.replaceAll('.', '_');
  const secrets = [secretOf(config, 'secret'), secretOf(config, 'previous_secret')].filter((one) => one !== undefined);
  if (secrets.length > 0) return signWebhook({ id, body }, secrets, now);
  return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1_000)) };
}

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:/i.test(text);
