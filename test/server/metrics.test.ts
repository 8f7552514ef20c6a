import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { HeadgateError } from '../../src/domain/error.ts';
import { acceptsGzip } from '../../src/server/send-stream.ts';
import { until } from '../support/until.ts';
import { start } from './house.ts';

const PIECE = `${'x'.repeat(50_000)}\n`;

/** An exposition without end that counts what was made of it, and says when nobody wants more. */
function endless() {
  const state = { made: 0, over: false };
  async function* body(): AsyncGenerator<string, void, undefined> {
    try {
      for (;;) {
        state.made += 1;
        yield PIECE;
        await turn();
      }
    } finally {
      state.over = true;
    }
  }
  return { state, metrics: { render: () => ({ type: 'text/plain', body: body() }) } };
}

async function* pieces(...all: readonly (string | Error)[]): AsyncGenerator<string, void, undefined> {
  for (const one of all) {
    if (one instanceof Error) throw one;
    yield one;
  }
}

test('packs the exposition where the client can unpack, and only there', async (t) => {
  const { port } = await start(
    t,
    {},
    {
      metrics: { render: () => ({ type: 'text/plain; version=0.0.4', body: pieces('up 1\n', PIECE) }) },
    },
  );
  const ask = async (encoding: string): Promise<{ head: string; body: Buffer }> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /metrics HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nAccept-Encoding: ${encoding}\r\n\r\n`);
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    const all = Buffer.concat(parts);
    const end = all.indexOf('\r\n\r\n');
    return { head: all.subarray(0, end).toString().toLowerCase(), body: all.subarray(end + 4) };
  };
  const packed = await ask('gzip');
  assert.match(packed.head, /content-encoding: gzip/);
  assert.match(packed.head, /content-type: text\/plain; version=0\.0\.4/);
  assert.ok(packed.body.length < 1_000);
  assert.equal(gunzipSync(packed.body).toString(), `up 1\n${PIECE}`);
  const plain = await ask('identity');
  assert.doesNotMatch(plain.head, /content-encoding/);
  assert.match(plain.head, /vary: accept, accept-encoding/);
  assert.equal(plain.body.toString(), `up 1\n${PIECE}`);
});

test('a client that does not read makes the making wait, and one that leaves ends it', async (t) => {
  const { state, metrics } = endless();
  const { port } = await start(t, {}, { metrics });
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(`GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  let before = -1;
  await until(
    () => {
      const still = state.made > 0 && state.made === before;
      before = state.made;
      return still;
    },
    { what: 'nothing more is made', within: 60_000, every: 200 },
  );
  const bytes = state.made * PIECE.length;
  assert.ok(bytes < 20_000_000, `${bytes} bytes were made for nobody`);
  socket.destroy();
  await until(() => state.over, { what: 'the making ends', within: 60_000 });
});

test('what cannot begin is told, what cannot go on is cut', async (t) => {
  let body: readonly (string | Error)[] = [new HeadgateError('internal', 'nothing to show')];
  const { get, port, errors } = await start(
    t,
    {},
    {
      metrics: { render: () => ({ type: 'text/plain', body: pieces(...body) }) },
    },
  );
  assert.equal((await get('/metrics')).status, 500);
  body = ['up 1\n', new HeadgateError('internal', 'lost it')];
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  let answer = '';
  socket.on('data', (part) => {
    answer += part;
  });
  await once(socket, 'close');
  assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/, 'half an answer does not look whole');
  assert.equal(errors.length, 2);
});

test('HEAD has the head alone', async (t) => {
  const { state, metrics } = endless();
  const { port } = await start(t, {}, { metrics });
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '');
  assert.ok(state.over && state.made === 1);
});

test('understands what a client says of gzip', () => {
  const cases: readonly (readonly [string | undefined, boolean])[] = [
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['deflate, GZIP;q=0.5', true],
    ['gzip;q=0, *', false],
    ['*', true],
    ['br', false],
  ];
  for (const [accepted, wanted] of cases) assert.equal(acceptsGzip(accepted), wanted, accepted);
});
