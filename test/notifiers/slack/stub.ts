import type { TestContext } from 'node:test';
import type { Json } from '../../../src/domain/json.ts';
import type { Notifier } from '../../../src/kit/component.ts';
import { slack } from '../../../src/notifiers/slack/index.ts';
import { type Loopback, loopback } from '../../support/loopback.ts';
import { testMemory } from '../../support/memory.ts';
import { testValves } from '../../support/valves.ts';

export const PAGE = 'https://headgate.example.com';
export const TOKEN = 'xoxb-1111-secret';

export interface Posted {
  readonly method: string;
  readonly body: { readonly [key: string]: Json };
}

/** Slack's Web API as far as a bot meets it: every post gets the next ts; `refuse` is said instead, once each. */
export interface SlackStub {
  readonly server: Loopback;
  readonly posted: readonly Posted[];
  readonly refuse: string[];
  /** Messages in the channel and its threads as people see them now, by ts. */
  readonly messages: Map<string, Posted['body']>;
}

export async function slackStub(t: TestContext): Promise<SlackStub> {
  const posted: Posted[] = [];
  const refuse: string[] = [];
  const messages = new Map<string, Posted['body']>();
  const server = await loopback(({ path, body, headers }, response) => {
    const say = (answer: object): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    };
    const method = path.replace('/api/', '');
    const given = JSON.parse(body) as Posted['body'];
    posted.push({ method, body: given });
    const error = headers.authorization === `Bearer ${TOKEN}` ? refuse.shift() : 'invalid_auth';
    if (error) return say({ ok: false, error });
    const ts = method === 'chat.update' ? String(given.ts) : `1700000000.00000${messages.size + 1}`;
    if (method === 'chat.update' && !messages.has(ts)) return say({ ok: false, error: 'message_not_found' });
    messages.set(ts, given);
    say({ ok: true, channel: 'C0123', ts });
  });
  t.after(() => server.close());
  return { server, posted, refuse, messages };
}

export const slackWith = (config: { readonly [key: string]: Json }, kept = new Map<string, Json>()): Notifier =>
  slack.create(slack.config.parse(config), {
    clock: testValves().clock,
    random: () => 0.5,
    pageUrl: PAGE,
    say: () => {},
    memory: testMemory(kept),
  });

export const botFor = (stub: SlackStub, kept?: Map<string, Json>): Notifier =>
  slackWith({ token: TOKEN, channel: '#data', api_url: `${stub.server.url}/api` }, kept);
