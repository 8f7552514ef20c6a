import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDirectory } from '../demo/control.ts';
import type { DemoEvent } from '../demo/events.ts';
import { type Demo, startDemo } from '../demo/supervisor.ts';
import { createTeller, type Teller } from '../telemetry/console.ts';
import { ROOT, VERSION } from '../version.ts';
import { type App, startApp } from './app.ts';
import { systemClock } from './clock.ts';
import type { Environment } from './config-file.ts';

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
  /** First of the three ports of the pipeline's own metrics; 0 takes any that are free. */
  readonly portBase: number;
  readonly config: string | undefined;
  /** `story`: lines for people. `json`: the daemon's log, as `headgate run` writes it. */
  readonly output: 'story' | 'json';
  readonly write: (line: string) => void;
  readonly color: boolean;
  readonly columns: number;
}

/**
 * Starts the demo pipeline, and the daemon on its config beside it; both begin with nothing learned.
 *
 * @throws HeadgateError or Error with a sentence for people, and leaves nothing running.
 */
export async function runDemo(options: DemoRunOptions): Promise<RunningDemo> {
  const directory = options.directory ?? defaultDirectory();
  const { write, color, columns } = options;
  const now = systemClock.now;
  const pageUrl = `http://${options.listen}`;
  const teller = createTeller({ write, color, columns, pageUrl, now, startedAt: now() });
  const story = options.output === 'story';
  mkdirSync(directory, { recursive: true });
  const port = (offset: number): number => (options.portBase === 0 ? 0 : options.portBase + offset);
  if (story) greet(write, pageUrl, directory);
  const demo: Demo = await startDemo({
    daemonUrl: `http://${options.listen}`,
    directory,
    seed: options.seed,
    ...(options.faultAt === undefined ? {} : { faultAt: options.faultAt }),
    ports: { ingest: port(0), enrich: port(1), load: port(2) },
    onLine: (event) => tell(event, teller, options),
  });
  try {
    for (const end of ['', '-wal', '-shm', '.lock']) rmSync(join(directory, `headgate.db${end}`), { force: true });
    const app = await startApp({
      configFile: options.config ?? join(ROOT, 'config', 'demo.yaml'),
      env: {
        ...options.env,
        HEADGATE_DEMO_DIR: directory,
        HEADGATE_DEMO_LISTEN: options.listen,
        HEADGATE_DEMO_INGEST_PORT: new URL(demo.urls.ingest).port,
        HEADGATE_DEMO_ENRICH_PORT: new URL(demo.urls.enrich).port,
        HEADGATE_DEMO_LOAD_PORT: new URL(demo.urls.load).port,
      },
      ...(story ? { listener: teller.listener, quiet: true } : {}),
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

/** What the pipeline says of itself, in the voice of the story. */
function tell(event: DemoEvent, teller: Teller, { output, write }: DemoRunOptions): void {
  if (output === 'json') {
    write(`${JSON.stringify({ demo: event })}\n`);
    return;
  }
  if (event.event === 'fault' || event.event === 'fault-over') teller.say('demo', event.text);
  if (event.event === 'exited')
    teller.say('demo', `the process of ${event.stage} is gone (${event.signal ?? event.code})`);
  if (event.event === 'started') teller.say('demo', `the process of ${event.stage} runs again`);
  if (event.event === 'error-output') teller.say('demo', `${event.stage}: ${event.text}`);
}

function greet(write: (line: string) => void, url: string, directory: string): void {
  write(`Headgate ${VERSION} · demo pipeline "orders": ingest → enrich → load, three processes\n`);
  write(`  page     ${url}/\n  metrics  ${url}/metrics\n  files    ${directory}\n`);
  write(
    '  more     npx headgate demo fault slow|stop|drop-rows|stale|crash\n  stop     Ctrl-C (lets every gate go first)\n',
  );
}
