import { parseArgs } from 'node:util';
import type { CommandIo } from './command.ts';
import { CLIENT_OPTIONS, CLIENT_USAGE, daemonClient } from './daemon-client.ts';

export const summary = 'Moves a policy from observe to dry-run to enforce, or back.';
export const usage = `headgate promote POLICY [--to observe|dry-run|enforce]     the next step where --to is left out

${CLIENT_USAGE}`;

const STEPS = ['observe', 'dry-run', 'enforce'];

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { ...CLIENT_OPTIONS, to: { type: 'string' } },
  });
  const [name] = positionals;
  if (name === undefined) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const daemon = daemonClient(values, io.env);
  const policies = await daemon.get<{ name: string; mode: string }[]>('/api/v1/policies');
  const current = policies.find((policy) => policy.name === name)?.mode;
  if (current === undefined) {
    io.stderr.write(
      `there is no policy "${name}"; there are ${policies.map((policy) => policy.name).join(', ') || 'none'}\n`,
    );
    return 2;
  }
  const mode = values.to ?? STEPS[Math.min(STEPS.indexOf(current) + 1, STEPS.length - 1)];
  await daemon.post(`/api/v1/policies/${encodeURIComponent(name)}/promote`, { mode });
  io.stdout.write(`${name}: ${current} → ${mode}\n`);
  return 0;
}
