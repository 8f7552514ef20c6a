import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../src/domain/error.ts';
import type { Json } from '../../../src/domain/json.ts';
import { linksOf } from '../../../src/kit/notice-links.ts';
import { messageOf } from '../../../src/notifiers/slack/message.ts';
import { leaseOf } from '../../contracts/actuator.ts';
import { incidentOf, noticeOf, resolvedNotice } from '../../contracts/notices.ts';
import { notifierContract, receiver } from '../../contracts/notifier.ts';
import { botFor, PAGE, slackStub, slackWith, TOKEN } from './stub.ts';

const never = new AbortController().signal;
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

notifierContract('slack bot', {
  good: (response) => response.writeHead(200).end('{"ok":true,"channel":"C1","ts":"1.1"}'),
  create: (_t, { url, timeout }) =>
    slackWith({
      token: TOKEN,
      channel: '#data',
      api_url: url,
      timeout: `${timeout}ms`,
      headers: { 'x-token': 'hunter2' },
    }),
  secrets: [TOKEN, 'hunter2'],
  // The bot updates what it has posted; its text says what is told.
  idOf: ({ body }) => JSON.parse(body).text,
  payload: {
    of: (notice) => unescaped(JSON.stringify(messageOf(notice, linksOf(notice, PAGE)))),
    mostBytes: 60_000,
  },
  statuses: { 201: 'malformed', 202: 'malformed', 204: 'malformed', 410: 'not-found' },
});

const raised = noticeOf({ key: 'headgate-3-severity-raised-1', change: 'severity-raised' });

test('slack bot: an incident is one message, brought up to date with blocks and text, its news in the thread', async (t) => {
  const stub = await slackStub(t);
  const bot = botFor(stub);
  await bot.send(noticeOf(), 1, never);
  await bot.send(raised, 1, never);
  await bot.send(resolvedNotice(), 1, never);
  assert.deepEqual(
    stub.posted.map(({ method, body }) => [method, body.channel, body.ts ?? body.thread_ts]),
    [
      ['chat.postMessage', '#data', undefined],
      ['chat.update', 'C0123', '1700000000.000001'],
      ['chat.postMessage', 'C0123', '1700000000.000001'],
      ['chat.update', 'C0123', '1700000000.000001'],
      ['chat.postMessage', 'C0123', '1700000000.000001'],
    ],
  );
  const root = stub.messages.get('1700000000.000001');
  assert.match(String(root?.text), /^Resolved: /);
  assert.match(JSON.stringify(root?.blocks), /:white_check_mark: \*Resolved/);
  assert.match(String(stub.posted[4]?.body.text), /^03:11 \*Resolved\.\* /);
});

test('slack bot: finds its message again after a restart, and forgets it at the end', async (t) => {
  const stub = await slackStub(t);
  const kept = new Map<string, Json>();
  await botFor(stub, kept).send(noticeOf(), 1, never);
  await botFor(stub, kept).send(resolvedNotice(), 1, never);
  assert.deepEqual(
    stub.posted.map(({ method }) => method),
    ['chat.postMessage', 'chat.update', 'chat.postMessage'],
  );
  assert.equal(kept.size, 0);
});

test('slack bot: the same notice again, as after a crash, makes neither a second message nor a second line', async (t) => {
  const stub = await slackStub(t);
  const bot = botFor(stub);
  for (const notice of [noticeOf(), noticeOf(), raised, raised]) await bot.send(notice, 1, never);
  assert.equal(stub.messages.size, 2, 'the message and one line');
});

test('slack bot: a line that failed is tried again without a second message', async (t) => {
  const stub = await slackStub(t);
  const bot = botFor(stub);
  await bot.send(noticeOf(), 1, never);
  stub.refuse.push('', 'ratelimited');
  await assert.rejects(bot.send(raised, 1, never), { code: 'rate-limited' });
  await bot.send(raised, 2, never);
  assert.equal(stub.messages.size, 2);
});

test('slack bot: what was done is a line, and one that needs a hand is shown to the channel', async (t) => {
  const stub = await slackStub(t);
  const bot = botFor(stub);
  await bot.send(noticeOf(), 1, never);
  for (const state of ['active', 'failed'] as const) {
    const lease = leaseOf({ kind: 'pause' }, { state, preImage: 1 });
    await bot.send(
      noticeOf({ key: `action-${state}`, change: 'action', severity: 'info', leases: [lease], lease: lease.id }),
      1,
      never,
    );
  }
  const lines = stub.posted.filter(({ body }) => body.thread_ts !== undefined);
  assert.deepEqual(
    lines.map(({ body }) => [/\*(.*?)\*/.exec(String(body.text))?.[1], body.reply_broadcast]),
    [
      ['Held', false],
      ['Could not release', true],
    ],
  );
});

test('slack bot: an action, a test or a digest without a message of its incident stands alone', async (t) => {
  const stub = await slackStub(t);
  const kept = new Map<string, Json>();
  const bot = botFor(stub, kept);
  const lease = leaseOf({ kind: 'pause' }, { state: 'active' });
  await bot.send(noticeOf({ change: 'action', leases: [lease] }), 1, never);
  await bot.send(noticeOf({ change: 'test' }), 1, never);
  await bot.send(noticeOf({ change: 'digest', collapsed: { count: 1, notices: [] } }), 1, never);
  await bot.send({ ...resolvedNotice(), missedOpening: true }, 1, never);
  assert.deepEqual(
    stub.posted.map(({ method }) => method),
    Array(4).fill('chat.postMessage'),
  );
  assert.equal(kept.size, 0);
});

test('slack bot: a message that is gone is replaced by a new one', async (t) => {
  for (const error of ['message_not_found', 'edit_window_closed', 'cant_update_message']) {
    const stub = await slackStub(t);
    const bot = botFor(stub);
    await bot.send(noticeOf(), 1, never);
    stub.refuse.push(error);
    await bot.send(raised, 1, never);
    assert.deepEqual(
      stub.posted.map(({ method }) => method),
      ['chat.postMessage', 'chat.update', 'chat.postMessage'],
    );
    await bot.send(resolvedNotice(), 1, never);
    assert.equal(stub.posted[3]?.body.ts, '1700000000.000002', 'the new one is updated from now on');
  }
});

test('slack bot: a layout that is refused is said in text alone', async (t) => {
  const stub = await slackStub(t);
  stub.refuse.push('invalid_blocks');
  await botFor(stub).send(noticeOf(), 1, never);
  assert.deepEqual(stub.posted[1]?.body.blocks, []);
  assert.match(String(stub.posted[1]?.body.text), /^Critical: enrich is slow/);
  stub.refuse.push('msg_blocks_too_long', 'msg_too_long');
  await assert.rejects(botFor(stub).send(noticeOf({ incident: incidentOf({ id: '4' }) }), 1, never), {
    code: 'rejected',
  });
});

test('slack bot: the error in an answer of 200 says whether trying again can help', async (t) => {
  const stub = await slackStub(t);
  const expected: Record<string, [ErrorCode, boolean]> = {
    ratelimited: ['rate-limited', true],
    internal_error: ['server-error', true],
    fatal_error: ['server-error', true],
    service_unavailable: ['server-error', true],
    request_timeout: ['timeout', true],
    invalid_auth: ['unauthorized', false],
    token_revoked: ['unauthorized', false],
    missing_scope: ['unauthorized', false],
    channel_not_found: ['not-found', false],
    not_in_channel: ['rejected', false],
    is_archived: ['rejected', false],
    'Something <odd> with xoxb-1111-secret': ['rejected', false],
  };
  for (const [error, [code, retryable]] of Object.entries(expected)) {
    stub.refuse.push(error);
    await assert.rejects(
      botFor(stub).send(noticeOf(), 1, never),
      (thrown: Error & { code: string; retryable: boolean }) => {
        assert.deepEqual([thrown.code, thrown.retryable], [code, retryable], error);
        assert.ok(!thrown.message.includes(TOKEN), 'only words of Slack are shown');
        return true;
      },
    );
  }
});

test('slack bot: a limit that is said in an answer of 200 is kept for as long as it asks', async (t) => {
  const server = await receiver(t, (response) =>
    response.writeHead(200, { 'retry-after': '30' }).end('{"ok":false,"error":"ratelimited"}'),
  );
  const bot = slackWith({ token: TOKEN, channel: '#data', api_url: server.url });
  await assert.rejects(bot.send(noticeOf(), 1, never), { code: 'rate-limited', retryAfter: 30_000 });
});

test('slack: wants a token and a channel, or a webhook', () => {
  const bad: { readonly [key: string]: Json }[] = [
    {},
    { token: 'x' },
    { channel: '#x' },
    { token: 'x', token_file: 'y', channel: '#x' },
    { token: 'x', channel: '#x', webhook_url: 'https://x' },
    { webhook_url: 'https://x', channel: '#x' },
  ];
  for (const config of bad) assert.throws(() => slackWith(config), JSON.stringify(config));
});
