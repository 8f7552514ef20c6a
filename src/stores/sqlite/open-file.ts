import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDamaged, storeFailed } from './failure.ts';
import { takeLock } from './lock.ts';
import { migrate } from './schema.ts';
import { type Connect, openDatabase, StoreFile } from './store-file.ts';

/**
 * Opens the file for this process alone. A damaged file is moved aside and a new one begun, which `say` hears of: a daemon that
 * watches with nothing learned is better than none. With `readOnly` nothing is locked, moved or written.
 *
 * @throws HeadgateError `conflict` (in use), `bad-config` (newer, or of another program), `store-failed` (disk, rights).
 */
export function openFile(path: string, readOnly: boolean, say: (message: string) => void, connect: Connect): StoreFile {
  const place = resolve(path);
  if (readOnly)
    return new StoreFile(
      path,
      true,
      () => openDatabase(place, true, connect),
      () => {},
    );
  const release = takeLock(path);
  try {
    // Notifiers keep in it what they need to finish an incident, keys among it: nobody else reads along. The log inherits this.
    closeSync(openSync(place, 'a', 0o600));
    try {
      prepare(place, path, connect);
    } catch (thrown) {
      if (!isDamaged(thrown)) throw thrown;
      const aside = setAside(place);
      say(`store ${path} is damaged (${(thrown as Error).message}); moved to ${aside}, starting with an empty one`);
      prepare(place, path, connect);
    }
    return new StoreFile(path, false, () => openDatabase(place, false, connect), release);
  } catch (thrown) {
    release();
    throw storeFailed(path, 'open it', thrown);
  }
}

/** Creates or brings up to date, and reads what a start depends on, so that damage there shows now and not in the first tick. */
function prepare(place: string, path: string, connect: Connect): void {
  const database = openDatabase(place, false, connect);
  try {
    migrate(database, path);
    for (const table of ['setting', 'lease', 'outbox', 'incident']) {
      database.prepare(`SELECT count(*) FROM ${table} WHERE length(CAST(${bodyOf(table)} AS BLOB)) >= 0`).get();
    }
    database.prepare('SELECT * FROM audit ORDER BY seq DESC LIMIT 1').get();
  } finally {
    database.close();
  }
}

const bodyOf = (table: string): string => (table === 'setting' ? 'value' : 'body');

/** Renames the file and its log after the time it was last written; the new name. */
function setAside(place: string): string {
  const written = statSync(place).mtime.toISOString().slice(0, 19).replaceAll(':', '-');
  let aside = `${place}.corrupt-${written}Z`;
  for (let n = 2; existsSync(aside); n++) aside = `${place}.corrupt-${written}Z-${n}`;
  renameSync(place, aside);
  for (const suffix of ['-wal', '-shm']) if (existsSync(place + suffix)) renameSync(place + suffix, aside + suffix);
  return aside;
}
