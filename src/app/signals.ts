import type { Writable } from 'node:stream';
import { isInForce, type Lease } from '../domain/lease.ts';
import type { App } from './app.ts';

/**
 * Waits for SIGTERM or SIGINT and stops the app in order. A second signal ends at once. What stays held is said, and until when.
 *
 * @returns the exit code: 0 where everything was let go.
 */
export function untilStopped(app: App, stderr: Writable): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const sayHeld = (): number => {
      const held = app.daemon.engine.leases().filter(isInForce);
      for (const lease of held) stderr.write(`still held: ${stillHeld(lease, app)}\n`);
      return held.length;
    };
    const stop = (): void => {
      if (stopping) {
        sayHeld();
        process.exit(130);
      }
      stopping = true;
      void app.stop().then(() => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
        resolve(sayHeld() === 0 ? 0 : 1);
      });
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  });
}

/** Only a gate that keeps leases itself opens without us; any other is put back by whoever runs next. */
function stillHeld({ stage, policy, actuator, expiresAt }: Lease, { daemon }: App): string {
  const native = daemon.world.reversibility.get(actuator) === 'native-lease';
  const end = native ? `opens by itself at ${new Date(expiresAt).toISOString()}` : 'is put back at the next start';
  return `${stage} by ${policy} (${actuator}), ${end}`;
}
