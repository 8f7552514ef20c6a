import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** Packs this checkout and installs it into an empty folder, as a user would; answers with the path of its bin file. */
export function installPackage(folder: string): string {
  const npm = (cwd: string, ...args: string[]): void => {
    execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  npm(ROOT, 'pack', '--silent', '--pack-destination', folder);
  const [archive] = globSync('headgate-*.tgz', { cwd: folder });
  const empty = join(folder, 'installed');
  mkdirSync(empty);
  npm(empty, 'init', '-y');
  npm(empty, 'install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', join(folder, archive ?? ''));
  return join(empty, 'node_modules/headgate/bin/headgate.mjs');
}
