import type { Writable } from 'node:stream';
import { isInForce } from '../domain/lease.ts';
import type { App } from './app.ts';

/**
 * Waits for SIGTERM or SIGINT and stops the app in order. A second signal ends at once and says what stays held, and until when.
 *
 * @returns the exit code: 0 where everything was let go.
 */
export function untilStopped(app: App, stderr: Writable): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const held = () => app.daemon.engine.leases().filter(isInForce);
    const stop = (): void => {
      if (stopping) {
        for (const lease of held())
          stderr.write(
            `still held: ${lease.stage} by ${lease.policy}, opens by itself at ${new Date(lease.expiresAt).toISOString()}\n`,
          );
        process.exit(130);
      }
      stopping = true;
      void app.stop().then(() => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
        resolve(held().length === 0 ? 0 : 1);
      });
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  });
}
