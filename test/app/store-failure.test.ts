import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { valve } from '../../src/actuators/valve/index.ts';
import { startApp } from '../../src/app/app.ts';
import { Daemon } from '../../src/app/daemon.ts';
import { openStore } from '../../src/app/offline.ts';
import type { World } from '../../src/app/world.ts';
import { detectorsFrom } from '../../src/app/world.ts';
import { verifyAudit } from '../../src/domain/audit.ts';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Notice } from '../../src/domain/notice.ts';
import type { Store } from '../../src/domain/ports.ts';
import { MINUTE, SECOND } from '../../src/domain/time.ts';
import { createValves } from '../../src/engine/valves.ts';
import { registry } from '../../src/registry.ts';
import type { ApiHealth, ApiIncident, ApiLease, ApiValve } from '../../src/server/api.ts';
import { createTraced } from '../../src/telemetry/tracing.ts';
import { sha256 } from '../stores/rows.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { limitedSignal, planOf, policyPlan, stagePlan } from '../support/plans.ts';
import { smallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { outsideWorld, USUAL_RATE } from './crash/world.ts';
import { api, metric } from './program.ts';
import { configIn, folderOf } from './settings.ts';

test('while every commit fails it goes on sensing, telling and moving gates, and writes all of it down later', async () => {
  const clock = fakeClock();
  const inner = await openStore('memory', {});
  const disk = { full: false };
  const store: Store = {
    ...inner,
    commit: (changes) =>
      disk.full ? Promise.reject(new HeadgateError('store-failed', 'disk full')) : inner.commit(changes),
    appendSamples: (rows) =>
      disk.full ? Promise.reject(new HeadgateError('store-failed', 'disk full')) : inner.appendSamples(rows),
  };
  let lag = 1;
  let probes = 0;
  const read = async () => {
    probes++;
    return { values: new Map([['lag_seconds', lag]]) };
  };
  const told: Notice[] = [];
  const valves = createValves(clock);
  const context = { clock, random: () => 0.5, valves };
  const work = stagePlan('p.work', {
    signals: new Map([limitedSignal('lag_seconds', 60)]),
    detectors: [{ type: 'limits', config: {} }],
  });
  const world: World = {
    plan: planOf(
      [work],
      [
        policyPlan({
          keep: { stage: 'p.work', signal: 'lag_seconds', below: 60 },
          may: [{ actuator: 'valve', stage: 'p.work', kind: 'pause', accept: [] }],
          confirm: 1,
        }),
      ],
    ),
    routes: [{ severities: [], pipeline: undefined, stage: undefined, to: ['ops'] }],
    probes: new Map([['p.work', [{ name: 'a#0', source: 'a', signals: ['lag_seconds'], read }]]]),
    actuators: new Map([['valve', valve.create({}, context)]]),
    notifiers: new Map([['ops', { send: async (notice) => void told.push(notice), close: async () => {} }]]),
    reversibility: new Map([['valve', 'native-lease']]),
    detectors: detectorsFrom(registry, []),
    inMaintenance: () => false,
  };
  const degraded: boolean[] = [];
  const events = eventsOf({ storeDegraded: (event) => degraded.push(event.degraded) });
  const daemon = await Daemon.start({ world, store, clock, random: () => 0.5, events, traced: createTraced() });
  await clock.advance(MINUTE);

  disk.full = true;
  lag = 200;
  await clock.advance(MINUTE);
  assert.equal(valves.get('p.work').state, 'paused');
  assert.deepEqual(told.map(({ change }) => change).slice(0, 2), ['opened', 'action']);
  assert.deepEqual([probes, daemon.journal.degraded, degraded], [12, true, [true]]);
  assert.deepEqual([await inner.openIncidents(), await inner.outbox()], [[], []], 'nothing of it could be written');
  assert.deepEqual(daemon.outbox.pending(), [], 'what was done is not owed for want of a disk');

  disk.full = false;
  await clock.advance(10 * SECOND);
  assert.deepEqual([daemon.journal.degraded, degraded], [false, [true, false]]);
  assert.equal((await inner.openIncidents()).length, 1);
  assert.deepEqual(
    (await inner.leasesInForce()).map(({ state }) => state),
    ['active'],
  );
  assert.deepEqual(await inner.outbox(), []);

  lag = 1;
  await clock.advance(5 * MINUTE);
  assert.equal(valves.get('p.work').state, 'open');
  assert.deepEqual(await inner.openIncidents(), []);
  const closing = daemon.close(AbortSignal.timeout(60_000));
  await clock.advance(SECOND);
  await closing;
});

/** Takes every byte that is left. */
function fillUp(file: string): void {
  writeFileSync(file, '');
  for (const piece of [64_000, 4_096, 1])
    for (;;)
      try {
        appendFileSync(file, new Uint8Array(piece));
      } catch {
        break;
      }
}

test('on a full disk the daemon says degraded everywhere, tells all the same, moves only gates that open by themselves, and catches up when there is room', async (t) => {
  const disk = smallDisk(t, 2_000_000);
  if (!disk) return t.skip('mount: a small file system needs the rights of root');
  const outside = await outsideWorld();
  t.after(() => outside.close());
  const store = join(disk, 'headgate.db');
  const app = await startApp({ configFile: configIn(folderOf(t), { url: outside.url, store }), env: {}, quiet: true });
  t.after(() => app.stop());
  const told = (change: string) => [...outside.received.keys()].some((key) => key.includes(`-${change}-`));
  const health = () => api<ApiHealth>(app.url, '/api/v1/health');
  await until(() => outside.polls.length > 1, { what: 'it runs' });
  assert.deepEqual((await health()).degraded, []);

  const ballast = join(disk, 'ballast');
  fillUp(ballast);
  outside.lag = 200;
  const served = () => api<ApiValve>(app.url, '/api/v1/valves/p.feed');
  await until(async () => (await served()).state === 'paused' && told('opened') && told('action'), {
    what: 'the gate that is served is held, and it is told',
    within: 60_000,
  });
  await until(async () => (await metric(app.url, 'headgate_outbox_degraded')) === 1, {
    what: 'the metric says degraded',
    within: 60_000,
    every: 50,
  });
  assert.deepEqual((await health()).degraded, ['the store takes no writes']);
  const ready = await fetch(`${app.url}/readyz`);
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, degraded: ['the store takes no writes'] }]);
  const [incident] = await api<ApiIncident[]>(app.url, '/api/v1/incidents?state=open');
  assert.equal(incident?.root, 'p.work', 'what is open is shown, written or not');
  const gates = async (): Promise<string> =>
    (await api<ApiLease[]>(app.url, '/api/v1/leases'))
      .map(({ stage, state }) => `${stage} ${state}`)
      .sort()
      .join();
  await until(async () => (await gates()) === 'p.feed active,p.work applying', {
    what: 'both leases are shown',
    within: 60_000,
    every: 50,
  });
  const polls = outside.polls.length;
  await until(() => outside.polls.length > polls + 1, { what: 'it goes on probing' });
  // Killed now, nobody would know to let go the one at the endpoint.
  assert.equal(outside.rate(), USUAL_RATE);

  rmSync(ballast);
  await until(async () => (await metric(app.url, 'headgate_outbox_degraded')) === 0, {
    what: 'it has caught up',
    within: 60_000,
    every: 50,
  });
  assert.deepEqual((await health()).degraded, []);
  const stored = await api<ApiIncident[]>(app.url, '/api/v1/incidents?state=open');
  assert.equal(stored[0]?.id, incident?.id);
  await until(() => outside.rate() === 0, { what: 'the gate at the endpoint is held as well', within: 60_000 });
  outside.lag = 1;
  await until(() => outside.rate() === USUAL_RATE && told('resolved'), {
    what: 'it ends as any other',
    within: 60_000,
  });
  await app.stop();
  const after = await openStore('sqlite', { path: store, read_only: true });
  assert.deepEqual([await after.leasesInForce(), await after.openIncidents(), await after.outbox()], [[], [], []]);
  const audit = await after.audit(0, 1_000);
  assert.ok(audit.some(({ action }) => action === 'engage'));
  assert.deepEqual(verifyAudit(audit, sha256), { ok: true });
  await after.close();
});
