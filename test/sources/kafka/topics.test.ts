import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fits } from '../../../src/sources/kafka/topics.ts';

test('a star stands for any text and a question mark for one character', () => {
  const cases: readonly (readonly [name: string, pattern: string, fits: boolean])[] = [
    ['orders', 'orders', true],
    ['orders-eu', 'orders', false],
    ['orders-eu', 'orders-*', true],
    ['orders-', 'orders-*', true],
    ['orders', 'orders-*', false],
    ['a.orders.b', '*.orders.*', true],
    ['orders-1', 'orders-?', true],
    ['orders-12', 'orders-?', false],
    ['anything', '*', true],
    ['aXbXc', 'a*b*c', true],
    ['aXbXd', 'a*b*c', false],
    ['axb', 'a.b', false],
  ];
  for (const [name, pattern, wanted] of cases) assert.equal(fits(name, pattern), wanted, `${name} ${pattern}`);
});

test('agrees with the regular expression it stands for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(letters, patterns, (name, pattern) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      assert.equal(fits(name, pattern), new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 2_000 },
  );
});

test('many stars do not explode', () => {
  const began = performance.now();
  assert.equal(fits('a'.repeat(249), `${'*a'.repeat(124)}b`), false);
  assert.ok(performance.now() - began < 50);
});
