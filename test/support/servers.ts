import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from './until.ts';

/** Where each real server may be found: names on the PATH, or patterns of absolute paths (the newest wins). */
const BINARIES = {
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['prometheus-alertmanager', 'alertmanager'],
  amtool: ['amtool'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  redis: ['redis-server'],
  openssl: ['openssl'],
  java: ['java'],
  mvn: ['mvn'],
  postgres: ['postgres', '/usr/lib/postgresql/*/bin/postgres'],
} as const;

export type ServerName = keyof typeof BINARIES;

/** The answer of `requireServer`: give `skip` to `test(name, { skip }, …)`, and run `path` inside. */
export type FoundServer =
  | { readonly path: string; readonly skip: false }
  | { readonly path: ''; readonly skip: string };

/**
 * Looks for a real server. Where it is absent the answer carries the reason to skip, unless `HEADGATE_TEST_REQUIRE`
 * (a comma list of names, or `all`) names it: then this throws, so that the test file fails.
 */
export function requireServer(name: ServerName): FoundServer {
  const path = BINARIES[name].map(locate).find((found) => found !== undefined);
  if (path !== undefined) return { path, skip: false };
  if (isRequired(name)) {
    throw new Error(`${name} is required by HEADGATE_TEST_REQUIRE and is not installed`);
  }
  return { path: '', skip: `${name} is not installed` };
}

/** Whether `HEADGATE_TEST_REQUIRE` names it. */
export function isRequired(name: string): boolean {
  const required = (process.env.HEADGATE_TEST_REQUIRE ?? '').split(',').map((one) => one.trim());
  return required.includes(name) || required.includes('all');
}

function locate(candidate: string): string | undefined {
  const paths = candidate.startsWith('/')
    ? globSync(candidate).sort().reverse()
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, candidate));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Below what Linux (from 32768) and others (from 49152) hand out by themselves. */
const PORTS = { first: 20_000, count: 12_000 } as const;
// Test processes that run at the same time have ids near each other; each begins elsewhere.
let nextPort = process.pid * 61;

/**
 * A port of 127.0.0.1 that was free a moment ago. For servers that cannot be told to take port 0. It is none of those that the
 * system gives to whoever asks for port 0 or connects somewhere: one of these could be gone until a slow server has started.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS.count; tries += 1) {
    const port = PORTS.first + (nextPort++ % PORTS.count);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${PORTS.first} to ${PORTS.first + PORTS.count - 1} is free`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/**
 * A port of 127.0.0.1 that refuses every connection until `close`: it is the near end of a connection that stands, so that no other
 * process can begin to listen there.
 */
export async function deafPort(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: far } = server.address() as AddressInfo;
  const near = connect(far, '127.0.0.1');
  const [[taken]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  server.close();
  return {
    port: near.localPort as number,
    close: () => {
      near.destroy();
      taken.destroy();
    },
  };
}

/** A real server that runs until `stop`, or at the latest until the test process ends. */
export interface RunningServer {
  readonly pid: number;
  readonly folder: string;
  /** What the server has written so far, both streams; for the message of a failing test. */
  output(): string;
  /** Ends the process (SIGTERM, after 5 s SIGKILL), waits for it and removes its folder. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts `path` with the arguments made for a fresh folder and waits until `ready` says so (asked every 50 ms).
 *
 * @throws Error with the server's own output where it ends early, or is not ready after 30 s.
 */
export async function startServer(
  path: string,
  args: (folder: string) => readonly string[],
  ready: () => Promise<boolean>,
): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'));
  const child = spawn(path, args(folder), { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  child.on('error', (error) => (output += error.message));
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const stop = async (): Promise<void> => {
    await end(child);
    process.off('exit', killNow);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(async () => hasEnded(child) || (await ready()), {
      what: `${path} is ready`,
      within: 60_000,
      every: 50,
    });
    if (hasEnded(child)) throw new Error(`${path} has ended early`);
  } catch (cause) {
    await stop();
    throw new Error(`${path} did not start:\n${output}`, { cause });
  }
  return { pid: child.pid as number, folder, output: () => output, stop };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(timer);
}

/** True where a GET is answered with a 2xx within a second; never throws. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Starts a real Prometheus on a free loopback port with an empty database. `config` is the text of its configuration; it is
 * given its own address, so that it can scrape itself.
 */
export async function startPrometheus(
  config: (address: string) => string,
): Promise<RunningServer & { readonly url: string }> {
  const { path, skip } = requireServer('prometheus');
  if (skip) throw new Error(skip);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const args = (folder: string): string[] => {
    writeFileSync(join(folder, 'prometheus.yml'), config(address));
    return [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ];
  };
  return { ...(await startServer(path, args, () => answers(`${url}/-/ready`))), url };
}

/**
 * Starts a real Alertmanager without a cluster on `address`, such as `127.0.0.1:9093`; `config` is the text of its configuration.
 * What it keeps over a restart is in `storage`, where one is given.
 */
export async function startAlertmanager(
  config: string,
  address: string,
  storage?: string,
): Promise<RunningServer & { readonly url: string }> {
  const { path, skip } = requireServer('alertmanager');
  if (skip) throw new Error(skip);
  const url = `http://${address}`;
  const args = (folder: string): string[] => {
    writeFileSync(join(folder, 'alertmanager.yml'), config);
    return [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${storage ?? join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--cluster.listen-address=',
    ];
  };
  return { ...(await startServer(path, args, () => answers(`${url}/-/ready`))), url };
}
