import { type ChildProcess, fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DemoHappening } from './events.ts';
import type { Order, Report, StageName, StageOptions } from './stage.ts';

const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 3_000;

export interface ProcessOptions {
  readonly stages: readonly StageName[];
  /** What a stage is started with; `port` is what it was given the last time where it had one. */
  optionsOf(stage: StageName, port: number | undefined): StageOptions;
  /** Seconds after which a stage that died is started again. */
  readonly restartAfter: number;
  /** A stage serves, for the first time or again. */
  onServing(stage: StageName): void;
  say(happening: DemoHappening): void;
}

/** The processes of the stages. One that dies, by a fault or by itself, is started again after a while, and that is said. */
export interface Processes {
  url(stage: StageName): string;
  pid(stage: StageName): number | undefined;
  /** A stage that is down hears nothing. */
  tell(stage: StageName, order: Order): void;
  /** Without warning. */
  kill(stage: StageName): void;
  /** Ends all of them for good. */
  stop(): Promise<void>;
}

/** Answers when all stages serve; ends those that do where one does not. */
export async function startProcesses(options: ProcessOptions): Promise<Processes> {
  const running = new Map<StageName, ChildProcess>();
  const ports = new Map<StageName, number>();
  const restarts = new Map<StageName, NodeJS.Timeout>();
  let stopping = false;
  const url = (stage: StageName): string => `http://127.0.0.1:${ports.get(stage)}/metrics`;

  const launch = async (stage: StageName): Promise<void> => {
    const given = options.optionsOf(stage, ports.get(stage));
    const child = spawn(stage, given);
    running.set(stage, child);
    listen(stage, child, options.say);
    child.once('exit', (code, signal) => {
      running.delete(stage);
      if (stopping) return;
      options.say({ event: 'exited', stage, code, signal });
      restarts.set(stage, setTimeout(again, options.restartAfter * 1_000, stage));
    });
    ports.set(stage, await readyPort(stage, given.port, child));
    options.onServing(stage);
  };
  const again = (stage: StageName): void => {
    launch(stage).then(
      () => options.say({ event: 'started', stage, url: url(stage) }),
      (error: unknown) => options.say({ event: 'error-output', stage, text: String(error) }),
    );
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    for (const timer of restarts.values()) clearTimeout(timer);
    await Promise.all([...running.values()].map(end));
  };

  try {
    await Promise.all(options.stages.map(launch));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    pid: (stage) => running.get(stage)?.pid,
    tell: (stage, order) => {
      // A child on its way out cannot be told anything; its exit is said on its own.
      running.get(stage)?.send(order, () => undefined);
    },
    kill: (stage) => {
      running.get(stage)?.kill('SIGKILL');
    },
    stop,
  };
}

/** The stage beside this file: `.ts` in a checkout, `.js` where the demo was built. */
const spawn = (stage: StageName, options: StageOptions): ChildProcess =>
  fork(join(import.meta.dirname, stage + extname(import.meta.filename)), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });

function listen(stage: StageName, child: ChildProcess, say: (happening: DemoHappening) => void): void {
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (text) => say({ event: 'error-output', stage, text }));
  }
  child.on('message', (report: Report) => {
    if (report.kind !== 'valve') return;
    const { kind: _, ...valve } = report;
    say({ event: 'valve', stage, ...valve });
  });
}

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
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}
