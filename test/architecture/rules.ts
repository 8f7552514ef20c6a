/** What one room may import. Anything not named is forbidden. */
export interface RoomRule {
  /** Rooms it may import from, besides itself. */
  readonly rooms: readonly string[] | 'any';
  /** Rooms or files of which it may use the types alone. */
  readonly types?: readonly string[];
  /** npm packages; a name covers its subpaths. */
  readonly packages?: readonly string[];
  readonly node: boolean;
  /** No clock, no randomness, no timers, no process: `now` and `random` are arguments. */
  readonly pure?: true;
}

const PLUGIN = ['domain', 'stats', 'control', 'kit'];
const PLUGIN_ROOMS = ['sources', 'detectors', 'actuators', 'notifiers', 'stores'];
const NOTHING = { rooms: [], node: false } as const satisfies RoomRule;

/**
 * Who may import whom: the rules of the house, by room. A room is a folder of `src` or a file in it. The longest name that
 * fits a file wins; a `*` stands for one name, so every plugin is a room of its own and siblings do not meet.
 */
export const RULES: Readonly<Record<string, RoomRule>> = {
  'main.ts': { rooms: 'any', node: true },
  'version.ts': { rooms: [], node: true },
  app: { rooms: 'any', packages: ['node-cron'], node: true },
  'registry.ts': { rooms: [...PLUGIN_ROOMS.map((room) => `${room}/*`), 'kit'], node: false },
  cli: {
    rooms: ['app', 'config', 'registry.ts', 'version.ts', 'engine', 'files', 'plant', 'report', 'domain', 'stats'],
    node: true,
  },
  config: { rooms: ['domain', 'kit'], packages: ['zod', 'yaml'], node: true },
  domain: { ...NOTHING, pure: true },
  stats: {
    rooms: [],
    types: ['domain'],
    packages: ['simple-statistics', 'ml-isolation-forest'],
    node: false,
    pure: true,
  },
  control: { rooms: ['domain', 'stats'], node: false, pure: true },
  kit: { rooms: ['domain'], packages: ['zod', 'cockatiel', '@streamparser/json'], node: true },
  'sources/*': { rooms: PLUGIN, packages: ['zod'], node: true },
  'detectors/*': { rooms: PLUGIN, packages: ['zod'], node: false, pure: true },
  'actuators/*': { rooms: PLUGIN, packages: ['zod'], node: true },
  'notifiers/*': { rooms: PLUGIN, packages: ['zod'], node: true },
  'stores/*': { rooms: PLUGIN, packages: ['zod'], node: true },
  contracts: { rooms: ['domain', 'stats', 'kit'], node: true },
  engine: { rooms: ['domain', 'stats', 'control', 'kit'], node: true },
  telemetry: { rooms: ['domain'], packages: ['prom-client', '@opentelemetry', 'pino'], node: true },
  server: { rooms: ['domain', 'telemetry', 'kit'], node: true },
  files: { rooms: ['domain', 'stats', 'kit'], node: true },
  plant: { rooms: ['domain', 'stats'], node: true },
  report: { rooms: ['domain', 'stats'], node: true },
  page: { rooms: [], types: ['server/api.ts'], packages: ['preact', 'uplot'], node: false },
  'page/build.ts': { rooms: [], packages: ['esbuild'], node: true },
  demo: { rooms: [], node: true },
};

/** The client of its own system, or the reader of a foreign format, that one room may load, and nobody else. */
export const OWN_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  files: ['@duckdb/node-api'],
  'sources/kafka': ['@platformatic/kafka'],
  'sources/postgres': ['pg'],
  'sources/redis-streams': ['redis'],
};

/** Steps of the engine that must give the same answer for the same state and `now`. */
export const PURE_STEPS: readonly string[] = [
  'derive',
  'score',
  'judge',
  'budget',
  'incident',
  'cause',
  'decide',
  'objection',
  'request',
  'ledger',
  'lease',
  'stages',
  'estimate',
  'advance',
  'engine',
].map((step) => `engine/${step}.ts`);
