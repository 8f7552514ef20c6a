import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import type { DemoEvent, Urls } from '../../src/demo/events.ts';
import { until } from '../support/until.ts';
import { isGone, temporaryDirectory } from './running.ts';

const DEMO = join(import.meta.dirname, '../../src/demo');

function run(t: TestContext, program: 'main.ts' | 'fault.ts', ...args: string[]) {
  const child = spawn(process.execPath, [join(DEMO, program), ...args], { stdio: 'pipe' });
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

async function ready(child: ChildProcess): Promise<Urls> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as DemoEvent;
    if (event.event === 'ready') return event.urls;
  }
  throw new Error('the demo ended before it was ready');
}

const allGone = (urls: Urls) => async () => (await Promise.all(Object.values(urls).map(isGone))).every(Boolean);

for (const end of ['SIGTERM', 'SIGINT', 'end of standard input'] as const) {
  test(`the program ends with all its stages on ${end}`, async (t) => {
    const { child, ended } = run(t, 'main.ts', '--dir', temporaryDirectory(t), '--port-base', '0');
    const urls = await ready(child);
    assert.equal(await allGone(urls)(), false);
    if (end === 'end of standard input') child.stdin.end();
    else child.kill(end);
    assert.equal(await ended, 0);
    assert.equal(await allGone(urls)(), true);
  });
}

test('the stages end by themselves when their supervisor is killed without warning', async (t) => {
  const { child } = run(t, 'main.ts', '--dir', temporaryDirectory(t), '--port-base', '0');
  const urls = await ready(child);
  child.kill('SIGKILL');
  await until(allGone(urls), { what: 'all stages are gone' });
});

test('a port that is taken ends the program with 2 and a sentence that names it', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { said, ended } = run(t, 'main.ts', '--dir', temporaryDirectory(t), '--port-base', String(port));
  assert.equal(await ended, 2);
  assert.match(said.err, new RegExp(`ingest of the demo ended .* is port ${port} free`));
});

test('the program that injects faults reaches the demo by its directory', async (t) => {
  const directory = temporaryDirectory(t);
  const lonely = run(t, 'fault.ts', 'slow', '--dir', directory);
  assert.equal(await lonely.ended, 2);
  assert.match(lonely.said.err, /no demo runs in/);
  const demo = run(t, 'main.ts', '--dir', directory, '--port-base', '0', '--fault-at', 'never');
  await until(() => demo.said.out.includes('"ready"'), { what: 'the demo is ready', within: 15_000 });
  const injector = run(t, 'fault.ts', 'stale', '--dir', directory);
  assert.equal(await injector.ended, 0);
  await until(() => demo.said.out.includes('"kind":"stale"'), { what: 'the fault is said' });
  demo.child.kill('SIGTERM');
  assert.equal(await demo.ended, 0);
});

test('an argument that makes no sense ends the program with 2', async (t) => {
  const { said, ended } = run(t, 'main.ts', '--dir', temporaryDirectory(t), '--fault-at', 'soon');
  assert.equal(await ended, 2);
  assert.match(said.err, /--fault-at wants seconds such as 30s, or never; got "soon"/);
});
