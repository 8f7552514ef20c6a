import type { DatabaseSync } from 'node:sqlite';
import { HeadgateError } from '../../domain/error.ts';

/** "Head" in ASCII; `PRAGMA application_id` of every file of ours. */
const APPLICATION_ID = 0x48656164;

/**
 * The steps from an empty file to the present schema; `PRAGMA user_version` counts those taken. Steps are only ever added.
 *
 * Layout of samples, measured with 1,000 stages × 8 signals every 10 s (one hour, 2.88 M values, one transaction a second):
 * - one row for each tick of a stage, its values packed: 293,000 values/s, 800 values in 1.2 ms, 20.7 bytes a value;
 * - one row for each series and tick (value, lower, upper): 69,000 values/s, 800 values in 13 ms, 44.0 bytes a value.
 * Reading the eight series of one stage for the hour takes 0.5 ms and 0.9 ms. So: one row for each tick, and `sealed` holds the
 * ticks of an hour that is over in one compressed row: 3.8 bytes a value where bands stand still, 7.2 where they move with every tick.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE incident (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, at INTEGER NOT NULL, ended INTEGER, body TEXT NOT NULL);
  CREATE INDEX incident_at ON incident (at);
  CREATE INDEX incident_state ON incident (state, at);
  CREATE INDEX incident_ended ON incident (ended) WHERE ended IS NOT NULL;
  CREATE TABLE lease (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, in_force INTEGER NOT NULL, at INTEGER NOT NULL, ended INTEGER, body TEXT NOT NULL);
  CREATE INDEX lease_at ON lease (at);
  CREATE INDEX lease_state ON lease (state, at);
  CREATE INDEX lease_in_force ON lease (in_force, at);
  CREATE INDEX lease_ended ON lease (ended) WHERE ended IS NOT NULL;
  CREATE TABLE decision (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, stage TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX decision_at ON decision (at);
  CREATE INDEX decision_stage ON decision (stage, at);
  CREATE TABLE outbox (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, lane TEXT NOT NULL, priority REAL NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX outbox_order ON outbox (lane, priority, at);
  CREATE TABLE audit (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
  CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE state (key TEXT PRIMARY KEY, at INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE stage (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE shape (id INTEGER PRIMARY KEY, signals TEXT NOT NULL UNIQUE);
  CREATE TABLE tick (stage INTEGER NOT NULL, at INTEGER NOT NULL, shape INTEGER NOT NULL, cells BLOB NOT NULL, PRIMARY KEY (stage, at)) WITHOUT ROWID;
  CREATE TABLE sealed (stage INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, shape INTEGER NOT NULL, rows INTEGER NOT NULL, cells BLOB NOT NULL, PRIMARY KEY (stage, at)) WITHOUT ROWID;
  CREATE TABLE rollup (tier INTEGER NOT NULL, stage INTEGER NOT NULL, at INTEGER NOT NULL, shape INTEGER NOT NULL, cells BLOB NOT NULL, PRIMARY KEY (tier, stage, at)) WITHOUT ROWID;
  CREATE TABLE pending (tier INTEGER NOT NULL, at INTEGER NOT NULL, stage INTEGER NOT NULL, PRIMARY KEY (tier, at, stage)) WITHOUT ROWID;
  `,
];

/**
 * Brings the file to the present schema, each step in a transaction of its own.
 *
 * @throws HeadgateError `bad-config` where the file is newer than this build, or is a database of another program.
 */
export function migrate(database: DatabaseSync, path: string, migrations: readonly string[] = MIGRATIONS): void {
  const number = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const version = number('PRAGMA user_version');
  const foreign = number('PRAGMA application_id') !== APPLICATION_ID;
  if (foreign && (version > 0 || number('SELECT count(*) FROM sqlite_schema') > 0)) {
    throw new HeadgateError(
      'bad-config',
      `store ${path} is a database of another program; name another file under store.sqlite`,
    );
  }
  if (version > migrations.length) {
    throw new HeadgateError(
      'bad-config',
      `store ${path} was written by a newer Headgate (schema ${version}, this one knows ${migrations.length}); ` +
        'run that version, or name another file under store.sqlite',
    );
  }
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.exec('BEGIN EXCLUSIVE');
    try {
      database.exec(step);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1}; COMMIT`);
    } catch (thrown) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw thrown;
    }
  }
}
