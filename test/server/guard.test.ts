import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Secret } from '../../src/kit/secret.ts';
import { Refusal } from '../../src/server/answer.ts';
import { createGuard, isLoopback } from '../../src/server/guard.ts';
import { start } from './house.ts';

const TOKEN = 'a-token-of-this-test';
const STOP = '/api/v1/actions/stop';
const codeOf = (json: unknown): string => (json as { error: { code: string } }).error.code;

test('tells loopback addresses from others', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(address), address);
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', '128.0.0.1', '1::1', '127.evil.example'])
    assert.ok(!isLoopback(address), address);
});

// Each attack that the guard is there for, on a loopback bind without a token.
const ATTACKS: readonly { what: string; headers: Record<string, string>; code: string }[] = [
  {
    what: 'a form of another site',
    headers: { origin: 'http://evil.example', 'x-headgate': '1' },
    code: 'foreign-origin',
  },
  { what: 'a sandboxed frame', headers: { origin: 'null', 'x-headgate': '1' }, code: 'foreign-origin' },
  {
    what: 'another port of this machine',
    headers: { origin: 'http://127.0.0.1:1', 'x-headgate': '1' },
    code: 'foreign-origin',
  },
  {
    what: 'a name that ends like ours',
    headers: { origin: 'http://evil127.0.0.1:PORT', 'x-headgate': '1' },
    code: 'foreign-origin',
  },
  {
    what: 'a browser that says it is cross-site',
    headers: { 'sec-fetch-site': 'cross-site', 'x-headgate': '1' },
    code: 'foreign-origin',
  },
  {
    what: 'a browser that says it is same-site',
    headers: { 'sec-fetch-site': 'same-site', 'x-headgate': '1' },
    code: 'foreign-origin',
  },
  { what: 'a request without our header', headers: {}, code: 'header-missing' },
  { what: 'our header with another value', headers: { 'x-headgate': '0' }, code: 'header-missing' },
  { what: 'a rebound name', headers: { host: 'evil.example', 'x-headgate': '1' }, code: 'foreign-host' },
  {
    what: 'a rebound name with our port',
    headers: { host: 'evil.example:PORT', 'x-headgate': '1' },
    code: 'foreign-host',
  },
  {
    what: 'a rebound name that begins like ours',
    headers: { host: 'localhost.evil.example:PORT', 'x-headgate': '1' },
    code: 'foreign-host',
  },
  { what: 'another port in Host', headers: { host: '127.0.0.1:1', 'x-headgate': '1' }, code: 'foreign-host' },
];

for (const { what, headers, code } of ATTACKS) {
  test(`turns away ${what}`, async (t) => {
    const { post, house, port } = await start(t);
    const real = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', `${port}`)]),
    );
    const { status, json, headers: answered } = await post(STOP, { reason: 'attack' }, real);
    assert.equal(status, 403);
    assert.equal(codeOf(json), code);
    assert.equal(answered['access-control-allow-origin'], undefined);
    assert.deepEqual(house.calls, []);
  });
}

test('turns reading away too where the name was rebound', async (t) => {
  const { get } = await start(t);
  for (const path of ['/', '/metrics', '/api/v1/stages', '/api/v1/events', '/nope']) {
    const { status, json } = await get(path, { host: 'evil.example:9464' });
    assert.deepEqual([status, codeOf(json)], [403, 'foreign-host'], path);
  }
});

test('takes commands of our own page and of programs', async (t) => {
  const { post, port, house } = await start(t);
  for (const headers of [
    { 'x-headgate': '1' },
    { 'x-headgate': '1', origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' },
    { 'x-headgate': '1', host: `localhost:${port}`, origin: `http://localhost:${port}` },
    { 'x-headgate': '1', host: `LOCALHOST:${port}`, origin: `http://localhost:${port}` },
  ]) {
    assert.equal((await post(STOP, { reason: 'deploy' }, headers)).status, 200, JSON.stringify(headers));
  }
  assert.equal(house.calls.length, 4);
});

test('knows the configured hosts and the host of the page', async (t) => {
  const { post, get } = await start(t, { allowedHosts: ['ops.example'], pageUrl: 'https://headgate.example/page' });
  assert.equal((await get('/healthz', { host: 'ops.example:8443' })).status, 200);
  assert.equal((await get('/healthz', { host: 'headgate.example' })).status, 200);
  assert.equal((await get('/healthz', { host: 'other.example' })).status, 403);
  const headers = { 'x-headgate': '1', host: 'headgate.example', origin: 'https://headgate.example' };
  assert.equal((await post(STOP, { reason: 'deploy' }, headers)).status, 200);
});

test('with a token takes commands with it and no others', async (t) => {
  const { post, get, house } = await start(t, { token: Secret.of(TOKEN) });
  const send = (authorization: string | undefined) =>
    post(STOP, { reason: 'deploy' }, authorization === undefined ? { 'x-headgate': '1' } : { authorization });
  for (const wrong of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ]) {
    const { status, json, headers } = await send(wrong);
    assert.deepEqual([status, codeOf(json)], [401, 'unauthorized'], String(wrong));
    assert.match(headers['www-authenticate'] ?? '', /^Bearer /);
  }
  assert.deepEqual(house.calls, []);
  assert.equal((await send(`Bearer ${TOKEN}`)).status, 200);
  assert.equal((await send(`bearer  ${TOKEN}`)).status, 200);
  assert.equal((await get('/api/v1/stages')).status, 200, 'reading needs no token');
});

test('reads the token anew at each command, and an empty or missing file opens nothing', async (t: TestContext) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-token-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'token');
  await writeFile(path, 'first\n');
  const { post } = await start(t, { token: Secret.inFile(path) });
  const send = (token: string) => post(STOP, { reason: 'deploy' }, { authorization: `Bearer ${token}` });
  assert.equal((await send('first')).status, 200);
  await writeFile(path, 'second\n');
  assert.equal((await send('first')).status, 401);
  assert.equal((await send('second')).status, 200);
  await writeFile(path, '\n');
  assert.deepEqual([(await send('')).status, codeOf((await send('x')).json)], [503, 'no-token']);
  await rm(path);
  const { status, text } = await send('second');
  assert.equal(status, 503);
  assert.doesNotMatch(text, new RegExp(folder), 'paths stay inside');
});

test('beyond loopback without a token nothing can be changed, and the answer says what to configure', async (t) => {
  const { post, get, house } = await start(t, { listen: '0.0.0.0:0' });
  const { status, json, text } = await post(STOP, { reason: 'x' });
  assert.deepEqual([status, codeOf(json)], [403, 'read-only']);
  assert.match(text, /server\.token_file/);
  assert.deepEqual(house.calls, []);
  assert.equal((await get('/api/v1/stages', { host: 'headgate.internal' })).status, 200, 'reading is possible');
});

test('beyond loopback with a token commands are taken', async (t) => {
  const { post } = await start(t, { listen: '0.0.0.0:0', token: Secret.of(TOKEN) });
  assert.equal((await post(STOP, { reason: 'x' }, { authorization: `Bearer ${TOKEN}` })).status, 200);
  assert.equal((await post(STOP, { reason: 'x' })).status, 401);
});

test('a loopback name does not open a bind that others can reach', () => {
  const guard = createGuard({ address: '::', port: 9464, allowedHosts: [] });
  assert.equal(guard.readOnly, true);
  const headers = { host: 'localhost:9464', origin: 'http://localhost:9464', 'x-headgate': '1' };
  assert.throws(
    () => guard.checkWrite(headers),
    (thrown) => thrown instanceof Refusal && thrown.code === 'read-only',
  );
});

test('refuses a request without Host with words', () => {
  const guard = createGuard({ address: '127.0.0.1', port: 9464, allowedHosts: [] });
  assert.throws(() => guard.checkHost({}), /is missing/);
});
