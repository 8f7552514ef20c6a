import { parseArgs } from 'node:util';
import { startApp } from '../app/app.ts';
import { untilStopped } from '../app/signals.ts';
import type { CommandIo } from './command.ts';

export const summary = 'Runs the daemon.';
export const usage = `headgate run [--config headgate.yaml] [--listen HOST:PORT]

SIGTERM and Ctrl-C let every gate go, then end; a second one ends at once and says what stays held. SIGHUP loads the config again;
so does a change of its content.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { config: { type: 'string', default: './headgate.yaml' }, listen: { type: 'string' } },
  });
  const app = await startApp({
    configFile: values.config,
    env: io.env,
    ...(values.listen === undefined ? {} : { listen: values.listen }),
  });
  return untilStopped(app, io.stderr);
}
