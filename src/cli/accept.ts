import { parseArgs } from 'node:util';
import type { CommandIo } from './command.ts';
import { CLIENT_OPTIONS, CLIENT_USAGE, daemonClient } from './daemon-client.ts';

export const summary = 'Takes what a subject shows now for the new normal.';
export const usage = `headgate accept SUBJECT      such as orders.enrich/lag_seconds, or 'orders.enrich/*' for all signals of a stage together

What is strange about it now counts as normal from here on: it is learned, and an incident that rests on it alone closes.

${CLIENT_USAGE}`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: CLIENT_OPTIONS });
  const [subject] = positionals;
  if (subject === undefined) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  await daemonClient(values, io.env).post(`/api/v1/subjects/${encodeURIComponent(subject)}/accept`, {});
  io.stdout.write(`${subject}: what it shows now is the new normal\n`);
  return 0;
}
