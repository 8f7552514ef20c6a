import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { asHeadgateError, type ErrorCode, type HeadgateError } from '../../src/domain/error.ts';
import type { Notice } from '../../src/domain/notice.ts';
import type { Notifier } from '../../src/kit/component.ts';
import { anyNotice, noticeOf, resolvedNotice } from './notices.ts';

const never = new AbortController().signal;

/** One message as the receiver got it. */
export interface Message {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver on loopback that answers as it is told. */
export interface Receiver {
  readonly url: string;
  readonly messages: readonly Message[];
  answer(how: (response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function receiver(t: TestContext, usual: (response: ServerResponse) => void): Promise<Receiver> {
  const messages: Message[] = [];
  let how = usual;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    messages.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
    how(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    answer: (next) => {
      how = next;
    },
    close,
  };
}

export interface NotifierCase {
  /** What a good answer looks like. */
  readonly good: (response: ServerResponse) => void;
  /** A notifier that sends to `url`, gives up after `timeout` ms, and knows the secrets. */
  create(t: TestContext, to: { readonly url: string; readonly timeout: number }): Notifier;
  /** Texts that no error may show: tokens, passwords, secret parts of the address. */
  readonly secrets: readonly string[];
  /** What makes the receiver drop a message it has already. */
  idOf(message: Message): string | undefined;
  /** The payload of a notice, and the limits of the receiver. */
  readonly payload: { of(notice: Notice): string; readonly mostBytes: number };
  /** Statuses that mean something else than for most. */
  readonly statuses?: Readonly<Record<number, ErrorCode | 'taken'>>;
}

/** What a status means where the case does not say otherwise. */
const STATUSES: Readonly<Record<number, ErrorCode | 'taken'>> = {
  200: 'taken',
  201: 'taken',
  202: 'taken',
  204: 'taken',
  301: 'rejected',
  302: 'rejected',
  304: 'rejected',
  307: 'rejected',
  308: 'rejected',
  400: 'rejected',
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not-found',
  408: 'timeout',
  409: 'rejected',
  410: 'rejected',
  413: 'too-large',
  422: 'rejected',
  425: 'rate-limited',
  429: 'rate-limited',
  500: 'server-error',
  502: 'server-error',
  503: 'server-error',
  504: 'server-error',
};
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

const failureOf = (work: Promise<void>): Promise<HeadgateError | undefined> =>
  work.then(() => undefined, asHeadgateError);

/** What every notifier that speaks HTTP promises. */
export function notifierContract(name: string, given: NotifierCase): void {
  const setUp = async (t: TestContext, timeout = 30_000) => {
    const server = await receiver(t, given.good);
    const notifier = given.create(t, { url: server.url, timeout });
    t.after(() => notifier.close());
    return { server, notifier };
  };
  const secretless = (error: HeadgateError | undefined): void => {
    const shown = `${error?.message} ${error?.stack} ${JSON.stringify(error)} ${String(error?.cause)}`;
    for (const secret of given.secrets) assert.ok(!shown.includes(secret), `${secret} is in: ${shown}`);
  };

  for (const [status, meaning] of Object.entries({ ...STATUSES, ...given.statuses })) {
    test(`${name}: an answer of ${status} is ${meaning}`, async (t) => {
      const { server, notifier } = await setUp(t);
      server.answer((response) => {
        if (meaning === 'taken' && status === '200') return given.good(response);
        response.writeHead(Number(status), { location: '/elsewhere' }).end();
      });
      const error = await failureOf(notifier.send(noticeOf(), 1, never));
      assert.equal(error?.code ?? 'taken', meaning, error?.message);
      assert.equal(error?.retryable ?? false, AGAIN.has(Number(status)));
      assert.equal(server.messages.length, 1, 'a redirect is not followed and nothing is sent twice');
      secretless(error);
    });
  }

  for (const status of [429, 503]) {
    test(`${name}: Retry-After of a ${status} is handed on, in seconds and as a date`, async (t) => {
      const { server, notifier } = await setUp(t);
      const waits: (number | undefined)[] = [];
      const dates = [30_000, -30_000].map((by) => new Date(Date.now() + by).toUTCString());
      for (const header of ['7', '0', ...dates, 'soon', undefined]) {
        server.answer((response) => response.writeHead(status, header ? { 'retry-after': header } : {}).end());
        waits.push((await failureOf(notifier.send(noticeOf(), 1, never)))?.retryAfter);
      }
      const [seconds, zero, ahead = 0, past, garbage, none] = waits;
      assert.deepEqual([seconds, zero, past, garbage, none], [7_000, 0, 0, undefined, undefined]);
      assert.ok(ahead > 20_000 && ahead <= 30_000, `${ahead}`);
    });
  }

  test(`${name}: no answer in time, no connection, and one that breaks are tried again`, async (t) => {
    const { server, notifier } = await setUp(t);
    const hasty = given.create(t, { url: server.url, timeout: 150 });
    t.after(() => hasty.close());
    const codes: (string | undefined)[] = [];
    const attempt = async (by = notifier): Promise<void> => {
      const error = await failureOf(by.send(noticeOf(), 1, never));
      assert.equal(error?.retryable, true);
      secretless(error);
      codes.push(error?.code);
    };
    server.answer(() => {});
    await attempt(hasty);
    server.answer((response) => response.socket?.destroy());
    await attempt();
    server.answer((response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('{');
      setImmediate(() => response.socket?.destroy());
    });
    await attempt();
    await server.close();
    await attempt();
    assert.deepEqual(codes, ['timeout', 'unreachable', 'unreachable', 'unreachable']);
  });

  test(`${name}: an answer without end is cut off in time`, async (t) => {
    const { server, notifier } = await setUp(t, 200);
    server.answer((response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    assert.equal((await failureOf(notifier.send(noticeOf(), 1, never)))?.code, 'timeout');
  });

  test(`${name}: abort ends a send that waits, and one that has not begun`, async (t) => {
    const { server, notifier } = await setUp(t);
    const abort = new AbortController();
    server.answer(() => abort.abort());
    assert.equal((await failureOf(notifier.send(noticeOf(), 1, abort.signal)))?.code, 'aborted');
    assert.equal((await failureOf(notifier.send(noticeOf(), 1, AbortSignal.abort())))?.code, 'aborted');
    assert.equal(server.messages.length, 1);
  });

  test(`${name}: the same notice has the same id each time, another notice another id`, async (t) => {
    const { server, notifier } = await setUp(t);
    await notifier.send(noticeOf(), 1, never);
    await notifier.send(noticeOf(), 2, never);
    await notifier.send(resolvedNotice(), 1, never);
    const [first, again, resolved] = server.messages.map(given.idOf);
    assert.ok(first);
    assert.equal(again, first);
    assert.notEqual(resolved, first);
  });

  test(`${name}: whatever is in an incident, the payload is within the limit and keeps the lines that matter`, () => {
    const { of, mostBytes } = given.payload;
    fc.assert(
      fc.property(anyNotice, (notice) => {
        const payload = of(notice);
        assert.ok(Buffer.byteLength(payload) <= mostBytes, `${Buffer.byteLength(payload)} bytes`);
        JSON.parse(payload);
        for (const line of [notice.story.wrong, notice.story.next, '#/incidents/3']) {
          assert.ok(payload.includes(JSON.stringify(line).slice(1, -1)), `lost: ${line}`);
        }
        assert.ok(!payload.includes('kept-at-home'));
      }),
      { numRuns: 10_000 },
    );
  });

  test(`${name}: may be closed twice, and sends nothing afterwards`, async (t) => {
    const { server, notifier } = await setUp(t);
    await notifier.close();
    await notifier.close();
    assert.equal((await failureOf(notifier.send(noticeOf(), 1, never)))?.code, 'aborted');
    assert.equal(server.messages.length, 0);
  });
}
