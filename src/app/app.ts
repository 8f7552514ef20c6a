import type { Config } from '../config/config.ts';
import { asHeadgateError } from '../domain/error.ts';
import type { Events, Store } from '../domain/ports.ts';
import { type EpochMs, SECOND } from '../domain/time.ts';
import { createValves } from '../engine/valves.ts';
import { createWorkerJobs, type WorkerJobs } from '../engine/worker.ts';
import { registry } from '../registry.ts';
import { loadPage } from '../server/page.ts';
import { createServer, type Server } from '../server/server.ts';
import { seededRandom } from '../stats/random.ts';
import { ROOT, VERSION } from '../version.ts';
import { startCalendar } from './calendar.ts';
import { systemClock } from './clock.ts';
import { createCommands } from './commands.ts';
import { type Environment, readConfigFile } from './config-file.ts';
import { Daemon } from './daemon.ts';
import { createDiscovery, type Discovery } from './discovery.ts';
import { InForce, type TakeOver } from './in-force.ts';
import { calendarJobs } from './jobs.ts';
import { createMemories } from './memory.ts';
import { openStore } from './offline.ts';
import { preparePage } from './page.ts';
import { watchConfig } from './reload.ts';
import { createSeedLog } from './seed-log.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import { createSourceLog, createView } from './view.ts';
import { closeUnused, type Surroundings } from './world.ts';

export interface AppOptions {
  readonly configFile: string;
  readonly env: Environment;
  /** Listens on another address than the config says. */
  readonly listen?: string;
  /** Hears of everything that happens, beside metrics and log. */
  readonly listener?: Partial<Events>;
  /** No log lines; for a console that tells the story itself. */
  readonly quiet?: boolean;
}

export interface App {
  /** Where the page is, without a trailing slash. */
  readonly url: string;
  readonly daemon: Daemon;
  /** Lets every gate go, says what stays held where that fails, and ends. Calling twice is the same as once. */
  stop(): Promise<void>;
}

/** Gates must be let go and notices sent within this long at the end. */
const GRACE = 10 * SECOND;

/**
 * Starts everything in order: config, telemetry, store, gates, engine, server; `stop` runs the other way.
 *
 * @throws HeadgateError with every problem of the config, or what else keeps it from starting; then nothing is left running.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const running: Running = {};
  try {
    return await start(options, running);
  } catch (thrown) {
    await stopAll(running);
    throw thrown;
  }
}

async function start(options: AppOptions, running: Running): Promise<App> {
  const clock = systemClock;
  const startedAt = clock.now();
  const { configFile: file, env } = options;
  const read = readConfigFile(file, env);
  const telemetry = await createTelemetry(read.config, options);
  running.telemetry = telemetry;
  const { events } = telemetry;
  events.lifecycle({ phase: 'starting', message: `Headgate ${VERSION} starts on ${file}` });
  const status: Status = { doing: 'it opens the store', configLoadedAt: startedAt, configOk: true, degraded: [] };
  const failing = (what: string, thrown: unknown): void => events.failed({ what, error: asHeadgateError(thrown) });
  // Bound before anything else takes long: who asks is told what is still being done.
  const server = createServer({
    options: serverOptions(read.config, options),
    starting: () => status.doing ?? '',
    onError: failing,
  });
  running.server = server;
  const { address, port } = await server.listen();
  const { type, config: own } = read.config.store;
  const store = await openStore(type, own, (message) => status.degraded.push(message));
  running.store = store;
  const sourceLog = createSourceLog();
  const seedLog = createSeedLog();
  telemetry.subscribe(seedLog.listener);
  telemetry.subscribe({ probed: ({ source, gap, at }) => sourceLog.note(source, gap, at) });

  const valves = createValves(clock);
  const random = seededRandom(startedAt % 2 ** 32);
  const { pageUrl } = read.config.server;
  const memory = createMemories(store, clock);
  const around: Surroundings = { registry, clock, random, valves, pageUrl, say: telemetry.say, memory };
  status.doing = 'it asks its sources what there is';
  const discovery = createDiscovery({ store, clock, events });
  running.discovery = discovery;
  const inForce = await InForce.start({ file, env, around, discovery }, read);
  running.inForce = inForce;
  const jobs = createWorkerJobs(({ task }, error) =>
    events.failed({ what: `job ${task}`, error: asHeadgateError(error) }),
  );
  running.jobs = jobs;
  const { traced } = telemetry;
  status.doing = 'it loads what was learned and what is open';
  const daemon = await Daemon.start({ world: inForce.made.world, store, clock, random, events, traced, jobs });
  running.daemon = daemon;
  const commands = createCommands(() => daemon, store, clock);
  const view = createView({
    daemon: () => daemon,
    config: () => inForce.config,
    store,
    valves,
    clock,
    sources: sourceLog,
    seeding: seedLog,
    version: VERSION,
    startedAt,
    status: () => ({ ...status, degraded: [...status.degraded, ...inForce.troubles()] }),
  });
  await telemetry.observe(view);
  server.serve({
    view,
    commands,
    metrics: telemetry.metrics,
    events: telemetry,
    page: await loadPage(await preparePage(ROOT)),
  });
  running.calendar = startCalendar(calendarJobs(inForce.config, daemon, store, clock), failing);

  const takeOver: TakeOver = async ({ world }, config) => {
    await daemon.reload(world);
    await running.calendar?.stop();
    running.calendar = startCalendar(calendarJobs(config, daemon, store, clock), failing);
  };
  const rediscover = async (): Promise<void> => {
    try {
      events.discovered({ message: await inForce.rediscover(takeOver) });
    } catch (thrown) {
      failing('taking in what was discovered', thrown);
    }
  };
  const watch = (): void => discovery.watch(inForce.config.discoveries, inForce.ask, rediscover);
  const reload = async (): Promise<void> => {
    try {
      const message = await inForce.reload(takeOver);
      watch();
      Object.assign(status, { configOk: true, configLoadedAt: clock.now() });
      events.configLoaded({ ok: true, message, at: clock.now() });
    } catch (thrown) {
      status.configOk = false;
      events.configLoaded({ ok: false, message: asHeadgateError(thrown).message, at: clock.now() });
    }
  };
  watch();
  running.watch = watchConfig(file, inForce.text, clock, reload);
  status.doing = undefined;
  const host = address.includes(':') ? `[${address}]` : address;
  const url = `http://${host}:${port}`;
  events.configLoaded({ ok: true, message: `${inForce.config.probes.size} stages`, at: clock.now() });
  events.lifecycle({ phase: 'ready', message: `page and metrics on ${url}` });
  // A pending server socket keeps the process alive; timers do not.
  let stopping: Promise<void> | undefined;
  return {
    url,
    daemon,
    stop: () => {
      status.doing = 'it stops, and lets go of every gate';
      stopping ??= stopAll(running);
      return stopping;
    },
  };
}

/** How the daemon as a whole stands. */
interface Status {
  /** What it does instead of being ready. */
  doing: string | undefined;
  configLoadedAt: EpochMs;
  configOk: boolean;
  readonly degraded: string[];
}

/** What has been started so far. */
interface Running {
  telemetry?: Telemetry;
  store?: Store;
  discovery?: Discovery;
  inForce?: InForce;
  daemon?: Daemon;
  jobs?: WorkerJobs;
  server?: Server;
  calendar?: { stop(): Promise<void> };
  watch?: { stop(): Promise<void> };
}

async function stopAll(running: Running): Promise<void> {
  const { watch, discovery, daemon, jobs, server, store, telemetry, inForce } = running;
  if (daemon) telemetry?.events.lifecycle({ phase: 'stopping', message: 'letting go of every gate' });
  await watch?.stop();
  await discovery?.stop();
  await inForce?.settled();
  // Only now it is the last one: what was being loaded has started its own.
  await running.calendar?.stop();
  await daemon?.close(AbortSignal.timeout(GRACE));
  await jobs?.close();
  await server?.close();
  if (inForce) await closeUnused(inForce.made, undefined);
  await store?.close();
  telemetry?.events.lifecycle({ phase: 'stopped', message: 'bye' });
  await telemetry?.close();
}

function serverOptions({ server }: Config, { listen }: AppOptions) {
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  return {
    listen: listen ?? `${host}:${server.port}`,
    token: server.token,
    allowedHosts: server.allowedHosts,
    pageUrl: server.pageUrl,
  };
}
