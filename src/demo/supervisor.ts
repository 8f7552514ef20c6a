import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runningDemo, serveControl } from './control.ts';
import type { DemoEvent, DemoHappening, Urls } from './events.ts';
import { FAULTS, type FaultKind } from './faults.ts';
import { type Processes, startProcesses } from './processes.ts';
import { createDatabase } from './queue.ts';
import { seededRandom } from './random.ts';
import type { StageFault, StageName } from './stage.ts';

const STAGES: readonly StageName[] = ['ingest', 'enrich', 'load'];
/** Seconds after the start between which `enrich` becomes slow by itself. */
const FAULT_FROM = 25;
const FAULT_TO = 55;

export interface DemoOptions {
  /** Base address of the daemon whose valve `ingest` obeys. It need not be up. */
  readonly daemonUrl: string;
  /** For the queue file and the address of the control endpoint. What an earlier demo left there is replaced. */
  readonly directory: string;
  /** Seconds after the start at which `enrich` becomes slow, or `never`. The seed decides where nothing is given. */
  readonly faultAt?: number | 'never';
  readonly seed: number;
  /** 0: any free one. */
  readonly ports: Readonly<Record<StageName, number>>;
  /** Seconds after which a stage that died is started again; as the fault `crash` says where nothing is given. */
  readonly restartAfter?: number;
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
  const file = prepare(options.directory);
  const say = (happening: DemoHappening): void => options.onLine({ at: new Date().toISOString(), ...happening });
  const faults = new Set<StageFault>();
  const timers = new Map<string, NodeJS.Timeout>();
  const processes: Processes = await startProcesses({
    stages: STAGES,
    optionsOf: (stage, port = options.ports[stage]) => ({
      file,
      port,
      seed: options.seed + STAGES.indexOf(stage),
      daemonUrl: options.daemonUrl,
    }),
    restartAfter: options.restartAfter ?? FAULTS.crash.seconds,
    onServing: (stage) => {
      for (const fault of faults) if (FAULTS[fault].stage === stage) processes.tell(stage, { kind: 'fault', fault });
    },
    say,
  });

  const fault = (kind: FaultKind): void => {
    const { stage, seconds, begins, ends } = FAULTS[kind];
    say({ event: 'fault', kind, stage, text: begins });
    if (kind === 'crash') {
      processes.kill(stage);
      return;
    }
    faults.add(kind);
    processes.tell(stage, { kind: 'fault', fault: kind });
    const over = (): void => {
      faults.delete(kind);
      processes.tell(stage, { kind: 'fault-over', fault: kind });
      say({ event: 'fault-over', kind, stage, text: ends });
    };
    clearTimeout(timers.get(kind));
    timers.set(kind, setTimeout(over, seconds * 1_000));
  };

  const control = await serveControl(options.directory, fault);
  const faultAt = options.faultAt ?? FAULT_FROM + seededRandom(options.seed)() * (FAULT_TO - FAULT_FROM);
  if (faultAt !== 'never') timers.set('own', setTimeout(fault, faultAt * 1_000, 'slow'));
  const urls = { ingest: processes.url('ingest'), enrich: processes.url('enrich'), load: processes.url('load') };
  const faultAtSeconds = faultAt === 'never' ? null : faultAt;
  say({ event: 'ready', urls, directory: options.directory, seed: options.seed, faultAtSeconds });
  return {
    urls,
    pid: processes.pid,
    fault,
    stop: async () => {
      control.close();
      for (const timer of timers.values()) clearTimeout(timer);
      await processes.stop();
    },
  };
}

/** An empty queue file in the directory. */
function prepare(directory: string): string {
  const other = runningDemo(directory);
  if (other !== undefined) throw new Error(`a demo runs in ${directory} already, as process ${other}`);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'queue.db');
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  createDatabase(file);
  return file;
}
