import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import { type HttpAsk, httpRequest } from '../../src/kit/http.ts';
import { httpAgents } from '../../src/kit/http-exchange.ts';
import { guardedLookup } from '../../src/kit/http-guard.ts';
import { answerWith, type Handler, loopback, rawLoopback } from '../support/loopback.ts';
import { ownTime } from '../support/own-time.ts';
import { deafPort } from '../support/servers.ts';
import { until } from '../support/until.ts';

const never = new AbortController().signal;

/** One request with agents of its own against a server of its own. */
async function ask(handler: Handler, options: Partial<HttpAsk> = {}, abort = never) {
  const server = await loopback(handler);
  const agents = httpAgents();
  try {
    return await httpRequest({ timeout: 60_000, ...options, url: `${server.url}${options.url ?? '/'}` }, agents, abort);
  } finally {
    agents.destroy();
    await server.close();
  }
}

const failsWith = async (work: Promise<unknown>, code: string, message: RegExp): Promise<HeadgateError> => {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HeadgateError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return error;
};

/** A server that says `text` to whoever connects. */
const speaking = (text: string) =>
  rawLoopback(createServer((socket) => socket.once('data', () => socket.end(text)).on('error', () => {})));

async function askRaw(text: string, options: Partial<HttpAsk> = {}) {
  const server = await speaking(text);
  const agents = httpAgents();
  try {
    return await httpRequest({ timeout: 60_000, url: server.url, ...options }, agents, never);
  } finally {
    agents.destroy();
    await server.close();
  }
}

describe('a good answer', () => {
  test('comes with status, headers and text, without its byte order mark', async () => {
    const answer = await ask(answerWith('\uFEFFgrüß', 203, { 'x-part': 'enrich' }));
    assert.equal(answer.status, 203);
    assert.equal(answer.headers['x-part'], 'enrich');
    assert.equal(answer.text(), 'grüß');
  });

  test('what is sent arrives: method, headers, body and its length', async () => {
    const answer = await ask((request, response) => response.end(JSON.stringify(request)), {
      method: 'post',
      headers: { 'x-id': '7' },
      body: 'grüß',
    });
    const { method, headers, body } = JSON.parse(answer.text());
    assert.equal(method, 'POST');
    assert.equal(body, 'grüß');
    assert.equal(headers['x-id'], '7');
    assert.equal(headers['content-length'], '6');
    assert.equal(headers['accept-encoding'], 'identity');
  });

  test('an answer without a body is empty', async () => {
    assert.equal((await ask((_request, response) => void response.writeHead(204).end())).text(), '');
  });
});

describe('a refusal', () => {
  const CODES: readonly [status: number, code: string][] = [
    [300, 'rejected'],
    [304, 'rejected'],
    [400, 'rejected'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'not-found'],
    [408, 'timeout'],
    [409, 'rejected'],
    [410, 'not-found'],
    [413, 'too-large'],
    [422, 'rejected'],
    [425, 'rate-limited'],
    [429, 'rate-limited'],
    [500, 'server-error'],
    [503, 'server-error'],
    [599, 'server-error'],
  ];
  for (const [status, code] of CODES) {
    test(`${status} is ${code}`, async () => {
      await failsWith(ask(answerWith('no', status)), code, new RegExp(`GET http://.*: answered ${status}; .`));
    });
  }

  test('tells how long the other side asked to wait', async () => {
    const error = await failsWith(ask(answerWith('', 429, { 'retry-after': '17' })), 'rate-limited', /429/);
    assert.equal(error.retryAfter, 17_000);
  });

  test('is an answer where the caller accepts that status', async () => {
    const answer = await ask(answerWith('gone', 404), { accept: (status) => status === 404 });
    assert.equal(answer.text(), 'gone');
  });

  test('says what the caller has read in its body, on one line and not too long', async () => {
    const error = await failsWith(
      ask(answerWith(`bad\nlabel ${'x'.repeat(900)}`, 400), { explain: (answer) => answer.text() }),
      'rejected',
      /answered 400 \(bad label x+\); /,
    );
    assert.ok(error.message.length < 400);
  });

  test('never shows user, password, query values or fragment of the url', async () => {
    const server = await loopback(answerWith('', 500));
    const url = `http://user:hunter2@127.0.0.1:${server.port}/api?token=hunter2#hunter2`;
    const agents = httpAgents();
    const error = await failsWith(
      httpRequest({ url, timeout: 60_000 }, agents, never),
      'server-error',
      /GET http:\/\/127.0.0.1:\d+\/api\?token=\[secret\]: answered 500/,
    );
    assert.doesNotMatch(`${error.message}${error.stack}`, /hunter2/);
    agents.destroy();
    await server.close();
  });

  test('a target that is named is shown by its name alone', async () => {
    const options = { called: 'webhook oncall', url: '/services/hunter2' };
    const error = await failsWith(
      ask(answerWith('', 302, { location: '/hunter2' }), options),
      'rejected',
      /GET webhook oncall: /,
    );
    assert.doesNotMatch(error.message, /hunter2|127/);
  });
});

describe('redirects', () => {
  test('are not followed unless asked for, and the message names where to', async () => {
    const server = await loopback(answerWith('', 301, { location: '/moved?key=hunter2' }));
    const agents = httpAgents();
    const error = await failsWith(
      httpRequest({ url: server.url, timeout: 60_000 }, agents, never),
      'rejected',
      /redirects to http.*\/moved\?key=\[secret\]/,
    );
    assert.equal(error.retryable, false);
    assert.equal(server.requests.length, 1);
    agents.destroy();
    await server.close();
  });

  test('within the origin are followed where asked for', async () => {
    const answer = await ask(
      ({ path }, response) =>
        path === '/new' ? response.end('here') : response.writeHead(302, { location: 'new' }).end(),
      { follow: 'same-origin' },
    );
    assert.equal(answer.text(), 'here');
  });

  test('to another origin are never followed, so that no credentials go there', async () => {
    const other = await loopback(answerWith('stolen'));
    const work = ask(answerWith('', 302, { location: other.url }), {
      follow: 'same-origin',
      headers: { authorization: 'x' },
    });
    await failsWith(work, 'rejected', /redirects to/);
    assert.equal(other.requests.length, 0);
    await other.close();
  });

  test('in a circle end after five', async () => {
    const server = await loopback(answerWith('', 302, { location: '/' }));
    const agents = httpAgents();
    await failsWith(
      httpRequest({ url: server.url, timeout: 60_000, follow: 'same-origin' }, agents, never),
      'rejected',
      /302/,
    );
    assert.equal(server.requests.length, 6);
    agents.destroy();
    await server.close();
  });

  test('of a POST are not followed', async () => {
    const work = ask(answerWith('', 307, { location: '/new' }), { method: 'POST', body: 'x', follow: 'same-origin' });
    await failsWith(work, 'rejected', /307/);
  });
});

describe('a bad answer', () => {
  test('a body over the cap is cut off, announced or not', async () => {
    const announced = answerWith('x'.repeat(2_000));
    await failsWith(ask(announced, { maxBytes: 1_999 }), 'too-large', /over 1999 bytes/);
    const chunked: Handler = (_request, response) => {
      for (let part = 0; part < 20; part += 1) response.write('x'.repeat(100));
      response.end();
    };
    await failsWith(ask(chunked, { maxBytes: 1_999 }), 'too-large', /over 1999 bytes/);
    assert.equal((await ask(chunked, { maxBytes: 2_000 })).body.length, 2_000);
  });

  test('bytes that are not HTTP are malformed', async () => {
    await failsWith(askRaw('SSH-2.0-OpenSSH_9.2\r\n'), 'malformed', /not HTTP \(HPE_/);
  });

  test('an answer that ends half-way is no answer', async () => {
    await failsWith(askRaw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nlag 7'), 'unreachable', /closed before/);
    await failsWith(
      askRaw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nlag 7\r\n'),
      'unreachable',
      /closed before/,
    );
    await failsWith(askRaw(''), 'unreachable', /closed before/);
  });

  test('endless headers are cut off', async () => {
    await failsWith(askRaw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), 'too-large', /headers/);
  });

  test('a compressed answer is refused, however small it looks', async () => {
    await failsWith(ask(answerWith('x', 200, { 'content-encoding': 'gzip' })), 'malformed', /encoding gzip/);
  });

  test('a switch of protocols is no answer', async () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n';
    await failsWith(askRaw(text), 'unreachable', /closed before/);
  });
});

describe('waiting', () => {
  test('ends at the deadline where nothing comes', async () => {
    const failing = failsWith(
      ask(() => {}, { timeout: 60 }),
      'timeout',
      /within 60ms/,
    );
    assert.ok((await ownTime(failing)) < 1_000);
  });

  test('ends at the deadline where the body drips', async () => {
    const drip: Handler = (_request, response) => {
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
    };
    assert.ok((await ownTime(failsWith(ask(drip, { timeout: 80 }), 'timeout', /within 80ms/))) < 1_000);
  });

  test('the deadline counts over redirects too', async () => {
    const slow: Handler = (_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/' }).end(), 40);
    };
    await failsWith(ask(slow, { timeout: 100, follow: 'same-origin' }), 'timeout', /within 100ms/);
  });

  test('abort ends it at once, before and while it runs, and cuts the socket', async () => {
    await failsWith(ask(answerWith('x'), {}, AbortSignal.abort()), 'aborted', /before it was sent/);
    const server = await loopback(() => {});
    const agents = httpAgents();
    const controller = new AbortController();
    const work = httpRequest({ url: server.url, timeout: 60_000 }, agents, controller.signal);
    const failing = failsWith(work, 'aborted', /half-way/);
    await until(() => server.requests.length === 1, { what: 'the request has come' });
    controller.abort();
    assert.ok((await ownTime(failing)) < 100);
    await until(() => server.sockets.open === 0, { what: 'the socket is closed' });
    await server.close();
  });
});

describe('connections', () => {
  test('are kept for GET and used again', async () => {
    const server = await loopback(answerWith('x'));
    const agents = httpAgents();
    for (let round = 0; round < 5; round += 1) await httpRequest({ url: server.url, timeout: 60_000 }, agents, never);
    assert.equal(server.sockets.ever, 1);
    agents.destroy();
    await until(() => server.sockets.open === 0, { what: 'destroy has closed the kept socket' });
    await server.close();
  });

  test('a kept one that died meanwhile costs no answer', async () => {
    // The server answers, keeps the connection, and cuts it at the second request without a word.
    let served = 0;
    const server = await rawLoopback(
      createServer((socket) => {
        let first = true;
        socket.on('data', () => {
          if (!first) return socket.destroy();
          first = false;
          served += 1;
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        });
      }),
    );
    const agents = httpAgents();
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await httpRequest({ url: server.url, timeout: 60_000 }, agents, never)).text(), 'ok');
    }
    assert.equal(served, 3);
    agents.destroy();
    await server.close();
  });

  test('POST has a connection of its own each time', async () => {
    const server = await loopback(answerWith('x'));
    const agents = httpAgents();
    for (let round = 0; round < 3; round += 1) {
      await httpRequest({ url: server.url, method: 'POST', body: 'x', timeout: 60_000 }, agents, never);
    }
    assert.equal(server.sockets.ever, 3);
    await until(() => server.sockets.open === 0, { what: 'all are closed' });
    agents.destroy();
    await server.close();
  });

  test('a refused one is unreachable, with the reason, and may be tried again', async () => {
    const agents = httpAgents();
    const nobody = await deafPort();
    const url = `http://127.0.0.1:${nobody.port}/`;
    const error = await failsWith(httpRequest({ url, timeout: 60_000 }, agents, never), 'unreachable', /refused/);
    assert.equal(error.retryable, true);
    nobody.close();
    agents.destroy();
  });
});

describe('what is not asked at all', () => {
  const agents = httpAgents();
  after(() => agents.destroy());
  const attempt = (url: string, headers = {}) => httpRequest({ url, headers, timeout: 1_000 }, agents, never);

  test('addresses of cloud metadata, however they are written', async () => {
    for (const host of [
      '169.254.169.254',
      '2852039166',
      '0xa9.0xfe.0xa9.0xfe',
      '[::ffff:169.254.169.254]',
      '[fe80::1]',
      '[fd00:ec2::254]',
    ]) {
      await failsWith(attempt(`http://${host}/latest`), 'bad-config', /never asked/);
    }
  });

  test('names that resolve to such an address', async () => {
    const failing = new Promise<Error | null>((resolve) => guardedLookup('169.254.169.254', { all: true }, resolve));
    assert.match(String(await failing), /resolves to 169.254.169.254; .*never asked/);
    const fine = new Promise<unknown[]>((resolve) =>
      guardedLookup('127.0.0.1', { all: true }, (...answer) => resolve(answer)),
    );
    assert.deepEqual((await fine).slice(0, 2), [null, [{ address: '127.0.0.1', family: 4 }]]);
  });

  test('other schemes and text that is no url', async () => {
    await failsWith(attempt('file:///etc/passwd'), 'bad-config', /only http and https/);
    await failsWith(attempt('enrich:9102/metrics'), 'bad-config', /only http and https/);
    await failsWith(attempt('not a url'), 'bad-config', /http:\/\/host:port\/path/);
  });

  test('headers with a line end, whose value is not shown', async () => {
    const error = await failsWith(
      attempt('http://127.0.0.1:1/', { authorization: 'hunter2\n' }),
      'bad-config',
      /line ends/,
    );
    assert.doesNotMatch(error.message, /hunter2/);
  });
});
