import { DatabaseSync } from 'node:sqlite';

/** One row on its way. Times are milliseconds since 1970. */
export interface Row {
  readonly id: number;
  readonly body: string;
  /** When `ingest` took the order in; stays with it to the end. */
  readonly born: number;
}

/** How much waits, and for how long the oldest has. */
export interface Depth {
  readonly records: number;
  readonly seconds: number;
}

/** A queue between two stages: a table whose rows are free, then claimed, then acknowledged by being deleted. */
export interface Queue {
  put(rows: readonly { readonly id?: number; readonly body: string; readonly born: number }[], now: number): void;
  /** Takes up to `count` rows, oldest first. They stay in the table until `acknowledge`. */
  claim(count: number): Row[];
  acknowledge(ids: readonly number[]): void;
  /** Frees what a process that died had claimed; the one reader calls it when it starts. */
  reclaim(): number;
  /** Of the rows nobody has claimed. */
  depth(now: number): Depth;
}

export interface Database {
  readonly raw: Queue;
  readonly enriched: Queue;
  /** Rows that could not be understood, with the reason. */
  bury(row: Row, reason: string): void;
  readonly sql: DatabaseSync;
  /** All of `work` or nothing of it. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, born REAL NOT NULL, queued REAL NOT NULL, claimed INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS enriched (id INTEGER PRIMARY KEY, body TEXT NOT NULL, born REAL NOT NULL, queued REAL NOT NULL, claimed INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX IF NOT EXISTS raw_free ON raw (id) WHERE claimed = 0;
  CREATE INDEX IF NOT EXISTS enriched_free ON enriched (id) WHERE claimed = 0;
  CREATE TABLE IF NOT EXISTS dead (id INTEGER PRIMARY KEY, body TEXT NOT NULL, reason TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, region TEXT NOT NULL, cents INTEGER NOT NULL, items INTEGER NOT NULL, loaded REAL NOT NULL);
  CREATE TABLE IF NOT EXISTS totals (region TEXT NOT NULL, minute INTEGER NOT NULL, orders INTEGER NOT NULL, cents INTEGER NOT NULL, PRIMARY KEY (region, minute));
`;

/** Makes the file and its tables, once and before the stages start: they would lock each other out over it. */
export function createDatabase(path: string): void {
  const sql = new DatabaseSync(path);
  sql.exec(SCHEMA);
  sql.close();
}

/** Opens the one file that the three stages share. */
export function openDatabase(path: string): Database {
  const sql = new DatabaseSync(path, { timeout: 5_000 });
  sql.exec('PRAGMA synchronous = NORMAL');
  const insertDead = sql.prepare('INSERT INTO dead (id, body, reason) VALUES (?, ?, ?)');
  return {
    sql,
    raw: queueOf(sql, 'raw'),
    enriched: queueOf(sql, 'enriched'),
    bury: (row, reason) => {
      insertDead.run(row.id, row.body, reason);
    },
    transaction: (work) => {
      // IMMEDIATE, since a reader that becomes a writer half-way fails at once instead of waiting its turn.
      sql.exec('BEGIN IMMEDIATE');
      try {
        const answer = work();
        sql.exec('COMMIT');
        return answer;
      } catch (error) {
        sql.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => sql.close(),
  };
}

function queueOf(sql: DatabaseSync, table: 'raw' | 'enriched'): Queue {
  const insert = sql.prepare(`INSERT INTO ${table} (id, body, born, queued) VALUES (?, ?, ?, ?)`);
  const claim = sql.prepare(
    `UPDATE ${table} SET claimed = 1 WHERE id IN (SELECT id FROM ${table} WHERE claimed = 0 ORDER BY id LIMIT ?) RETURNING id, body, born`,
  );
  const remove = sql.prepare(`DELETE FROM ${table} WHERE id = ?`);
  const reclaim = sql.prepare(`UPDATE ${table} SET claimed = 0 WHERE claimed = 1`);
  const depth = sql.prepare(
    `SELECT count(*) AS records, (SELECT queued FROM ${table} WHERE claimed = 0 ORDER BY id LIMIT 1) AS oldest FROM ${table} WHERE claimed = 0`,
  );
  return {
    put: (rows, now) => {
      for (const row of rows) insert.run(row.id ?? null, row.body, row.born, now);
    },
    claim: (count) => (claim.all(count) as unknown as Row[]).sort((a, b) => a.id - b.id),
    acknowledge: (ids) => {
      for (const id of ids) remove.run(id);
    },
    reclaim: () => Number(reclaim.run().changes),
    depth: (now) => {
      const { records, oldest } = depth.get() as unknown as { records: number; oldest: number | null };
      return { records, seconds: oldest === null ? 0 : Math.max(0, now - oldest) / 1_000 };
    },
  };
}
