import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { ApiEvent } from '../../src/server/api.ts';
import { until } from '../support/until.ts';
import {
  decisions,
  enrichScores,
  enrichSnapshot,
  enrichVerdict,
  incident,
  lease,
  NOW,
  type Started,
  start,
} from './house.ts';

interface Listener {
  readonly socket: Socket;
  /** Of the answer; undefined until it has come. */
  status: number | undefined;
  readonly events: (ApiEvent & { id: number | undefined })[];
  pings: number;
  ended: boolean;
  waitFor(event: ApiEvent['event'], count?: number): Promise<void>;
}

/** A client of the stream on a bare socket. */
function listen(t: TestContext, port: number, lastEventId?: number): Listener {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const last = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
  socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTE: trailers\r\n${last}\r\n`);
  const listener: Listener = {
    socket,
    status: undefined,
    events: [],
    pings: 0,
    ended: false,
    waitFor: (event, count = 1) =>
      until(() => listener.events.filter((one) => one.event === event).length >= count, {
        what: `${count} × ${event}`,
      }),
  };
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('close', () => {
    listener.ended = true;
  });
  socket.on('data', (chunk: string) => {
    text += chunk;
    listener.status ??= Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? Number.NaN) || undefined;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.includes(': ping')) listener.pings += 1;
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      const id = /^id: (\d+)$/m.exec(block)?.[1];
      if (event && data) listener.events.push({ event, data: JSON.parse(data), id: id && Number(id) } as never);
    }
  });
  return listener;
}

const judge = ({ house }: Started, stage = 'orders.enrich' as const): void =>
  house.announce('judged', {
    snapshot: { ...enrichSnapshot, stage },
    scores: enrichScores,
    verdict: enrichVerdict,
    previous: undefined,
    frozen: false,
    outlooks: [],
    seconds: 0.001,
  });

const decide = ({ house }: Started, because: string): void => {
  const [decision] = decisions;
  assert.ok(decision);
  house.announce('decided', { decision: { ...decision, because } });
};

const saysOf = (listener: Listener): string[] =>
  listener.events.flatMap((one) => (one.event === 'decision' ? [one.data.because] : []));

test('greets, then tells everything that happens as the JSON of the API', async (t) => {
  const started = await start(t);
  const { house, port } = started;
  const client = listen(t, port);
  await client.waitFor('hello');
  assert.deepEqual(client.events[0]?.data, {
    version: '0.1.0',
    now: '2026-11-21T03:10:00.000Z',
    seq: NOW * 1_000,
    readOnly: false,
    needsToken: false,
    resumed: false,
  });
  judge(started);
  house.announce('incidentChanged', { incident, change: { kind: 'opened' }, at: NOW });
  house.valves.move({ stage: 'orders.ingest', state: 'throttled', rate: 40, until: NOW + 1, version: 2 });
  house.announce('leaseChanged', { lease, at: NOW });
  decide(started, 'because');
  const notice = {
    key: 'k',
    at: NOW,
    change: 'opened',
    severity: 'critical',
    incident,
    leases: [],
    story: STORY,
  } as const;
  const error = new HeadgateError('timeout', 'no answer');
  house.announce('notified', {
    notifier: 'oncall',
    notice,
    attempt: 1,
    seconds: 1,
    ageSeconds: 1,
    error,
    gaveUp: false,
  });
  for (const event of ['stage', 'incident', 'valve', 'lease', 'decision', 'notice'] as const)
    await client.waitFor(event);
  await client.waitFor('incident', 1);
  const told = client.events.find((one) => one.event === 'incident');
  assert.equal(told?.event === 'incident' && told.data.story.headline, 'enrich is slow and 5 min behind');
  const sent = client.events.find((one) => one.event === 'notice');
  assert.deepEqual(sent?.data, {
    at: '2026-11-21T03:10:00.000Z',
    notifier: 'oncall',
    incident: '4127',
    change: 'opened',
    ok: false,
    error: 'no answer',
  });
  const stage = client.events.find((one) => one.event === 'stage');
  assert.equal(stage?.event === 'stage' && stage.data.id, 'orders.enrich');
  const ids = client.events.flatMap(({ id }) => (id === undefined ? [] : [id]));
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
  assert.doesNotMatch(JSON.stringify(client.events), /pre-image/);
});

const STORY = { headline: 'h', wrong: 'w', also: '', done: 'd', next: 'n' };

test('resumes after Last-Event-ID without losing or repeating anything', async (t) => {
  const started = await start(t);
  const first = listen(t, started.port);
  await first.waitFor('hello');
  decide(started, 'one');
  decide(started, 'two');
  await first.waitFor('decision', 2);
  const last = first.events.at(-1)?.id;
  first.socket.destroy();
  decide(started, 'three');
  decide(started, 'four');
  const second = listen(t, started.port, last);
  await second.waitFor('decision', 2);
  decide(started, 'five');
  await second.waitFor('decision', 3);
  assert.deepEqual(saysOf(second), ['three', 'four', 'five']);
  const [hello] = second.events;
  assert.equal(hello?.event === 'hello' && hello.data.resumed, true);
});

test('sends a resumed client only the newest state of a stage', async (t) => {
  const started = await start(t);
  const first = listen(t, started.port);
  await first.waitFor('hello');
  const from = first.events[0]?.id;
  first.socket.destroy();
  for (let times = 0; times < 20; times += 1) judge(started);
  decide(started, 'last');
  const second = listen(t, started.port, from);
  await second.waitFor('decision');
  assert.equal(second.events.filter(({ event }) => event === 'stage').length, 1);
});

test('says that it cannot resume what is forgotten, or from another life', async (t) => {
  const started = await start(t, { limits: { streamRing: 10 } });
  const first = listen(t, started.port);
  await first.waitFor('hello');
  const from = first.events[0]?.id ?? 0;
  for (let count = 0; count < 50; count += 1) decide(started, `${count}`);
  for (const old of [from, from - 5_000, from + 5_000, 0]) {
    const client = listen(t, started.port, old);
    await client.waitFor('hello');
    const [hello] = client.events;
    assert.ok(hello?.event === 'hello');
    assert.equal(hello.data.resumed, false);
    assert.equal(hello.id, hello.data.seq, 'the next resume starts here');
  }
});

test('greets again after the config was loaded anew', async (t) => {
  const { house, port } = await start(t);
  const client = listen(t, port);
  await client.waitFor('hello');
  house.announce('configLoaded', { ok: false, message: 'bad', at: NOW });
  house.announce('configLoaded', { ok: true, message: 'good', at: NOW });
  await client.waitFor('hello', 2);
  assert.equal(client.events.filter(({ event }) => event === 'hello').length, 2);
});

test('pings so that a dead line shows', async (t) => {
  const { port } = await start(t, { limits: { ping: 10 } });
  const client = listen(t, port);
  await until(() => client.pings >= 3, { what: 'three pings' });
});

test('cuts a client off that does not take what it is sent, and keeps the others', async (t) => {
  const started = await start(t, { limits: { streamBacklog: 64 * 1024, streamRing: 500 } });
  const slow = listen(t, started.port);
  const quick = listen(t, started.port);
  await slow.waitFor('hello');
  await quick.waitFor('hello');
  slow.socket.pause();
  // Far more than the kernel's buffers on both sides hold.
  const long = 'x'.repeat(64 * 1024);
  const count = 400;
  for (let sent = 1; sent <= count; sent += 1) {
    decide(started, long);
    await quick.waitFor('decision', sent);
  }
  slow.socket.resume();
  await until(() => slow.ended, { what: 'the slow client was cut off' });
  assert.ok(saysOf(slow).length < count, `it took ${saysOf(slow).length}`);
  decide(started, 'after');
  await quick.waitFor('decision', count + 1);
});

test('lets no more than the allowed number listen, and makes room when one leaves', async (t) => {
  const { port, get } = await start(t, { limits: { streamClients: 2 } });
  const clients = [listen(t, port), listen(t, port)];
  for (const client of clients) await client.waitFor('hello');
  const refused = await get('/api/v1/events');
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '10']);
  clients[0]?.socket.destroy();
  await until(
    async () => {
      const next = listen(t, port);
      await until(() => next.status !== undefined, { what: 'an answer' });
      // Whoever is let in takes the room that there is, so it must be the greeting of this one that is waited for.
      if (next.status === 200) await next.waitFor('hello');
      return next.status === 200;
    },
    { what: 'there is room again' },
  );
});

test('one item that cannot be shown does not end the stream', async (t) => {
  const started = await start(t);
  const client = listen(t, started.port);
  await client.waitFor('hello');
  const [decision] = decisions;
  assert.ok(decision);
  started.house.announce('decided', { decision: { ...decision, at: Number.NaN } });
  decide(started, 'fine');
  await client.waitFor('decision');
  assert.deepEqual(saysOf(client), ['fine']);
  assert.deepEqual(started.errors, [{ what: 'event stream', code: 'internal' }]);
});

test('ends every stream when the server closes, and takes no more events', async (t) => {
  const started = await start(t);
  const client = listen(t, started.port);
  await client.waitFor('hello');
  await started.server.close();
  await until(() => client.ended, { what: 'the stream has ended' });
  assert.equal(started.house.listeners.size, 0);
});
