import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';

test('a new file and its log are for their owner alone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-rights-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'headgate.db');
  const store = await openSqlite({ path, read_only: false });
  await store.commit([{ put: 'setting', key: 'k', value: 1 }]);
  for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  await store.close();
});
