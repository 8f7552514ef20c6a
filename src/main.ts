import type { Command, CommandIo } from './cli/command.ts';
import { asHeadgateError } from './domain/error.ts';
import { VERSION } from './version.ts';

/** Commands by name; each is loaded only when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: () => import('./cli/run.ts'),
  demo: () => import('./cli/demo.ts'),
  check: () => import('./cli/check.ts'),
  score: () => import('./cli/score.ts'),
  backtest: () => import('./cli/backtest.ts'),
  rehearse: () => import('./cli/rehearse.ts'),
  engine: () => import('./cli/engine.ts'),
  drift: () => import('./cli/drift.ts'),
  profile: () => import('./cli/profile.ts'),
  explain: () => import('./cli/explain.ts'),
  accept: () => import('./cli/accept.ts'),
  promote: () => import('./cli/promote.ts'),
  release: () => import('./cli/release.ts'),
  audit: () => import('./cli/audit.ts'),
  schema: () => import('./cli/schema.ts'),
  docs: () => import('./cli/docs.ts'),
};

async function help(io: CommandIo): Promise<number> {
  const lines = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => `  ${name.padEnd(10)} ${(await load()).summary}`),
  );
  io.stdout.write(
    `Headgate ${VERSION}: senses data pipelines, judges what is normal, moves the right gate, and lets go.\n\n`,
  );
  io.stdout.write(`headgate COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\nheadgate COMMAND --help says more.\n`);
  return 0;
}

/** The words for a command line that cannot be read; Node's own speak of how to quote what was never meant. */
function misspelled(thrown: unknown, name: string): string | undefined {
  const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string' || !code.startsWith('ERR_PARSE_ARGS')) return undefined;
  return `${String(message).split('. ')[0]?.trim()}; headgate ${name} --help says what it takes`;
}

/** Runs one command line and answers with its exit code; nothing is thrown. */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(io);
  if (name === '--version' || name === '-V') {
    io.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    io.stderr.write(`headgate: there is no command "${name}"; headgate --help lists them\n`);
    return 2;
  }
  try {
    const command = await load();
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(`${command.usage}\n`);
      return 0;
    }
    return await command.run(rest, io);
  } catch (thrown) {
    io.stderr.write(`headgate ${name}: ${misspelled(thrown, name) ?? asHeadgateError(thrown).message}\n`);
    return 2;
  }
}

const { stdin, stdout, stderr, env } = process;
// A reader that went away (`headgate score | head`) is no error of ours.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() });
