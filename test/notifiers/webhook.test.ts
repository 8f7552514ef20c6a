import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Json } from '../../src/domain/json.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { Secret } from '../../src/kit/secret.ts';
import { signatureFault } from '../../src/kit/signature.ts';
import { webhook } from '../../src/notifiers/webhook/index.ts';
import { webhookBody } from '../../src/notifiers/webhook/payload.ts';
import { leaseOf } from '../contracts/actuator.ts';
import { incidentOf, noticeOf, together } from '../contracts/notices.ts';
import { notifierContract, receiver } from '../contracts/notifier.ts';
import { testMemory } from '../support/memory.ts';
import { testValves } from '../support/valves.ts';

const never = new AbortController().signal;
const KEY = Buffer.alloc(32, 9);
const SECRET = `whsec_${KEY.toString('base64')}`;
const OLD_SECRET = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
const NOW = 1_700_000_000_000;

const notifierWith = (config: Json) =>
  webhook.create(webhook.config.parse(config), {
    clock: testValves(NOW).clock,
    random: () => 0.5,
    pageUrl: 'https://headgate.example.com',
    say: () => {},
    memory: testMemory(),
  });

const good = (response: { writeHead(status: number): { end(): void } }): void => response.writeHead(200).end();

notifierContract('webhook', {
  good,
  create: (_t, { url, timeout }) =>
    notifierWith({
      url: `${url.replace('//', '//me:hunter1@')}/hooks/hunter2?token=hunter3`,
      secret: SECRET,
      timeout: `${timeout}ms`,
      headers: { 'x-token': 'hunter4' },
    }),
  secrets: ['hunter1', 'hunter2', 'hunter3', 'hunter4', SECRET, KEY.toString('base64')],
  idOf: ({ headers }) => headers['webhook-id'] as string | undefined,
  payload: { of: (notice) => webhookBody(notice, 'https://headgate.example.com'), mostBytes: 20_000 },
});

test('webhook: the body says incident, story, leases and links', async (t) => {
  const server = await receiver(t, good);
  const lease = leaseOf(
    { kind: 'throttle', rate: 32 },
    { state: 'active', preImage: 'private', left: 'private', error: 'busy' },
  );
  await notifierWith({ url: server.url }).send(noticeOf({ leases: [lease] }), 1, never);
  assert.equal(server.messages[0]?.headers['content-type'], 'application/json');
  const notice = noticeOf();
  assert.deepEqual(JSON.parse(server.messages[0]?.body ?? ''), {
    type: 'headgate.incident.opened',
    timestamp: '2026-11-21T03:10:00.000Z',
    data: {
      severity: 'critical',
      incident: {
        id: '3',
        pipeline: 'orders',
        root: 'orders.enrich',
        affected: ['orders.enrich', 'orders.load'],
        severity: 'critical',
        cause: 'slow',
        state: 'open',
        openedAt: '2026-11-21T03:10:00.000Z',
        because: [
          {
            subject: 'orders.enrich/lag_seconds',
            detector: 'limits',
            score: 2.5,
            observed: 12.5,
            expected: [0, 1.5],
            limit: 5,
            text: 'lag_seconds is 12.5 s, limit 5 s',
          },
        ],
        notes: [],
      },
      story: notice.story,
      leases: [
        {
          id: 'L7',
          policy: 'keep-enrich',
          stage: 'orders.ingest',
          actuator: 'gate',
          request: { kind: 'throttle', rate: 32 },
          state: 'active',
          grantedAt: '2023-11-14T22:13:20.000Z',
          expiresAt: '2023-11-14T22:14:20.000Z',
          renewals: 0,
          because: 'enrich is 12 s behind',
          error: 'busy',
        },
      ],
      links: {
        page: 'https://headgate.example.com/',
        incident: 'https://headgate.example.com/#/incidents/3',
      },
    },
  });
});

test('webhook: signals that are unusual together come with value, expected band and share', () => {
  const body = JSON.parse(webhookBody(noticeOf({ incident: incidentOf({ because: [together] }) }), ''));
  assert.deepEqual(body.data.incident.because[0].parts, [
    { signal: 'lag_seconds', share: 0.6, observed: 321, expected: [2, 16] },
    { signal: 'rows', share: 0.4 },
  ]);
});

test('webhook: the type of each change is made of letters, digits, _ and dots', () => {
  const type = (change: Notice['change']) => JSON.parse(webhookBody(noticeOf({ change }), '')).type as string;
  assert.equal(type('severity-raised'), 'headgate.incident.severity_raised');
  assert.equal(type('resolved'), 'headgate.incident.resolved');
  assert.equal(type('action'), 'headgate.action');
  assert.equal(type('test'), 'headgate.test');
});

test('webhook: is signed as Standard Webhooks 1.0 says, by the old secret too while both are set', async (t) => {
  const server = await receiver(t, good);
  const notifier = notifierWith({ url: server.url, secret: SECRET, previous_secret: OLD_SECRET });
  await notifier.send(noticeOf({ key: 'headgate-3-orders.enrich' }), 1, never);
  const [message] = server.messages;
  assert.ok(message);
  const { headers, body } = message;
  assert.equal(headers['webhook-id'], 'headgate-3-orders_enrich');
  assert.equal(headers['webhook-timestamp'], '1700000000');
  const own = createHmac('sha256', KEY).update(`headgate-3-orders_enrich.1700000000.${body}`).digest('base64');
  assert.equal(String(headers['webhook-signature']).split(' ')[0], `v1,${own}`);
  for (const secret of [SECRET, OLD_SECRET]) {
    assert.equal(signatureFault(headers, body, [Secret.of(secret)], NOW), undefined);
    assert.equal(signatureFault(headers, `${body} `, [Secret.of(secret)], NOW), 'no-match');
  }
});

test('webhook: without a secret it carries its id and no signature', async (t) => {
  const server = await receiver(t, good);
  await notifierWith({ url: server.url }).send(noticeOf(), 1, never);
  const headers = server.messages[0]?.headers;
  assert.ok(headers?.['webhook-id']);
  assert.equal(headers['webhook-signature'], undefined);
});

test('webhook: a body that is too long says what it has left out, oldest first', () => {
  const notes = Array.from({ length: 90 }, (_, index) => ({ at: NOW + index, by: 'ann', text: '🦊'.repeat(400) }));
  const body = webhookBody(noticeOf({ incident: incidentOf({ notes }) }), '');
  const { data } = JSON.parse(body) as {
    data: { omitted: { notes: number }; incident: { notes: { at: string; text: string }[] } };
  };
  assert.ok(Buffer.byteLength(body) <= 20_000);
  assert.equal(data.omitted.notes, 90 - data.incident.notes.length);
  assert.equal(data.incident.notes.at(-1)?.at, new Date(NOW + 89).toISOString());
  for (const { text } of data.incident.notes) assert.match(text, /^(🦊)+…$/u);
});

test('webhook: reads its address from a file at each send', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-webhook-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'url');
  const server = await receiver(t, good);
  writeFileSync(file, 'nonsense\n');
  const notifier = notifierWith({ url_file: file });
  await assert.rejects(notifier.send(noticeOf(), 1, never), { code: 'bad-config' });
  writeFileSync(file, `${server.url}/hook\n`);
  await notifier.send(noticeOf(), 1, never);
  assert.equal(server.messages[0]?.url, '/hook');
});

test('webhook: never asks link-local and metadata addresses', async () => {
  for (const host of ['169.254.169.254', '[fd00:ec2::254]', '[::ffff:169.254.169.254]', '[fe80::1]']) {
    const send = notifierWith({ url: `http://${host}/latest`, timeout: '1s' }).send(noticeOf(), 1, never);
    await assert.rejects(send, { code: 'bad-config' }, host);
  }
});

test('webhook: wants exactly one address, and one that is http', () => {
  for (const config of [{}, { url: 'ftp://x/' }, { url: 'x' }, { url: 'http://x/', url_file: 'y' }]) {
    assert.equal(webhook.config.safeParse(config).success, false, JSON.stringify(config));
  }
});
