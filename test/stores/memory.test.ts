import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memory } from '../../src/stores/memory/index.ts';
import { storeContract } from '../contracts/store.ts';

storeContract('memory', () => memory.open({}));

test('the memory store takes no options', () => {
  assert.equal(memory.config.safeParse({}).success, true);
  assert.equal(memory.config.safeParse({ path: 'x' }).success, false);
});
