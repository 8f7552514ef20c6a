import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Command } from '../../src/cli/command.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Scene {
  /** Pieces as they arrive. */
  readonly stdin?: string | readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a command in this process. What it throws is thrown; the binary turns that into exit code 2 and the message. */
export async function run(command: Command, argv: readonly string[], scene: Scene = {}): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = [text(stdout), text(stderr)];
  const stdin = Readable.from([scene.stdin ?? []].flat(), { objectMode: false });
  const code = await command.run(argv, {
    stdin,
    stdout,
    stderr,
    env: scene.env ?? {},
    cwd: scene.cwd ?? process.cwd(),
  });
  stdout.end();
  stderr.end();
  const [out = '', err = ''] = await Promise.all(said);
  return { code, out, err };
}
