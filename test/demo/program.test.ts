import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import type { DemoEvent, Urls } from '../../src/demo/events.ts';
import { freePort } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { isGone, temporaryDirectory } from './running.ts';

const PROGRAM = join(import.meta.dirname, '../../src/main.ts');

/** Ports of the system's choice for the stages, and a free one for the daemon. */
async function somewhere(): Promise<string[]> {
  return ['--port', String(await freePort()), '--port-base', '0', '--log', 'json'];
}

function run(t: TestContext, ...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, 'demo', ...args], { stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said, ended };
}

/** The addresses of the stages, once the daemon beside them is ready as well. */
async function ready(child: ChildProcess): Promise<Urls> {
  let urls: Urls | undefined;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { demo, phase } = JSON.parse(line) as { demo?: DemoEvent; phase?: string };
    if (demo?.event === 'ready') urls = demo.urls;
    if (phase === 'ready' && urls) return urls;
  }
  throw new Error('the demo ended before it was ready');
}

const allGone = (urls: Urls) => async () => (await Promise.all(Object.values(urls).map(isGone))).every(Boolean);

for (const end of ['SIGTERM', 'SIGINT'] as const) {
  test(`the demo ends with all its stages on ${end}`, async (t) => {
    const { child, ended } = run(t, '--dir', temporaryDirectory(t), ...(await somewhere()));
    const urls = await ready(child);
    assert.equal(await allGone(urls)(), false);
    child.stdout.resume();
    child.kill(end);
    assert.equal(await ended, 0);
    assert.equal(await allGone(urls)(), true);
  });
}

test('the stages end by themselves when the demo is killed without warning', async (t) => {
  const { child } = run(t, '--dir', temporaryDirectory(t), ...(await somewhere()));
  const urls = await ready(child);
  child.kill('SIGKILL');
  await until(allGone(urls), { what: 'all stages are gone' });
});

const onPort = async (port: number): Promise<Server> => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** A port that is taken with two after it that are not: only the first stage has to find its place taken. */
async function firstOfThree(): Promise<Server> {
  for (;;) {
    const taken = await onPort(0);
    const { port } = taken.address() as { port: number };
    const next = await Promise.allSettled([onPort(port + 1), onPort(port + 2)]);
    for (const one of next) if (one.status === 'fulfilled') one.value.close();
    if (next.every(({ status }) => status === 'fulfilled')) return taken;
    taken.close();
  }
}

test('a port that is taken ends the demo with 2 and a sentence that names it', async (t) => {
  const taken = await firstOfThree();
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { said, ended } = run(
    t,
    '--dir',
    temporaryDirectory(t),
    '--port-base',
    String(port),
    '--port',
    String(await freePort()),
  );
  assert.equal(await ended, 2);
  assert.match(said.err, new RegExp(`ingest of the demo ended .* is port ${port} free`));
});

test('headgate demo fault reaches the demo by its directory', async (t) => {
  const directory = temporaryDirectory(t);
  const lonely = run(t, 'fault', 'slow', '--dir', directory);
  assert.equal(await lonely.ended, 2);
  assert.match(lonely.said.err, /no demo runs in/);
  const demo = run(t, '--dir', directory, '--fault-at', 'never', ...(await somewhere()));
  await until(() => demo.said.out.includes('"event":"ready"'), { what: 'the demo is ready', within: 60_000 });
  const injector = run(t, 'fault', 'stale', '--dir', directory);
  assert.equal(await injector.ended, 0);
  await until(() => demo.said.out.includes('"kind":"stale"'), { what: 'the fault is said' });
  demo.child.kill('SIGTERM');
  assert.equal(await demo.ended, 0);
});

test('an argument that makes no sense ends the demo with 2', async (t) => {
  const { said, ended } = run(t, '--dir', temporaryDirectory(t), '--fault-at', 'soon');
  assert.equal(await ended, 2);
  assert.match(said.err, /--fault-at wants seconds such as 30s, or never; got "soon"/);
});
