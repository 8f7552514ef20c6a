import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ErrorCode, HeadgateError } from '../../src/domain/error.ts';
import type { Signal } from '../../src/domain/signal.ts';
import type { Reading } from '../../src/domain/snapshot.ts';
import type { Source } from '../../src/kit/component.ts';
import { answersInTime } from '../support/answers-in-time.ts';
import { answerWith, type Handler, type Loopback, loopback, rawLoopback } from '../support/loopback.ts';
import { ownTime } from '../support/own-time.ts';
import { startProxy } from '../support/proxy.ts';
import { deafPort, freePort } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** What the contract needs to know of a source that speaks HTTP. `Ask` is the parsed probe. */
export interface HttpSourceSubject<Ask> {
  readonly name: string;
  /** A fresh source that waits for `timeout` ms at most and takes bodies up to `maxBytes`; `url` for those that connect to one. */
  make(limits: { timeout: number; maxBytes: number }, url: string): Source<Ask>;
  /** What to ask of a server; `url` for those that are given one with every ask. */
  ask(url: string): Ask;
  /** What a healthy system answers, and what the first probe makes of it. */
  readonly good: { readonly body: string; readonly type: string; readonly values: Readonly<Record<Signal, number>> };
  /** Good answers without anything that was asked for. */
  readonly empty: readonly string[];
  /** Bodies that are no answer: the probe fails as `malformed`. */
  readonly garbage: Readonly<Record<string, string>>;
  /** Good answers with something else in the place of the first signal's number: absent or `malformed`, never a value. */
  readonly notANumber: Readonly<Record<string, string>>;
}

const STAGE = 'orders.enrich';
const never = new AbortController().signal;
const MEGABYTE = 1_000_000;
const CAP = 2 * MEGABYTE;

/** Every promise a source makes, checked against servers on the loopback device that behave and misbehave. */
export function httpSourceContract<Ask>(subject: HttpSourceSubject<Ask>): void {
  /** Runs with a source and a server; afterwards both are closed and no socket is left. */
  const withServer = async (
    server: Loopback,
    run: (source: Source<Ask>, ask: Ask) => Promise<void>,
    limits = { timeout: 10_000, maxBytes: CAP },
  ): Promise<void> => {
    const source = subject.make(limits, `${server.url}/status`);
    try {
      await run(source, subject.ask(`${server.url}/status`));
      await source.close();
      await until(() => server.sockets.open === 0, { what: `${subject.name} has closed its sockets` });
    } finally {
      await source.close();
      await server.close();
    }
  };
  const serving = async (handler: Handler, run: (source: Source<Ask>, ask: Ask) => Promise<void>, timeout = 10_000) =>
    withServer(await loopback(handler), run, { timeout, maxBytes: CAP });
  const failing = async (handler: Handler, code: ErrorCode, timeout = 10_000): Promise<void> =>
    serving(
      handler,
      async (source, ask) => {
        await fails(source.probe(ask, STAGE, never), code);
      },
      timeout,
    );
  const { good } = subject;
  const healthy = answerWith(good.body, 200, { 'content-type': good.type });

  describe(`${subject.name} as a source`, () => {
    test('reads a good answer', () =>
      serving(healthy, async (source, ask) => {
        const reading = await source.probe(ask, STAGE, never);
        assert.deepEqual(Object.fromEntries(reading.values), good.values);
      }));

    test('calls absent what a good answer does not hold, and gives no value for it', async () => {
      for (const body of subject.empty) {
        await serving(answerWith(body, 200, { 'content-type': good.type }), async (source, ask) => {
          const reading = await source.probe(ask, STAGE, never);
          assert.deepEqual([...reading.values], []);
          assert.deepEqual([...(reading.absent ?? [])].sort(), Object.keys(good.values).sort());
        });
      }
    });

    const STATUSES: readonly [number, ErrorCode][] = [
      [400, 'rejected'],
      [401, 'unauthorized'],
      [403, 'unauthorized'],
      [404, 'not-found'],
      [429, 'rate-limited'],
      [500, 'server-error'],
      [503, 'server-error'],
    ];
    for (const [status, code] of STATUSES) {
      test(`answers ${status} with ${code}, even where the body looks good`, () =>
        failing(answerWith(good.body, status, { 'content-type': good.type }), code));
    }

    test('passes on how long it was asked to wait', () =>
      serving(answerWith('', 429, { 'retry-after': '7' }), async (source, ask) => {
        assert.equal((await fails(source.probe(ask, STAGE, never), 'rate-limited')).retryAfter, 7_000);
      }));

    test('gives up a server that does not answer', () => failing(() => {}, 'timeout', 50));

    test('gives up a server that drips', () =>
      failing(
        (_request, response) => {
          response.writeHead(200, { 'content-type': good.type });
          const timer = setInterval(() => response.write(' '), 5);
          response.on('close', () => clearInterval(timer));
        },
        'timeout',
        80,
      ));

    test('calls a port where nobody listens unreachable', async () => {
      const deaf = await deafPort();
      const url = `http://127.0.0.1:${deaf.port}/`;
      const source = subject.make({ timeout: 30_000, maxBytes: CAP }, url);
      try {
        await fails(source.probe(subject.ask(url), STAGE, never), 'unreachable');
      } finally {
        await source.close();
        deaf.close();
      }
    });

    test('does not follow a redirect, in circles least of all', async () => {
      const server = await loopback(answerWith('', 302, { location: '/status' }));
      await withServer(server, async (source, ask) => {
        await fails(source.probe(ask, STAGE, never), 'rejected');
        assert.equal(server.requests.length, 1);
      });
    });

    for (const [kind, body] of Object.entries(subject.garbage)) {
      test(`is not fooled by ${kind}`, () =>
        failing(answerWith(body, 200, { 'content-type': good.type }), 'malformed'));
    }

    for (const [kind, body] of Object.entries(subject.notANumber)) {
      test(`gives no value where there is ${kind}`, () =>
        serving(answerWith(body, 200, { 'content-type': good.type }), async (source, ask) => {
          const reading = await probed(source, ask);
          if (reading) assert.ok(!reading.values.has(Object.keys(good.values)[0] ?? ''), 'a value was given');
        }));
    }

    test('an answer that is cut is no answer, wherever it is cut', async () => {
      const size = Buffer.byteLength(good.body);
      for (const share of [0, 0.3, 0.9]) {
        const head = `HTTP/1.1 200 OK\r\ncontent-type: ${good.type}\r\ncontent-length: ${size}\r\n\r\n`;
        const text = head + good.body.slice(0, Math.floor(good.body.length * share));
        const server = createServer((socket) => socket.once('data', () => socket.end(text)).on('error', () => {}));
        await withServer(await rawLoopback(server), async (source, ask) => {
          await fails(source.probe(ask, STAGE, never), 'unreachable');
        });
      }
    });

    test('bytes that are not HTTP are malformed', async () => {
      const server = createServer((socket) => socket.once('data', () => socket.end('220 smtp ready\r\n')));
      await withServer(await rawLoopback(server), async (source, ask) => {
        await fails(source.probe(ask, STAGE, never), 'malformed');
      });
    });

    test('cuts off a body of 100 MB at its cap, and keeps none of it', async () => {
      const flood = floodOf(100 * MEGABYTE, good.type);
      await serving(flood.handler, async (source, ask) => {
        await fails(source.probe(ask, STAGE, never), 'too-large');
        const before = process.memoryUsage().rss;
        for (let round = 0; round < 5; round += 1) await fails(source.probe(ask, STAGE, never), 'too-large');
        const grown = process.memoryUsage().rss - before;
        assert.ok(grown < 50 * MEGABYTE, `RSS has grown by ${Math.round(grown / MEGABYTE)} MB`);
        assert.ok(flood.sent() < 6 * (CAP + 10 * MEGABYTE), `${flood.sent()} bytes were taken`);
      });
    });

    test('hears an abort within 100 ms, before and while it waits', () =>
      serving(
        () => {},
        async (source, ask) => {
          await fails(source.probe(ask, STAGE, AbortSignal.abort()), 'aborted');
          const controller = new AbortController();
          const failed = fails(source.probe(ask, STAGE, controller.signal), 'aborted');
          await new Promise((resolve) => setImmediate(resolve));
          controller.abort();
          assert.ok((await ownTime(failed)) < 100);
        },
      ));

    test('can be closed before it was used, twice, and while it waits; then it rejects', async () => {
      await subject.make({ timeout: 5_000, maxBytes: CAP }, 'http://127.0.0.1/').close();
      await serving(
        () => {},
        async (source, ask) => {
          const failed = fails(source.probe(ask, STAGE, never), 'aborted');
          await new Promise((resolve) => setImmediate(resolve));
          await Promise.all([source.close(), source.close()]);
          await failed;
          await fails(source.probe(ask, STAGE, never), 'aborted');
        },
      );
    });

    test('takes 50 probes at once, and each has its own answer', () =>
      serving(healthy, async (source, ask) => {
        const stages = Array.from({ length: 50 }, (_, index) => `orders.s${index}` as const);
        const readings = await Promise.all(stages.map((stage) => source.probe(ask, stage, never)));
        for (const reading of readings) assert.deepEqual(Object.fromEntries(reading.values), good.values);
      }));

    test('one abort among many probes ends that one alone', () =>
      serving(healthy, async (source, ask) => {
        const controller = new AbortController();
        const [first, second] = [source.probe(ask, STAGE, controller.signal), source.probe(ask, STAGE, never)];
        controller.abort();
        await fails(first, 'aborted');
        assert.ok((await second).values.size > 0);
      }));

    test('recovers as soon as the server does', async () => {
      let sick = true;
      const handler: Handler = (request, response) =>
        sick ? void response.writeHead(500).end() : healthy(request, response);
      await serving(handler, async (source, ask) => {
        await fails(source.probe(ask, STAGE, never), 'server-error');
        sick = false;
        assert.deepEqual(Object.fromEntries((await source.probe(ask, STAGE, never)).values), good.values);
      });
    });

    test('gives up a connection that falls silent half-way through its life, and takes a new one', async () => {
      const server = await loopback(healthy);
      const proxy = await startProxy(server.port);
      const url = `http://127.0.0.1:${proxy.port}/status`;
      const source = subject.make({ timeout: 300, maxBytes: CAP }, url);
      const ask = subject.ask(url);
      const finds = async (): Promise<void> =>
        assert.deepEqual(Object.fromEntries((await source.probe(ask, STAGE, never)).values), good.values);
      try {
        await answersInTime(finds);
        proxy.freeze();
        await fails(source.probe(ask, STAGE, never), 'timeout');
        await fails(source.probe(ask, STAGE, never), 'timeout');
        await until(() => proxy.sockets.open === 0, { what: 'what is silent is given up' });
        proxy.thaw();
        await answersInTime(finds);
        assert.ok(proxy.sockets.ever >= 2, 'the silent connection was used again');
      } finally {
        await source.close();
        await until(() => proxy.sockets.open === 0, { what: `${subject.name} has closed its sockets` });
        await proxy.close();
        await server.close();
      }
    });

    test('is there again after the server was restarted', async () => {
      const first = await loopback(healthy, undefined, await freePort());
      const source = subject.make({ timeout: 30_000, maxBytes: CAP }, `${first.url}/status`);
      const ask = subject.ask(`${first.url}/status`);
      const finds = async (): Promise<void> =>
        assert.deepEqual(Object.fromEntries((await source.probe(ask, STAGE, never)).values), good.values);
      let second: Loopback | undefined;
      try {
        await finds();
        await first.close();
        await fails(source.probe(ask, STAGE, never), 'unreachable');
        second = await loopback(healthy, undefined, first.port);
        await finds();
      } finally {
        await source.close();
        await second?.close();
      }
    });

    test('whatever comes, it is a reading of finite numbers or a HeadgateError', async () => {
      let body: Buffer = Buffer.alloc(0);
      const handler: Handler = (_request, response) => {
        response.writeHead(200, { 'content-type': good.type }).end(body);
      };
      await serving(handler, async (source, ask) => {
        await fc.assert(
          fc.asyncProperty(damaged(good.body), async (damage) => {
            body = damage;
            const reading = await probed(source, ask);
            for (const value of reading?.values.values() ?? []) assert.ok(Number.isFinite(value));
          }),
          { numRuns: 300 },
        );
      });
    });
  });
}

/** The good body with a piece cut out, replaced or doubled, or bytes that have nothing to do with it. */
function damaged(good: string): fc.Arbitrary<Buffer> {
  const bytes = Buffer.from(good);
  const piece = fc.tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 30 }), fc.uint8Array({ maxLength: 20 }));
  return fc.oneof(
    {
      weight: 4,
      arbitrary: piece.map(([from, length, put]) =>
        Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + length)]),
      ),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((any) => Buffer.from(any)) },
    { weight: 1, arbitrary: fc.json().map((any) => Buffer.from(any)) },
  );
}

/** The reading, or `undefined` where the probe failed as it should. */
async function probed<Ask>(source: Source<Ask>, ask: Ask): Promise<Reading | undefined> {
  try {
    return await source.probe(ask, STAGE, never);
  } catch (error) {
    assert.ok(error instanceof HeadgateError, String(error));
    assert.ok(error.code === 'malformed' || error.code === 'not-found', error.message);
    return undefined;
  }
}

async function fails(work: Promise<unknown>, code: ErrorCode): Promise<HeadgateError> {
  const error = await work.then(
    () => assert.fail(`it did not fail with ${code}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HeadgateError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** A body of so many bytes, sent as fast as it is taken. */
function floodOf(bytes: number, type: string) {
  const chunk = Buffer.alloc(65_536, '#');
  let sent = 0;
  const pour = (response: ServerResponse, left: number): void => {
    if (response.destroyed) return;
    if (left <= 0) return void response.end();
    sent += chunk.length;
    if (response.write(chunk)) setImmediate(pour, response, left - chunk.length);
    else response.once('drain', () => pour(response, left - chunk.length));
  };
  const handler: Handler = (_request, response) => {
    response.writeHead(200, { 'content-type': type });
    pour(response, bytes);
  };
  return { handler, sent: () => sent };
}
