import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from '../support/until.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** The binary as a process of its own, in a process group of its own, as a shell starts it. */
export interface Program {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly out: string;
  readonly err: string;
  /** Exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  hasEnded(): boolean;
  /** Waits until standard output holds the text or matches; fails early where the process ends. */
  says(what: string | RegExp, within?: number): Promise<void>;
  /** Sends a signal to the process and its children, as a terminal does for Ctrl-C. */
  interrupt(name: NodeJS.Signals): void;
  /** True where no process of the group is left. */
  isGone(): boolean;
}

/** Groups that run, for the day on which the test itself is ended from outside and no hook is called any more. */
const groups = new Set<number>();
const endAll = (): void => {
  for (const group of groups) signal(group, 'SIGKILL');
};
process.once('exit', endAll);
process.once('SIGTERM', () => process.exit(143));

function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(group, name);
  } catch {
    return false;
  }
}

/** Starts `headgate ARGS`. Whatever is left of it ends with the test. */
export function headgate(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  { cwd = process.cwd(), env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Program {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...own, ...env },
    detached: true,
    stdio: 'pipe',
  });
  const group = -(child.pid as number);
  const said = { out: '', err: '', ended: false };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  child.stderr.on('data', (chunk) => (said.err += chunk));
  const ended = once(child, 'close').then(([code]) => {
    said.ended = true;
    return code as number | null;
  });
  groups.add(group);
  t.after(() => {
    signal(group, 'SIGKILL');
    groups.delete(group);
  });
  return {
    child,
    ended,
    get out() {
      return said.out;
    },
    get err() {
      return said.err;
    },
    hasEnded: () => said.ended,
    async says(what, within = 60_000) {
      const matches = () => (typeof what === 'string' ? said.out.includes(what) : what.test(said.out));
      try {
        await until(() => matches() || said.ended, { what: `it says ${what}`, within, every: 20 });
      } catch (cause) {
        throw new Error(`it never said ${what}:\n${said.out}\n${said.err}`, { cause });
      }
      if (!matches()) throw new Error(`it ended before it said ${what}:\n${said.out}\n${said.err}`);
    },
    interrupt: (name) => signal(group, name),
    isGone: () => !signal(group, 0),
  };
}

/** The JSON at a path of a daemon. */
export async function api<T>(url: string, path: string): Promise<T> {
  return (await fetch(`${url}${path}`)).json() as Promise<T>;
}

/** The value of one series of `/metrics`; `series` as it stands there, such as `headgate_outbox_pending`. */
export async function metric(url: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
