import { readFileSync } from 'node:fs';

/** The version of package.json, which lies one folder up from the source and from the bundle alike. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
