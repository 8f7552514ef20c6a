import { hostname } from 'node:os';
import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';
import type { Notice } from '../../domain/notice.ts';
import { defineNotifier, type Notifier, type NotifierContext } from '../../kit/component.ts';
import { httpClient, httpClientFields } from '../../kit/http-client.ts';
import type { HttpAnswer } from '../../kit/http-exchange.ts';
import { runbookField } from '../../kit/notice-links.ts';
import { secretFields, secretOf } from '../../kit/secret.ts';
import { changeEventOf, dedupKeyOf, endOf, type Sender, triggerOf } from './event.ts';

/** So many notices, of different incidents, are under way at once. */
const AT_ONCE = 4;

export const PagerDutyConfig = z
  .strictObject({
    ...secretFields('routing_key', 'Integration key of an Events API v2 integration.'),
    url: z
      .url({ protocol: /^https?$/ })
      .default('https://events.pagerduty.com')
      .meta({ description: 'Where events go; https://events.eu.pagerduty.com for accounts in the EU.' }),
    change_events: z.boolean().default(true).meta({
      description: 'Also sends what Headgate does to a gate, as change events: they page nobody.',
    }),
    ...runbookField,
    ...httpClientFields('15s'),
  })
  .refine((config) => (config.routing_key === undefined) !== (config.routing_key_file === undefined), {
    path: ['routing_key'],
    message: 'set exactly one of routing_key and routing_key_file',
  });

export type PagerDutyConfig = z.output<typeof PagerDutyConfig>;

export const pagerduty = defineNotifier({
  type: 'pagerduty',
  stability: 'stable',
  summary:
    'Triggers, acknowledges and resolves PagerDuty incidents (Events API v2), and tells what was done as change events.',
  description: `One PagerDuty incident for each incident, under the key \`headgate/<pipeline>/<stage>/<incident>\`, which no change
of the config moves. \`severity\` is \`critical\` or \`warning\`; route only what is worth waking somebody. Acknowledging on the page
acknowledges there. What Headgate does to a gate goes to \`/v2/change/enqueue\`: beside the incident, without paging.

PagerDuty drops a resolve that comes with another key than the trigger did. So the routing key that triggered is kept in the
store until the incident is over, and the resolve goes there even if the config has changed meanwhile.

202 means taken. 408, 425, 429, 5xx, a timeout and a broken connection are tried again for a day; any other answer is final.
An incident that fired and recovered before PagerDuty could be reached pages nobody: it comes as a change event.
A test notice opens an incident of severity \`info\` and resolves it at once; a digest is not sent.`,
  config: PagerDutyConfig,
  examples: [
    {
      title: 'Wake somebody for critical incidents',
      yaml: `notifiers:
  oncall:
    type: pagerduty
    routing_key_file: /run/secrets/pagerduty
    runbook_url: https://wiki.example.com/runbooks/{pipeline}/{stage}
routes: [{ severity: critical, to: [oncall] }]`,
    },
  ],
  create: createPagerDuty,
});

/** Where an incident was triggered, so that everything later goes there as well. */
interface Thread {
  readonly routingKey: string;
  readonly dedupKey: string;
}

function createPagerDuty(config: PagerDutyConfig, { clock, pageUrl, memory }: NotifierContext): Notifier {
  const client = httpClient(config, { clock });
  const sender: Sender = { source: hostname(), pageUrl, runbookUrl: config.runbook_url };
  const base = config.url.replace(/\/+$/, '');

  const post = async (path: string, routingKey: string, event: object, abort: AbortSignal): Promise<void> => {
    const body = JSON.stringify({ routing_key: routingKey, ...event });
    const headers = { 'content-type': 'application/json' };
    const explain = (answer: HttpAnswer): string | undefined => reasonOf(answer, routingKey);
    await client.request({ url: `${base}${path}`, method: 'POST', headers, body, explain }, abort);
  };
  const threadOf = async (notice: Notice): Promise<Thread | undefined> =>
    (await memory.get(notice.incident.id)) as Thread | undefined;
  const present = (notice: Notice): Thread => ({ routingKey: routingKeyOf(config), dedupKey: dedupKeyOf(notice) });

  const trigger = async (notice: Notice, abort: AbortSignal): Promise<void> => {
    const thread = (await threadOf(notice)) ?? present(notice);
    // Before the event: whoever finds it sent after a crash must know where to resolve it.
    await memory.set(notice.incident.id, { ...thread });
    await post('/v2/enqueue', thread.routingKey, triggerOf(notice, thread.dedupKey, sender), abort);
  };
  const end = async (notice: Notice, action: 'acknowledge' | 'resolve', abort: AbortSignal): Promise<void> => {
    const { routingKey, dedupKey } = (await threadOf(notice)) ?? present(notice);
    await post('/v2/enqueue', routingKey, endOf(action, dedupKey), abort);
  };
  const change = async (notice: Notice, abort: AbortSignal): Promise<void> => {
    const { routingKey } = (await threadOf(notice)) ?? present(notice);
    if (config.change_events) await post('/v2/change/enqueue', routingKey, changeEventOf(notice, sender), abort);
  };
  const rehearse = async (notice: Notice, abort: AbortSignal): Promise<void> => {
    const dedupKey = `headgate/test/${notice.key}`;
    await post('/v2/enqueue', routingKeyOf(config), triggerOf(notice, dedupKey, sender), abort);
    await post('/v2/enqueue', routingKeyOf(config), endOf('resolve', dedupKey), abort);
  };

  const send = async (notice: Notice, _attempt: number, abort: AbortSignal): Promise<void> => {
    if (notice.change === 'test') return rehearse(notice, abort);
    // Nobody is woken by a summary of what they were told before.
    if (notice.change === 'digest') return;
    if (notice.change === 'action') return change(notice, abort);
    if (notice.change === 'acknowledged') return end(notice, 'acknowledge', abort);
    if (notice.change !== 'resolved') return trigger(notice, abort);
    // A trigger may have arrived though no answer came back: resolving what is not open does no harm.
    await end(notice, 'resolve', abort);
    if (notice.missedOpening) await change(notice, abort);
    await memory.forget(notice.incident.id);
  };
  return { send, keepsState: true, atOnce: AT_ONCE, close: () => client.close() };
}

function routingKeyOf(config: PagerDutyConfig): string {
  const key = secretOf(config, 'routing_key')?.reveal().trim() ?? '';
  if (key === '')
    throw new HeadgateError('bad-config', 'pagerduty: routing_key_file is empty; put the integration key there');
  return key;
}

/** What a refusal says: `{status, message, errors: [...]}`. It may repeat the key, which must not be shown. */
function reasonOf(answer: HttpAnswer, routingKey: string): string | undefined {
  try {
    const { message, errors } = JSON.parse(answer.text()) as { message?: unknown; errors?: unknown };
    const texts = [message, ...(Array.isArray(errors) ? errors : [])].filter((one) => typeof one === 'string');
    return texts.join(': ').replaceAll(routingKey, '[secret]') || undefined;
  } catch {
    return undefined;
  }
}
