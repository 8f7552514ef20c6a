import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_KINDS, type FaultKind, isFaultKind } from './faults.ts';

/** Where a demo keeps its files if it is not told otherwise; the command that injects faults looks there too. */
export const defaultDirectory = (): string => process.env.HEADGATE_DEMO_DIR ?? join(tmpdir(), 'headgate-demo');

/** What a running demo leaves in its directory, readable by its owner only. */
interface ControlFile {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
}

const pathIn = (directory: string): string => join(directory, 'control.json');

/** The process of the demo that runs in the directory, if one does. */
export function runningDemo(directory: string): number | undefined {
  const file = readControl(directory);
  if (!file) return undefined;
  try {
    process.kill(file.pid, 0);
    return file.pid;
  } catch {
    return undefined;
  }
}

/** A small endpoint on loopback that takes faults. The token keeps web pages of a browser on the same machine out. */
export async function serveControl(directory: string, inject: (kind: FaultKind) => void): Promise<{ close(): void }> {
  const token = randomUUID();
  const server = createServer((request, response) => {
    request.resume();
    const answer = (status: number, message: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    };
    const kind = /^\/faults\/([a-z-]+)$/.exec(request.url ?? '')?.[1];
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, 'wrong token');
    if (request.method !== 'POST' || kind === undefined) return answer(404, 'POST /faults/KIND is all there is');
    if (!isFaultKind(kind)) return answer(404, `no fault "${kind}"; there are ${FAULT_KINDS.join(', ')}`);
    inject(kind);
    answer(202, `injected ${kind}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(pathIn(directory), JSON.stringify({ pid: process.pid, url, token } satisfies ControlFile), {
    mode: 0o600,
  });
  return {
    close: () => {
      rmSync(pathIn(directory), { force: true });
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * Injects a fault into the demo that runs in the directory.
 *
 * @throws Error with a sentence for people where no demo runs there or the kind is not known.
 */
export async function sendFault(kind: string, directory: string = defaultDirectory()): Promise<void> {
  const file = readControl(directory);
  if (!file || runningDemo(directory) === undefined) {
    throw new Error(`no demo runs in ${directory}; start one with: npm start`);
  }
  const response = await fetch(`${file.url}/faults/${encodeURIComponent(kind)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${file.token}` },
    signal: AbortSignal.timeout(5_000),
  });
  const { message } = (await response.json()) as { message: string };
  if (!response.ok) throw new Error(message);
}

function readControl(directory: string): ControlFile | undefined {
  try {
    return JSON.parse(readFileSync(pathIn(directory), 'utf8')) as ControlFile;
  } catch {
    return undefined;
  }
}
