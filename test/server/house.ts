import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import type { Decision } from '../../src/domain/decision.ts';
import type { Exclusion } from '../../src/domain/excluded.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { Outlook } from '../../src/domain/outlook.ts';
import type { CommandResult, Commands, Events, View } from '../../src/domain/ports.ts';
import type { Score } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import type { StageId } from '../../src/domain/stage.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import type { HealthView, StageView, ValveState } from '../../src/domain/views.ts';
import { createServer, type Server, type ServerOptions, type ServerParts } from '../../src/server/server.ts';

export const NOW = Date.UTC(2026, 10, 21, 3, 10);
const MINUTE = 60_000;

export const incident: Incident = {
  id: '4127',
  pipeline: 'orders',
  root: 'orders.enrich',
  affected: ['orders.enrich', 'orders.clean'],
  severity: 'critical',
  cause: 'slow',
  state: 'open',
  openedAt: NOW - 8 * MINUTE,
  because: [
    {
      subject: 'orders.enrich/lag_seconds',
      detector: 'baseline',
      score: 23,
      observed: 321,
      lower: 1.8,
      upper: 16,
      text: 'lag_seconds is far above its usual band',
    },
  ],
  rootMoved: false,
  notes: [{ at: NOW - MINUTE, by: 'ana', text: 'looking' }],
};

export const pastIncident: Incident = {
  ...incident,
  id: '4001',
  state: 'resolved',
  openedAt: NOW - 900 * MINUTE,
  resolvedAt: NOW - 890 * MINUTE,
  resolution: 'recovered',
};

export const lease: Lease = {
  id: 'L-88',
  policy: 'protect-enrich',
  incident: '4127',
  stage: 'orders.ingest',
  actuator: 'valve',
  request: { kind: 'throttle', rate: 40 },
  state: 'active',
  grantedAt: NOW - 6 * MINUTE,
  expiresAt: NOW + 6 * MINUTE,
  renewals: 1,
  preImage: { password: 'in the pre-image' },
  because: 'enrich is critical',
};

export const decisions: readonly Decision[] = [
  {
    at: NOW - 4 * MINUTE,
    policy: 'scale-enrich',
    stage: 'orders.enrich',
    incident: '4127',
    kind: 'withhold',
    reason: 'cooldown',
    because: 'last scaled 02:56',
  },
  {
    at: NOW - 6 * MINUTE,
    policy: 'protect-enrich',
    stage: 'orders.ingest',
    incident: '4127',
    lease: 'L-88',
    request: { kind: 'throttle', rate: 40 },
    kind: 'engage',
    reason: 'keep-broken',
    because: 'lag_seconds 321 s, limit 60 s',
  },
];

const critical: Score = {
  subject: 'orders.enrich/lag_seconds',
  detector: 'baseline',
  state: 'ready',
  pValue: 4e-6,
  because: [{ signal: 'lag_seconds', share: 1 }],
  observed: 321,
  expected: { lower: 1.8, centre: 6, upper: 16 },
  value: 23,
  ticketLine: 0.6,
};

export const enrichScores: readonly Score[] = [
  critical,
  {
    subject: 'orders.enrich/rows',
    detector: 'baseline',
    state: 'warming',
    seen: 30,
    need: 60,
    value: 0,
    ticketLine: 0.6,
  },
  {
    subject: 'orders.enrich/dlq_depth',
    detector: 'forest',
    state: 'blind',
    missing: ['rows'],
    value: 0,
    ticketLine: 0.6,
  },
];

export const enrichSnapshot: Snapshot = {
  ...emptySnapshot('orders.enrich', NOW - 1_000),
  values: new Map([
    ['lag_seconds', 321],
    ['rows', 12],
    ['dlq_depth', 0],
    ['drain_seconds', 1_020],
  ]),
  absent: new Set(['run_seconds']),
  gaps: [
    {
      probe: '1 metrics-endpoint',
      signals: ['latency_p99_seconds'],
      code: 'timeout',
      message: 'no answer from http://enrich:9102/metrics within 5 s',
    },
  ],
};

const verdictOf = (stage: StageId, state: Verdict['state'], minutes: number, because: readonly Score[]): Verdict => ({
  stage,
  at: NOW - 1_000,
  state,
  since: NOW - minutes * MINUTE,
  because,
  warming: state === 'critical' ? ['orders.enrich/rows'] : [],
  blind: state === 'critical' ? ['orders.enrich/dlq_depth'] : [],
});

const stageView = (id: StageId, after: readonly StageId[], verdict: Verdict | undefined): StageView => ({
  id,
  after,
  every: 10_000,
  verdict,
  snapshot: undefined,
  scores: [],
  frozen: false,
  learned: 1,
  relearning: [],
});

export const enrichVerdict = verdictOf('orders.enrich', 'critical', 8, [critical]);

const stages = (): StageView[] => [
  stageView('orders.ingest', [], verdictOf('orders.ingest', 'ok', 500, [])),
  {
    ...stageView('orders.enrich', ['orders.ingest'], enrichVerdict),
    snapshot: enrichSnapshot,
    scores: enrichScores,
    frozen: true,
    learned: 0.33,
  },
  stageView('orders.clean', ['orders.enrich'], verdictOf('orders.clean', 'warning', 7, [])),
  stageView('orders.load', ['orders.clean'], undefined),
];

const health = (): HealthView => ({
  version: '0.1.0',
  startedAt: NOW - 60 * MINUTE,
  ready: true,
  degraded: [],
  configLoadedAt: NOW - 60 * MINUTE,
  configOk: true,
  sources: [
    { name: 'kafka-main', type: 'kafka', ok: false, lastError: 'timeout', failingSince: NOW - 5_000, failures: 3 },
  ],
  seeding: [{ pipeline: 'orders', samples: 1_200, share: 0.4 }],
  outbox: { pending: 2, oldestAt: NOW - 4_000 },
  notifiers: [{ name: 'oncall', type: 'webhook' }],
});

/** Valves whose waiters wake at `move`, like the engine's. */
function valvesOf(ids: readonly StageId[]) {
  const states = new Map<StageId, ValveState>(ids.map((stage) => [stage, { stage, state: 'open', version: 1 }]));
  const waiters = new Set<() => void>();
  return {
    get: (stage: StageId) => states.get(stage),
    waiters,
    move(state: ValveState): void {
      states.set(state.stage, state);
      for (const wake of waiters) wake();
    },
    wait: (stage: StageId, version: number, abort: AbortSignal) =>
      new Promise<ValveState | undefined>((resolve) => {
        const done = () => {
          waiters.delete(look);
          abort.removeEventListener('abort', done);
          resolve(states.get(stage));
        };
        const look = () => {
          if (states.get(stage)?.version !== version) done();
        };
        waiters.add(look);
        abort.addEventListener('abort', done);
        if (abort.aborted) done();
        else look();
      }),
  };
}

export interface Call {
  readonly command: keyof Commands;
  readonly on: string;
  readonly ask: object;
}

/** A daemon seen from its ports: real nouns, held in memory, with every command written down. */
export function house() {
  const facts = {
    stages: stages(),
    incidents: [incident, pastIncident] as Incident[],
    leases: [lease] as Lease[],
    decisions: [...decisions] as Decision[],
    health: health(),
    outlooks: [] as readonly Outlook[],
    exclusions: [] as readonly Exclusion[],
    storeFails: undefined as Error | undefined,
    answer: { ok: true } as CommandResult,
  };
  const calls: Call[] = [];
  const listeners = new Set<Partial<Events>>();
  const valves = valvesOf(facts.stages.map(({ id }) => id));
  const stored = async <Value>(make: () => Value): Promise<Value> => {
    if (facts.storeFails) throw facts.storeFails;
    return make();
  };
  const ids = (wanted: string | undefined) => (item: { id: string }) => wanted === undefined || item.id === wanted;
  const view: View = {
    stages: () => facts.stages,
    stageIds: () => facts.stages.map(({ id }) => id),
    stage: (id) => facts.stages.find((stage) => stage.id === id),
    incidents: ({ state, limit, id }) =>
      stored(() =>
        facts.incidents
          .filter(ids(id))
          .filter((one) => !state || one.state === state)
          .slice(0, limit),
      ),
    leases: ({ state, limit, id, incident: of }) =>
      stored(() =>
        facts.leases
          .filter(ids(id))
          .filter((one) => (!state || one.state === state) && (!of || one.incident === of))
          .slice(0, limit),
      ),
    decisions: ({ stage, limit }) =>
      stored(() => facts.decisions.filter((one) => !stage || one.stage === stage).slice(0, limit)),
    series: ({ from, step }) =>
      stored(() => [
        {
          signal: 'lag_seconds',
          at: Float64Array.of(from, from + step),
          value: Float64Array.of(3, Number.NaN),
          lower: Float64Array.of(1, 1),
          upper: Float64Array.of(9, 9),
        },
      ]),
    outlooks: (id) => (id === 'orders.enrich' ? facts.outlooks : []),
    exclusions: (id) => (id === 'orders.enrich' ? facts.exclusions : []),
    valve: valves.get,
    waitValve: valves.wait,
    policies: () => [
      {
        name: 'protect-enrich',
        mode: 'enforce',
        configuredMode: 'observe',
        keep: 'lag under 1 min',
        may: ['throttle'],
        gates: [{ stage: 'orders.ingest', actuator: 'valve' }],
        uses: 3,
      },
    ],
    budgets: () => [
      {
        pipeline: 'orders',
        budget: { pagesPerWeek: 1, ticketsPerWeek: 7 },
        pagesUsed: 1,
        ticketsUsed: 2,
        opened: { real: 1, false: 0, none: 2 },
        realised: 0.75,
        demoted: [
          {
            subject: 'orders.enrich/rows',
            detector: 'baseline',
            demotion: { since: 0, pages: 6, accepted: 4, weeks: 4 },
          },
        ],
      },
    ],
    health: () => facts.health,
    now: () => NOW,
  };
  const run = (command: keyof Commands) => async (on: string, ask: object) => {
    calls.push({ command, on, ask });
    return facts.answer;
  };
  const runAll = (command: keyof Commands) => async (ask: object) => {
    calls.push({ command, on: '', ask });
    return facts.answer;
  };
  const commands: Commands = {
    releaseLease: run('releaseLease'),
    stopActing: runAll('stopActing'),
    resumeActing: runAll('resumeActing'),
    acknowledge: run('acknowledge'),
    mute: run('mute'),
    label: run('label'),
    note: run('note'),
    accept: run('accept'),
    promote: run('promote'),
    testNotice: run('testNotice'),
  };
  return {
    facts,
    view,
    commands,
    calls,
    valves,
    listeners,
    events: {
      subscribe: (listener: Partial<Events>) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    /** Announces an event to everybody who listens. */
    announce<Name extends keyof Events>(name: Name, event: Parameters<Events[Name]>[0]): void {
      for (const listener of listeners) (listener[name] as ((of: typeof event) => void) | undefined)?.(event);
    },
  };
}

export type House = ReturnType<typeof house>;

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export interface Started {
  readonly server: Server;
  readonly house: House;
  readonly port: number;
  readonly errors: { what: string; code: string }[];
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  call(method: string, path: string, headers?: Record<string, string>, body?: string | Buffer): Promise<Reply>;
}

/** A server on a free port, closed at the end of the test. */
export async function start(
  t: TestContext,
  options: Partial<ServerOptions> = {},
  parts: Partial<ServerParts> = {},
): Promise<Started> {
  const home = house();
  const errors: { what: string; code: string }[] = [];
  const server = createServer({
    starting: () => 'nothing is served yet',
    onError: (what, error) => errors.push({ what, code: error.code }),
    options: { listen: '127.0.0.1:0', ...options },
  });
  t.after(() => server.close());
  const { port } = await server.listen();
  server.serve({
    view: home.view,
    commands: home.commands,
    events: home.events,
    metrics: {
      render: (accept) => ({
        type: `text/plain; seen=${accept?.includes('openmetrics') ?? false}`,
        body: Readable.from(['up 1\n']),
      }),
    },
    page: new Map(),
    ...parts,
  });
  const call = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
    ask(port, method, path, headers, body);
  return {
    server,
    house: home,
    port,
    errors,
    call,
    get: (path, headers = {}) => call('GET', path, headers),
    post: (path, body, headers = { 'x-headgate': '1' }) =>
      call(
        'POST',
        path,
        { 'content-type': 'application/json', ...headers },
        body === undefined ? '' : JSON.stringify(body),
      ),
  };
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = response.headers['content-type']?.startsWith('application/json') === true && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
