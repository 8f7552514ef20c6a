import { parseArgs } from 'node:util';
import type { CommandIo } from './command.ts';
import { CLIENT_OPTIONS, CLIENT_USAGE, daemonClient } from './daemon-client.ts';

export const summary = 'Lets a gate go, or all of them, and keeps the policy away for a while.';
export const usage = `headgate release LEASE [--reason TEXT] [--hold-off 30m]
headgate release --all [--reason TEXT]     releases every gate; nothing is engaged until headgate release --resume
headgate release --resume

${CLIENT_USAGE}`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      ...CLIENT_OPTIONS,
      all: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      reason: { type: 'string', default: 'released from the command line' },
      'hold-off': { type: 'string', default: '30m' },
    },
  });
  const daemon = daemonClient(values, io.env);
  const [lease] = positionals;
  if (values.resume) {
    await daemon.post('/api/v1/actions/resume', {});
    io.stdout.write('policies may act again\n');
  } else if (values.all) {
    await daemon.post('/api/v1/actions/stop', { reason: values.reason });
    io.stdout.write('every gate is being released; nothing is engaged until headgate release --resume\n');
  } else if (lease !== undefined) {
    await daemon.post(`/api/v1/leases/${encodeURIComponent(lease)}/release`, {
      reason: values.reason,
      holdoff: values['hold-off'],
    });
    io.stdout.write(`${lease} is being released\n`);
  } else {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  return 0;
}
