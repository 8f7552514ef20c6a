import { extname, join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import { DIGEST_KEY, type DigestKey } from '../config/digest.ts';
import type { Discovered } from '../config/for-each.ts';
import { asHeadgateError, type ErrorCode, HeadgateError } from '../domain/error.ts';
import { type Environment, parseConfig } from './config-file.ts';
import { createUnwrapping, type Parcel, wrap } from './config-parcel.ts';

/** What is to be parsed. */
interface Task extends DigestKey {
  readonly text: string;
  readonly file: string;
  readonly env: Environment;
  readonly discovered: Discovered | undefined;
}

type Message = Parcel | { readonly kind: 'done' } | { readonly kind: 'wrong'; code: ErrorCode; message: string };

/** Longer texts, and templates over more things, are parsed in a thread of their own: about sixty stages take 20 ms. */
const ASIDE = { characters: 8_000, stages: 20 };

/**
 * As `parseConfig`, without holding the event loop; for a daemon that runs.
 *
 * @throws HeadgateError `bad-config` whose message lists every problem, one a line.
 */
export async function parseConfigWhileRunning(
  text: string,
  file: string,
  env: Environment,
  discovered?: Discovered,
): Promise<Config> {
  const found = [...(discovered?.values() ?? [])].reduce((sum, list) => sum + list.length, 0);
  if (text.length <= ASIDE.characters && found <= ASIDE.stages) return parseConfig(text, file, env, discovered);
  return parseAside(text, file, env, discovered);
}

/**
 * `parseConfig` in a thread of its own, which ends afterwards: a config of a thousand stages takes a third of a second, and the
 * event loop has gates to watch meanwhile. This file is the thread's program too.
 *
 * @throws HeadgateError as `parseConfig` does
 */
function parseAside(text: string, file: string, env: Environment, discovered?: Discovered): Promise<Config> {
  const task: Task = { text, file, env: { ...env }, discovered, digestKey: DIGEST_KEY };
  const { promise, resolve, reject } = Promise.withResolvers<Config>();
  const unwrapping = createUnwrapping();
  const thread = new Worker(join(import.meta.dirname, `config-thread${extname(import.meta.filename)}`), {
    name: 'headgate-config',
    workerData: task,
  });
  thread.on('message', (message: Message) => {
    if (message.kind === 'wrong') reject(new HeadgateError(message.code, message.message));
    else if (message.kind !== 'done') unwrapping.take(message);
    else {
      const config = unwrapping.config();
      if (config) resolve(config);
    }
  });
  thread.on('error', reject);
  thread.on('exit', () => reject(new HeadgateError('internal', `${file}: the thread that reads it ended early`)));
  return promise;
}

function serve({ text, file, env, discovered }: Task): void {
  const tell = (message: Message): void => parentPort?.postMessage(message);
  try {
    for (const parcel of wrap(parseConfig(text, file, env, discovered))) tell(parcel);
    tell({ kind: 'done' });
  } catch (thrown) {
    const { code, message } = asHeadgateError(thrown);
    tell({ kind: 'wrong', code, message });
  }
}

if (!isMainThread) serve(workerData as Task);
