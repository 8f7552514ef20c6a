import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { httpGate } from '../../src/actuators/http/index.ts';
import type { Json } from '../../src/domain/json.ts';
import { renewLease, stepLease } from '../../src/engine/lease.ts';
import { Secret } from '../../src/kit/secret.ts';
import { signatureFault } from '../../src/kit/signature.ts';
import { actuatorContract, leaseOf } from '../contracts/actuator.ts';
import { testValves } from '../support/valves.ts';
import { type GateServerOptions, serveGate } from './gate-server.ts';

const never = new AbortController().signal;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
type Document = { readonly [key: string]: Json };

const actuatorWith = (config: Json) => {
  const { valves, clock } = testValves();
  return httpGate.create(httpGate.config.parse(config), { clock, random: () => 0.5, valves });
};

/** A resource whose one field is the rate, written whole. */
const resource: GateServerOptions = { etags: true, take: (_state, body) => body };
/** A service that understands the body which is sent where none is configured. */
const service: GateServerOptions = {
  etags: false,
  take: (state, body) => ({ ...(state as Document), value: body.value ?? null, until: body.until ?? null }),
};

async function rigOf(t: TestContext, initial: Json, options: GateServerOptions, more: Document) {
  const server = await serveGate(t, initial, options);
  const config = { url: `${server.url}/{pipeline}/{stage}/{kind}`, ...more };
  let byHand = 0;
  return {
    actuator: () => actuatorWith(config),
    state: () => (server.state() as { value?: Json; limit?: Json }).value ?? (server.state() as Document).limit ?? null,
    moves: () => server.writes.length + byHand,
    changeByHand: () => {
      byHand += 1;
      server.set({ ...(server.state() as Document), value: 77, limit: 77 });
    },
    fail: server.fail,
    server,
  };
}

actuatorContract('http, a resource with ETag', {
  definition: httpGate,
  requests: [{ kind: 'throttle', rate: 32.5 }, { kind: 'pause' }, { kind: 'scale', replicas: 6 }],
  endpoint: true,
  rig: (t) => rigOf(t, { limit: 100 }, resource, { read: { pointer: '/limit' }, body: { limit: '{value}' } }),
});

actuatorContract('http, a service without ETag', {
  definition: httpGate,
  requests: [{ kind: 'throttle', rate: 32.5 }, { kind: 'pause' }, { kind: 'scale', replicas: 6 }],
  endpoint: true,
  rig: async (t) => {
    const rig = await rigOf(t, { value: 100 }, service, { method: 'POST', read: { pointer: '/value' } });
    return { ...rig, until: () => Date.parse(String((rig.server.state() as Document).until)) };
  },
});

test('http: sends action, value, lease, end and reason, signed, with a key for the move', async (t) => {
  const { server, actuator } = await rigOf(t, { value: 100 }, service, {
    method: 'POST',
    read: { pointer: '/value' },
    signing_secret: SECRET,
  });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100 });
  const left = await actuator().apply(lease, never);
  await actuator().apply({ ...lease, left }, never);
  await actuator().apply({ ...lease, left, expiresAt: lease.expiresAt + 1_000 }, never);
  await actuator().revert({ ...lease, left, why: 'recovered' }, never);

  const [first, again, renewed, restore] = server.writes;
  assert.deepEqual([first?.method, first?.url], ['POST', '/orders/ingest/throttle']);
  const common = { stage: 'orders.ingest', lease: 'L7', until: '2023-11-14T22:14:20.000Z' };
  const move = { ...common, action: 'throttle', value: 32, rate: 32, reason: 'enrich is 12 s behind' };
  assert.deepEqual(JSON.parse(first?.body ?? ''), move);
  assert.deepEqual(JSON.parse(restore?.body ?? ''), { ...common, action: 'restore', value: 100, reason: 'recovered' });
  const keys = server.writes.map(({ headers }) => headers['idempotency-key']);
  assert.equal(keys[0], keys[1]);
  assert.equal(new Set(keys).size, 3);
  for (const { headers, body } of [first, again, renewed, restore].filter((write) => write !== undefined)) {
    assert.equal(signatureFault(headers, body, [Secret.of(SECRET)], 1_700_000_000_000), undefined);
    assert.equal(`"${headers['webhook-id']}"`, headers['idempotency-key']);
  }
});

test('http: fills a body of the user, with types kept and one value of its own for paused', async (t) => {
  const body = {
    spec: { limit: '{value}', who: 'headgate {lease} for {pipeline}/{stage}', list: ['{action}', 1, null, '{other}'] },
  };
  const { server, actuator } = await rigOf(t, { spec: { limit: 'full' } }, resource, {
    read: { pointer: '/spec/limit' },
    body,
    paused: 'closed',
  });
  const lease = leaseOf({ kind: 'pause' }, { preImage: 'full' });
  const left = await actuator().apply(lease, never);
  assert.equal(left, 'closed');
  assert.deepEqual(server.state(), {
    spec: { limit: 'closed', who: 'headgate L7 for orders/ingest', list: ['pause', 1, null, '{other}'] },
  });
  assert.equal(await actuator().revert({ ...lease, left }, never), 'reverted');
  assert.equal((server.state() as { spec: Document }).spec.limit, 'full');
});

test('http: a renewal that the endpoint would not notice is not sent', async (t) => {
  const { server, actuator } = await rigOf(t, { limit: 100 }, resource, {
    read: { pointer: '/limit' },
    body: { limit: '{value}' },
  });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100 });
  const left = await actuator().apply(lease, never);
  await actuator().apply({ ...lease, left, expiresAt: lease.expiresAt + 30_000 }, never);
  assert.equal(server.writes.length, 1);
});

test('http: a gate that keeps whole numbers is recognised', async (t) => {
  const floor: GateServerOptions = {
    etags: false,
    take: (_state, body) => ({ limit: Math.floor(Number(body.limit)) }),
  };
  const { server, actuator } = await rigOf(t, { limit: 100 }, floor, {
    read: { pointer: '/limit' },
    body: { limit: '{value}' },
  });
  const lease = leaseOf({ kind: 'throttle', rate: 32.7 }, { preImage: 100 });
  await actuator().apply(lease, never);
  assert.equal(await actuator().verify(lease, never), 'as-left');
  assert.equal(await actuator().revert(lease, never), 'reverted');
  assert.deepEqual(server.state(), { limit: 100 });
});

test('http: with ETag a change between read and write wins over apply and revert', async (t) => {
  const { server, actuator } = await rigOf(t, { limit: 100 }, resource, {
    read: { pointer: '/limit' },
    body: { limit: '{value}' },
  });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100 });
  server.inBetween(() => server.set({ limit: 60 }));
  await assert.rejects(actuator().apply(lease, never), { code: 'conflict' });
  assert.deepEqual(server.state(), { limit: 60 });

  server.set({ limit: 100 });
  const left = await actuator().apply(lease, never);
  server.inBetween(() => server.set({ limit: 70 }));
  assert.equal(await actuator().revert({ ...lease, left }, never), 'overridden');
  assert.deepEqual(server.state(), { limit: 70 });
});

test('http: a gate that changed since it was captured is not moved', async (t) => {
  const { server, actuator } = await rigOf(t, { value: 100 }, service, { read: { pointer: '/value' } });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100 });
  server.set({ value: 90 });
  await assert.rejects(actuator().apply(lease, never), { code: 'conflict' });
  assert.equal(server.writes.length, 0);
});

test('http: an adjusted request moves a gate that is still as it was left', async (t) => {
  const { server, actuator } = await rigOf(t, { value: 100 }, service, { read: { pointer: '/value' } });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100 });
  const left = await actuator().apply(lease, never);
  const adjusted = { ...lease, left, request: { kind: 'throttle', rate: 20 } as const };
  assert.equal(await actuator().apply(adjusted, never), 20);
  assert.equal(await actuator().revert(adjusted, never), 'reverted');
  assert.equal((server.state() as Document).value, 100);
});

test('http: a gate that was moved without an answer and then asked for something else is still let go', async (t) => {
  const { server, actuator } = await rigOf(t, { value: 100 }, service, { read: { pointer: '/value' } });
  const first = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100, state: 'active' });
  const answered = { ...first, left: await actuator().apply(first, never) };
  const second = renewLease(answered, first.expiresAt, { kind: 'throttle', rate: 20 }).lease;
  await actuator().apply(second, never);
  // Nobody heard of it: the daemon died, or the answer came too late.
  const third = renewLease(second, first.expiresAt, { kind: 'throttle', rate: 10 }).lease;
  assert.equal(await actuator().verify(third, never), 'as-left');
  assert.equal(await actuator().revert({ ...third, state: 'reverting' }, never), 'reverted');
  assert.equal((server.state() as Document).value, 100);
  server.set({ value: 20 });
  const known = stepLease(third, { lease: third.id, kind: 'applied', left: 10 }, 0).lease;
  assert.equal(
    await actuator().revert(known, never),
    'overridden',
    'once it has answered, what was asked before is a change',
  );
});

test('http: a move that arrives after the lease has ended is undone by the write of the revert', async (t) => {
  const { server, actuator } = await rigOf(t, { limit: 100 }, resource, {
    read: { pointer: '/limit' },
    body: { limit: '{value}' },
  });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100, state: 'reverting' });
  server.inBetween(() => server.set({ limit: 32 }));
  assert.equal(await actuator().revert(lease, never), 'reverted');
  assert.deepEqual(server.state(), { limit: 100 });
});

test('http: where a move was refused, its revert does not insist', async (t) => {
  const { server, actuator } = await rigOf(t, { value: 100 }, service, { read: { pointer: '/value' } });
  const lease = leaseOf({ kind: 'throttle', rate: 32 }, { preImage: 100, state: 'reverting' });
  server.refuseWrites(403);
  await assert.rejects(actuator().apply(lease, never), { code: 'unauthorized' });
  assert.equal(await actuator().revert(lease, never), 'reverted');
  server.refuseWrites(503);
  await assert.rejects(actuator().revert(lease, never), { code: 'server-error' });
});

test('http: a gate that cannot be read is no gate', async (t) => {
  const { server, actuator } = await rigOf(t, { other: 1 }, service, { read: { pointer: '/value' } });
  const target = { stage: 'orders.ingest', kind: 'throttle' } as const;
  await assert.rejects(actuator().capture(target, never), { code: 'malformed', message: /nothing at read\.pointer/ });
  await server.fail(409);
  await assert.rejects(actuator().capture(target, never), { code: 'rejected' });
});

test('http: a name of a stage stays one segment of the path', async (t) => {
  const { server, actuator } = await rigOf(t, { value: 1 }, service, { read: { pointer: '/value' } });
  await actuator().capture({ stage: 'a/b.c?d', kind: 'scale' }, never);
  assert.deepEqual(server.paths, ['/a%2Fb/c%3Fd/scale']);
});

test('http: no error and no plan shows a credential', async (t) => {
  const { server } = await rigOf(t, { value: 1 }, service, {});
  const actuator = actuatorWith({
    url: `${server.url.replace('//', '//me:hunter2@')}/x?key=hunter3`,
    read: { pointer: '/value' },
    signing_secret: 'whsec_hunter4',
    auth: { bearer: { token: 'hunter5' } },
  });
  const lease = leaseOf({ kind: 'throttle', rate: 5 }, { preImage: 1 });
  const texts = [actuator.plan({ stage: 'orders.ingest', kind: 'throttle' }, lease.request)];
  for (const status of [200, 404, 500]) {
    await server.fail(status);
    texts.push(await actuator.apply(lease, never).then(String, (error: Error) => `${error.message} ${error.stack}`));
  }
  assert.equal(texts.length, 4);
  for (const text of texts) assert.doesNotMatch(text, /hunter/);
});

test('http: an address with an unknown place, and one that is none, are refused by the config', () => {
  for (const url of ['ftp://x/', 'x', 'http://x/{rate}']) {
    assert.equal(httpGate.config.safeParse({ url, read: {} }).success, false, url);
  }
  assert.equal(httpGate.config.safeParse({ url: 'http://x/{stage}' }).success, false);
});
