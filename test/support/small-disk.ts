import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A file system of its own of `size` bytes; undefined where this user may not mount one. */
export function smallDisk(t: TestContext, size: number): string | undefined {
  const place = mkdtempSync(join(tmpdir(), 'headgate-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', place], { stdio: 'ignore' });
  } catch {
    rmdirSync(place);
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', ['-l', place]);
    rmdirSync(place);
  });
  return place;
}
