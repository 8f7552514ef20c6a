import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { z } from 'zod';
import { HeadgateError } from '../../src/domain/error.ts';
import { type HttpClient, httpClient, httpClientFields } from '../../src/kit/http-client.ts';
import { type Certificates, makeCertificates, pemOf } from '../support/certificates.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { answerWith, type Loopback, loopback } from '../support/loopback.ts';
import { requireServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

const never = new AbortController().signal;
const Config = z.strictObject(httpClientFields());
const clock = fakeClock();
// How long a request may take is not what is tried here; a busy machine may stand still for seconds.
const client = (config: z.input<typeof Config> = {}): HttpClient =>
  httpClient(Config.parse({ timeout: '60s', ...config }), { clock });

const folder = mkdtempSync(join(tmpdir(), 'headgate-client-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const fileWith = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const code =
  (wanted: string, message = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof HeadgateError, inspect(error));
    assert.equal(error.code, wanted, error.message);
    assert.match(error.message, message);
    return true;
  };

/** Runs with a client and a server that echoes the request's headers, and closes both. */
async function echoed(config: z.input<typeof Config>, headers: Record<string, string> = {}) {
  const server = await loopback(({ headers: came }, response) => response.end(JSON.stringify(came)));
  const http = client(config);
  const answer = await http.request({ url: server.url, headers }, never);
  await http.close();
  await server.close();
  return JSON.parse(answer.text()) as Record<string, string>;
}

describe('credentials', () => {
  test('basic, from text and from file', async () => {
    const wanted = `Basic ${Buffer.from('jo:grüß:1').toString('base64')}`;
    assert.equal((await echoed({ auth: { basic: { username: 'jo', password: 'grüß:1' } } })).authorization, wanted);
    const password_file = fileWith('password', 'grüß:1\n');
    assert.equal((await echoed({ auth: { basic: { username: 'jo', password_file } } })).authorization, wanted);
  });

  test('a bearer token from a file is read at each use, so that it can be rotated', async () => {
    const server = await loopback(({ headers }, response) => response.end(headers.authorization));
    const token_file = fileWith('token', 'one\n');
    const http = client({ auth: { bearer: { token_file } } });
    assert.equal((await http.request({ url: server.url }, never)).text(), 'Bearer one');
    fileWith('token', 'two\n');
    assert.equal((await http.request({ url: server.url }, never)).text(), 'Bearer two');
    fileWith('token', '\n');
    await assert.rejects(http.request({ url: server.url }, never), code('bad-config', /empty/));
    await http.close();
    await server.close();
  });

  test('headers from the config go along and win over those of the request', async () => {
    const file = fileWith('key', 's3cret\n');
    const came = await echoed(
      { headers: { 'X-Scope': 'orders', 'X-Key': { file } } },
      { 'x-scope': 'mine', accept: 'a/b' },
    );
    assert.equal(came['x-scope'], 'orders');
    assert.equal(came['x-key'], 's3cret');
    assert.equal(came.accept, 'a/b');
  });

  test('none of them can be printed', () => {
    const config = Config.parse({ auth: { bearer: { token: 'hunter2' } }, headers: { 'X-Key': 'hunter2' } });
    assert.doesNotMatch(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}`, /hunter2/);
  });

  test('what cannot be meant is refused by the schema', () => {
    const bad: readonly [z.input<typeof Config>, RegExp][] = [
      [{ auth: {} }, /exactly one of basic, bearer and oauth/],
      [{ auth: { basic: { username: 'jo' } } }, /set password or password_file/],
      [{ auth: { basic: { username: 'jo', password: 'x' }, bearer: { token: 'x' } } }, /exactly one/],
      [{ headers: { 'bad header': 'x' } }, /header name/],
      [{ headers: { Host: 'x' } }, /set by the connection itself/],
      [{ tls: { cert_file: '/x' } }, /needs both cert_file and key_file/],
    ];
    for (const [config, message] of bad) {
      const parsed = Config.safeParse(config);
      assert.equal(parsed.success, false, JSON.stringify(config));
      assert.match(parsed.error?.message ?? '', message);
    }
  });

  test('the fields have a JSON Schema', () => {
    const schema = z.toJSONSchema(Config, { io: 'input' });
    assert.deepEqual(Object.keys(schema.properties ?? {}), ['timeout', 'max_body_bytes', 'auth', 'tls', 'headers']);
    assert.match(JSON.stringify(schema.properties?.timeout), /"default":"5s"/);
  });
});

describe('OAuth client credentials', () => {
  /** A token endpoint at /token, and everything else wants its newest token. */
  async function guarded(life?: number) {
    let issued = 0;
    let valid = '';
    const server = await loopback(({ path, headers }, response) => {
      if (path === '/token') {
        issued += 1;
        valid = `t${issued}`;
        return response.end(JSON.stringify({ access_token: valid, token_type: 'Bearer', expires_in: life }));
      }
      response.writeHead(headers.authorization === `Bearer ${valid}` ? 200 : 401).end();
    });
    const revoke = () => {
      valid = 'nobody has this';
    };
    return { server, revoke, issued: () => issued };
  }
  const oauth = (server: Loopback, more = {}) =>
    client({
      auth: { oauth: { token_url: `${server.url}/token`, client_id: 'head:gate', client_secret: 'p&w', ...more } },
    });

  test('one token serves many requests, also those that start together', async () => {
    const { server, issued } = await guarded(600);
    const http = oauth(server);
    await Promise.all(Array.from({ length: 20 }, () => http.request({ url: server.url }, never)));
    await http.request({ url: server.url }, never);
    assert.equal(issued(), 1);
    const { headers, body } = server.requests[0] ?? assert.fail();
    assert.equal(Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString(), 'head%3Agate:p%26w');
    assert.equal(body, 'grant_type=client_credentials');
    await http.close();
    await server.close();
  });

  test('it is renewed before it ends', async () => {
    const { server, issued } = await guarded(600);
    const http = oauth(server);
    await http.request({ url: server.url }, never);
    await clock.advance(479_000);
    await http.request({ url: server.url }, never);
    assert.equal(issued(), 1);
    await clock.advance(2_000);
    await http.request({ url: server.url }, never);
    assert.equal(issued(), 2);
    await http.close();
    await server.close();
  });

  test('one that is refused is fetched anew once', async () => {
    const { server, revoke, issued } = await guarded();
    const http = oauth(server);
    await http.request({ url: server.url }, never);
    revoke();
    await http.request({ url: server.url }, never);
    assert.equal(issued(), 2);
    await http.close();
    await server.close();
  });

  test('where the new one is refused too, the answer is unauthorized', async () => {
    const server = await loopback(({ path }, response) =>
      path === '/token' ? response.end('{"access_token":"x"}') : response.writeHead(401).end(),
    );
    const http = oauth(server);
    await assert.rejects(http.request({ url: server.url }, never), code('unauthorized'));
    assert.equal(server.requests.length, 4);
    await http.close();
    await server.close();
  });

  test('id and secret go into the form where configured, with scopes and audience', async () => {
    const { server } = await guarded();
    const http = oauth(server, { send_as: 'body', scopes: ['a', 'b'], audience: 'x' });
    await http.request({ url: server.url }, never);
    assert.equal(
      server.requests[0]?.body,
      'grant_type=client_credentials&scope=a+b&audience=x&client_id=head%3Agate&client_secret=p%26w',
    );
    assert.equal(server.requests[0]?.headers.authorization, undefined);
    await http.close();
    await server.close();
  });

  test('an endpoint that gives no token is told by its address, and asked again next time', async () => {
    for (const body of ['<html>', '{}', '{"access_token":""}', '{"access_token":7}', 'null']) {
      const server = await loopback(answerWith(body));
      const http = oauth(server);
      for (let round = 0; round < 2; round += 1) {
        await assert.rejects(http.request({ url: server.url }, never), code('malformed', /\/token: .*no access_token/));
      }
      assert.equal(server.requests.length, 2);
      await http.close();
      await server.close();
    }
  });

  test('one caller who gives up does not spoil it for the others', async () => {
    let answer = () => {};
    const server = await loopback(({ path }, response) => {
      if (path !== '/token') return response.end('ok');
      answer = () => response.end('{"access_token":"x"}');
    });
    const http = oauth(server);
    const controller = new AbortController();
    const impatient = assert.rejects(http.request({ url: server.url }, controller.signal), code('aborted'));
    const patient = http.request({ url: server.url }, never);
    await until(() => server.requests.length === 1, { what: 'the token is asked for' });
    controller.abort();
    await impatient;
    answer();
    assert.equal((await patient).text(), 'ok');
    await http.close();
    await server.close();
  });
});

describe('closing', () => {
  test('ends what is under way, may be done twice, and nothing is sent afterwards', async () => {
    const server = await loopback(() => {});
    const http = client();
    const failing = assert.rejects(http.request({ url: server.url }, never), code('aborted'));
    await until(() => server.requests.length === 1, { what: 'the request has come' });
    await http.close();
    await failing;
    await http.close();
    await until(() => server.sockets.open === 0, { what: 'the socket is closed' });
    await assert.rejects(http.request({ url: server.url }, never), code('aborted', /closed/));
    assert.equal(server.requests.length, 1);
    await server.close();
  });

  test('a client that never asked can be closed', async () => {
    await client().close();
  });
});

const openssl = requireServer('openssl');
describe('TLS', { skip: openssl.skip }, () => {
  let certs: Certificates;
  let server: Loopback;
  before(async () => {
    certs = makeCertificates(openssl.path);
    const tls = { cert: pemOf(certs.server.cert), key: pemOf(certs.server.key), ca: pemOf(certs.ca) };
    server = await loopback(
      ({ path }, response) => {
        const { authorized } = response.socket as unknown as { authorized: boolean };
        response.end(path === '/who' ? String(authorized) : 'ok');
      },
      { ...tls, requestCert: true, rejectUnauthorized: false },
    );
  });
  after(async () => {
    await server.close();
    certs.remove();
  });
  const get = async (config: z.input<typeof Config>, path = '/'): Promise<string> => {
    const http = client(config);
    try {
      return (await http.request({ url: `${server.url}${path}` }, never)).text();
    } finally {
      await http.close();
    }
  };

  test('an authority nobody knows is not trusted, and the message says what to set', async () => {
    await assert.rejects(get({}), code('unreachable', /certificate is not accepted \(\w+\); set tls.ca_file/));
  });

  test('with ca_file it is', async () => {
    assert.equal(await get({ tls: { ca_file: certs.ca } }), 'ok');
  });

  test('a name that is not in the certificate is refused, and server_name says which to expect', async () => {
    await assert.rejects(
      get({ tls: { ca_file: certs.ca, server_name: 'other.test' } }),
      code('unreachable', /ALTNAME/),
    );
    assert.equal(await get({ tls: { ca_file: certs.ca, server_name: 'pipeline.test' } }), 'ok');
  });

  test('insecure_skip_verify takes any', async () => {
    assert.equal(await get({ tls: { insecure_skip_verify: true } }), 'ok');
  });

  test('a client certificate is shown', async () => {
    const { cert, key } = certs.client;
    assert.equal(await get({ tls: { ca_file: certs.ca } }, '/who'), 'false');
    assert.equal(await get({ tls: { ca_file: certs.ca, cert_file: cert, key_file: key } }, '/who'), 'true');
  });

  test('a renewed ca_file counts from the next request on, without a restart', async () => {
    const ca_file = fileWith('ca.pem', pemOf(certs.client.cert));
    const http = client({ tls: { ca_file } });
    await assert.rejects(http.request({ url: server.url }, never), code('unreachable', /certificate/));
    fileWith('ca.pem', pemOf(certs.ca));
    assert.equal((await http.request({ url: server.url }, never)).text(), 'ok');
    await http.close();
  });

  test('a file that is missing or holds no certificate is named, and nothing else fails', async () => {
    await assert.rejects(
      get({ tls: { ca_file: join(folder, 'none.pem') } }),
      code('bad-config', /none.pem cannot be read/),
    );
    await assert.rejects(
      get({ tls: { ca_file: certs.ca, cert_file: certs.client.cert, key: 'no key' } }),
      code('bad-config', /certificate or key/),
    );
  });

  test('http to a TLS port and TLS to an http port fail with a hint', async () => {
    const http = client();
    const plain = await loopback(answerWith('x'));
    await assert.rejects(
      http.request({ url: plain.url.replace('http', 'https') }, never),
      code('unreachable', /speak TLS/),
    );
    await assert.rejects(http.request({ url: server.url.replace('https', 'http') }, never), code('unreachable'));
    await http.close();
    await plain.close();
  });
});
