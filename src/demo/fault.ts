/** `node src/demo/fault.ts KIND [--dir DIR]`: injects a fault into the demo that runs in the directory. */
import { parseArgs } from 'node:util';
import { defaultDirectory, sendFault } from './control.ts';
import { FAULT_KINDS } from './faults.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dir: { type: 'string', default: defaultDirectory() } },
});
const kind = positionals[0];

if (kind === undefined) {
  process.stderr.write(`which fault? There are ${FAULT_KINDS.join(', ')}.\n`);
  process.exitCode = 2;
} else {
  sendFault(kind, values.dir).then(
    () => process.stdout.write(`injected ${kind}\n`),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 2;
    },
  );
}
