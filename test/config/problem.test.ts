import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath, formatProblem, hint, nearest } from '../../src/config/problem.ts';

test('names the nearest word, a swap of two letters being one slip', () => {
  assert.equal(nearest('evrey', ['after', 'every']), 'every');
  assert.equal(nearest('Every', ['every']), 'every');
  assert.equal(nearest('brokers', ['broker', 'breakers']), 'broker');
});

test('names nothing where no word is near', () => {
  assert.equal(nearest('topic', ['fields', 'url']), undefined);
  assert.equal(nearest('a', ['b']), undefined);
  assert.equal(nearest('x', []), undefined);
});

test('a hint lists a few known words and never many', () => {
  assert.equal(hint('colour', ['url', 'fields']), ' (known: url, fields)');
  assert.equal(
    hint(
      'colour',
      Array.from({ length: 13 }, (_, i) => `key${i}`),
    ),
    '',
  );
  assert.equal(hint('colour', []), '');
});

test('spells a problem as editors link it', () => {
  const place = { file: 'a.yaml', line: 3, col: 7 };
  assert.equal(formatPath(['routes', 0, 'to', 1]), 'routes[0].to[1]');
  assert.equal(formatProblem({ ...place, path: 'log.level', message: 'is odd' }), 'a.yaml:3:7 log.level: is odd');
  assert.equal(formatProblem({ ...place, path: '', message: 'is odd' }), 'a.yaml:3:7 is odd');
});
