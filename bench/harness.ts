import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Figures of one program of the harness: by set or kind of fault, then by name. */
export type Figures = Readonly<Record<string, Readonly<Record<string, number | null>>>>;

/** Who is measured: a command behind the contract of `headgate score`, once for each seed. */
export interface Contender {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
}

const SOURCE = join(import.meta.dirname, '../src/main.ts');
const CONTROL = join(import.meta.dirname, 'control.ts');

/** Headgate as it stands in this checkout, and the controls; `random` once for each of its seeds. */
export const contenders = (seeds: number): readonly Contender[] => [
  { name: 'headgate', commands: [[process.execPath, SOURCE, 'score']] },
  { name: 'ewma', commands: [[process.execPath, CONTROL, 'ewma']] },
  {
    name: 'random',
    commands: Array.from({ length: seeds }, (_, seed) => [process.execPath, CONTROL, 'random', '--seed', `${seed}`]),
  },
  { name: 'always', commands: [[process.execPath, CONTROL, 'always']] },
];

/** The contenders named in `text` (`headgate,ewma`); all of them for `all`. */
export function chosen(text: string, seeds: number): readonly Contender[] {
  const all = contenders(seeds);
  if (text === 'all') return all;
  return text.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (!found) throw new Error(`there is no contender "${name}"; there are ${all.map((one) => one.name).join(', ')}`);
    return found;
  });
}

/**
 * The folder of the harness, which is no part of this repository.
 *
 * @throws Error where it is not there.
 */
export function harnessAt(folder: string): string {
  const path = resolve(folder);
  if (existsSync(join(path, 'evaluate.mjs'))) return path;
  throw new Error(`${folder} holds no evaluate.mjs; give the folder of the measuring programs with --harness`);
}

/** Runs a program of the harness over a command and reads its figures. Compiled code is kept over the runs, which are many and short. */
export async function measureWith(
  program: string,
  options: readonly string[],
  command: readonly string[],
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
  const json = join(folder, 'figures.json');
  try {
    const child = spawn(process.execPath, [program, ...options, '--json', json, '--', ...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'headgate-bench-code') },
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return JSON.parse(readFileSync(json, 'utf8')) as Figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The figures of each seed, by set and name; NaN where a seed has none. */
export async function measureAll(
  { name, commands }: Contender,
  program: string,
  options: readonly string[],
): Promise<(of: string, figure: string) => readonly number[]> {
  const runs: Figures[] = [];
  for (const [seed, command] of commands.entries()) {
    process.stderr.write(
      `${name}${commands.length > 1 ? ` ${seed + 1}/${commands.length}` : ''}: ${options.join(' ')}\n`,
    );
    runs.push(await measureWith(program, options, command));
  }
  return (of, figure) => runs.map((run) => run[of]?.[figure] ?? Number.NaN);
}
