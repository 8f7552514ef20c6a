import { DatabaseSync } from 'node:sqlite';
import { HeadgateError } from '../../domain/error.ts';
import { sqliteCode, storeFailed } from './failure.ts';

const BUSY = 5;

/**
 * Makes this process the only one that uses the store, until the answer is called or the process ends, however it ends: an
 * exclusive transaction on an empty database beside the file, which the operating system lets go of with the process.
 * The store itself stays free for readers (`sqlite3`, `headgate audit verify`). Not for network file systems without locks.
 *
 * @throws HeadgateError `conflict` where another process has it.
 */
export function takeLock(path: string): () => void {
  const lockPath = `${path}.lock`;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockPath, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    database?.close();
    if (sqliteCode(thrown) !== BUSY) throw storeFailed(path, `lock ${lockPath}`, thrown);
    throw new HeadgateError(
      'conflict',
      `store ${path} is in use by another Headgate; stop that one, or give this one a file of its own under store.sqlite`,
      { cause: thrown },
    );
  }
  const held = database;
  return () => {
    if (held.isOpen) held.close();
  };
}
