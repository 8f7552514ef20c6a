import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../domain/ports.ts';
import { type DurationMs, SECOND } from '../domain/time.ts';

const LOOK_EVERY: DurationMs = 5 * SECOND;

/**
 * Calls `changed` when the content of the file is another, and on `SIGHUP`. The content is looked at, not the file system's
 * events: a ConfigMap is swapped by a symbolic link that no event tells of. A file that cannot be read is left for the next look.
 */
export function watchConfig(
  file: string,
  text: string,
  clock: Clock,
  changed: () => Promise<void>,
): { stop(): Promise<void> } {
  const digest = (content: string): string => createHash('sha256').update(content).digest('hex');
  let last = digest(text);
  let cancel = (): void => {};
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const now = (): void => {
    running = running.then(() => (stopped ? undefined : changed()));
  };
  const look = (): void => {
    try {
      const current = digest(readFileSync(file, 'utf8'));
      if (current !== last) {
        last = current;
        now();
      }
    } catch {
      // Between the removal of the old file and the arrival of the new one there is none.
    }
    if (!stopped) cancel = clock.timer(LOOK_EVERY, look);
  };
  cancel = clock.timer(LOOK_EVERY, look);
  process.on('SIGHUP', now);
  return {
    /** What is being loaded is let finish: it would start things that nobody stops any more. */
    stop() {
      stopped = true;
      cancel();
      process.off('SIGHUP', now);
      return running;
    },
  };
}
