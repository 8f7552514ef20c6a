import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { sqlite } from '../../src/stores/sqlite/index.ts';
import { openSqlite } from '../../src/stores/sqlite/open-store.ts';
import { MIGRATIONS, migrate } from '../../src/stores/sqlite/schema.ts';
import { folder, incident, item, MONDAY, sample } from './rows.ts';

const config = (path: string, read_only = false) => ({ path, read_only });

async function filled(t: TestContext): Promise<string> {
  const path = join(folder(t), 'headgate.db');
  const store = await openSqlite(config(path));
  await store.commit([
    { put: 'incident', incident: incident('i1') },
    { put: 'outbox', item: item('o1') },
    { put: 'audit', entry: { at: MONDAY, actor: 'ann', action: 'accept', detail: null } },
  ]);
  await store.appendSamples([sample(MONDAY, { rows: 1 })]);
  await store.close();
  return path;
}

test('finds everything again after a restart, and leaves one file and an empty lock behind', async (t) => {
  const path = await filled(t);
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['headgate.db', 'headgate.db.lock']);
  assert.equal(statSync(`${path}.lock`).size, 0);
  const store = await openSqlite(config(path));
  t.after(() => store.close());
  assert.deepEqual(await store.openIncidents(), [incident('i1')]);
  assert.deepEqual(await store.outbox(), [item('o1')]);
  assert.deepEqual(await store.samplesSince('orders.enrich', 0), [sample(MONDAY, { rows: 1 })]);
  await store.commit([{ put: 'audit', entry: { at: MONDAY, actor: 'bob', action: 'accept', detail: null } }]);
  const links = await store.audit(0, 9);
  assert.equal(links[1]?.previous, links[0]?.hash);
});

test('takes the path from the config and refuses what is no file', () => {
  assert.deepEqual(sqlite.config.parse({ path: './headgate.db' }), { path: './headgate.db', read_only: false });
  for (const path of ['', ':memory:', 'file:x.db']) assert.equal(sqlite.config.safeParse({ path }).success, false);
  assert.equal(sqlite.config.safeParse({ path: 'x', size: 1 }).success, false);
});

/** A process that opens the file and says what came of it; it keeps the file until it is killed. */
function opener(t: TestContext, path: string): { process: ChildProcess; says: Promise<string> } {
  const code = `
    import { openSqlite } from ${JSON.stringify(new URL('../../src/stores/sqlite/open-store.ts', import.meta.url).href)};
    try { await openSqlite({ path: process.argv[1], read_only: false }); console.log('open'); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.code + ': ' + error.message); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  return { process: child, says: once(child.stdout, 'data').then(([chunk]) => String(chunk).trim()) };
}

test('refuses a second process, and lets one in as soon as the first was killed', async (t) => {
  const path = join(folder(t), 'headgate.db');
  const first = opener(t, path);
  assert.equal(await first.says, 'open');
  const refusal = /^conflict: store .*headgate\.db is in use by another Headgate; stop that one/;
  assert.match(await opener(t, path).says, refusal);
  await assert.rejects(openSqlite(config(path)), { code: 'conflict' });
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  assert.equal(await opener(t, path).says, 'open');
});

test('refuses a second store in the same process until the first is closed', async (t) => {
  const path = join(folder(t), 'headgate.db');
  const first = await openSqlite(config(path));
  await assert.rejects(openSqlite(config(path)), { code: 'conflict' });
  await first.close();
  await (await openSqlite(config(path))).close();
});

test('reads beside a running daemon, and writes nothing', async (t) => {
  const path = join(folder(t), 'headgate.db');
  const daemon = await openSqlite(config(path));
  t.after(() => daemon.close());
  const reader = await openSqlite(config(path, true));
  t.after(() => reader.close());
  await daemon.commit([{ put: 'audit', entry: { at: MONDAY, actor: 'ann', action: 'accept', detail: null } }]);
  assert.deepEqual(await reader.audit(0, 9), await daemon.audit(0, 9));
  const put = { put: 'setting', key: 'a', value: 1 } as const;
  await assert.rejects(reader.commit([put]), { code: 'store-failed', message: /readonly database/ });
  await assert.rejects(reader.appendSamples([sample(MONDAY, { rows: 1 })]), { code: 'store-failed' });
  await daemon.commit([put]);
  assert.equal(await reader.setting('a'), 1);
});

test('says which folder is missing, and does not make a file to read from', async (t) => {
  const path = join(folder(t), 'no', 'headgate.db');
  await assert.rejects(openSqlite(config(path)), { code: 'store-failed', message: /check that the folder exists/ });
  const reader = await openSqlite(config(join(folder(t), 'none.db'), true));
  await assert.rejects(reader.outbox(), { code: 'store-failed' });
  await reader.close();
});

test('refuses a file of a newer version and leaves it as it is', async (t) => {
  const path = await filled(t);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  const before = readFileSync(path);
  const message = /was written by a newer Headgate \(schema 99, this one knows \d+\); run that version/;
  await assert.rejects(openSqlite(config(path)), { code: 'bad-config', message });
  assert.deepEqual(readFileSync(path), before);
});

test('refuses a database of another program', async (t) => {
  const path = join(folder(t), 'queue.db');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE work (id INTEGER)');
  database.close();
  await assert.rejects(openSqlite(config(path)), { code: 'bad-config', message: /database of another program/ });
});

test('takes an older file forward step by step, and a failed step not at all', (t) => {
  const database = new DatabaseSync(join(folder(t), 'steps.db'));
  t.after(() => database.close());
  const steps = ['CREATE TABLE a (x)', 'ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)'];
  const version = () => database.prepare('PRAGMA user_version').get()?.user_version;
  migrate(database, 'steps.db', steps.slice(0, 1));
  assert.equal(version(), 1);
  assert.throws(() => migrate(database, 'steps.db', [...steps, 'CREATE TABLE b (x); CREATE TABLE a (x)']));
  assert.equal(version(), 2);
  assert.equal(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'b'").get()?.n, 0);
  migrate(database, 'steps.db', steps);
  assert.equal(database.prepare('SELECT count(*) AS n FROM a').get()?.n, 1);
  assert.ok(MIGRATIONS.length >= 1);
});

const damages: readonly (readonly [string, (path: string) => void])[] = [
  ['a file that is no database', (path) => writeFileSync(path, 'x'.repeat(9_000))],
  ['a database whose first pages are overwritten', (path) => overwrite(path, 0, 8_192)],
  ['a database whose pages after the first are overwritten', (path) => overwrite(path, 4_096, 0)],
  ['a database cut in half', (path) => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size / 2))],
];

function overwrite(path: string, from: number, to: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, from, to || bytes.length);
  writeFileSync(path, bytes);
}

for (const [what, damage] of damages) {
  test(`sets ${what} aside, says so, and begins a new one`, async (t) => {
    const path = await filled(t);
    damage(path);
    utimesSync(path, new Date(MONDAY), new Date(MONDAY));
    copyFileSync(path, `${path}.copy`);
    const said: string[] = [];
    const store = await openSqlite(config(path), (message) => said.push(message));
    t.after(() => store.close());
    const aside = `${path}.corrupt-2026-01-05T00-00-00Z`;
    assert.equal(said.length, 1);
    assert.ok(said[0]?.includes(`moved to ${aside}`), said[0]);
    assert.deepEqual(readFileSync(aside), readFileSync(`${path}.copy`));
    assert.deepEqual(await store.outbox(), []);
    await store.commit([{ put: 'outbox', item: item('new') }]);
    assert.deepEqual(await store.outbox(), [item('new')]);
  });
}

test('says nothing about a good file, and keeps the second damaged file of one time too', async (t) => {
  const path = await filled(t);
  const said: string[] = [];
  const open = async () => (await openSqlite(config(path), (message) => said.push(message))).close();
  await open();
  assert.deepEqual(said, []);
  for (let n = 0; n < 2; n++) {
    writeFileSync(path, 'not a database, but long enough to be looked at '.repeat(50));
    utimesSync(path, new Date(MONDAY), new Date(MONDAY));
    await open();
  }
  assert.equal(said.length, 2);
  assert.ok(existsSync(`${path}.corrupt-2026-01-05T00-00-00Z-2`));
});
