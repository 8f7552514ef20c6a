import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { HeadgateError } from '../domain/error.ts';

/** Where a command writes its rows. */
export interface Output {
  /** Resolves when more may come, where that is not now: a slow reader slows the writer, and nothing piles up. */
  write(text: string): Promise<void> | undefined;
  /** Resolves when everything is written. */
  end(): Promise<void>;
}

/** Small texts are gathered up to this length. */
const PIECE = 65_536;

/**
 * Opens the file, or takes standard output for `-`.
 *
 * @throws HeadgateError `bad-config` where the file cannot be made.
 */
export async function openOutput(path: string, stdout: Writable): Promise<Output> {
  if (path === '-') return gathering(stdout);
  const file = createWriteStream(path);
  try {
    await once(file, 'open');
  } catch (cause) {
    const { message } = cause as Error;
    throw new HeadgateError('bad-config', `${path} cannot be written: ${message}; is the path right?`, { cause });
  }
  let failure: Error | undefined;
  file.on('error', (error) => (failure = error));
  const { write, end } = gathering(file);
  return {
    write(text) {
      if (failure) throw failure;
      return write(text);
    },
    async end() {
      await end();
      file.end();
      await finished(file);
    },
  };
}

/** Passes text on in large pieces while there is much to do, and at once whenever the writer has to wait for its input. */
function gathering(stream: Writable): Output {
  let text = '';
  let idle: NodeJS.Immediate | undefined;
  const flush = (): void => {
    clearImmediate(idle);
    idle = undefined;
    if (text !== '') stream.write(text);
    text = '';
  };
  const room = (): Promise<void> | undefined =>
    stream.writableNeedDrain ? once(stream, 'drain').then(() => undefined) : undefined;
  return {
    write(more) {
      text += more;
      if (text.length >= PIECE) flush();
      else idle ??= setImmediate(flush);
      return room();
    },
    async end() {
      flush();
      await room();
    },
  };
}
