import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type ErrorCode, HeadgateError } from '../../src/domain/error.ts';
import type { Signal } from '../../src/domain/signal.ts';
import type { Source } from '../../src/kit/component.ts';
import { answersInTime } from '../support/answers-in-time.ts';
import { rawLoopback } from '../support/loopback.ts';
import { ownTime } from '../support/own-time.ts';
import { type SilentProxy, startProxy } from '../support/proxy.ts';
import { deafPort } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** A server that was started for one test, with something to read in it. */
export interface LifecycleServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** What the contract needs to know of a source with a protocol of its own. `Ask` is the parsed probe. */
export interface LifecycleSubject<Ask> {
  readonly name: string;
  /** Why the real server cannot be had here; false where it can. */
  readonly skip: string | false;
  /** Starts the server on that port, or on any, and puts in what `ask` then finds. */
  start(port?: number): Promise<LifecycleServer>;
  /** A fresh source for the server on that port of 127.0.0.1, which waits for `timeout` ms at most. */
  make(port: number, timeout: number): Source<Ask>;
  /** The same with a user or password that is wrong. */
  makeWrong(port: number, timeout: number): Source<Ask>;
  readonly ask: Ask;
  /** What the first probe finds, as far as it does not depend on time. */
  readonly values: Readonly<Record<Signal, number>>;
  /** The same of something that is there and holds nothing; what has no value then is absent, not zero. */
  readonly empty: {
    readonly ask: Ask;
    readonly values: Readonly<Record<Signal, number>>;
    readonly absent: readonly Signal[];
  };
  /** Connections that fifty probes at once may take. */
  readonly connections: number;
  /** Text that no message may hold, such as the password. */
  readonly secret: string;
}

const STAGE = 'orders.enrich';
const never = new AbortController().signal;

/** Every promise a source makes of its connection, checked against a real server and against ones that misbehave. */
export function sourceLifecycleContract<Ask>(subject: LifecycleSubject<Ask>): void {
  const { ask, skip } = subject;
  const finds = async (source: Source<Ask>): Promise<void> => {
    const { values } = await source.probe(ask, STAGE, never);
    for (const [signal, value] of Object.entries(subject.values)) assert.equal(values.get(signal), value, signal);
  };

  describe(`${subject.name} as a source`, { skip }, () => {
    let server: LifecycleServer;
    let proxy: SilentProxy;
    before(async () => {
      server = await subject.start();
      proxy = await startProxy(server.port);
    });
    after(async () => {
      await proxy?.close();
      await server?.stop();
    });
    const using = async (run: (source: Source<Ask>) => Promise<void>, timeout = 10_000, port = proxy.port) => {
      const source = subject.make(port, timeout);
      try {
        await run(source);
        await source.close();
        await until(() => proxy.sockets.open === 0, { what: `${subject.name} has closed its sockets` });
      } finally {
        await source.close();
      }
    };

    test('reads a good answer', () => using(finds));

    test('tells of what is empty what it knows, and claims nothing else', () =>
      using(async (source) => {
        const { values, absent = [], gaps = [] } = await source.probe(subject.empty.ask, STAGE, never);
        const timeless = [...values].filter(([signal]) => !signal.endsWith('_per_second'));
        assert.deepEqual(Object.fromEntries(timeless), subject.empty.values);
        assert.deepEqual([...absent].sort(), [...subject.empty.absent].sort());
        assert.deepEqual(gaps, []);
      }));

    test('takes 50 probes at once over a few connections', () =>
      using(async (source) => {
        const ever = proxy.sockets.ever;
        await Promise.all(Array.from({ length: 50 }, () => finds(source)));
        assert.ok(proxy.sockets.ever - ever <= subject.connections, `${proxy.sockets.ever - ever} connections`);
      }));

    test('one abort among many probes ends that one alone', () =>
      using(async (source) => {
        const controller = new AbortController();
        const [first, second] = [source.probe(ask, STAGE, controller.signal), finds(source)];
        controller.abort();
        await fails(first, 'aborted');
        await second;
        await fails(source.probe(ask, STAGE, AbortSignal.abort()), 'aborted');
      }));

    test('calls a port where nobody listens unreachable', async () => {
      const deaf = await deafPort();
      try {
        await using((source) => fails(source.probe(ask, STAGE, never), 'unreachable').then(), 30_000, deaf.port);
      } finally {
        deaf.close();
      }
    });

    test('is refused with wrong credentials, says so, and keeps the secret', async () => {
      const source = subject.makeWrong(server.port, 30_000);
      try {
        const error = await fails(source.probe(ask, STAGE, never), 'unauthorized');
        assert.ok(!`${error.message}${error.stack}`.includes(subject.secret), error.message);
        await fails(source.probe(ask, STAGE, never), 'unauthorized');
      } finally {
        await source.close();
      }
    });

    test('gives up a connection that falls silent, and takes a new one as soon as there is one', () =>
      using(async (source) => {
        await answersInTime(() => finds(source));
        proxy.freeze();
        const twice = async (): Promise<void> => {
          await fails(source.probe(ask, STAGE, never), 'timeout');
          await fails(source.probe(ask, STAGE, never), 'timeout');
        };
        assert.ok((await ownTime(twice())) < 2_000);
        await until(() => proxy.sockets.open === 0, { what: 'what is silent is given up' });
        proxy.thaw();
        await answersInTime(() => finds(source));
      }, 400));

    test('hears an abort within 100 ms while the server is silent', async () => {
      const silent = await rawLoopback(createServer((socket) => socket.resume()));
      const source = subject.make(silent.port, 10_000);
      try {
        const controller = new AbortController();
        const failed = fails(source.probe(ask, STAGE, controller.signal), 'aborted');
        await until(() => silent.sockets.open > 0, { what: 'the source has connected' });
        controller.abort();
        assert.ok((await ownTime(failed)) < 100);
      } finally {
        await source.close();
        await until(() => silent.sockets.open === 0, { what: 'the sockets are closed' });
        await silent.close();
      }
    });

    test('what is another server altogether is a HeadgateError and no crash', async () => {
      for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', '220 smtp ready\r\n', '\u0000\u0001\u0002\u0003']) {
        const other = await rawLoopback(
          createServer((socket) => {
            socket.on('error', () => {});
            socket.on('data', () => socket.write(greeting));
            socket.write(greeting);
          }),
        );
        const source = subject.make(other.port, 500);
        try {
          await fails(source.probe(ask, STAGE, never), 'malformed', 'unreachable', 'timeout', 'rejected');
        } finally {
          await source.close();
          await until(() => other.sockets.open === 0, { what: 'the sockets are closed' });
          await other.close();
        }
      }
    });

    test('can be closed before it was used, twice, and while it waits; then it rejects', async () => {
      await subject.make(proxy.port, 5_000).close();
      const silent = await rawLoopback(createServer((socket) => socket.resume()));
      const source = subject.make(silent.port, 10_000);
      const failed = fails(source.probe(ask, STAGE, never), 'aborted');
      await until(() => silent.sockets.open > 0, { what: 'the source has connected' });
      await Promise.all([source.close(), source.close()]);
      await failed;
      await fails(source.probe(ask, STAGE, never), 'aborted');
      await until(() => silent.sockets.open === 0, { what: 'the sockets are closed' });
      await silent.close();
    });

    test('is there again after the server was restarted', async () => {
      const first = await subject.start();
      const source = subject.make(first.port, 30_000);
      let second: LifecycleServer | undefined;
      try {
        await finds(source);
        await first.stop();
        await fails(source.probe(ask, STAGE, never), 'unreachable');
        second = await subject.start(first.port);
        await finds(source);
      } finally {
        await source.close();
        await first.stop();
        await second?.stop();
      }
    });
  });
}

async function fails(work: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<HeadgateError> {
  const error = await work.then(
    () => assert.fail(`it did not fail with ${codes.join(' or ')}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HeadgateError, String(error));
  assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
  return error;
}
