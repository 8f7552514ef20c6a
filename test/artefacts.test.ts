import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { artefacts, committed } from '../generate.ts';

describe('what is made from code and committed', () => {
  const made = artefacts();
  for (const { path, text } of made) {
    test(`${path} is what the code makes (if not: npm run generate)`, () => {
      assert.ok(text.length > 100);
      assert.equal(committed(path), text);
    });
  }
});
