import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { linksOf } from '../../../src/kit/notice-links.ts';
import { messageOf } from '../../../src/notifiers/slack/message.ts';
import { leaseOf } from '../../contracts/actuator.ts';
import { noticeOf, resolvedNotice } from '../../contracts/notices.ts';
import { notifierContract, receiver } from '../../contracts/notifier.ts';
import { PAGE, slackWith } from './stub.ts';

const never = new AbortController().signal;
const good = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('ok');
};
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

notifierContract('slack webhook', {
  good,
  create: (_t, { url, timeout }) =>
    slackWith({
      webhook_url: `${url}/services/T000/hunter2/hunter3`,
      timeout: `${timeout}ms`,
      headers: { 'x-token': 'hunter4' },
    }),
  secrets: ['hunter2', 'hunter3', 'hunter4'],
  // A webhook cannot drop what it has seen; the same notice at least reads the same.
  idOf: ({ body }) => body,
  payload: {
    of: (notice) => unescaped(JSON.stringify(messageOf(notice, linksOf(notice, PAGE)))),
    mostBytes: 60_000,
  },
  statuses: { 201: 'malformed', 202: 'malformed', 204: 'malformed', 410: 'not-found' },
});

test('slack webhook: each notice is one message; an action is a short one', async (t) => {
  const server = await receiver(t, good);
  const notifier = slackWith({ webhook_url: `${server.url}/services/x` });
  const lease = leaseOf({ kind: 'pause' }, { state: 'active' });
  for (const notice of [noticeOf(), noticeOf({ change: 'action', leases: [lease] }), resolvedNotice()])
    await notifier.send(notice, 1, never);
  const blocks = server.messages.map(({ body }) => JSON.parse(body).blocks.length);
  assert.deepEqual(blocks, [4, 1, 4]);
  assert.equal(server.messages[0]?.url, '/services/x');
});

test('slack webhook: a layout that is refused is said in text alone, with the link', async (t) => {
  const server = await receiver(t, (response) => {
    if (server.messages.length === 1) response.writeHead(400).end('invalid_blocks');
    else good(response);
  });
  await slackWith({ webhook_url: server.url }).send(noticeOf(), 1, never);
  const { text, blocks } = JSON.parse(server.messages[1]?.body ?? '');
  assert.equal(blocks, undefined);
  assert.match(text, /^Critical: enrich is slow.* https:\/\/headgate\.example\.com\/#\/incidents\/3$/);
});

test('slack webhook: anything but "ok" is a failure that says why', async (t) => {
  const server = await receiver(t, (response) => response.writeHead(403).end('action_prohibited'));
  const send = () => slackWith({ webhook_url: `${server.url}/s/hunter2` }).send(noticeOf(), 1, never);
  await assert.rejects(send(), { code: 'unauthorized', message: /slack webhook at 127.*403 \(action_prohibited\)/ });
  server.answer((response) => response.writeHead(400).end('no_text'));
  await assert.rejects(send(), { code: 'rejected', message: 'slack webhook: no_text' });
  server.answer((response) => response.writeHead(200).end('<html>Log in to the proxy</html>'));
  await assert.rejects(send(), { code: 'malformed' });
});
