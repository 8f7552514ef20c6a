import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { openStore } from '../../src/app/offline.ts';
import type { ApiIncident, ApiLease, ApiStage, ApiValve } from '../../src/server/api.ts';
import { api, headgate, metric } from '../app/program.ts';
import { freePort } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { temporaryDirectory } from './running.ts';

/** `headgate demo` in a directory and on ports of its own, ready. */
async function demo(t: TestContext, faultAt: string) {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = headgate(t, [
    'demo',
    '--fault-at',
    faultAt,
    '--dir',
    directory,
    '--port',
    String(port),
    '--port-base',
    '0',
    '--seed',
    '7',
  ]);
  await program.says(`ready     page and metrics on ${url}`);
  const get = <T>(path: string): Promise<T> => api<T>(url, path);
  return { program, directory, url, get };
}

/** What the store holds once the daemon is gone: nothing in force, nothing owed. */
async function leftBehind(directory: string) {
  const store = await openStore('sqlite', { path: join(directory, 'headgate.db'), read_only: true });
  const left = {
    inForce: await store.leasesInForce(),
    owed: await store.outbox(),
    leases: await store.leases({ limit: 9 }),
  };
  await store.close();
  return left;
}

const stageOf = (stages: readonly ApiStage[], id: string): ApiStage => {
  const found = stages.find((stage) => stage.id === id);
  assert.ok(found, id);
  return found;
};

/** The root is named at once, or as soon as the stage below that felt it first is known to feel it only. */
const ROOT = /enrich {2}(incident #\d+, root|is the root now)/;

describe('headgate demo', { concurrency: true }, () => {
  test('tells the whole story by itself: detected, root named, gate held, drained, let go, resolved', {
    timeout: 260_000,
  }, async (t) => {
    const began = performance.now();
    const { program, directory, url, get } = await demo(t, '20s');
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const within = 200_000 - (performance.now() - began);
    await program.says(ROOT, within);
    await program.says(/held {6}ingest {2}throttled to/, 150_000);

    const [lease] = await get<ApiLease[]>('/api/v1/leases?state=active');
    assert.deepEqual(
      [lease?.stage, lease?.policy, lease?.request.kind],
      ['orders.ingest', 'protect-enrich', 'throttle'],
    );
    const [incident] = await get<ApiIncident[]>('/api/v1/incidents?state=open');
    assert.deepEqual(
      [incident?.root, incident?.severity, incident?.id],
      ['orders.enrich', 'critical', lease?.incident],
    );
    const labels = 'pipeline="orders",stage="enrich"';
    assert.equal(await metric(url, `headgate_incident_open{${labels},severity="critical"}`), 1);
    assert.equal(
      await metric(
        url,
        'headgate_lease_active{pipeline="orders",stage="ingest",policy="protect-enrich",actuator="valve"}',
      ),
      1,
    );
    const valve = await get<ApiValve>('/api/v1/valves/orders.ingest');
    assert.deepEqual([valve.state, valve.lease], ['throttled', lease?.id]);
    assert.ok(Date.parse(valve.until ?? '') > Date.now());

    await program.says(/released {2}ingest/, within);
    await program.says(/resolved {2}enrich {2}incident #\d+ after/, 150_000);
    assert.ok(performance.now() - began < 200_000, `${Math.round((performance.now() - began) / 1_000)} s`);
    const order = [
      /ready {5}page/,
      /demo {6}each order now takes/,
      ROOT,
      /held {6}ingest/,
      /released {2}ingest/,
      /resolved {2}enrich/,
    ];
    const places = order.map((what) => program.out.search(what));
    assert.ok(!places.includes(-1), program.out);
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      program.out,
    );

    const leases = await get<ApiLease[]>('/api/v1/leases');
    assert.deepEqual(
      leases.map(({ state, why }) => `${state} ${why}`),
      ['released recovered'],
      'one gate was moved, once',
    );
    const incidents = await get<ApiIncident[]>('/api/v1/incidents');
    assert.deepEqual(
      incidents.filter(({ severity }) => severity === 'critical').map(({ root, state }) => `${root} ${state}`),
      ['orders.enrich resolved'],
    );
    assert.equal((await get<ApiValve>('/api/v1/valves/orders.ingest')).state, 'open');
    assert.equal(await metric(url, `headgate_incident_open{${labels},severity="critical"}`), 0);
    await ends(program, directory);
  });

  test('shows each fault that is injected for what it is', { timeout: 540_000 }, async (t) => {
    const { program, directory, get } = await demo(t, 'never');
    const inject = async (kind: string): Promise<void> => {
      const other = headgate(t, ['demo', 'fault', kind, '--dir', directory]);
      assert.equal(await other.ended, 0, other.err);
      assert.equal(other.out, `injected ${kind}\n`);
    };
    const enrich = async () => stageOf(await get<ApiStage[]>('/api/v1/stages'), 'orders.enrich');
    const incidents = (more = '') => get<ApiIncident[]>(`/api/v1/incidents${more}`);
    const calm = () =>
      until(async () => (await incidents()).every(({ state }) => state === 'resolved'), {
        what: 'all is resolved',
        within: 150_000,
        every: 500,
      });
    const reason = async (subject: string): Promise<ApiIncident> => {
      const found: ApiIncident[] = [];
      const look = async () => {
        found.push(
          ...(await incidents('?state=open')).filter((one) => one.because.some((fact) => fact.subject === subject)),
        );
        return found.length > 0;
      };
      await until(look, { what: `an incident because of ${subject}\n${program.out}`, within: 150_000, every: 200 });
      return found[0] as ApiIncident;
    };

    await until(async () => (await enrich()).verdict === 'ok', { what: 'enrich is seen', within: 150_000, every: 100 });
    await inject('crash');
    await until(async () => (await enrich()).verdict === 'unknown', {
      what: 'enrich is unknown',
      within: 150_000,
      every: 100,
    });
    const dead = await enrich();
    assert.equal(dead.gaps[0]?.code, 'unreachable');
    assert.deepEqual([...new Set(dead.signals.map(({ value }) => value))], [null], 'a gap is no zero');
    assert.deepEqual(
      (await incidents()).filter(({ root }) => root === 'orders.enrich'),
      [],
      'and nothing to page for',
    );
    await until(async () => (await enrich()).verdict === 'ok', {
      what: 'enrich answers again',
      within: 150_000,
      every: 200,
    });
    await calm();

    await inject('drop-rows');
    const dropping = await reason('orders.enrich/kept_ratio');
    assert.equal(dropping.root, 'orders.enrich');
    assert.equal(dropping.cause, 'bad-data');
    const fact = dropping.because.find(({ subject }) => subject === 'orders.enrich/kept_ratio');
    assert.ok(fact && fact.limit === 0.8 && (fact.observed ?? 1) < 0.8, JSON.stringify(fact));
    assert.deepEqual(await get<ApiLease[]>('/api/v1/leases?state=active'), [], 'no gate helps against lost rows');
    await program.says('enrich keeps every order again', 150_000);
    await calm();

    await inject('stale');
    const stale = await reason('orders.load/freshness_seconds');
    assert.ok(stale.affected.includes('orders.load'));
    await program.says('load writes again', 150_000);
    await calm();

    await inject('slow');
    const held = () => get<ApiLease[]>('/api/v1/leases?state=active');
    await until(async () => (await held()).length === 1, { what: 'the gate is held', within: 150_000, every: 200 });
    await ends(program, directory);
    const { leases } = await leftBehind(directory);
    assert.equal(leases[0]?.why, 'shutdown', 'a gate that is held is let go first');
  });
});

/** Ctrl-C: daemon and pipeline end within seconds, nothing stays held, owed or running. */
async function ends(program: ReturnType<typeof headgate>, directory: string): Promise<void> {
  const began = performance.now();
  program.interrupt('SIGINT');
  assert.equal(await program.ended, 0, program.err);
  assert.ok(performance.now() - began < 15_000);
  await until(program.isGone, { what: 'no process is left', within: 15_000 });
  assert.equal(program.err, '');
  const { inForce, owed } = await leftBehind(directory);
  assert.deepEqual([inForce, owed], [[], []]);
}
