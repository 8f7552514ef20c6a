import { DatabaseSync } from 'node:sqlite';
import { HeadgateError } from '../../domain/error.ts';
import { Connection } from './connection.ts';
import { storeFailed } from './failure.ts';
import { isOver, pause } from './slice.ts';

export interface ConnectOptions {
  readonly readOnly: boolean;
  /** How long to wait for a lock of another program; the wait holds the event loop. */
  readonly timeout: number;
}

/** Opens a database file. Tests hand in one whose disk fails. */
export type Connect = (path: string, options: ConnectOptions) => DatabaseSync;

export const connect: Connect = (path, options) => new DatabaseSync(path, options);

/**
 * Both connections write the same log. A checkpoint runs inside the commit that finds the log long, so it is kept short: with
 * 1,000 pages the longest commit took 22 ms, with 200 pages 11 ms, and as many values a second went in. (A thread of its own for
 * checkpoints saved two thirds of the CPU time in commits and cost 19 MB of memory: too dear for 100 stages.)
 */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA wal_autocheckpoint = 200;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA foreign_keys = OFF;
`;

/** Only programs beside Headgate (a shell, a backup) can hold a lock; a failed write is tried again by the caller. */
const LOCK_WAIT_MS = 200;

export function openDatabase(path: string, readOnly: boolean, open: Connect): DatabaseSync {
  const database = open(path, { readOnly, timeout: LOCK_WAIT_MS });
  try {
    if (!readOnly) database.exec(PRAGMAS);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * The open file: a connection whose commits survive a power cut (`journal`), and one for all reads and for what may lose its
 * last seconds (`main`). Writes run one after the other, in the order asked for, also where one takes several slices.
 */
export class StoreFile {
  readonly path: string;
  readonly journal: Connection;
  readonly main: Connection;
  readonly #release: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(path: string, readOnly: boolean, open: Connect, release: () => void) {
    this.path = path;
    const connection = (synchronous: 'FULL' | 'NORMAL', cacheKiB: number): Connection =>
      new Connection(() => {
        const database = openDatabase(path, readOnly, open);
        database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA cache_size = -${cacheKiB}`);
        return database;
      });
    this.journal = connection('FULL', 2_000);
    this.main = connection('NORMAL', 1_000);
    this.#release = release;
  }

  /** @throws HeadgateError `store-failed` that names the file and `what` was tried. */
  async read<T>(what: string, task: () => T | Promise<T>): Promise<T> {
    if (this.#closing) throw new HeadgateError('store-failed', `store ${this.path} is closed`);
    return this.#guarded(what, task);
  }

  /** As `read`, after all writes asked for before it have ended. */
  async write<T>(what: string, task: () => T | Promise<T>): Promise<T> {
    if (this.#closing) throw new HeadgateError('store-failed', `store ${this.path} is closed`);
    const run = this.#last.then(() => this.#guarded(what, task));
    this.#last = run.catch(() => {});
    return run;
  }

  /** Waits for the writes asked for, moves the log into the file, closes both connections and lets go of the lock. */
  close(): Promise<void> {
    this.#closing ??= this.#last.then(() => {
      this.journal.close();
      try {
        this.main.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // The log stays beside the file and is read at the next start.
      }
      this.main.close();
      this.#release();
    });
    return this.#closing;
  }

  async #guarded<T>(what: string, task: () => T | Promise<T>): Promise<T> {
    try {
      if (isOver()) await pause();
      return await task();
    } catch (thrown) {
      this.main.abandon(thrown);
      throw storeFailed(this.path, what, thrown);
    }
  }
}
