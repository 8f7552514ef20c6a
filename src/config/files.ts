import { resolve } from 'node:path';
import type { Findings } from './findings.ts';
import type { Path } from './problem.ts';

/** Calls `see` for every key of every block, from the root down. */
function walk(
  value: unknown,
  path: Path,
  see: (block: Record<string, unknown>, key: string, path: Path) => void,
): void {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) walk(one, [...path, index], see);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, one] of Object.entries(value)) {
    see(value as Record<string, unknown>, key, [...path, key]);
    walk(one, [...path, key], see);
  }
}

/** The same value with the paths of all `*_file` keys made absolute: they start at the folder of the config file. */
export function withAbsoluteFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((one) => withAbsoluteFiles(one, folder));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) =>
      key.endsWith('_file') && typeof one === 'string' && one !== ''
        ? [key, resolve(folder, one)]
        : [key, withAbsoluteFiles(one, folder)],
    ),
  );
}

/**
 * Checks on the plain file that hold for every component alike: files named by `*_file` keys can be read, and nobody gives
 * a secret twice, as `password` and as `password_file`.
 */
export function checkFiles(
  value: unknown,
  folder: string,
  readFile: ((path: string) => string) | undefined,
  findings: Findings,
): void {
  walk(value, [], (block, key, path) => {
    const named = block[key];
    if (!key.endsWith('_file') || typeof named !== 'string') return;
    const bare = key.slice(0, -'_file'.length);
    if (Object.hasOwn(block, bare)) findings.error(path, `stands beside ${bare}; write one of them`);
    if (!readFile) return;
    try {
      readFile(resolve(folder, named));
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
      const why = code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'may not be read' : 'cannot be read';
      findings.error(path, `file ${named} ${why}`);
    }
  });
}

/**
 * Refuses `http://user:password@host` in a parsed block: addresses are shown in logs and on the page, credentials never are.
 * What a schema has made a `Secret` of is no text any more and passes.
 */
export function checkAddresses(value: unknown, at: Path, findings: Findings): void {
  walk(value, at, (block, key, path) => {
    const text = block[key];
    if (typeof text === 'string' && /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*:[^/?#\s]*@/i.test(text))
      findings.error(path, 'has a password in its address, which is shown in logs; use the keys for credentials');
  });
}
