import { defaultDirectory, sendFault } from '../demo/control.ts';
import { FAULT_KINDS } from '../demo/faults.ts';
import { HeadgateError } from '../domain/error.ts';

/**
 * Injects a fault into the demo that runs in the directory.
 *
 * @returns a sentence for people
 * @throws HeadgateError where there is no such fault; Error where no demo runs there.
 */
export async function injectFault(kind: string | undefined, directory: string | undefined): Promise<string> {
  if (kind === undefined) throw new HeadgateError('bad-config', `which fault? There are ${FAULT_KINDS.join(', ')}`);
  await sendFault(kind, directory ?? defaultDirectory());
  return `injected ${kind}`;
}
