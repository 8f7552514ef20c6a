/**
 * A whole daemon without server and page, for crash tests: real store, real outbox, real HTTP gate and webhook. The world it
 * watches is the parent's server. KILL_AT=n:before|after makes it kill itself at the n-th commit.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpGate } from '../../../src/actuators/http/index.ts';
import { systemClock } from '../../../src/app/clock.ts';
import { Daemon } from '../../../src/app/daemon.ts';
import { createMemories } from '../../../src/app/memory.ts';
import { openStore } from '../../../src/app/offline.ts';
import type { World } from '../../../src/app/world.ts';
import { detectorsFrom } from '../../../src/app/world.ts';
import type { Change, Store } from '../../../src/domain/ports.ts';
import { createValves } from '../../../src/engine/valves.ts';
import { webhook } from '../../../src/notifiers/webhook/index.ts';
import { registry } from '../../../src/registry.ts';
import { createTraced } from '../../../src/telemetry/tracing.ts';
import { eventsOf } from '../../support/events.ts';
import { planOf, policyPlan, stagePlan } from '../../support/plans.ts';

const [directory = '', url = ''] = process.argv.slice(2);
const [killAt = '0', phase = ''] = (process.env.KILL_AT ?? '').split(':');
const clock = systemClock;

const work = stagePlan('p.work', { every: 40, detectors: [{ type: 'limits', config: {} }] });
const plan = planOf(
  [work],
  [
    policyPlan({
      keep: { stage: 'p.work', signal: 'lag_seconds', below: 60 },
      may: [{ actuator: 'gate', stage: 'p.work', kind: 'pause', accept: [] }],
      lease: 600,
      cooldown: 50,
      confirm: 1,
      maxRenewals: 5,
    }),
  ],
);

/** Writes down what was promised, and dies where it is told to. */
function watched(store: Store): Store {
  let commits = 0;
  const die = (now: string): void => {
    if (commits === Number(killAt) && phase === now) process.kill(process.pid, 'SIGKILL');
  };
  return {
    ...store,
    async commit(changes: readonly Change[]) {
      commits++;
      die('before');
      await store.commit(changes);
      die('after');
      const owed = changes.flatMap((change) =>
        'put' in change && change.put === 'outbox' && change.item.lane.startsWith('notifier:') ? [change.item.id] : [],
      );
      if (owed.length > 0) appendFileSync(join(directory, 'promised'), owed.map((id) => `${id}\n`).join(''));
    },
  };
}

const store = watched(await openStore('sqlite', { path: join(directory, 'headgate.db') }));
const random = Math.random;
const memory = createMemories(store, clock)('hook');
const context = { clock, random, valves: createValves(clock), pageUrl: 'http://page.test', say: () => {}, memory };
// On a busy machine the answer may be late; what was given up for that would be sent twice, and not because of a crash.
const patience = { timeout: '60s' };
const gate = httpGate.create(
  httpGate.config.parse({ url: `${url}/gate`, read: { pointer: '/rate' }, ...patience }),
  context,
);
const hook = webhook.create(webhook.config.parse({ url: `${url}/hook`, ...patience }), context);
const world: World = {
  plan,
  routes: [{ severities: [], pipeline: undefined, stage: undefined, to: ['hook'] }],
  probes: new Map([
    [
      'p.work',
      [
        {
          name: 'lag#0',
          source: 'lag',
          signals: ['lag_seconds'],
          async read(_stage, abort) {
            const { lag } = (await (await fetch(`${url}/lag`, { signal: abort })).json()) as { lag: number };
            return { values: new Map([['lag_seconds', lag]]) };
          },
        },
      ],
    ],
  ]),
  actuators: new Map([['gate', gate]]),
  notifiers: new Map([['hook', hook]]),
  reversibility: new Map([['gate', 'exact-inverse']]),
  detectors: detectorsFrom(registry, []),
  inMaintenance: () => false,
};
const say = (what: string): void => void process.stderr.write(`${what}\n`);
const events = eventsOf({
  failed: ({ what, error }) => say(`${what}: ${error.message}`),
  storeDegraded: ({ message }) => say(message),
});
const daemon = await Daemon.start({ world, store, clock, random, events, traced: createTraced() });
process.stdout.write('ready\n');
const state = setInterval(() => {
  const { engine, outbox } = daemon;
  const settled = engine.openIncidents().length === 0 && engine.leases().length === 0 && outbox.pending().length === 0;
  process.stdout.write(settled ? 'settled\n' : 'busy\n');
}, 50);
process.on('SIGTERM', async () => {
  clearInterval(state);
  await daemon.close(AbortSignal.timeout(60_000));
  await store.close();
  process.exit(0);
});
