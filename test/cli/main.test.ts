import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { headgate } from '../app/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const listedIn = (help: string): string[] =>
  [...help.matchAll(/^ {2}([a-z]+) +\S.*$/gm)].map((match) => match[1] as string);

test('--help lists every command with one line each; so does no command at all', async (t) => {
  for (const args of [['--help'], ['-h'], ['help'], []]) {
    const program = headgate(t, args);
    assert.equal(await program.ended, 0);
    const listed = listedIn(program.out);
    for (const name of ['run', 'demo', 'check', 'score', 'backtest', 'engine', 'explain', 'release', 'audit'])
      assert.ok(listed.includes(name), `${name} in ${listed}`);
    assert.equal(program.err, '');
  }
});

test('an option that there is not is named, with where to read of those that there are', async (t) => {
  for (const [argv, says] of [
    [
      ['explain', '--bogus'],
      "headgate explain: Unknown option '--bogus'; headgate explain --help says what it takes\n",
    ],
    [
      ['rehearse', 'x.csv'],
      /^headgate rehearse: Unexpected argument 'x\.csv'.*; headgate rehearse --help says what it takes\n$/,
    ],
  ] as const) {
    const program = headgate(t, argv);
    assert.equal(await program.ended, 2);
    if (typeof says === 'string') assert.equal(program.err, says);
    else assert.match(program.err, says);
  }
});

test('--version prints the version of package.json', async (t) => {
  for (const flag of ['--version', '-V']) {
    const program = headgate(t, [flag]);
    assert.deepEqual([await program.ended, program.out], [0, `${version}\n`]);
  }
});

test('every command that is listed says how it is used', async (t) => {
  const help = headgate(t, ['--help']);
  await help.ended;
  const programs = listedIn(help.out).map((name) => ({ name, program: headgate(t, [name, '--help']) }));
  for (const { name, program } of programs) {
    assert.equal(await program.ended, 0, `${name}: ${program.err}`);
    assert.ok(program.out.startsWith(`headgate ${name}`), program.out);
  }
});

test('a command that does not exist and an option that does not exist end with 2 and a sentence', async (t) => {
  const unknown = headgate(t, ['frobnicate']);
  assert.equal(await unknown.ended, 2);
  assert.equal(unknown.err, 'headgate: there is no command "frobnicate"; headgate --help lists them\n');
  const option = headgate(t, ['score', '--frob']);
  assert.equal(await option.ended, 2);
  assert.match(option.err, /^headgate score: Unknown option '--frob'/);
  assert.deepEqual([unknown.out, option.out], ['', '']);
});

test('a name from the prototype of objects is no command', async (t) => {
  const program = headgate(t, ['constructor']);
  assert.equal(await program.ended, 2);
  assert.match(program.err, /there is no command "constructor"/);
});
