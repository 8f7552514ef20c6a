import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { verifyAudit } from '../../src/domain/audit.ts';
import type { Change, Store } from '../../src/domain/ports.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import type { Connect } from '../../src/stores/sqlite/store-file.ts';
import { contents } from '../contracts/store.ts';
import { smallDisk } from '../support/small-disk.ts';
import { folder, incident, item, MONDAY, RETENTION, STAGE, sample, sha256 } from './rows.ts';

const batch = (n: number, bytes = 10): readonly Change[] => [
  { put: 'incident', incident: incident(`i${n}`) },
  { put: 'outbox', item: item(`o${n}`, { body: 'x'.repeat(bytes) }) },
  { put: 'audit', entry: { at: MONDAY, actor: 'ann', action: 'note', detail: n } },
];

/** Commits until the disk is full; the number of batches that were taken. */
async function fill(store: Store): Promise<number> {
  for (let n = 0; n < 5_000; n++) {
    try {
      await store.commit(batch(n, 20_000));
    } catch (thrown) {
      assert.match(String(thrown), /store-failed|full|I\/O/);
      return n;
    }
  }
  return assert.fail('the disk never became full');
}

/** What must hold on a full disk, and again once there is room. */
async function survivesFullDisk(store: Store, makeRoom: () => void): Promise<void> {
  const taken = await fill(store);
  assert.ok(taken > 3);
  const before = await contents(store);
  assert.equal(before.incidents.length, taken);
  assert.equal(before.outbox.length, taken);
  await assert.rejects(store.commit(batch(taken, 1e6)), { code: 'store-failed', message: /free some disk space/ });
  await assert.rejects(store.saveState([{ key: 'k', at: MONDAY, bytes: new Uint8Array(1e6) }]), {
    code: 'store-failed',
  });
  assert.deepEqual(await contents(store), before);
  makeRoom();
  await store.commit(batch(taken, 20_000));
  await store.saveState([{ key: 'k', at: MONDAY, bytes: new Uint8Array(1e5) }]);
  await store.appendSamples([sample(MONDAY, { rows: 1 })]);
  const after = await contents(store);
  assert.equal(after.incidents.length, taken + 1);
  assert.deepEqual(verifyAudit(after.audit, sha256), { ok: true });
}

test('keeps what it has when the file may not grow, and goes on when it may again', async (t) => {
  const databases = new Set<DatabaseSync>();
  const connect: Connect = (path, options) => {
    const database = new DatabaseSync(path, options);
    database.exec('PRAGMA max_page_count = 200');
    databases.add(database);
    return database;
  };
  const config = { path: join(folder(t), 'headgate.db'), read_only: false };
  const store = await openSqlite(config, undefined, connect);
  t.after(() => store.close());
  await survivesFullDisk(store, () => {
    for (const database of databases) if (database.isOpen) database.exec('PRAGMA max_page_count = 100000');
  });
});

test('keeps what it has on a full disk, and goes on when there is room again', async (t) => {
  const disk = smallDisk(t, 4_000_000);
  if (!disk) return t.skip('mount: a small file system needs the rights of root');
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, new Uint8Array(2_000_000));
  const config = { path: join(disk, 'headgate.db'), read_only: false };
  const store = await openSqlite(config);
  t.after(() => store.close());
  await survivesFullDisk(store, () => rmSync(ballast));
  await store.close();
  const again = await openSqlite(config, (message) => assert.fail(message));
  assert.deepEqual(verifyAudit((await again.audit(0, 1e6)) ?? [], sha256), { ok: true });
  await again.close();
});

/** What `node:sqlite` throws where the system answered a read, write or sync with EIO. */
function ioError(): Error {
  return Object.assign(new Error('disk I/O error'), {
    code: 'ERR_SQLITE_ERROR',
    errcode: 10,
    errstr: 'disk I/O error',
  });
}

/** Connections whose disk fails while `faults.on`: at statements that match, or at opening anew. */
function failingDisk() {
  const faults = { on: false, at: /./, opened: 0 };
  const check = (sql: string): void => {
    if (faults.on && faults.at.test(sql)) throw ioError();
  };
  class Failing extends DatabaseSync {
    override exec(sql: string): void {
      check(sql);
      super.exec(sql);
    }
    override prepare(sql: string) {
      const statement = super.prepare(sql);
      const run = statement.run.bind(statement) as typeof statement.run;
      const all = statement.all.bind(statement) as typeof statement.all;
      statement.run = ((...values: Parameters<typeof run>) => {
        check(sql);
        return run(...values);
      }) as typeof run;
      statement.all = ((...values: Parameters<typeof all>) => {
        check(sql);
        return all(...values);
      }) as typeof all;
      return statement;
    }
  }
  const connect: Connect = (path, options) => {
    check('open');
    faults.opened += 1;
    return new Failing(path, options);
  };
  return { faults, connect };
}

const broken: readonly (readonly [string, RegExp])[] = [
  ['every statement', /./],
  ['the commit', /^COMMIT/],
  ['the begin', /^BEGIN/],
  ['the second of three writes', /INTO outbox/],
  ['rolling back too', /INTO audit|ROLLBACK/],
];

for (const [what, at] of broken) {
  test(`rejects while the disk fails at ${what}, loses nothing, and works again afterwards`, async (t) => {
    const { faults, connect } = failingDisk();
    const store = await openSqlite({ path: join(folder(t), 'headgate.db'), read_only: false }, undefined, connect);
    t.after(() => store.close());
    await store.commit(batch(1));
    await store.appendSamples([sample(MONDAY, { rows: 1 })]);
    const before = await contents(store);
    faults.at = at;
    faults.on = true;
    for (let n = 0; n < 3; n++) {
      const message = /cannot commit: disk I\/O error; check the disk/;
      await assert.rejects(store.commit(batch(2)), { code: 'store-failed', retryable: true, message });
    }
    faults.on = false;
    assert.deepEqual(await contents(store), before);
    await store.commit(batch(2));
    const after = await contents(store);
    assert.equal(after.outbox.length, 2);
    assert.equal(after.audit.length, 2);
    assert.deepEqual(verifyAudit(after.audit, sha256), { ok: true });
  });
}

test('reads, samples, state and upkeep reject while the disk fails, and work again afterwards', async (t) => {
  const { faults, connect } = failingDisk();
  const store = await openSqlite({ path: join(folder(t), 'headgate.db'), read_only: false }, undefined, connect);
  t.after(() => store.close());
  await store.commit(batch(1));
  assert.equal((await store.outbox()).length, 1);
  const opened = faults.opened;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => store.openIncidents(),
    () => store.outbox(),
    () => store.audit(0, 9),
    () => store.appendSamples([sample(MONDAY, { rows: 1 }), sample(MONDAY, { load: 2 }, {}, 'orders.load')]),
    () => store.saveState([{ key: 'k', at: MONDAY, bytes: new Uint8Array(3) }]),
    () => store.maintain(MONDAY, RETENTION),
  ];
  faults.on = true;
  for (const call of calls) await assert.rejects(call(), { code: 'store-failed' });
  faults.on = false;
  for (const call of calls) await call();
  assert.deepEqual(await store.samplesSince(STAGE, 0), [sample(MONDAY, { rows: 1 })]);
  const minute = { stage: STAGE, from: MONDAY, to: MONDAY, step: 60_000 };
  assert.deepEqual((await store.series(minute))[0]?.value, Float64Array.of(1));
  assert.ok(faults.opened > opened, 'the connection was opened anew');
});

test('forgets the names of signals whose first samples could not be written', async (t) => {
  const { faults, connect } = failingDisk();
  const store = await openSqlite({ path: join(folder(t), 'headgate.db'), read_only: false }, undefined, connect);
  t.after(() => store.close());
  faults.at = /^COMMIT/;
  faults.on = true;
  await assert.rejects(store.appendSamples([sample(MONDAY, { first: 1 })]), { code: 'store-failed' });
  faults.on = false;
  await store.appendSamples([sample(MONDAY, { other: 2 }, {}, 'orders.load')]);
  await store.appendSamples([sample(MONDAY, { first: 1 })]);
  assert.deepEqual(await store.samplesSince(STAGE, 0), [sample(MONDAY, { first: 1 })]);
  assert.deepEqual(await store.samplesSince('orders.load', 0), [sample(MONDAY, { other: 2 }, {}, 'orders.load')]);
  while (!(await store.maintain(MONDAY + 1e7, RETENTION)));
  const hour = { stage: STAGE, from: MONDAY, to: MONDAY, step: 3_600_000 };
  assert.deepEqual((await store.series(hour))[0]?.value, Float64Array.of(1));
});
