import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { registry } from '../../src/registry.ts';
import { BROKEN } from './broken.ts';
import { fixtures } from './fixture/registry.ts';

const check = (text: string, env: Readonly<Record<string, string>> = {}) =>
  loadConfig({ text, file: 'hg.yaml', registry: fixtures, env, readFile: (path) => readFileSync(path, 'utf8') });

describe('a config that is wrong is refused with the exact place and words', () => {
  for (const { says, yaml, env, problems } of BROKEN) {
    test(says, () => {
      const result = check(yaml, env);
      assert.equal(result.ok, false);
      assert.deepEqual(
        !result.ok && result.problems.map(formatProblem),
        problems.map((one) => `hg.yaml:${one}`),
      );
    });
  }

  test('at least fifty of them, none twice', () => {
    assert.ok(BROKEN.length >= 50);
    assert.equal(new Set(BROKEN.map(({ yaml }) => yaml)).size, BROKEN.length);
  });
});

test('all problems of a file are told at once, in the order of the file', () => {
  const lines = [
    'servr: {}',
    'log: { level: loud }',
    'routes: [{ to: [x] }]',
    'pipelines: { p: { evry: 1s, stages: {} } }',
  ];
  const result = check(`${lines.join('\n')}\n`);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ line, path }) => `${line} ${path}`),
    ['1 servr', '2 log.level', '3 routes[0].to[0]', '4 pipelines.p.evry', '4 pipelines.p.stages'],
  );
});

test('no cut and no changed letter of a good file makes the parser throw', () => {
  const good = readFileSync(new URL('../../config/headgate.yaml', import.meta.url), 'utf8').replace(/^ *#.*\n/gm, '');
  for (let at = 0; at < good.length; at += 101) {
    for (const piece of [
      good.slice(0, at),
      `${good.slice(0, at)}}${good.slice(at + 1)}`,
      `${good.slice(0, at)}&*x ${good.slice(at)}`,
    ])
      assert.equal(typeof loadConfig({ text: piece, file: 'hg.yaml', registry, env: {} }).ok, 'boolean');
  }
});
