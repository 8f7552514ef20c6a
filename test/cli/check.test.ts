import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import * as check from '../../src/cli/check.ts';
import type { Command } from '../../src/cli/command.ts';
import * as docs from '../../src/cli/docs.ts';
import * as schema from '../../src/cli/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-check-'));
after(() => rmSync(folder, { recursive: true }));
const put = (name: string, content: string) => writeFileSync(join(folder, name), content);

const ONE = 'pipelines: { p: { stages: { s: {} } } }\n';
put('good.yaml', ONE);
put('bad.yaml', `servr: {}\nlog: { level: loud }\n${ONE}`);
put('warned.yaml', `notifiers: { n: { type: log } }\n${ONE}`);
put('secret.yaml', `server: { token_file: token }\n${ONE}`);

async function run(command: Command, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const said = [text(stdout), text(stderr)];
  const code = await command.run(argv, { stdin, stdout, stderr, env, cwd: folder });
  stdout.end();
  stderr.end();
  const [out = '', err = ''] = await Promise.all(said);
  return { code, out, err };
}

describe('headgate check', () => {
  test('says what a good file holds, and exits with 0', async () => {
    assert.deepEqual(await run(check, ['good.yaml']), {
      code: 0,
      out: 'good.yaml: ok, 1 pipeline, 1 stage, 0 probes, 0 policies\n',
      err: '',
    });
  });

  test('prints every problem of every file, and exits with 1', async () => {
    const { code, out } = await run(check, ['good.yaml', 'bad.yaml']);
    assert.equal(code, 1);
    assert.deepEqual(out.trimEnd().split('\n'), [
      'good.yaml: ok, 1 pipeline, 1 stage, 0 probes, 0 policies',
      'bad.yaml:1:1 servr: unknown key (did you mean server?)',
      'bad.yaml:2:8 log.level: want one of trace, debug, info, warn, error, silent',
    ]);
  });

  test('prints a warning and still exits with 0', async () => {
    const { code, out } = await run(check, ['warned.yaml']);
    assert.equal(code, 0);
    assert.match(out, /^warned\.yaml:1:14 notifiers\.n: warning: no route leads to this notifier; it is never told\n/);
  });

  test('exits with 2 when a file cannot be read, and checks the others', async () => {
    const { code, out, err } = await run(check, ['none.yaml', 'good.yaml']);
    assert.equal(code, 2);
    assert.match(out, /^good\.yaml: ok/);
    assert.equal(err, 'headgate check: none.yaml cannot be read (ENOENT); is the path right?\n');
  });

  test('exits with 2 and the usage when no file is named or the format is unknown', async () => {
    const { code, err } = await run(check, []);
    assert.equal(code, 2);
    assert.match(err, /names no file\nheadgate check FILE/);
    assert.equal((await run(check, ['--format', 'xml', 'good.yaml'])).code, 2);
  });

  test('looks for the files of secrets beside the config, unless told not to', async () => {
    assert.match(
      (await run(check, ['secret.yaml'])).out,
      /secret\.yaml:1:11 server\.token_file: file token does not exist/,
    );
    assert.equal((await run(check, ['--skip-files', 'secret.yaml'])).code, 0);
    put('token', 'x');
    assert.equal((await run(check, ['secret.yaml'])).code, 0);
  });

  test('speaks JSON to machines', async () => {
    const { code, out } = await run(check, ['--format', 'json', 'good.yaml', 'bad.yaml']);
    assert.equal(code, 1);
    const [good, bad] = JSON.parse(out) as [Record<string, unknown>, Record<string, unknown>];
    assert.deepEqual(good, {
      file: 'good.yaml',
      ok: true,
      problems: [],
      warnings: [],
      contents: { pipelines: 1, stages: 1, probes: 0, policies: 0 },
    });
    assert.equal(bad.ok, false);
    assert.deepEqual((bad.problems as unknown[])[0], {
      file: 'bad.yaml',
      line: 1,
      col: 1,
      path: 'servr',
      message: 'unknown key (did you mean server?)',
    });
  });

  test('takes variables from the environment it is given', async () => {
    put('env.yaml', `log: { level: "\${LEVEL}" }\n${ONE}`);
    assert.equal((await run(check, ['env.yaml'], { LEVEL: 'warn' })).code, 0);
    assert.match((await run(check, ['env.yaml'])).out, /environment variable LEVEL is not set/);
  });
});

test('headgate schema prints JSON Schema', async () => {
  const { code, out } = await run(schema, []);
  assert.equal(code, 0);
  assert.equal((JSON.parse(out) as { $schema: string }).$schema, 'https://json-schema.org/draft/2020-12/schema');
});

test('headgate docs writes the pages where it is told', async () => {
  const { code, out } = await run(docs, ['--out', 'pages']);
  assert.equal(code, 0);
  assert.match(out, /wrote pages\/config\.md/);
  assert.ok(readdirSync(join(folder, 'pages')).includes('sources.md'));
});
