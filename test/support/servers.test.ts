import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { answers, deafPort, freePort, requireServer, startPrometheus, startServer } from './servers.ts';

const withEnv = <T>(env: Record<string, string>, run: () => T): T => {
  const before = Object.keys(env).map((key) => [key, process.env[key]] as const);
  Object.assign(process.env, env);
  try {
    return run();
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
};

test('an absent server is a reason to skip that names it', () => {
  const found = withEnv({ PATH: '/nonexistent', HEADGATE_TEST_REQUIRE: '' }, () => requireServer('promtool'));
  assert.deepEqual(found, { path: '', skip: 'promtool is not installed' });
});

test('an absent server that is required fails instead', () => {
  for (const list of ['promtool', 'redis, promtool', 'all']) {
    withEnv({ PATH: '/nonexistent', HEADGATE_TEST_REQUIRE: list }, () =>
      assert.throws(() => requireServer('promtool'), /promtool is required by HEADGATE_TEST_REQUIRE/),
    );
  }
  withEnv({ PATH: '/nonexistent', HEADGATE_TEST_REQUIRE: 'redis' }, () => requireServer('promtool'));
});

test('a server that ends early is told with its own words, and leaves no folder', async () => {
  let folder = '';
  const args = (given: string): string[] => {
    folder = given;
    return ['-e', 'console.error("port is taken"); process.exit(3)'];
  };
  await assert.rejects(
    startServer(process.execPath, args, async () => false),
    /port is taken/,
  );
  assert.equal(existsSync(folder), false);
});

test('a free port can be listened on, and is none that the system would give to another process', async () => {
  const port = await freePort();
  assert.ok(port >= 20_000 && port < 32_000);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  assert.notEqual(await freePort(), port);
  server.close();
});

test('a deaf port refuses connections, and nobody can listen there', async () => {
  const { port, close } = await deafPort();
  await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  await assert.rejects(once(createServer().listen(port, '127.0.0.1'), 'listening'), { code: 'EADDRINUSE' });
  close();
});

const prometheus = requireServer('prometheus');
test('a real Prometheus starts, answers and is gone after stop', { skip: prometheus.skip }, async () => {
  const server = await startPrometheus(() => 'global: { scrape_interval: 1s }');
  assert.ok(await answers(`${server.url}/-/healthy`));
  await server.stop();
  await server.stop();
  assert.equal(await answers(`${server.url}/-/healthy`), false);
  assert.equal(existsSync(server.folder), false);
  assert.throws(() => process.kill(server.pid, 0));
});
