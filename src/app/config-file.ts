import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Discovered } from '../config/for-each.ts';
import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { HeadgateError } from '../domain/error.ts';
import { registry } from '../registry.ts';

/** Everything a config can be read from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks a config file. Paths of secrets start at the folder of the file.
 *
 * @throws HeadgateError `bad-config` whose message lists every problem, one a line.
 */
export function readConfigFile(file: string, env: Environment): { readonly config: Config; readonly text: string } {
  const text = readText(file);
  return { text, config: parseConfig(text, file, env) };
}

/** The text of a config file. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HeadgateError('bad-config', `${file} cannot be read; is the path right?`, { cause });
  }
}

/**
 * Checks the text of a config file. Paths of secrets start at the folder of the file.
 *
 * @param discovered what its templates are unfolded with; left out, something stands in for what is to be discovered
 * @throws HeadgateError `bad-config` whose message lists every problem, one a line.
 */
export function parseConfig(text: string, file: string, env: Environment, discovered?: Discovered): Config {
  const readFile = (path: string): string => readFileSync(resolve(dirname(file), path), 'utf8');
  const loaded = loadConfig({ text, file, registry, env, readFile, ...(discovered && { discovered }) });
  if (loaded.ok) return loaded.config;
  throw new HeadgateError(
    'bad-config',
    `${file} has ${loaded.problems.length} problems\n${loaded.problems.map(formatProblem).join('\n')}`,
  );
}
