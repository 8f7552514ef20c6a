import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = `
  if (process.argv[2] === 'wait') { process.on('SIGTERM', () => process.exit(7)); console.log('waiting'); setInterval(() => {}, 1e6); }
  else if (process.argv[2] === 'cat') for await (const chunk of process.stdin) process.stdout.write(chunk);
  else { console.log(JSON.stringify([import.meta.url.split('/').slice(-2).join('/'), process.versions.node, process.argv.slice(2)])); process.exitCode = 3; }
`;
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder with our bin file and programs that say what was started. */
function treeWith(...files: ('src/main.ts' | 'dist/headgate.mjs' | 'node_modules')[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bin-'));
  folders.push(folder);
  for (const name of ['bin', 'src', 'dist']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const file of ['bin/headgate.mjs', 'bin/daemon-flags.json']) copyFileSync(join(ROOT, file), join(folder, file));
  for (const file of files) {
    if (file === 'node_modules') symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    else writeFileSync(join(folder, file), MAIN);
  }
  return folder;
}

/** Starts the bin file; `as` makes the first process believe that it is another Node. */
function start(folder: string, args: readonly string[], as?: string): ChildProcess {
  const belief = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${as}'}})`;
  const flags = as === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(belief)}`];
  return spawn(process.execPath, [...flags, join(folder, 'bin/headgate.mjs'), ...args], { stdio: 'pipe' });
}

async function run(folder: string, args: readonly string[], as?: string) {
  const child = start(folder, args, as);
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')]);
  return { out, err, code: code as number };
}

describe('bin/headgate.mjs', () => {
  test('runs the source in a checkout, also where an old dist lies beside it', async () => {
    const { out, code } = await run(treeWith('src/main.ts', 'dist/headgate.mjs'), ['check', 'a b']);
    assert.deepEqual(JSON.parse(out), ['src/main.ts', process.versions.node, ['check', 'a b']]);
    assert.equal(code, 3);
  });

  test('runs the bundle in the published package', async () => {
    const { out, code } = await run(treeWith('dist/headgate.mjs'), ['run']);
    assert.deepEqual(JSON.parse(out), ['dist/headgate.mjs', process.versions.node, ['run']]);
    assert.equal(code, 3);
  });

  test('in a checkout an old Node hands over to the one npm brought, with arguments and exit code', async () => {
    const { out, err, code } = await run(treeWith('src/main.ts', 'node_modules'), ['score', '--x', '1'], '20.20.2');
    assert.equal(err, '');
    assert.deepEqual(JSON.parse(out), ['src/main.ts', process.versions.node, ['score', '--x', '1']]);
    assert.equal(code, 3);
  });

  test('hands standard input and output over whole', async () => {
    const child = start(treeWith('src/main.ts', 'node_modules'), ['cat'], '20.20.2');
    const sent = `${'x'.repeat(99)}\n`.repeat(50_000);
    child.stdin?.end(sent);
    assert.equal(await text(child.stdout!), sent);
  });

  test('passes a signal on and exits as its child did', async () => {
    const child = start(treeWith('src/main.ts', 'node_modules'), ['wait'], '20.20.2');
    await once(child.stdout!, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [7, null]);
  });

  test('an old Node without help gets one line and exit code 78', async () => {
    const installed = await run(treeWith('dist/headgate.mjs'), ['run'], '20.20.2');
    assert.deepEqual(installed, {
      out: '',
      err: 'headgate needs Node 22.18 or newer, and this is 20.20.2; install a newer Node\n',
      code: 78,
    });
    const checkout = await run(treeWith('src/main.ts'), ['run'], '22.17.9');
    assert.match(checkout.err, /run `npm ci` here first/);
    assert.equal(checkout.code, 78);
  });

  test('the oldest Node it names is the one package.json names', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
    const [, major, minor] = /OLDEST = \[(\d+), (\d+)\]/.exec(readFileSync(join(ROOT, 'bin/headgate.mjs'), 'utf8'))!;
    assert.equal(engines.node, `>=${major}.${minor}`);
  });
});
