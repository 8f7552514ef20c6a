import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/app/clock.ts';
import { createReminders } from '../../../src/app/reminders.ts';
import type { Notice } from '../../../src/domain/notice.ts';
import { MINUTE, SECOND } from '../../../src/domain/time.ts';
import type { Notifier } from '../../../src/kit/component.ts';
import { alertmanager } from '../../../src/notifiers/alertmanager/index.ts';
import { incidentOf, noticeOf } from '../../contracts/notices.ts';
import { type Loopback, loopback } from '../../support/loopback.ts';
import { testMemory } from '../../support/memory.ts';
import { freePort, requireServer, startAlertmanager } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const { skip } = requireServer('alertmanager');
const never = new AbortController().signal;

interface Told {
  readonly status: string;
  readonly alerts: readonly {
    status: string;
    labels: Readonly<Record<string, string>>;
    annotations: Readonly<Record<string, string>>;
  }[];
}

/** An Alertmanager that tells a receiver of ours, and a proxy before it that can be made to fail. */
async function scene(t: TestContext) {
  const told: Told[] = [];
  const receiver = await loopback(({ body }, response) => {
    told.push(JSON.parse(body));
    response.end();
  });
  t.after(() => receiver.close());
  const storage = mkdtempSync(join(tmpdir(), 'headgate-alertmanager-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const address = `127.0.0.1:${await freePort()}`;
  const config = `
route: { receiver: us, group_by: [alertname, incident], group_wait: 50ms, group_interval: 200ms, repeat_interval: 1h }
receivers: [{ name: us, webhook_configs: [{ url: '${receiver.url}', send_resolved: true }] }]
`;
  let running = await startAlertmanager(config, address, storage);
  t.after(() => running.stop());
  const start = async (): Promise<void> => {
    running = await startAlertmanager(config, address, storage);
  };
  const proxy = await failingProxy(t, `http://${address}`);
  const active = async (): Promise<number> =>
    ((await (await fetch(`http://${address}/api/v2/alerts?active=true`)).json()) as unknown[]).length;
  return { told, proxy, active, stop: () => running.stop(), start };
}

async function failingProxy(t: TestContext, target: string): Promise<Loopback & { failing: number; passed: number }> {
  const counts = { failing: 0, passed: 0 };
  const server = await loopback(async ({ path, body, headers }, response) => {
    if (counts.failing > 0) {
      counts.failing -= 1;
      response.writeHead(503).end();
      return;
    }
    const type = String(headers['content-type']);
    const answer = await fetch(`${target}${path}`, { method: 'POST', body, headers: { 'content-type': type } }).catch(
      () => undefined,
    );
    counts.passed += answer?.ok ? 1 : 0;
    response.writeHead(answer?.status ?? 502).end(await answer?.text());
  });
  t.after(() => server.close());
  return Object.assign(counts, server);
}

function notifierFor(t: TestContext, url: string): Notifier {
  const config = alertmanager.config.parse({ urls: [url], resend_interval: '2s', timeout: '2s' });
  const context = {
    clock: systemClock,
    random: Math.random,
    pageUrl: 'http://page',
    say: () => {},
    memory: testMemory(),
  };
  const notifier = alertmanager.create(config, context);
  t.after(() => notifier.close());
  return notifier;
}

const now = Date.now();
const open = (id: string): Notice => noticeOf({ at: now, incident: incidentOf({ id, openedAt: now - MINUTE }) });
const resolved = (id: string): Notice => {
  const incident = incidentOf({
    id,
    openedAt: now - MINUTE,
    state: 'resolved',
    resolvedAt: Date.now(),
    resolution: 'recovered',
  });
  return noticeOf({ key: `end-${id}`, at: Date.now(), change: 'resolved', incident });
};
const states = (told: readonly Told[]): readonly string[] => told.map(({ status }) => status);

/** Reminds of `standing` as the daemon does, every two seconds. */
function reminding(t: TestContext, notifier: Notifier, standing: Notice[]): { failures: string[] } {
  const failures: string[] = [];
  const reminders = createReminders({
    clock: systemClock,
    notifiers: () => new Map([['alerts', notifier]]),
    standing: () => standing.map((notice) => ({ notice, every: 2 * SECOND })),
    failed: (_name, error) => failures.push(error.code),
  });
  t.after(() => reminders.stop());
  return { failures };
}

test('a real Alertmanager fires once, is not fooled by three failed sends, and resolves once', { skip }, async (t) => {
  const { told, proxy, active } = await scene(t);
  const notifier = notifierFor(t, proxy.url);
  const standing = [open('3')];
  await notifier.send(open('3'), 1, never);
  await until(() => told.length === 1, { what: 'the alert fires' });
  assert.equal(told[0]?.alerts[0]?.annotations.summary, 'enrich is slow and 12.5 s behind');
  const { failures } = reminding(t, notifier, standing);
  await until(() => proxy.passed >= 3, { what: 'it was reminded' });
  // The alert would end by itself 10 s after the last send that arrived.
  proxy.failing = 3;
  await until(() => proxy.failing === 0, { what: 'three reminders failed', within: 60_000 });
  const after = proxy.passed;
  await until(() => proxy.passed >= after + 2, { what: 'it is reminded again' });
  assert.deepEqual([states(told), await active(), failures], [['firing'], 1, ['server-error']]);

  standing.splice(0, 1, resolved('3'));
  await notifier.send(standing[0] as Notice, 1, never);
  await until(() => told.length === 2, { what: 'the alert is resolved' });
  const end = proxy.passed;
  await until(() => proxy.passed >= end + 2, { what: 'the end was repeated' });
  assert.deepEqual([states(told), await active()], [['firing', 'resolved'], 0]);
});

test('a real Alertmanager that restarts goes on firing and resolves nothing by mistake', { skip }, async (t) => {
  const { told, proxy, active, stop, start } = await scene(t);
  const notifier = notifierFor(t, proxy.url);
  await notifier.send(open('3'), 1, never);
  reminding(t, notifier, [open('3')]);
  await until(() => told.length === 1, { what: 'the alert fires' });
  await stop();
  const down = proxy.requests.length;
  await until(() => proxy.requests.length >= down + 3, { what: 'three reminders met nobody', within: 60_000 });
  await start();
  await until(async () => (await active()) === 1, { what: 'it fires again after the restart' });
  assert.ok(!states(told).includes('resolved'), states(told).join());
});

test('a severity that rises ends the warning and fires the critical one', { skip }, async (t) => {
  const { told, proxy } = await scene(t);
  const notifier = notifierFor(t, proxy.url);
  const warning = { ...open('3'), severity: 'warning' as const };
  await notifier.send({ ...warning, incident: { ...warning.incident, severity: 'warning' } }, 1, never);
  await until(() => told.length === 1, { what: 'the warning fires' });
  await notifier.send({ ...open('3'), at: Date.now(), change: 'severity-raised' }, 1, never);
  await until(() => told.length >= 2, { what: 'both are told' });
  const last = told
    .at(-1)
    ?.alerts.map(({ status, labels }) => `${labels.severity} ${status}`)
    .toSorted();
  assert.deepEqual(last, ['critical firing', 'warning resolved']);
});

test('one bad alert of a list does not keep the others from firing', { skip }, async (t) => {
  const { told, proxy } = await scene(t);
  const notifier = notifierFor(t, proxy.url);
  const bad = noticeOf({ incident: incidentOf({ id: 'bad', openedAt: now + 24 * 60 * MINUTE }) });
  const standing = [open('3'), bad, open('4')].map((notice) => ({ notice, every: 2 * SECOND }));
  await assert.rejects(async () => notifier.remind?.send(standing, never), { code: 'rejected' });
  await until(() => told.length === 2, { what: 'the good ones fire' });
  assert.deepEqual(told.flatMap(({ alerts }) => alerts.map(({ labels }) => labels.incident)).toSorted(), ['3', '4']);
});
