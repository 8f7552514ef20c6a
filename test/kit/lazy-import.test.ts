import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import { lazyImport } from '../../src/kit/lazy-import.ts';

test('gives the module', async () => {
  const path = await lazyImport('node:path', '1', () => import('node:path'));
  assert.equal(path.basename('/a/b'), 'b');
});

test('a package that is absent is named, with what to type', async () => {
  const name = 'headgate-no-such-package';
  await assert.rejects(
    lazyImport(name, '1.2.3', () => import(name)),
    (error) =>
      error instanceof HeadgateError &&
      error.code === 'missing-package' &&
      error.message.includes('npm install headgate-no-such-package@1.2.3'),
  );
});

test('a package that is there and broken is not called absent', async () => {
  const broken = new SyntaxError('unexpected token');
  await assert.rejects(
    lazyImport('x', '1', () => Promise.reject(broken)),
    (error) => error === broken,
  );
});
