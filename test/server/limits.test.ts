import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import { parseListen } from '../../src/server/listen.ts';
import { loadPage } from '../../src/server/page.ts';
import { until } from '../support/until.ts';
import { start } from './house.ts';

/** Sends bytes on a bare connection; the answer is complete once the other side has closed. */
function raw(t: TestContext, port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const seen = { text: '', closed: false, socket };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    seen.text += chunk;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    seen.closed = true;
  });
  socket.write(bytes);
  return seen;
}

const bodyOf = (text: string): { error: { code: string } } => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));

test('answers what is not HTTP, or too large, as an ApiError and closes', async (t) => {
  const { port } = await start(t);
  const table: [bytes: string, status: number, code: string][] = [
    ['\u0000\u0001\u0002garbage\r\n\r\n', 400, 'bad-request'],
    ['GET / HTTP/9.9\r\n\r\n', 400, 'bad-request'],
    [`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'too-large'],
    [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400, 'bad-request'],
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 403, 'foreign-host'],
    [
      `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nExpect: magic\r\nConnection: close\r\n\r\n`,
      417,
      'expectation-failed',
    ],
  ];
  for (const [bytes, status, code] of table) {
    const seen = raw(t, port, bytes);
    await until(() => seen.closed, { what: `an answer to ${JSON.stringify(bytes.slice(0, 30))}` });
    assert.match(seen.text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(bodyOf(seen.text).error.code, code);
  }
});

test('gives slow senders of headers and of bodies up in time', async (t) => {
  const { port, get } = await start(t, { limits: { headers: 100 } });
  const drip = raw(t, port, 'GET / HTTP/1.1\r\nHost: ');
  const host = `Host: 127.0.0.1:${port}\r\nX-Headgate: 1\r\nContent-Type: application/json\r\n`;
  const body = raw(t, port, `POST /api/v1/actions/stop HTTP/1.1\r\n${host}Content-Length: 50\r\n\r\n{"rea`);
  await until(() => drip.closed && body.closed, { what: 'both were given up' });
  for (const { text } of [drip, body]) {
    assert.match(text, /^HTTP\/1.1 408 /);
    assert.equal(bodyOf(text).error.code, 'timeout');
  }
  assert.equal((await get('/healthz')).status, 200);
});

test('holds many half-open connections without turning others away, and refuses those beyond the limit', async (t) => {
  const { port, get } = await start(t, { limits: { connections: 60 } });
  const half = Array.from({ length: 50 }, () => raw(t, port, 'GET /healthz HTTP/1.1\r\nHost: '));
  assert.equal((await get('/healthz')).status, 200);
  const more = Array.from({ length: 20 }, () => raw(t, port, 'GET /healthz HTTP/1.1\r\nHost: '));
  await until(() => more.filter(({ closed }) => closed).length >= 10, { what: 'those beyond the limit were closed' });
  assert.equal(half.filter(({ closed }) => closed).length, 0);
});

test('finishes what is being answered when it closes, and cuts what does not end', async (t) => {
  const { port, server } = await start(t, { limits: { grace: 50 } });
  const idle = raw(t, port, `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const half = raw(t, port, 'GET /healthz HTTP/1.1\r\nHost: ');
  await until(() => idle.text.endsWith('ok\n'), { what: 'the first answer' });
  await Promise.all([server.close(), server.close()]);
  await until(() => idle.closed && half.closed, { what: 'both are closed' });
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
});

test('says which address is taken and what to do', async (t) => {
  const { port } = await start(t);
  await assert.rejects(start(t, { listen: `127.0.0.1:${port}` }), (thrown) => {
    assert.ok(thrown instanceof HeadgateError);
    assert.equal(thrown.code, 'bad-config');
    assert.match(thrown.message, new RegExp(`^address 127.0.0.1:${port} is taken by another process;`));
    return true;
  });
});

test('reads listen addresses of every shape', () => {
  const table: [string, string, number][] = [
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    ['[::1]:80', '::1', 80],
    [':9464', '::', 9464],
    ['9464', '127.0.0.1', 9464],
    ['localhost:0', 'localhost', 0],
  ];
  for (const [text, host, port] of table) assert.deepEqual(parseListen(text), { host, port });
  for (const wrong of ['', 'host', 'host:', 'a:b', '1.2.3.4:99999', '::1:80'])
    assert.throws(() => parseListen(wrong), /listen address .* is not host:port/, wrong);
});

async function pageFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-page-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><script src="assets/page.js"></script>');
  await writeFile(join(folder, 'assets', 'page.js'), 'console.log(1)');
  await writeFile(join(folder, 'favicon.svg'), '<svg/>');
  await writeFile(join(folder, 'source.ts'), 'not served');
  return folder;
}

test('serves the page with its types, etags and a strict policy, and nothing else of the disk', async (t) => {
  const { get, call } = await start(t, {}, { page: await loadPage(await pageFolder(t)) });
  const index = await get('/');
  assert.equal(index.status, 200);
  assert.equal(index.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(`${index.headers['content-security-policy']}`, /^default-src 'self';/);
  assert.doesNotMatch(`${index.headers['content-security-policy']}`, /unsafe/);
  assert.equal(index.headers['x-content-type-options'], 'nosniff');
  assert.equal((await get('/index.html')).text, index.text);
  assert.equal((await get('/assets/page.js')).headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal((await get('/favicon.ico')).headers['content-type'], 'image/svg+xml');
  const etag = `${index.headers.etag}`;
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await get('/', { 'if-none-match': known });
    assert.deepEqual([again.status, again.text], [304, ''], known);
  }
  assert.equal((await get('/', { 'if-none-match': '"other"' })).status, 200);
  for (const path of ['/source.ts', '/assets', '/assets/../source.ts', '/assets/%2e%2e/source.ts', '/..%2fsource.ts'])
    assert.equal((await get(path)).status, 404, path);
  assert.equal((await call('POST', '/')).status, 405);
});

test('works without a page and says how to get one', async (t) => {
  const { get } = await start(t, {}, { page: await loadPage('/nowhere/at/all') });
  const { status, text } = await get('/');
  assert.equal(status, 404);
  assert.match(text, /the page was not built/);
});
