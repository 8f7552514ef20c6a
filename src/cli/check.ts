import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { stagesOf } from '../domain/plan.ts';
import { registry } from '../registry.ts';
import { type CommandIo, write } from './command.ts';

export const summary = 'Checks config files and prints every problem with its place.';
export const usage = `headgate check FILE... [--format text|json] [--skip-files]

Prints every problem at once as file:line:col path: message, warnings marked as such, and a line for each file that is right.
Exits with 0 when there is no problem (warnings are none), with 1 when there is one, with 2 when a file cannot be read.
--skip-files does not look whether the files named by *_file keys are there, for machines that hold no secrets.`;

type Checked = { readonly file: string } & (
  | { readonly state: 'read'; readonly result: LoadResult }
  | { readonly state: 'unreadable'; readonly message: string }
);

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values: options, positionals: files } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { format: { type: 'string', default: 'text' }, 'skip-files': { type: 'boolean', default: false } },
  });
  const { format } = options;
  if (files.length === 0 || (format !== 'text' && format !== 'json')) {
    await write(
      io.stderr,
      `headgate check: ${files.length === 0 ? 'names no file' : `unknown format "${format}"`}\n${usage}\n`,
    );
    return 2;
  }
  const checked = files.map((file) => checkFile(file, io, options['skip-files']));
  await write(
    io.stdout,
    format === 'json' ? `${JSON.stringify(checked.map(asJson), null, 2)}\n` : checked.map(asText).join(''),
  );
  for (const one of checked) if (one.state === 'unreadable') await write(io.stderr, `headgate check: ${one.message}\n`);
  if (checked.some(({ state }) => state === 'unreadable')) return 2;
  return checked.every((one) => one.state === 'read' && one.result.ok) ? 0 : 1;
}

function checkFile(file: string, { cwd, env }: CommandIo, skipFiles: boolean): Checked {
  const readFile = (path: string): string => readFileSync(resolve(cwd, path), 'utf8');
  let text: string;
  try {
    text = readFile(file);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown error';
    return { file, state: 'unreadable', message: `${file} cannot be read (${code}); is the path right?` };
  }
  const folder = dirname(resolve(cwd, file));
  const result = loadConfig({ text, file, folder, registry, env, ...(skipFiles ? {} : { readFile }) });
  return { file, state: 'read', result };
}

function asText(checked: Checked): string {
  if (checked.state === 'unreadable') return '';
  const { file, result } = checked;
  const warnings = result.warnings.map((one) => formatProblem({ ...one, message: `warning: ${one.message}` }));
  const problems = result.ok ? [] : result.problems.map(formatProblem);
  return [...problems, ...warnings, ...(result.ok ? [`${file}: ok, ${contents(result)}`] : [])]
    .map((line) => `${line}\n`)
    .join('');
}

const contents = (result: LoadResult & { ok: true }): string =>
  Object.entries(counts(result))
    .map(([noun, count]) => `${count} ${count === 1 ? singular(noun) : noun}`)
    .join(', ');

const singular = (noun: string): string => noun.replace(/ies$/, 'y').replace(/s$/, '');

const counts = ({ config }: LoadResult & { ok: true }) => ({
  pipelines: config.plan.pipelines.length,
  stages: stagesOf(config.plan).length,
  probes: [...config.probes.values()].reduce((sum, list) => sum + list.length, 0),
  policies: config.plan.policies.length,
});

/** What `--format json` prints for one file. */
interface Report {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly contents?: Readonly<Record<string, number>>;
}

function asJson(checked: Checked): Report {
  if (checked.state === 'unreadable') {
    const { file, message } = checked;
    return { file, ok: false, problems: [{ file, line: 1, col: 1, path: '', message }], warnings: [] };
  }
  const { file, result } = checked;
  const { ok, warnings } = result;
  return ok
    ? { file, ok, problems: [], warnings, contents: counts(result) }
    : { file, ok, problems: result.problems, warnings };
}
