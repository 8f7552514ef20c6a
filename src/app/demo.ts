import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDirectory, sendFault } from '../demo/control.ts';
import type { DemoEvent } from '../demo/events.ts';
import { type Demo, startDemo } from '../demo/supervisor.ts';
import type { Events } from '../domain/ports.ts';
import { type App, startApp } from './app.ts';
import type { Environment } from './config-file.ts';
import { PACKAGE_FOLDER } from '../version.ts';

export interface RunningDemo {
  readonly app: App;
  /** Ends the daemon first, so that its gates are let go, then the pipeline. */
  stop(): Promise<void>;
}

export interface DemoRunOptions {
  readonly env: Environment;
  /** Where the daemon listens, as `host:port`. */
  readonly listen: string;
  readonly directory: string | undefined;
  readonly seed: number;
  /** Seconds after the start at which `enrich` becomes slow; the seed decides where nothing is given. */
  readonly faultAt: number | 'never' | undefined;
  /** First of the three ports of the pipeline's own metrics. */
  readonly portBase: number;
  readonly config: string | undefined;
  readonly listener: Partial<Events>;
  readonly happened: (event: DemoEvent) => void;
  readonly quiet: boolean;
}

export { sendFault };

/**
 * Starts the demo pipeline, and the daemon on its config beside it; both begin with nothing learned.
 *
 * @throws HeadgateError or Error with a sentence for people, and leaves nothing running.
 */
export async function runDemo(options: DemoRunOptions): Promise<RunningDemo> {
  const directory = options.directory ?? defaultDirectory();
  mkdirSync(directory, { recursive: true });
  const [ingest, enrich, load] = [0, 1, 2].map((offset) => options.portBase + offset) as [number, number, number];
  const demo: Demo = await startDemo({
    daemonUrl: `http://${options.listen}`,
    directory,
    seed: options.seed,
    ...(options.faultAt === undefined ? {} : { faultAt: options.faultAt }),
    ports: { ingest, enrich, load },
    onLine: options.happened,
  });
  try {
    for (const end of ['', '-wal', '-shm', '.lock']) rmSync(join(directory, `headgate.db${end}`), { force: true });
    const app = await startApp({
      configFile: options.config ?? join(PACKAGE_FOLDER, 'config', 'demo.yaml'),
      env: {
        ...options.env,
        HEADGATE_DEMO_DIR: directory,
        HEADGATE_DEMO_LISTEN: options.listen,
        HEADGATE_DEMO_INGEST_PORT: String(ingest),
        HEADGATE_DEMO_ENRICH_PORT: String(enrich),
        HEADGATE_DEMO_LOAD_PORT: String(load),
      },
      listener: options.listener,
      quiet: options.quiet,
    });
    const both = async (): Promise<void> => {
      await app.stop();
      await demo.stop();
    };
    return { app: { ...app, stop: both }, stop: both };
  } catch (thrown) {
    await demo.stop();
    throw thrown;
  }
}
