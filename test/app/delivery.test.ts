import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Daemon } from '../../src/app/daemon.ts';
import { openStore } from '../../src/app/offline.ts';
import type { World } from '../../src/app/world.ts';
import { detectorsFrom } from '../../src/app/world.ts';
import { type ErrorCode, HeadgateError } from '../../src/domain/error.ts';
import type { Notice } from '../../src/domain/notice.ts';
import type { Store } from '../../src/domain/ports.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import type { Notifier, Standing } from '../../src/kit/component.ts';
import { registry } from '../../src/registry.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { createTraced } from '../../src/telemetry/tracing.ts';
import { eventsOf } from '../support/events.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { limitedSignal, planOf, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const EVERY = 10 * SECOND;
const LIMITS = [{ type: 'limits', config: registry.detectors.find((one) => one.type === 'limits')?.config.parse({}) }];

/** A receiver in this process, on the clock of the test; it refuses as it is told, and never more often than once a second. */
class Receiver {
  readonly taken: { readonly at: number; readonly notice: Notice }[] = [];
  readonly reminded: (readonly Standing[])[] = [];
  asked = 0;
  limited = 0;
  early = 0;
  down: ErrorCode | undefined;
  #freeAt = 0;
  readonly #clock: FakeClock;
  readonly #distance: number;

  constructor(clock: FakeClock, distance = 0) {
    this.#clock = clock;
    this.#distance = distance;
  }

  notifier(more: Partial<Notifier> = {}): Notifier {
    return { send: async (notice) => this.#take(notice), close: async () => {}, ...more };
  }

  #take(notice: Notice): void {
    this.asked++;
    if (this.down) throw new HeadgateError(this.down, 'as told');
    const now = this.#clock.now();
    if (now < this.#freeAt) {
      this.limited++;
      throw new HeadgateError('rate-limited', '429', { retryAfter: this.#freeAt - now });
    }
    this.#freeAt = now + this.#distance;
    this.taken.push({ at: now, notice });
  }

  changes(): readonly string[] {
    return this.taken.map(({ notice }) => notice.change);
  }

  /** Every change of every incident that was told, one by one or in a digest, in the order in which it was. */
  told(): readonly { readonly at: number; readonly what: string }[] {
    return this.taken.flatMap(({ at, notice }) =>
      (notice.collapsed?.notices ?? [{ incident: notice.incident.id, change: notice.change }]).map((one) => ({
        at,
        what: `${one.change} ${one.incident}`,
      })),
    );
  }
}

interface Scene {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly daemon: Daemon;
  readonly bad: Set<StageId>;
  readonly world: World;
  restart(world?: Partial<World>): Promise<Daemon>;
}

interface Setting {
  readonly clock: FakeClock;
  readonly notifiers: Readonly<Record<string, Notifier>>;
  readonly routes?: World['routes'];
  readonly critical?: number;
  readonly warning?: number;
  readonly every?: number;
}

const toAll = (...names: string[]): World['routes'] => [
  { severities: [], pipeline: undefined, stage: undefined, to: names },
];

/** A daemon over pipelines of one stage each, so that each stage in trouble is an incident of its own. */
async function scene(
  t: TestContext,
  { clock, notifiers, routes, critical = 1, warning = 0, every = EVERY }: Setting,
): Promise<Scene> {
  const bad = new Set<StageId>();
  const stages = Array.from({ length: critical + warning }, (_, index) => {
    const [name, signal] = limitedSignal('lag_seconds', 60);
    const severity = index < critical ? ('critical' as const) : ('warning' as const);
    const limits = signal.limits.map((limit) => ({ ...limit, severity }));
    const signals = new Map([[name, { ...signal, limits }]]);
    return stagePlan(`p${index}.s`, { every, detectors: LIMITS, signals });
  });
  const probe = (stage: StageId) => ({
    name: 'lag#0',
    source: 'lag',
    signals: ['lag_seconds'],
    read: async () => ({ values: new Map([['lag_seconds', bad.has(stage) ? 500 : 1]]) }),
  });
  const world: World = {
    plan: planOf(stages),
    routes: routes ?? toAll(...Object.keys(notifiers)),
    probes: new Map(stages.map(({ id }) => [id, [probe(id)]])),
    actuators: new Map(),
    notifiers: new Map(Object.entries(notifiers)),
    reversibility: new Map(),
    detectors: detectorsFrom(registry, []),
    inMaintenance: () => false,
  };
  const store = await openStore('memory', {});
  const running: Daemon[] = [];
  const start = async (more: Partial<World> = {}): Promise<Daemon> => {
    const events = eventsOf({ failed: ({ what, error }) => assert.fail(`${what}: ${error.message}`) });
    const random = seededRandom(7);
    const options = { world: { ...world, ...more }, store, clock, random, events, traced: createTraced() };
    const daemon = await Daemon.start(options);
    running.push(daemon);
    return daemon;
  };
  const stop = (daemon: Daemon | undefined) => daemon?.close(AbortSignal.abort());
  const daemon = await start();
  t.after(() => stop(running.at(-1)));
  const restart = async (more?: Partial<World>): Promise<Daemon> => {
    await stop(running.at(-1));
    return start(more);
  };
  return { clock, store, daemon, bad, world, restart };
}

const allStages = ({ world }: Scene): readonly StageId[] => world.plan.graph.order;
const incidentsOf = async ({ store }: Scene) => (await store.incidents({ limit: 1_000 })).map(({ id }) => id);

test('200 incidents at once, one message a second: pages first, nothing lost, all told within two minutes', async (t) => {
  for (const [critical, warning] of [
    [40, 160],
    [200, 0],
  ] as const) {
    const clock = fakeClock(START);
    const slow = new Receiver(clock, SECOND);
    const all = await scene(t, { clock, notifiers: { team: slow.notifier() }, critical, warning, every: 20 * SECOND });
    for (const id of allStages(all)) all.bad.add(id);
    await clock.advance(20 * SECOND);
    const opened = clock.now();
    await clock.advance(2 * MINUTE);
    const ids = await incidentsOf(all);
    assert.equal(ids.length, 200);
    const told = slow.told();
    assert.deepEqual(told.map(({ what }) => what).toSorted(), ids.map((id) => `opened ${id}`).toSorted());
    assert.ok(told.every(({ at }) => at - opened <= 2 * MINUTE));
    assert.ok(slow.limited <= 2, `${slow.limited} of ${slow.asked} came too early`);
    if (critical === 40) {
      const severities = slow.taken.map(({ notice }) => notice.severity);
      // Those of the very first look were on their way before all were seen.
      assert.ok(severities.lastIndexOf('critical') < 60, 'every page by itself, before the tickets');
      assert.equal(
        slow.taken.filter(({ notice }) => notice.severity === 'critical' && notice.change === 'opened').length,
        40,
      );
    }
    const digests = slow.taken.filter(({ notice }) => notice.change === 'digest');
    assert.ok(digests.length >= 1 && digests.length <= 2, `${digests.length} digests`);
    assert.match(digests[0]?.notice.story.wrong ?? '', /^\d+ notices not delivered one by one: s is .*; …$/);

    all.bad.clear();
    await clock.advance(4 * MINUTE);
    const whole = slow.told().map(({ what }) => what);
    assert.equal(whole.length, 400, 'each incident opened once and ended once');
    for (const id of ids) assert.ok(whole.indexOf(`opened ${id}`) < whole.indexOf(`resolved ${id}`), id);
    assert.deepEqual(all.daemon.outbox.pending(), []);
  }
});

test('a receiver that keeps a state for each incident gets every notice, however long that takes', async (t) => {
  const clock = fakeClock(START);
  const slow = new Receiver(clock, SECOND);
  const all = await scene(t, {
    clock,
    notifiers: { oncall: slow.notifier({ keepsState: true }) },
    critical: 50,
    warning: 150,
    every: MINUTE,
  });
  for (const id of allStages(all)) all.bad.add(id);
  await clock.advance(5 * MINUTE);
  assert.deepEqual(slow.changes(), Array(200).fill('opened'));
  assert.ok(slow.limited <= 2, `${slow.limited} of ${slow.asked}`);
});

test('what opened and ended while nobody answered is told once, as fired and recovered', async (t) => {
  const clock = fakeClock(START);
  const team = new Receiver(clock);
  const all = await scene(t, { clock, notifiers: { team: team.notifier() } });
  team.down = 'unreachable';
  all.bad.add('p0.s');
  await clock.advance(3 * MINUTE);
  all.bad.clear();
  await clock.advance(2 * MINUTE);
  team.down = undefined;
  await clock.advance(10 * MINUTE);
  assert.deepEqual(team.changes(), ['resolved']);
  const notice = team.taken[0]?.notice;
  assert.equal(notice?.missedOpening, true);
  assert.match(notice?.story.headline ?? '', /^s fired and recovered in \d+ min$/);
});

test('while a receiver is away tickets wait for two hours, then they are told in one; pages are kept as they are', async (t) => {
  const clock = fakeClock(START);
  const team = new Receiver(clock);
  const notifiers = { team: team.notifier() };
  const all = await scene(t, { clock, notifiers, critical: 2, warning: 3, every: 10 * MINUTE });
  for (const id of allStages(all)) all.bad.add(id);
  team.down = 'server-error';
  await clock.advance(2.5 * HOUR);
  const pending = all.daemon.outbox.pending().map(({ body }) => body as unknown as Notice);
  assert.deepEqual(pending.map(({ change }) => change).toSorted(), ['digest', 'opened', 'opened']);
  team.down = undefined;
  await clock.advance(6 * MINUTE);
  assert.deepEqual(team.changes().toSorted(), ['digest', 'opened', 'opened']);
  all.bad.clear();
  await clock.advance(2 * HOUR);
  const ends = team.told().filter(({ what }) => what.startsWith('resolved'));
  assert.equal(ends.length, 5, 'who read a digest is owed the end of what stood in it');
});

test('the end is not told to who refused the beginning', async (t) => {
  const clock = fakeClock(START);
  const [team, oncall] = [new Receiver(clock), new Receiver(clock)];
  const all = await scene(t, { clock, notifiers: { team: team.notifier(), oncall: oncall.notifier() } });
  team.down = 'rejected';
  all.bad.add('p0.s');
  await clock.advance(MINUTE);
  team.down = undefined;
  all.bad.clear();
  await clock.advance(3 * MINUTE);
  assert.deepEqual([team.changes(), oncall.changes()], [[], ['opened', 'resolved']]);
});

test('the end goes to who heard of the beginning, whatever the routes say by then, and over a restart', async (t) => {
  for (const how of ['reload', 'restart'] as const) {
    const clock = fakeClock(START);
    const [team, oncall] = [new Receiver(clock), new Receiver(clock)];
    const notifiers = { team: team.notifier(), oncall: oncall.notifier() };
    const all = await scene(t, { clock, notifiers, routes: toAll('team') });
    all.bad.add('p0.s');
    await clock.advance(MINUTE);
    const moved = { routes: toAll('oncall') };
    if (how === 'reload') await all.daemon.reload({ ...all.world, ...moved });
    else await all.restart(moved);
    all.bad.clear();
    await clock.advance(3 * MINUTE);
    assert.deepEqual([team.changes(), oncall.changes()], [['opened', 'resolved'], []], how);
  }
});

test('acknowledging is told to who heard of the incident', async (t) => {
  const clock = fakeClock(START);
  const [team, other] = [new Receiver(clock), new Receiver(clock)];
  const all = await scene(t, {
    clock,
    notifiers: { team: team.notifier(), other: other.notifier() },
    routes: toAll('team'),
  });
  all.bad.add('p0.s');
  await clock.advance(MINUTE);
  const [incident] = all.daemon.engine.openIncidents();
  assert.ok(incident);
  await all.daemon.amend({ ...incident, acknowledgedBy: 'ann' }, { kind: 'acknowledged' }, []);
  await clock.advance(SECOND);
  assert.deepEqual([team.changes(), other.changes()], [['opened', 'acknowledged'], []]);
});

test('who would forget is reminded of what stands: in its rhythm, at once after a restart, and of an end for five minutes', async (t) => {
  const clock = fakeClock(START);
  const alerts = new Receiver(clock);
  const remind = {
    every: 30 * SECOND,
    send: async (standing: readonly Standing[]) => void alerts.reminded.push(standing),
  };
  const all = await scene(t, { clock, notifiers: { alerts: alerts.notifier({ keepsState: true, remind }) } });
  const states = () =>
    alerts.reminded.splice(0).map((standing) => standing.map(({ notice }) => notice.incident.state).join());
  all.bad.add('p0.s');
  await clock.advance(EVERY);
  states();
  await clock.advance(2 * MINUTE);
  assert.deepEqual(states(), Array(4).fill('open'));
  const restarted = await all.restart();
  await clock.advance(0);
  assert.deepEqual(states(), ['open'], 'the first thing a new process does');
  assert.equal(restarted.engine.openIncidents().length, 1);
  all.bad.clear();
  await clock.advance(15 * MINUTE);
  const told = states();
  assert.equal(told.filter((state) => state === 'resolved').length, 10, told.join());
  assert.equal(told.at(-1), '');
  assert.deepEqual(alerts.changes(), ['opened', 'resolved']);
});

test('a reminder that fails is said once, and tried again sooner', async (t) => {
  const clock = fakeClock(START);
  const alerts = new Receiver(clock);
  const times: number[] = [];
  const failures: string[] = [];
  const send = async (): Promise<void> => {
    times.push((clock.now() - START) / SECOND);
    if (times.length > 1 && times.length < 5) throw new HeadgateError('unreachable', 'nobody is there');
  };
  const all = await scene(t, { clock, notifiers: {} });
  await all.daemon.close(AbortSignal.abort());
  const { createReminders } = await import('../../src/app/reminders.ts');
  const notifier = alerts.notifier({ remind: { every: 30 * SECOND, send } });
  const reminders = createReminders({
    clock,
    notifiers: () => new Map([['alerts', notifier]]),
    standing: () => [],
    failed: (name, { code }) => failures.push(`${name} ${code}`),
  });
  await clock.advance(2 * MINUTE);
  await reminders.stop();
  await clock.advance(2 * MINUTE);
  assert.deepEqual(times, [0, 30, 35, 40, 45, 75, 105]);
  assert.deepEqual(failures, ['alerts unreachable']);
});
