import assert from 'node:assert/strict';
import { connect } from 'node:net';
import test from 'node:test';
import type { ApiValve } from '../../src/server/api.ts';
import { ownTime } from '../support/own-time.ts';
import { until } from '../support/until.ts';
import { NOW, start } from './house.ts';

const PATH = '/api/v1/valves/orders.ingest';

test('shows a valve, always with the time at which it opens by itself while it is not open', async (t) => {
  const { get, house } = await start(t);
  assert.deepEqual((await get(PATH)).json, { stage: 'orders.ingest', state: 'open', version: 1 });
  house.valves.move({
    stage: 'orders.ingest',
    state: 'throttled',
    rate: 40,
    factor: 0.4,
    reason: 'enrich is critical',
    lease: 'L-88',
    until: NOW + 360_000,
    version: 2,
  });
  assert.deepEqual((await get(PATH)).json, {
    stage: 'orders.ingest',
    state: 'throttled',
    rate: 40,
    factor: 0.4,
    reason: 'enrich is critical',
    lease: 'L-88',
    until: '2026-11-21T03:16:00.000Z',
    version: 2,
  });
  assert.equal((await get('/api/v1/valves/orders.nope')).status, 404);
});

test('wakes a waiting client within 50 ms of the change', async (t) => {
  const { get, house } = await start(t);
  const waiting = get(`${PATH}?wait=30s&version=1`);
  await until(() => house.valves.waiters.size === 1, { what: 'the client waits' });
  house.valves.move({ stage: 'orders.ingest', state: 'paused', until: NOW, version: 2 });
  const took = await ownTime(waiting);
  assert.equal(((await waiting).json as ApiValve).state, 'paused');
  assert.ok(took < 50, `woke after ${took} ms`);
  assert.equal(house.valves.waiters.size, 0);
});

test('answers at once where the client knows another version, or none', async (t) => {
  const { get } = await start(t);
  for (const query of ['?wait=30s&version=0', '?wait=30s&version=7', '?wait=30s', '?version=1', ''])
    assert.equal(((await get(PATH + query)).json as ApiValve).version, 1, query);
});

test('answers with what stands when the wait is over', async (t) => {
  const { get, house } = await start(t);
  const { status, json } = await get(`${PATH}?wait=40ms&version=1`);
  assert.deepEqual([status, (json as ApiValve).version], [200, 1]);
  assert.equal(house.valves.waiters.size, 0);
});

test('refuses a wait or a version that is none', async (t) => {
  const { get } = await start(t);
  for (const query of ['?wait=soon', '?wait=-1', '?version=x', '?version=-1', '?wait=1s&version=1.5'])
    assert.equal((await get(PATH + query)).status, 400, query);
});

test('forgets a client that goes away', async (t) => {
  const { port, house } = await start(t);
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${PATH}?wait=30s&version=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await until(() => house.valves.waiters.size === 1, { what: 'the client waits' });
  socket.destroy();
  await until(() => house.valves.waiters.size === 0, { what: 'the wait was aborted' });
});

test('lets no more than the allowed number wait, and says when to come again', async (t) => {
  const { get, house } = await start(t, { limits: { valveWaiters: 3 } });
  const waiting = [1, 2, 3].map(() => get(`${PATH}?wait=30s&version=1`));
  await until(() => house.valves.waiters.size === 3, { what: 'three wait' });
  const refused = await get(`${PATH}?wait=30s&version=1`);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '5']);
  assert.equal((await get(PATH)).status, 200, 'without a wait it is answered');
  house.valves.move({ stage: 'orders.ingest', state: 'paused', until: NOW, version: 2 });
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200, 200],
  );
});

test('answers everybody who waits when the server closes', async (t) => {
  const { get, house, server } = await start(t);
  const waiting = [1, 2].map(() => get(`${PATH}?wait=30s&version=1`));
  await until(() => house.valves.waiters.size === 2, { what: 'two wait' });
  await server.close();
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200],
  );
});
