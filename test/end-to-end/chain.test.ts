import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { requireKafka } from '../support/kafka.ts';
import { requirePostgres } from '../support/postgres.ts';
import { requireServer } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { TOPIC } from './chain/link.ts';
import { assertTold } from './notices.ts';
import { type Watch, watch } from './watch.ts';
import { startWorld, type World } from './world.ts';

// The whole way over real systems: topic of Kafka → consumer → stream of Redis → worker → table of PostgreSQL, watched by a real
// daemon on config/examples/kafka-redis-postgres.yaml, which is scraped by a real Prometheus and tells a real Alertmanager,
// Slack and PagerDuty. One fault after the other; each has to be seen, named, answered, told once, and be over again.

const found = [
  await requireKafka(),
  requirePostgres(),
  ...(['redis', 'prometheus', 'alertmanager', 'openssl'] as const).map(requireServer),
];
const skip = found.map((server) => server.skip).find(Boolean) ?? false;

describe('a chain over Kafka, Redis and PostgreSQL', { skip }, () => {
  const cleanups: (() => unknown)[] = [];
  let world: World;
  let fault: Watch;

  before(async () => {
    world = await startWorld(cleanups);
    const learning = watch(world);
    const ready = async (id: string): Promise<boolean> => {
      const { verdict, warming } = await learning.stage(id);
      // All signals together are learned for much longer; they may speak later, and say nothing until then.
      return verdict === 'ok' && warming.every((subject) => subject.endsWith('/*'));
    };
    const stages = ['shop.intake', 'shop.enrich', 'shop.load', 'shop.table'];
    await learning.wait(async () => (await Promise.all(stages.map(ready))).every(Boolean), 'all is learned', 120_000);
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  /** Makes trouble. It is over when the answer is called, and at the latest when the test is. */
  const inject = async (t: TestContext, begin: () => unknown, end: () => unknown): Promise<() => Promise<void>> => {
    fault = watch(world);
    let over = false;
    const heal = async (): Promise<void> => {
      if (over) return;
      over = true;
      await end();
    };
    // What a test that failed has left behind would else be taken for the next one's fault.
    t.after(async () => {
      await heal();
      await fault.calm();
    });
    await begin();
    return heal;
  };
  /** What was decided, without repetitions: `policy kind reason`. */
  const decided = async (): Promise<readonly string[]> => [
    ...new Set((await fault.decisions()).toReversed().map(({ policy, kind, reason }) => `${policy} ${kind} ${reason}`)),
  ];
  /** One incident came of it; it had this root and cause and no other cause, everybody was told once, and it is over. */
  const ends = async (root: string, cause: string): Promise<void> => {
    await fault.calm();
    const incidents = fault.all();
    assert.equal(incidents.length, 1, await fault.dump());
    const [one] = incidents;
    assert.ok(one);
    assert.equal(one.incident.root, root);
    assert.deepEqual(
      one.causes.filter((named) => named !== 'unknown'),
      [cause],
      await fault.dump(),
    );
    await assertTold(one, world.receivers);
  };
  /** The gate of the intake was moved for the incident, and opened again because all was well. */
  const gateMoved = async (): Promise<void> => {
    const leases = await fault.leases();
    assert.ok(leases.length > 0);
    for (const { stage, state, why, policy, request } of leases)
      assert.deepEqual(
        [stage, policy, request.kind, state, why],
        ['shop.intake', 'keep-enrich-fresh', 'throttle', 'released', 'recovered'],
      );
    assert.equal((await fault.gate()).state, 'open');
    const said = await decided();
    assert.ok(
      said.some((one) => /^keep-enrich-fresh engage keep-(broken|at-risk)$/.test(one)),
      said.join(),
    );
    assert.ok(said.includes('keep-enrich-fresh release recovered'), said.join());
  };
  /** A policy was asked, and this is its "no". */
  const saysNo = (no: string) => fault.wait(async () => (await decided()).includes(no), no);
  const isThrottled = async (): Promise<boolean> => (await fault.gate()).state === 'throttled';
  const noGateMoved = async (): Promise<void> => {
    assert.deepEqual(await fault.leases(), []);
    assert.deepEqual(
      (await fault.decisions()).filter(({ kind }) => kind !== 'withhold'),
      [],
    );
  };
  test('slow consumer: named, the intake is throttled, drained, let go', async (t) => {
    const slow = (perSecond: number) => world.chain.tell('enrich', { kind: 'slow', perSecond });
    const heal = await inject(
      t,
      () => slow(12),
      () => slow(0),
    );
    await fault.trouble('shop.enrich', 'slow');
    await fault.wait(isThrottled, 'the gate is held');
    await heal();
    await ends('shop.enrich', 'slow');
    await gateMoved();
  });

  test('stopped consumer: named, the intake is throttled until it runs again', async (t) => {
    const kill = () => world.chain.end('enrich', 'SIGKILL');
    const heal = await inject(t, kill, () => world.chain.start('enrich'));
    await fault.trouble('shop.enrich', 'stopped');
    await fault.wait(isThrottled, 'the gate is held');
    await heal();
    await ends('shop.enrich', 'stopped');
    await gateMoved();
  });

  test('poison message in one partition: named, and no gate is moved since none helps', async (t) => {
    const poison = () => world.chain.tell('intake', { kind: 'poison' });
    const heal = await inject(t, poison, () => world.chain.tell('enrich', { kind: 'skip-poison' }));
    await fault.trouble('shop.enrich', 'poison');
    await saysNo('keep-enrich-fresh withhold cause-not-helped');
    await heal();
    await ends('shop.enrich', 'poison');
    await noGateMoved();
  });

  test('40 % of rows silently dropped: seen in the table, and a policy says what it would do', async (t) => {
    const drop = (share: number) => world.chain.tell('load', { kind: 'drop', share });
    const heal = await inject(
      t,
      () => drop(0.4),
      () => drop(0),
    );
    await fault.trouble('shop.table', 'bad-data');
    await saysNo('keep-every-row withhold dry-run');
    await heal();
    await ends('shop.table', 'bad-data');
    await noGateMoved();
  });

  test('stale table: what is written does not arrive', async (t) => {
    const stale = (on: boolean) => world.chain.tell('load', { kind: 'stale', on });
    const heal = await inject(
      t,
      () => stale(true),
      () => stale(false),
    );
    await fault.trouble('shop.table', 'stopped');
    await saysNo('keep-table-fresh withhold observe-only');
    await heal();
    await ends('shop.table', 'stopped');
    await noGateMoved();
  });

  test('drifted amounts: seen by the distribution alone', async (t) => {
    const amounts = (factor: number) => world.chain.tell('intake', { kind: 'amounts', factor });
    const heal = await inject(
      t,
      () => amounts(1.6),
      () => amounts(1),
    );
    const { because } = await fault.trouble('shop.table', 'bad-data');
    assert.deepEqual(
      [...new Set(because.map(({ subject, detector }) => `${subject} ${detector}`))],
      ['shop.table/amount drift'],
    );
    await heal();
    await ends('shop.table', 'bad-data');
    await noGateMoved();
  });

  test('a source that is down: its stage is unknown, and nothing is done or told', async (t) => {
    const heal = await inject(t, world.wayToRedis.freeze, world.wayToRedis.thaw);
    await fault.wait(async () => (await fault.verdict('shop.load')) === 'unknown', 'the stage is unknown');
    await fault.wait(
      async () => (await fault.ask('headgate_verdict{pipeline="shop",stage="load"}')) === 3,
      'Prometheus knows it',
    );
    const { gaps, signals } = await fault.stage('shop.load');
    assert.ok(gaps.length > 0);
    assert.deepEqual([...new Set(signals.map(({ value }) => value))], [null], 'a gap is no zero');
    const [load, ...others] = ['shop.load', 'shop.enrich', 'shop.table'].map((id) => () => fault.verdict(id));
    const isAlone = async (): Promise<boolean> =>
      (await load?.()) === 'unknown' && (await Promise.all(others.map((one) => one()))).every((said) => said === 'ok');
    await fault.wait(isAlone, 'the others are well while it is unknown');
    await heal();
    await fault.wait(async () => (await fault.verdict('shop.load')) === 'ok', 'the stage is seen again');
    await fault.calm();
    assert.deepEqual([fault.all(), await fault.decisions(), await fault.leases()], [[], [], []]);
  });

  test('broker restart: unknown above what starves, nothing is done, and all comes back by itself', async (t) => {
    const heal = await inject(t, world.kafka.halt, world.kafka.restart);
    await fault.wait(async () => (await fault.verdict('shop.enrich')) === 'unknown', 'the consumer is unknown');
    const { unknownAbove } = await fault.trouble('shop.load', 'source-outage');
    assert.match(unknownAbove ?? '', /^shop\.(intake|enrich)$/);
    await saysNo('keep-table-fresh withhold cause-not-helped');
    await noGateMoved();
    await heal();
    await fault.calm();
    assert.equal(fault.all().length, 1, `incidents: ${JSON.stringify(fault.all())}`);
    for (const one of fault.all()) await assertTold(one, world.receivers);
  });

  test('consumer-group reset: named as a replay, which no gate makes shorter', async (t) => {
    const slow = (perSecond: number) => world.chain.tell('enrich', { kind: 'slow', perSecond });
    const stopResetStart = async (): Promise<void> => {
      // As soon as it has left, so that nothing but the reset makes the group fall behind.
      await Promise.all([world.chain.end('enrich', 'SIGTERM'), resetGroup(world.kafka.address, 200)]);
      world.chain.start('enrich');
      slow(80);
    };
    const heal = await inject(t, stopResetStart, () => slow(0));
    await fault.trouble('shop.enrich', 'replay');
    await saysNo('keep-enrich-fresh withhold cause-not-helped');
    await heal();
    await ends('shop.enrich', 'replay');
    await noGateMoved();
  });
});

/**
 * What `kafka-consumer-groups --reset-offsets` does: the group goes back by so many records in each partition. Refused, and asked
 * again, as long as a member that is about to leave is still known.
 */
async function resetGroup(address: string, records: number): Promise<void> {
  const admin = new Admin({ clientId: 'person', bootstrapBrokers: [address], retries: 0 });
  const reset = async (): Promise<void> => {
    const [group] = await admin.listConsumerGroupOffsets({ groups: ['enrich'] });
    const partitions = group?.topics.find(({ name }) => name === TOPIC)?.partitions ?? [];
    const partitionOffsets = partitions.map(({ partitionIndex, committedOffset }) => ({
      partition: partitionIndex,
      offset: committedOffset > BigInt(records) ? committedOffset - BigInt(records) : 0n,
    }));
    await admin.alterConsumerGroupOffsets({ groupId: 'enrich', topics: [{ name: TOPIC, partitionOffsets }] });
  };
  const accepted = () =>
    reset().then(
      () => true,
      () => false,
    );
  try {
    await until(accepted, { what: 'the group lets its offsets be set', within: 60_000, every: 50 });
  } finally {
    await admin.close();
  }
}
