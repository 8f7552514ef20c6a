import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { format, inspect } from 'node:util';
import { z } from 'zod';
import { HeadgateError } from '../../src/domain/error.ts';
import { Secret, secretFields, secretOf } from '../../src/kit/secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-secret-'));
const path = join(folder, 'secret');
after(() => rmSync(folder, { recursive: true, force: true }));
const Config = z.strictObject({ user: z.string(), ...secretFields('password', 'Password.') });

test('no way to print a secret shows it', () => {
  const config = { deep: [Secret.of('hunter2')] };
  const printed = [
    `${config.deep[0]}`,
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    format('%o %s %j', config, config.deep[0], config),
  ];
  for (const text of printed) {
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /\[secret\]/);
  }
  assert.equal(Secret.of('hunter2').reveal(), 'hunter2');
});

test('a secret in a file is read at each use, without the newline of the editor', () => {
  writeFileSync(path, 'one\n');
  const secret = Secret.inFile(path);
  assert.equal(secret.reveal(), 'one');
  writeFileSync(path, ' two \r\n');
  assert.equal(secret.reveal(), ' two ');
});

test('a file that cannot be read is named', () => {
  assert.throws(
    () => Secret.inFile(join(folder, 'none')).reveal(),
    (error) =>
      error instanceof HeadgateError && error.code === 'bad-config' && /none cannot be read/.test(error.message),
  );
});

test('either key of the config gives the secret, and the file wins', () => {
  writeFileSync(path, 'from file');
  const reveal = (config: z.input<typeof Config>) => secretOf(Config.parse(config), 'password')?.reveal();
  assert.equal(reveal({ user: 'jo', password: 'inline' }), 'inline');
  assert.equal(reveal({ user: 'jo', password_file: path }), 'from file');
  assert.equal(reveal({ user: 'jo', password: 'inline', password_file: path }), 'from file');
  assert.equal(reveal({ user: 'jo' }), undefined);
  assert.equal(Config.safeParse({ user: 'jo', password: '' }).success, false);
});
