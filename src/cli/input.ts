import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { HeadgateError } from '../domain/error.ts';
import type { CommandIo } from './command.ts';

/**
 * The file as a stream, or standard input for `-`.
 *
 * @throws HeadgateError `not-found` where it cannot be read.
 */
export async function openInput(path: string, { stdin, cwd }: CommandIo): Promise<Readable> {
  if (path === '-') return stdin;
  const file = createReadStream(resolve(cwd, path));
  try {
    await once(file, 'open');
  } catch (cause) {
    throw new HeadgateError('not-found', `${path} cannot be read; is the path right?`, { cause });
  }
  return file;
}
