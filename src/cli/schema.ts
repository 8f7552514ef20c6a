import { parseArgs } from 'node:util';
import { renderSchema } from '../config/json-schema.ts';
import { registry } from '../registry.ts';
import { type CommandIo, write } from './command.ts';

export const summary = 'Prints the JSON Schema of the config file, for editors.';
export const usage = `headgate schema > headgate.schema.json

Prints the JSON Schema (draft 2020-12) of the config file with all components of this build. Editors with the YAML language server
use it where the first line of a config says: # yaml-language-server: $schema=./headgate.schema.json`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  parseArgs({ args: [...argv], options: {} });
  await write(io.stdout, renderSchema(registry));
  return 0;
}
