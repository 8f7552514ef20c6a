import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Json } from '../../src/domain/json.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { changeEventOf, dedupKeyOf, triggerOf } from '../../src/notifiers/pagerduty/event.ts';
import { pagerduty } from '../../src/notifiers/pagerduty/index.ts';
import { leaseOf } from '../contracts/actuator.ts';
import { incidentOf, noticeOf, resolvedNotice, together } from '../contracts/notices.ts';
import { type Message, notifierContract, receiver } from '../contracts/notifier.ts';
import { testMemory } from '../support/memory.ts';
import { testValves } from '../support/valves.ts';

const never = new AbortController().signal;
const KEY = 'R0UT1NGKEY0000000000000000000001';
const OTHER_KEY = 'R0UT1NGKEY0000000000000000000002';
const PAGE = 'https://headgate.example.com';
const sender = { source: 'host-1', pageUrl: PAGE, runbookUrl: 'https://wiki.example.com/{pipeline}/{stage}#{cause}' };

const notifierWith = (config: { readonly [key: string]: Json }, kept = new Map<string, Json>()) =>
  pagerduty.create(pagerduty.config.parse({ routing_key: KEY, ...config }), {
    clock: testValves().clock,
    random: () => 0.5,
    pageUrl: PAGE,
    say: () => {},
    memory: testMemory(kept),
  });

/** As the reference answers: 202 and a body nobody needs. */
const good = (response: ServerResponse): void => {
  response.writeHead(202, { 'content-type': 'application/json' });
  response.end('{"status":"success","message":"Event processed","dedup_key":"x"}');
};
const eventOf = ({ body }: Message) => JSON.parse(body);

notifierContract('pagerduty', {
  good,
  create: (_t, { url, timeout }) => notifierWith({ url, timeout: `${timeout}ms`, headers: { 'x-token': 'hunter2' } }),
  secrets: [KEY, 'hunter2'],
  idOf: (message) => `${eventOf(message).event_action} ${eventOf(message).dedup_key}`,
  payload: {
    of: (notice) => JSON.stringify({ routing_key: KEY, ...triggerOf(notice, dedupKeyOf(notice), sender) }),
    mostBytes: 512_000,
  },
  statuses: { 410: 'not-found' },
});

const lease = leaseOf(
  { kind: 'throttle', rate: 32 },
  { state: 'active', stage: 'orders.ingest', policy: 'keep-enrich', preImage: 'private' },
);

test('pagerduty: signals that are unusual together come with value, expected band and share', () => {
  const notice = noticeOf({ incident: incidentOf({ because: [together] }) });
  assert.deepEqual(triggerOf(notice, dedupKeyOf(notice), sender).payload.custom_details.signals, [
    'lag_seconds 321 s, usually 2 to 16 s (60 %)',
    'rows 40 %',
  ]);
});

test('pagerduty: a trigger says what is wrong, where, what was done, and where to go', async (t) => {
  const server = await receiver(t, good);
  await notifierWith({ url: `${server.url}/`, runbook_url: sender.runbookUrl }).send(
    noticeOf({ leases: [lease], budget: { pagesUsed: 1, pagesPerWeek: 2 } }),
    1,
    never,
  );
  const [message] = server.messages;
  assert.ok(message);
  assert.equal(message.url, '/v2/enqueue');
  const { story, incident } = noticeOf();
  assert.deepEqual(eventOf(message), {
    routing_key: KEY,
    event_action: 'trigger',
    dedup_key: 'headgate/orders/enrich/3',
    payload: {
      summary:
        'enrich is slow and 12.5 s behind: lag_seconds 13 s, limit 5 s. 1 other stage feels it. ' +
        'ingest throttled to 32/s until 14 Nov 22:14.',
      source: hostname(),
      severity: 'critical',
      timestamp: '2026-11-21T03:10:00.000Z',
      component: 'enrich',
      group: 'orders',
      class: 'lag_seconds',
      custom_details: {
        wrong: story.wrong,
        also: story.also,
        done: story.done,
        next: story.next,
        signals: ['lag_seconds 13 s, limit 5 s'],
        root: 'orders.enrich',
        cause: 'slow',
        affected: incident.affected,
        score: 2.5,
        pages_this_week: '1 of 2',
        incident: '3',
        times: 'UTC',
      },
    },
    links: [
      { href: `${PAGE}/#/incidents/3`, text: 'Incident' },
      { href: `${PAGE}/#/incidents/3?release=${lease.id}`, text: 'Release gate' },
      { href: 'https://wiki.example.com/orders/enrich#slow', text: 'Runbook' },
    ],
    client: 'Headgate',
    client_url: `${PAGE}/`,
  });
});

test('pagerduty: the resolve goes to the key that triggered, also after a restart with another config', async (t) => {
  const server = await receiver(t, good);
  const kept = new Map<string, Json>();
  await notifierWith({ url: server.url }, kept).send(noticeOf(), 1, never);
  const moved = resolvedNotice();
  const later = { ...moved, incident: { ...moved.incident, root: 'orders.ingest' as const } };
  await notifierWith({ url: server.url, routing_key: OTHER_KEY }, kept).send(later, 1, never);
  assert.deepEqual(server.messages.map(eventOf).at(-1), {
    routing_key: KEY,
    event_action: 'resolve',
    dedup_key: 'headgate/orders/enrich/3',
  });
  assert.equal(kept.size, 0, 'the key is not kept for longer than the incident lasts');
});

test('pagerduty: a trigger that got no answer is resolved where it may have arrived', async (t) => {
  const server = await receiver(t, (response) => response.socket?.destroy());
  const kept = new Map<string, Json>();
  await assert.rejects(notifierWith({ url: server.url }, kept).send(noticeOf(), 1, never), { code: 'unreachable' });
  server.answer(good);
  const after = notifierWith({ url: server.url, routing_key: OTHER_KEY }, kept);
  await after.send({ ...resolvedNotice(), missedOpening: true }, 1, never);
  const [, resolve, change] = server.messages;
  assert.ok(resolve && change);
  assert.deepEqual([eventOf(resolve).event_action, eventOf(resolve).routing_key], ['resolve', KEY]);
  assert.deepEqual([change.url, eventOf(change).routing_key], ['/v2/change/enqueue', KEY], 'it pages nobody');
});

test('pagerduty: all later news of an incident updates the same one', async (t) => {
  const server = await receiver(t, good);
  const notifier = notifierWith({ url: server.url });
  const changes: Notice['change'][] = ['opened', 'severity-raised', 'root-moved', 'acknowledged', 'resolved'];
  for (const change of changes)
    await notifier.send({ ...(change === 'resolved' ? resolvedNotice() : noticeOf()), change }, 1, never);
  assert.deepEqual(
    server.messages.map(eventOf).map((event) => `${event.event_action} ${event.dedup_key}`),
    ['trigger', 'trigger', 'trigger', 'acknowledge', 'resolve'].map((action) => `${action} headgate/orders/enrich/3`),
  );
});

test('pagerduty: what was done to a gate is a change event, and can be switched off', async (t) => {
  const server = await receiver(t, good);
  const action = (state: 'active' | 'released' | 'failed') =>
    noticeOf({
      change: 'action',
      severity: 'info',
      leases: [
        {
          ...lease,
          state,
          ...(state === 'released' && { why: 'recovered' }),
          ...(state === 'failed' && { error: 'HTTP 403 from flink.' }),
        },
      ],
      lease: lease.id,
    });
  const notifier = notifierWith({ url: server.url });
  for (const state of ['active', 'released', 'failed'] as const) await notifier.send(action(state), 1, never);
  await notifierWith({ url: server.url, change_events: false }).send(action('active'), 1, never);
  assert.deepEqual(
    server.messages.map(({ url }) => url),
    Array(3).fill('/v2/change/enqueue'),
  );
  assert.deepEqual(
    server.messages.map((message) => eventOf(message).payload.summary),
    [
      'Headgate: held ingest throttled to 32/s until 14 Nov 22:14 (keep-enrich), because enrich is 12 s behind.',
      'Headgate: released ingest (keep-enrich), opened after recovery.',
      'Headgate: could not release ingest (keep-enrich): HTTP 403 from flink.',
    ],
  );
  assert.ok(Buffer.byteLength(server.messages[0]?.body ?? '') < 600);
});

test('pagerduty: a summary is never over 1,024 characters', () => {
  const long = noticeOf({
    story: { ...noticeOf().story, headline: '🌊'.repeat(1_000) },
    leases: [{ ...lease, because: 'x'.repeat(3_000) }],
    lease: lease.id,
  });
  assert.ok(triggerOf(long, 'k', sender).payload.summary.length <= 1_024);
  assert.ok(changeEventOf({ ...long, change: 'action' }, sender).payload.summary.length <= 1_024);
  const wide = noticeOf({ incident: incidentOf({ pipeline: 'p'.repeat(200), affected: [`p.${'s'.repeat(200)}`] }) });
  assert.ok(dedupKeyOf(wide).length <= 255);
});

test('pagerduty: a test opens something harmless and closes it at once', async (t) => {
  const server = await receiver(t, good);
  const text = 'Test from Headgate; nothing is wrong.';
  const story = { headline: text, wrong: text, also: '', done: '', next: '' };
  await notifierWith({ url: server.url }).send(
    noticeOf({ change: 'test', severity: 'info', key: 'headgate-test-1', story }),
    1,
    never,
  );
  const [trigger, resolve] = server.messages.map(eventOf);
  assert.deepEqual([trigger.payload.summary, trigger.payload.severity], [text, 'info']);
  assert.deepEqual([resolve.event_action, resolve.dedup_key], ['resolve', trigger.dedup_key]);
});

test('pagerduty: a digest wakes nobody', async (t) => {
  const server = await receiver(t, good);
  await notifierWith({ url: server.url }).send(noticeOf({ change: 'digest', severity: 'info' }), 1, never);
  assert.equal(server.messages.length, 0);
});

test('pagerduty: a refusal says why and hides the key it repeats', async (t) => {
  const server = await receiver(t, (response) =>
    response
      .writeHead(400)
      .end(
        JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors: [`'${KEY}' is no key`] }),
      ),
  );
  await assert.rejects(notifierWith({ url: server.url }).send(noticeOf(), 1, never), (error: Error) => {
    assert.match(error.message, /400 \(Event object is invalid: '\[secret\]' is no key\)/);
    return true;
  });
});

test('pagerduty: a key in a file is read anew for each new incident', async (t) => {
  const server = await receiver(t, good);
  const folder = mkdtempSync(join(tmpdir(), 'headgate-pagerduty-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  const notifier = pagerduty.create(pagerduty.config.parse({ url: server.url, routing_key_file: file }), {
    clock: testValves().clock,
    random: () => 0.5,
    pageUrl: PAGE,
    say: () => {},
    memory: testMemory(),
  });
  await assert.rejects(notifier.send(noticeOf(), 1, never), { code: 'bad-config' });
  writeFileSync(file, '\n');
  await assert.rejects(notifier.send(noticeOf(), 1, never), { code: 'bad-config' });
  for (const [id, key] of [
    ['3', KEY],
    ['4', OTHER_KEY],
    ['3', OTHER_KEY],
  ] as const) {
    writeFileSync(file, `${key}\n`);
    await notifier.send(noticeOf({ incident: incidentOf({ id }) }), 1, never);
  }
  assert.deepEqual(
    server.messages.map((message) => eventOf(message).routing_key),
    [KEY, OTHER_KEY, KEY],
  );
});

test('pagerduty: wants exactly one key', () => {
  for (const config of [{}, { routing_key: KEY, routing_key_file: 'x' }, { routing_key: KEY, url: 'ftp://x' }])
    assert.equal(pagerduty.config.safeParse(config).success, false, JSON.stringify(config));
});
