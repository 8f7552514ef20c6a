import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundle } from '../build.ts';
import { answers, freePort } from './support/servers.ts';
import { until } from './support/until.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'headgate-package-'));
const installed = join(folder, 'installed/node_modules/headgate');
let files: string[] = [];

const run = (...args: string[]): string =>
  execFileSync(process.execPath, [join(installed, 'bin/headgate.mjs'), ...args], { cwd: folder, encoding: 'utf8' });

/** A copy of what is packed, packed and unpacked again below a `node_modules` that holds nothing else. */
before(async () => {
  const source = join(folder, 'source');
  mkdirSync(source);
  for (const name of ['package.json', 'README.md', 'LICENSE', 'bin', 'config', 'dashboards', 'alerts', 'src']) {
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  }
  await bundle(join(source, 'dist'));
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: source, encoding: 'utf8' });
  const [packed] = JSON.parse(npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  files = packed.files.map((file: { path: string }) => file.path);
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', installed, '--strip-components=1']);
});
after(() => rmSync(folder, { recursive: true }));

describe('the package', () => {
  test('carries what runs, what is shown, and what is copied from, and nothing else', () => {
    for (const wanted of [
      'bin/headgate.mjs',
      'dist/headgate.mjs',
      'dist/worker.mjs',
      'dist/ingest.mjs',
      'dist/page/index.html',
      'config/demo.yaml',
      ...['overview', 'stage', 'data', 'actions', 'itself'].map((name) => `dashboards/headgate-${name}.json`),
      'alerts/headgate.rules.yaml',
      'README.md',
      'LICENSE',
    ]) {
      assert.ok(files.includes(wanted), `${wanted} is missing`);
    }
    assert.deepEqual(
      files.filter((file) => /^(src|test|bench|node_modules)\/|\.tsx?$|\.db|\.map$/.test(file)),
      [],
    );
    const bytes = files.reduce((sum, file) => sum + statSync(join(installed, file)).size, 0);
    assert.ok(bytes < 6_000_000, `${bytes} bytes`);
  });

  test('says its version, with no package beside it', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.equal(run('--version'), `${version}\n`);
  });

  test('runs the demo from an empty folder: page, metrics and stages, and ends by Ctrl-C', async (t) => {
    const port = await freePort();
    const args = ['--port', String(port), '--port-base', '0', '--dir', join(folder, 'demo')];
    const child = spawn(process.execPath, [join(installed, 'bin/headgate.mjs'), 'demo', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => void child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const url = `http://127.0.0.1:${port}`;
    const ready = async () => child.exitCode !== null || (await answers(`${url}/readyz`));
    await until(ready, { what: 'the demo is ready', within: 60_000, every: 20 }).catch((error) =>
      assert.fail(`${error}\n${output}`),
    );
    assert.equal(child.exitCode, null, output);
    assert.match(await (await fetch(`${url}/`)).text(), /<script[^>]+app\.js/);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^headgate_/m);
    const stages = (await (await fetch(`${url}/api/v1/stages`)).json()) as { id: string }[];
    // The pipeline as a whole joins them as soon as it has been seen.
    const ids = stages.map((stage) => stage.id).filter((id) => id !== 'orders._pipeline');
    assert.deepEqual(ids.sort(), ['orders.enrich', 'orders.ingest', 'orders.load']);
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    assert.deepEqual(await gone, [0, null], output);
  });
});
