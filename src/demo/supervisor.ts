import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runningDemo, serveControl } from './control.ts';
import { FAULTS, type FaultKind } from './faults.ts';
import { createDatabase } from './queue.ts';
import { seededRandom } from './random.ts';
import type { Order, Report, StageName, StageOptions } from './stage.ts';

const STAGES: readonly StageName[] = ['ingest', 'enrich', 'load'];
/** Seconds after the start between which `enrich` becomes slow by itself. */
const FAULT_FROM = 25;
const FAULT_TO = 55;
const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 3_000;

/** What happens in the demo, one object each, in the order it happens. `at` is RFC 3339. */
export type DemoEvent = { readonly at: string } & (
  | {
      readonly event: 'ready';
      readonly urls: Urls;
      readonly directory: string;
      readonly seed: number;
      readonly faultAtSeconds: number | null;
    }
  | {
      readonly event: 'fault' | 'fault-over';
      readonly kind: FaultKind;
      readonly stage: StageName;
      readonly text: string;
    }
  | {
      readonly event: 'valve';
      readonly stage: StageName;
      readonly state: 'open' | 'throttled' | 'paused';
      readonly rate?: number;
    }
  | {
      readonly event: 'exited';
      readonly stage: StageName;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | { readonly event: 'started'; readonly stage: StageName; readonly url: string }
  | { readonly event: 'error-output'; readonly stage: StageName; readonly text: string }
);

type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;
export type Urls = Readonly<Record<StageName, string>>;

export interface DemoOptions {
  /** Base address of the daemon whose valve `ingest` obeys. It need not be up. */
  readonly daemonUrl: string;
  /** For the queue file and the address of the control endpoint. What an earlier demo left there is replaced. */
  readonly directory: string;
  /** Seconds after the start at which `enrich` becomes slow, `never`, or undefined: the seed decides. */
  readonly faultAt?: number | 'never';
  readonly seed: number;
  /** 0: any free one. */
  readonly ports: Readonly<Record<StageName, number>>;
  readonly onLine: (event: DemoEvent) => void;
}

export interface Demo {
  /** Addresses of `/metrics` of each stage. */
  readonly urls: Urls;
  /** Process of a stage; undefined while it is down. */
  pid(stage: StageName): number | undefined;
  fault(kind: FaultKind): void;
  /** Ends all processes and removes the control file. The queue file stays, to be looked at. */
  stop(): Promise<void>;
}

/**
 * Starts the three stages as processes of their own and answers when all of them serve.
 *
 * @throws Error with a sentence for people where a demo runs in the directory already, or a stage does not start.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const other = runningDemo(options.directory);
  if (other !== undefined) throw new Error(`a demo runs in ${options.directory} already, as process ${other}`);
  mkdirSync(options.directory, { recursive: true });
  const file = join(options.directory, 'queue.db');
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  createDatabase(file);

  const say = (event: WithoutTime<DemoEvent>): void =>
    options.onLine({ at: new Date().toISOString(), ...event } as DemoEvent);
  const children = new Map<StageName, ChildProcess>();
  const ports = { ...options.ports };
  const timers = new Map<FaultKind | 'own', NodeJS.Timeout>();
  let stopping = false;

  const launch = async (stage: StageName): Promise<void> => {
    const seed = options.seed + STAGES.indexOf(stage);
    const child = spawnStage(stage, { file, port: ports[stage], seed, daemonUrl: options.daemonUrl });
    children.set(stage, child);
    if (child.stderr) {
      createInterface({ input: child.stderr }).on('line', (text) => say({ event: 'error-output', stage, text }));
    }
    child.on('message', (report: Report) => {
      if (report.kind === 'valve') say({ event: 'valve', stage, ...rest(report) });
    });
    child.once('exit', (code, signal) => {
      children.delete(stage);
      if (stopping) return;
      say({ event: 'exited', stage, code, signal });
      comeBack(stage);
    });
    ports[stage] = await readyPort(stage, ports[stage], child);
  };

  /** A stage that died, by a fault or by itself, is started again after a while, and that is said. */
  const comeBack = (stage: StageName): void => {
    const timer = setTimeout(() => {
      timers.delete('crash');
      launch(stage).then(
        () => say({ event: 'started', stage, url: urlOf(ports[stage]) }),
        (error: unknown) => say({ event: 'error-output', stage, text: String(error) }),
      );
      if (stage === FAULTS.crash.stage) say({ event: 'fault-over', kind: 'crash', stage, text: FAULTS.crash.ends });
    }, FAULTS.crash.seconds * 1_000);
    timers.set('crash', timer);
  };

  const fault = (kind: FaultKind): void => {
    const spec = FAULTS[kind];
    say({ event: 'fault', kind, stage: spec.stage, text: spec.begins });
    const child = children.get(spec.stage);
    if (kind === 'crash') {
      child?.kill('SIGKILL');
      return;
    }
    tell(child, { kind: 'fault', fault: kind });
    clearTimeout(timers.get(kind));
    const over = (): void => {
      timers.delete(kind);
      tell(children.get(spec.stage), { kind: 'fault-over', fault: kind });
      say({ event: 'fault-over', kind, stage: spec.stage, text: spec.ends });
    };
    timers.set(kind, setTimeout(over, spec.seconds * 1_000));
  };

  let control: { close(): void } | undefined;
  const stop = async (): Promise<void> => {
    stopping = true;
    control?.close();
    for (const timer of timers.values()) clearTimeout(timer);
    await Promise.all([...children.values()].map(endChild));
  };
  try {
    await Promise.all(STAGES.map(launch));
    control = await serveControl(options.directory, fault);
  } catch (error) {
    await stop();
    throw error;
  }

  const faultAt = options.faultAt ?? FAULT_FROM + seededRandom(options.seed)() * (FAULT_TO - FAULT_FROM);
  if (faultAt !== 'never')
    timers.set(
      'own',
      setTimeout(() => fault('slow'), faultAt * 1_000),
    );
  const urls = { ingest: urlOf(ports.ingest), enrich: urlOf(ports.enrich), load: urlOf(ports.load) };
  say({
    event: 'ready',
    urls,
    directory: options.directory,
    seed: options.seed,
    faultAtSeconds: faultAt === 'never' ? null : Math.round(faultAt),
  });
  return { urls, pid: (stage) => children.get(stage)?.pid, fault, stop };
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/metrics`;

function rest<R extends { kind: unknown }>(report: R): Omit<R, 'kind'> {
  const { kind: _, ...others } = report;
  return others;
}

const tell = (child: ChildProcess | undefined, order: Order): void => {
  // A child that is on its way out cannot be told anything; its exit is reported on its own.
  child?.send(order, () => undefined);
};

const spawnStage = (stage: StageName, options: StageOptions): ChildProcess =>
  fork(join(import.meta.dirname, `${stage}.ts`), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });

/** Resolves with the port once the stage serves. */
function readyPort(stage: StageName, port: number, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${stage} of the demo did not start within ${READY_WITHIN_MS / 1_000} s`));
    }, READY_WITHIN_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${stage} of the demo ended with code ${code} before it served; is port ${port} free?`));
    });
    child.on('message', (report: Report) => {
      if (report.kind !== 'ready') return;
      clearTimeout(timer);
      resolve(report.port);
    });
  });
}

/** Asks the process to end, and ends it where it does not. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}
