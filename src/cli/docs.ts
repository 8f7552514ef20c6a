import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { renderReference } from '../config/reference.ts';
import { registry } from '../registry.ts';
import { type CommandIo, write } from './command.ts';

export const summary = 'Writes the reference of the config and of all components as Markdown.';
export const usage = `headgate docs [--out docs/reference]

Writes one page for each kind of component and one for the config file, made from the declarations of this build.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { out: { type: 'string', default: 'docs/reference' } } });
  mkdirSync(resolve(io.cwd, values.out), { recursive: true });
  for (const [path, text] of renderReference(registry)) {
    const file = join(values.out, basename(path));
    writeFileSync(resolve(io.cwd, file), text);
    await write(io.stdout, `wrote ${file}\n`);
  }
  return 0;
}
