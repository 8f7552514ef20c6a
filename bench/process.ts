import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One daemon under measurement. */
export interface Measured {
  readonly url: string;
  /** From the start of the process to the first good answer of `/readyz`, in ms. */
  readonly readyAfter: number;
  /** Resident memory now and at its highest, in MB. */
  memory(): { readonly now: number; readonly peak: number };
  /** Seconds of processor time the process has used so far. */
  cpuSeconds(): number;
  /** Value of one series of `/metrics`, by name and the labels it must have. */
  metric(name: string, labels?: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** `sysconf(_SC_CLK_TCK)` of Linux. */
const TICKS = 100;

/** Starts `bin run --config config` on a free port and waits until it is ready. */
export async function measure(bin: string, config: string, port: number, cache: string): Promise<Measured> {
  const began = performance.now();
  const child = spawn(process.execPath, [bin, 'run', '--config', config], {
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4000)));
  child.once('exit', (code, signal) => {
    if (signal !== null || code !== 0) console.error(`the daemon ended with ${code ?? signal}:\n${output}`);
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await ready(url))) {
    if (child.exitCode !== null || performance.now() - began > 30_000) {
      child.kill('SIGKILL');
      throw new Error(`the daemon did not become ready:\n${output}`);
    }
    await sleep(3);
  }
  return { url, readyAfter: performance.now() - began, ...looks(child, url), stop: () => stop(child) };
}

async function ready(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

const looks = (child: ChildProcess, url: string): Pick<Measured, 'memory' | 'cpuSeconds' | 'metric'> => ({
  memory() {
    const status = stateOf(child, 'status');
    const megabytes = (key: string): number => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
  },
  cpuSeconds() {
    const fields = stateOf(child, 'stat').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  },
  async metric(name, labels = '') {
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text
      .split('\n')
      .find((one) => one.startsWith(name) && /[ {]/.test(one[name.length] ?? '') && one.includes(labels));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
  },
});

function stateOf(child: ChildProcess, file: string): string {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`the daemon has ended early (${child.exitCode ?? child.signalCode})`);
  }
  return readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
