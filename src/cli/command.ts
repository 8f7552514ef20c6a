import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** The world as a command meets it; tests hand in their own. */
export interface CommandIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * One command of the binary. `run` answers with the exit code: 0 when it ran, 1 where the command finds problems and found some,
 * 2 when it could not run (a thrown error means 2 as well).
 */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

/** Writes and waits until the stream takes more, so that a slow reader slows the writer and nothing piles up. */
export async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
