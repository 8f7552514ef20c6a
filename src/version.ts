import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. It lies one up from the source and from the bundle alike, so ask here and nowhere deeper. */
export const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

/** The version of package.json. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
