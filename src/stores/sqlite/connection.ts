import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { leavesConnectionUsable } from './failure.ts';

/** One row as `node:sqlite` gives it when arrays are asked for: a value for each column of the query. */
export type Cells = readonly (null | number | bigint | string | Uint8Array)[];

/**
 * One connection to the file with its prepared statements. Opened at the first use, and opened anew at the next use after a
 * failure that may have left it in an unknown state (an I/O error), so that it works again as soon as the disk does.
 */
export class Connection {
  readonly #open: () => DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | undefined;
  #ended = false;

  constructor(open: () => DatabaseSync) {
    this.#open = open;
  }

  get #current(): DatabaseSync {
    if (this.#ended) throw new Error('the store is closed');
    this.#database ??= this.#open();
    return this.#database;
  }

  exec(sql: string): void {
    this.#current.exec(sql);
  }

  /** Number of rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  /** The caller names the shape of a row; it must be that of the query's columns. */
  all<Row extends Cells>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as unknown as Row[];
  }

  get<Row extends Cells>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as unknown as Row | undefined;
  }

  /** All of `body` in one transaction, or nothing of it. */
  transaction<T>(body: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = body();
      this.exec('COMMIT');
      return result;
    } catch (thrown) {
      this.abandon(thrown);
      throw thrown;
    }
  }

  /** Ends what is open after a failure: rolls back, and drops the connection where it cannot be trusted any more. */
  abandon(thrown: unknown): void {
    const database = this.#database;
    if (!database) return;
    try {
      // SQLite has rolled back by itself after some errors (a full disk among them).
      if (database.isTransaction) database.exec('ROLLBACK');
      if (!leavesConnectionUsable(thrown)) this.#drop();
    } catch {
      this.#drop();
    }
  }

  /** For good; every later use throws. */
  close(): void {
    this.#ended = true;
    this.#drop();
  }

  #drop(): void {
    const database = this.#database;
    this.#database = undefined;
    this.#statements.clear();
    try {
      database?.close();
    } catch {
      // The process lets go of the file in any case; what was committed is in the write-ahead log.
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const made = this.#current.prepare(sql);
    made.setReturnArrays(true);
    this.#statements.set(sql, made);
    return made;
  }
}
