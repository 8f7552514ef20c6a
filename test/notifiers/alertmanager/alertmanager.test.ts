import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Json } from '../../../src/domain/json.ts';
import type { Notice } from '../../../src/domain/notice.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time.ts';
import type { Standing } from '../../../src/kit/component.ts';
import { type Alert, alertOf, lastsFor } from '../../../src/notifiers/alertmanager/alert.ts';
import { alertmanager } from '../../../src/notifiers/alertmanager/index.ts';
import { incidentOf, noticeOf, resolvedNotice } from '../../contracts/notices.ts';
import { type Message, notifierContract, receiver } from '../../contracts/notifier.ts';
import { testMemory } from '../../support/memory.ts';
import { testValves } from '../../support/valves.ts';

const never = new AbortController().signal;
const NOW = noticeOf().at + 5 * SECOND;
const PAGE = 'https://headgate.example.com';
const style = { pageUrl: PAGE, runbookUrl: 'https://wiki.example.com/{stage}', labels: {} };

const notifierWith = (config: { readonly [key: string]: Json }) =>
  alertmanager.create(alertmanager.config.parse(config), {
    clock: testValves(NOW).clock,
    random: () => 0.5,
    pageUrl: PAGE,
    say: () => {},
    memory: testMemory(),
  });

const good = (response: ServerResponse): void => {
  response.writeHead(200).end();
};
const alertsOf = ({ body }: Message): Alert[] => JSON.parse(body);
const identity = ({ labels }: Alert): string => JSON.stringify(Object.entries(labels).toSorted());
const standing = (notice: Notice, every = 10 * SECOND): Standing => ({ notice, every });

notifierContract('alertmanager', {
  good,
  create: (_t, { url, timeout }) =>
    notifierWith({
      urls: [url.replace('//', '//me:hunter1@')],
      timeout: `${timeout}ms`,
      headers: { 'x-token': 'hunter2' },
      auth: { bearer: { token: 'hunter3' } },
    }),
  secrets: ['hunter1', 'hunter2', 'hunter3'],
  idOf: (message) =>
    alertsOf(message)
      .map((alert) => `${identity(alert)} ${alert.endsAt}`)
      .join(),
  payload: { of: (notice) => JSON.stringify([alertOf(notice, NOW, style)]), mostBytes: 80_000 },
  statuses: { 410: 'not-found' },
});

test('alertmanager: an open incident is an alert that fires until well after the next reminders', async (t) => {
  const server = await receiver(t, good);
  const labels = { cluster: 'eu-1' };
  await notifierWith({ urls: [`${server.url}/`], labels, runbook_url: style.runbookUrl }).send(noticeOf(), 1, never);
  assert.equal(server.messages[0]?.url, '/api/v2/alerts');
  const { story } = noticeOf();
  assert.deepEqual(server.messages.flatMap(alertsOf), [
    {
      labels: {
        cluster: 'eu-1',
        alertname: 'HeadgateIncident',
        pipeline: 'orders',
        stage: 'enrich',
        incident: '3',
        severity: 'critical',
      },
      annotations: {
        summary: story.headline,
        description: story.wrong,
        also: story.also,
        done: story.done,
        next: story.next,
        root: 'orders.enrich',
        cause: 'slow',
        affected: 'orders.enrich orders.load',
        dashboard_url: `${PAGE}/#/incidents/3`,
        runbook_url: 'https://wiki.example.com/enrich',
      },
      startsAt: '2026-11-21T03:10:00.000Z',
      endsAt: new Date(NOW + 4 * 30 * SECOND + 10 * SECOND).toISOString(),
      generatorURL: `${PAGE}/#/incidents/3`,
    },
  ]);
});

test('alertmanager: an alert lasts for four reminders or three looks at the stage, whichever is longer, and a timeout', () => {
  assert.equal(lastsFor(30 * SECOND, 10 * SECOND, 10 * SECOND), 130 * SECOND);
  assert.equal(lastsFor(30 * SECOND, HOUR, 10 * SECOND), 3 * HOUR + 10 * SECOND);
});

test('alertmanager: root, cause and stages may become known better, and it stays the same alert', () => {
  const [first, later] = [
    noticeOf(),
    noticeOf({
      change: 'root-moved',
      incident: incidentOf({
        root: 'orders.load',
        cause: 'backlog',
        affected: ['orders.enrich', 'orders.load', 'orders.x'],
      }),
    }),
  ].map((notice) => alertOf(notice, NOW, style));
  assert.ok(first && later);
  assert.equal(identity(later), identity(first));
  assert.equal(later.annotations.root, 'orders.load');
});

test('alertmanager: where the severity rises the warning is ended and the critical one fires', async (t) => {
  const server = await receiver(t, good);
  await notifierWith({ urls: [server.url] }).send(noticeOf({ change: 'severity-raised', at: NOW }), 1, never);
  const alerts = server.messages.flatMap(alertsOf);
  assert.deepEqual(
    alerts.map(({ labels, endsAt }) => [labels.severity, Date.parse(endsAt) > NOW]),
    [
      ['warning', false],
      ['critical', true],
    ],
  );
});

test('alertmanager: an end is the same alert, over since the incident was', async (t) => {
  const server = await receiver(t, good);
  const notifier = notifierWith({ urls: [server.url] });
  await notifier.send(noticeOf(), 1, never);
  await notifier.send(resolvedNotice(), 1, never);
  const [fired, over] = server.messages.flatMap(alertsOf) as [Alert, Alert];
  assert.equal(identity(over), identity(fired));
  assert.equal(over.endsAt, '2026-11-21T03:11:00.000Z');
});

test('alertmanager: what was done needs no alert of its own, and a test ends by itself', async (t) => {
  const server = await receiver(t, good);
  const notifier = notifierWith({ urls: [server.url] });
  for (const change of ['action', 'acknowledged', 'digest'] as const)
    await notifier.send(noticeOf({ change }), 1, never);
  assert.equal(server.messages.length, 0);
  await notifier.send(
    noticeOf({ change: 'test', incident: incidentOf({ state: 'resolved', resolvedAt: 0 }) }),
    1,
    never,
  );
  const [alert] = server.messages.flatMap(alertsOf);
  assert.deepEqual([alert?.labels.alertname, alert?.labels.severity], ['HeadgateTest', 'info']);
  assert.equal(Date.parse(alert?.endsAt ?? ''), NOW + MINUTE);
});

test('alertmanager: every replica gets every alert; one that took it is enough', async (t) => {
  const servers = [
    await receiver(t, good),
    await receiver(t, (response) => response.writeHead(503).end()),
    await receiver(t, good),
  ];
  const notifier = notifierWith({ urls: servers.map(({ url }) => url) });
  await notifier.send(noticeOf(), 1, never);
  assert.deepEqual(
    servers.map(({ messages }) => messages.length),
    [1, 1, 1],
  );
  for (const server of servers)
    server.answer((response) => response.writeHead(server === servers[1] ? 503 : 401).end());
  await assert.rejects(
    notifier.send(noticeOf(), 1, never),
    { code: 'server-error', retryable: true },
    'one may come back',
  );
});

test('alertmanager: a reminder holds all that stands, and says where a replica did not take it', async (t) => {
  const servers = [await receiver(t, good), await receiver(t, (response) => response.writeHead(503).end())];
  const notifier = notifierWith({ urls: servers.map(({ url }) => url) });
  const all = [
    standing(noticeOf()),
    standing(noticeOf({ incident: incidentOf({ id: '4' }) }), HOUR),
    standing(resolvedNotice()),
  ];
  await assert.rejects(async () => notifier.remind?.send(all, never), {
    code: 'server-error',
    message: new RegExp(servers[1]?.url ?? '-'),
  });
  const alerts = servers.flatMap(({ messages }) => messages.flatMap(alertsOf));
  assert.deepEqual(
    alerts.slice(0, 3).map(({ labels, endsAt }) => [labels.incident, Date.parse(endsAt) - NOW]),
    [
      ['3', 130 * SECOND],
      ['4', 3 * HOUR + 10 * SECOND],
      ['3', 55 * SECOND],
    ],
  );
  assert.equal(alerts.length, 6);
  await notifier.remind?.send([], never);
  assert.equal(servers[0]?.messages.length, 1, 'nothing stands, nothing is sent');
});

test('alertmanager: a bad alert in a list is alone in being lost', async (t) => {
  const taken = new Set<string>();
  const server = await receiver(t, (response) => {
    const alerts = alertsOf(server.messages.at(-1) as Message);
    const isBad = alerts.some(({ labels }) => labels.incident === '13');
    // As some versions do: nothing of a bad list is taken.
    if (!isBad) for (const { labels } of alerts) taken.add(labels.incident ?? '');
    response.writeHead(isBad ? 400 : 200).end();
  });
  const all = Array.from({ length: 40 }, (_, id) => standing(noticeOf({ incident: incidentOf({ id: String(id) }) })));
  await assert.rejects(async () => notifierWith({ urls: [server.url] }).remind?.send(all, never), { code: 'rejected' });
  assert.equal(taken.size, 39);
  assert.ok(server.messages.length <= 13, `${server.messages.length} requests to find one in 40`);
});

test('alertmanager: five thousand alerts go in lists of five hundred', async (t) => {
  const server = await receiver(t, good);
  const all = Array.from({ length: 5_000 }, (_, id) =>
    standing(noticeOf({ incident: incidentOf({ id: String(id) }) })),
  );
  await notifierWith({ urls: [server.url] }).remind?.send(all, never);
  assert.deepEqual(
    server.messages.map((message) => alertsOf(message).length),
    Array(10).fill(500),
  );
});

test('alertmanager: wants addresses, a rhythm below a minute, and labels that are names', () => {
  for (const config of [
    {},
    { urls: [] },
    { urls: ['x'] },
    { urls: ['http://a'], resend_interval: '2m' },
    { urls: ['http://a'], labels: { 'a-b': 'x' } },
  ])
    assert.equal(alertmanager.config.safeParse(config).success, false, JSON.stringify(config));
});
