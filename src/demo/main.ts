/**
 * The demo pipeline as a program: `node src/demo/main.ts [--daemon URL] [--dir DIR] [--fault-at 30s|never] [--seed N]
 * [--port-base N]`. One JSON object a line on standard output says what happens. It ends on SIGTERM, SIGINT, or when the
 * program that started it closes the pipe to its standard input.
 */
import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { defaultDirectory } from './control.ts';
import { startDemo } from './supervisor.ts';

const { values } = parseArgs({
  options: {
    daemon: { type: 'string', default: 'http://127.0.0.1:9464' },
    dir: { type: 'string', default: defaultDirectory() },
    'fault-at': { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'port-base': { type: 'string', default: '9470' },
  },
});

function wholeNumber(name: 'seed' | 'port-base'): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${name} wants a whole number, got "${values[name]}"`);
}

function faultAt(text: string | undefined): number | 'never' | undefined {
  if (text === undefined || text === 'never') return text;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1];
  if (seconds !== undefined) return Number(seconds);
  throw new Error(`--fault-at wants seconds such as 30s, or never; got "${text}"`);
}

async function main(): Promise<void> {
  const base = wholeNumber('port-base');
  const at = faultAt(values['fault-at']);
  const demo = await startDemo({
    daemonUrl: values.daemon,
    directory: values.dir,
    ...(at === undefined ? {} : { faultAt: at }),
    seed: wholeNumber('seed'),
    ports: base === 0 ? { ingest: 0, enrich: 0, load: 0 } : { ingest: base, enrich: base + 1, load: base + 2 },
    onLine: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    demo.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Nobody listens any more: the program that started us is gone.
  process.stdout.on('error', stop);
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) process.stdin.on('end', stop).on('error', stop).resume();
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
