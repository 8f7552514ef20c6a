import { HeadgateError } from '../../domain/error.ts';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html) that are treated apart. */
const CODE = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
};

const ADVICE: ReadonlyMap<number, string> = new Map([
  [CODE.busy, 'another program keeps the file locked; close it'],
  [CODE.readOnly, 'make the file and its folder writable for this user'],
  [CODE.ioError, 'check the disk'],
  [CODE.corrupt, 'the file is damaged; restart to set it aside, or restore a copy'],
  [CODE.full, 'free some disk space'],
  [CODE.cannotOpen, 'check that the folder exists and is writable for this user'],
  [CODE.notADatabase, 'the file is damaged; restart to set it aside, or restore a copy'],
]);

/** The primary SQLite result code of a thrown value; undefined where it does not come from SQLite. */
export function sqliteCode(thrown: unknown): number | undefined {
  const code = (thrown as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** The file itself is damaged, or was never a database. */
export const isDamaged = (thrown: unknown): boolean =>
  sqliteCode(thrown) === CODE.corrupt || sqliteCode(thrown) === CODE.notADatabase;

/** The connection has done what it promises (it rolled back) and can be used again; after anything else it is opened anew. */
export const leavesConnectionUsable = (thrown: unknown): boolean => {
  const code = sqliteCode(thrown);
  return code === CODE.busy || code === CODE.full || code === CODE.constraint;
};

/** What failed on which file, why, and what to do; `store-failed` whatever the reason, since the caller does the same for all. */
export function storeFailed(path: string, what: string, thrown: unknown): HeadgateError {
  if (thrown instanceof HeadgateError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const advice = ADVICE.get(sqliteCode(thrown) ?? -1);
  return new HeadgateError('store-failed', `store ${path}: cannot ${what}: ${reason}${advice ? `; ${advice}` : ''}`, {
    cause: thrown,
  });
}
