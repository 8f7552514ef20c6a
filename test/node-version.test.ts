import assert from 'node:assert/strict';
import { test } from 'node:test';

// npm 12 skips the install script of the `node` package unless `allowScripts` names it; the tests would then run on
// whatever Node the machine has, and some would pass there for the wrong reason.
test('the tests run on the Node that package.json brings (24 or newer)', () => {
  assert.ok(Number.parseInt(process.versions.node, 10) >= 24, `this is Node ${process.versions.node}`);
});
