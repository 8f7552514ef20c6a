import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Consumer, Producer, stringSerializers } from '@platformatic/kafka';
import { type RunningKafka, requireKafka, startKafka } from '../../support/kafka.ts';
import { leastTime } from '../../support/least-time.ts';
import { until } from '../../support/until.ts';
import { look, never, sourceFor, type User, userOf } from './cluster.ts';

const { skip } = await requireKafka();

describe('kafka beside a real broker', { skip }, () => {
  let broker: RunningKafka;
  let user: User;
  before(async () => {
    broker = await startKafka();
    user = userOf(broker.address);
    // The first commit makes the broker create the topic it keeps commits in.
    const topic = await user.topic();
    await until(
      () =>
        user.commit('first', topic, [0]).then(
          () => true,
          () => false,
        ),
      {
        what: 'the broker takes commits',
        within: 60_000,
        every: 100,
      },
    );
  });
  after(async () => {
    await user?.close();
    await broker?.stop();
  });
  const using = async (run: (source: ReturnType<typeof sourceFor>) => Promise<void>): Promise<void> => {
    const source = sourceFor(broker.address);
    try {
      await run(source);
    } finally {
      await source.close();
    }
  };

  test('tells lag, rates and state of what is known to be there', () =>
    using(async (source) => {
      const topic = await user.topic(3);
      const ask = { group: `g-${topic}`, topic };
      for (const [partition, count] of [100, 50, 7].entries()) await user.produce(topic, partition, count);
      await user.commit(ask.group, topic, [90, 20, 7]);
      const first = await look(source, ask);
      assert.equal(first.value('lag_records'), 40);
      assert.deepEqual(first.part('lag_records'), [10, 30, 0]);
      assert.equal(first.value('lag_confidence'), 3);
      assert.ok((first.value('lag_seconds') ?? 99) < 10);
      assert.equal(first.value('partitions'), 3);
      assert.deepEqual([first.value('group_members'), first.value('rebalancing')], [0, 0]);
      assert.deepEqual(first.reading.gaps, []);
      await user.produce(topic, 0, 20);
      await user.commit(ask.group, topic, [100, 50, 7]);
      await until(
        async () => {
          const { value, part } = await look(source, ask);
          if (value('in_records_per_second') === undefined) return false;
          assert.deepEqual(part('lag_records'), [20, 0, 0]);
          const ratio = (value('out_records_per_second') ?? 0) / (value('in_records_per_second') ?? 1);
          assert.ok(Math.abs(ratio - 2) < 1e-9, `${ratio} is not 2`);
          return true;
        },
        { what: 'both rates are known', every: 50 },
      );
    }));

  test('the age of the oldest waiting record is that of its timestamp, in the first poll already', () =>
    using(async (source) => {
      const topic = await user.topic();
      await user.produce(topic, 0, 5, Date.now() - 600_000);
      await user.produce(topic, 0, 5, Date.now() - 60_000);
      await user.commit(`g-${topic}`, topic, [5]);
      const { value } = await look(source, { group: `g-${topic}`, topic });
      assert.equal(value('lag_confidence'), 3);
      const seconds = value('lag_seconds') ?? 0;
      assert.ok(seconds >= 60 && seconds < 70, `${seconds} s`);
    }));

  test('lag is never negative and never beyond what was produced, whatever runs meanwhile', () =>
    using(async (source) => {
      const topic = await user.topic(2);
      const group = `g-${topic}`;
      await user.produce(topic, 0, 1);
      await user.commit(group, topic, [1, 0]);
      let produced = 1;
      let done = false;
      const running = (async () => {
        while (!done) {
          await user.produce(topic, 0, 50);
          produced += 50;
          await user.commit(group, topic, [produced, 0]);
        }
      })();
      try {
        for (let poll = 0; poll < 60 || produced <= 300; poll += 1) {
          const before = produced;
          const { value, part } = await look(source, { group, topic, exact: false });
          const lag = value('lag_records') ?? Number.NaN;
          // What was being produced and had not been committed when the look began, and all that came until it ended.
          const most = produced + 50 - (before - 50);
          assert.ok(lag >= 0 && lag <= most, `lag ${lag} of ${most} at most`);
          assert.ok(part('lag_seconds').every((one) => !(one < 0)));
        }
      } finally {
        done = true;
        await running;
      }
    }));

  test('a reset of the group is told, and no negative rate', () =>
    using(async (source) => {
      const topic = await user.topic();
      const ask = { group: `g-${topic}`, topic };
      await user.produce(topic, 0, 1_000);
      await user.commit(ask.group, topic, [1_000]);
      assert.equal((await look(source, ask)).value('lag_records'), 0);
      await user.commit(ask.group, topic, [200]);
      let rewound = 0;
      await until(
        async () => {
          const { value, reading } = await look(source, ask);
          rewound += value('rewound_records') ?? 0;
          if (rewound > 0) assert.ok(!reading.values.has('out_records_per_second'));
          return rewound > 0;
        },
        { what: 'the reset is seen', every: 50 },
      );
      assert.equal(rewound, 800);
      assert.equal((await look(source, ask)).value('lag_records'), 800);
    }));

  for (const groupProtocol of ['classic', 'consumer'] as const) {
    test(`counts the members of a ${groupProtocol} group, sees it empty, and it is not a gap`, () =>
      using(async (source) => {
        const topic = await user.topic(2);
        const ask = { group: `g-${topic}`, topic };
        const members = [1, 2].map(
          () =>
            new Consumer({
              clientId: 'member',
              bootstrapBrokers: [broker.address],
              groupId: ask.group,
              groupProtocol,
              autocommit: true,
            }),
        );
        await user.produce(topic, 0, 3);
        await user.commit(ask.group, topic, [0, 0]);
        const streams = [];
        for (const member of members) {
          const stream = await member.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' });
          stream.on('error', () => {});
          stream.on('data', () => {});
          streams.push(stream);
        }
        await until(
          async () => {
            const { value } = await look(source, ask);
            return value('group_members') === 2 && value('rebalancing') === 0;
          },
          { what: 'both members are in and at rest', within: 60_000, every: 100 },
        );
        for (const stream of streams) await stream.close();
        for (const member of members) await member.close(true);
        await until(async () => (await look(source, ask)).value('group_members') === 0, {
          what: 'the group is empty',
          within: 60_000,
          every: 100,
        });
        assert.equal((await look(source, ask)).gapOf('lag_records'), undefined);
      }));
  }

  test('a group or a topic that is not there is a gap or an error that names it, never 0', () =>
    using(async (source) => {
      const topic = await user.topic();
      const nobody = await look(source, { group: 'nobody', topic });
      assert.equal(nobody.gapOf('lag_records')?.code, 'not-found');
      assert.equal(nobody.gapOf('group_members')?.code, 'not-found');
      assert.equal(nobody.value('lag_records'), undefined);
      await assert.rejects(look(source, { group: 'nobody', topic: 'nowhere' }), {
        code: 'not-found',
        message: /topic "nowhere"/,
      });
      await assert.rejects(look(source, { topic: 'nowhere-*' }), {
        code: 'not-found',
        message: /no topic fits nowhere-\*/,
      });
    }));

  test('an empty topic is no lag for a group that has been there', () =>
    using(async (source) => {
      const topic = await user.topic(2);
      await user.commit(`g-${topic}`, topic, [0]);
      const { value, reading } = await look(source, { group: `g-${topic}`, topic });
      assert.deepEqual([value('lag_records'), value('lag_seconds'), value('lag_confidence')], [0, 0, 3]);
      assert.deepEqual(reading.gaps, []);
    }));

  test('a topic that is deleted is not found at once, and begins anew when it is made again', () =>
    using(async (source) => {
      const topic = await user.topic();
      const ask = { group: `g-${topic}`, topic };
      await user.produce(topic, 0, 500);
      await user.commit(ask.group, topic, [400]);
      assert.equal((await look(source, ask)).value('lag_records'), 100);
      await user.admin.deleteTopics({ topics: [topic] });
      await until(
        () =>
          look(source, ask).then(
            () => false,
            (error) => error.code === 'not-found',
          ),
        {
          what: 'the topic is gone',
        },
      );
      await user.topic(1, {}, topic);
      await user.produce(topic, 0, 3);
      await user.commit(ask.group, topic, [1]);
      const { value } = await look(source, ask);
      assert.deepEqual([value('lag_records'), value('rewound_records')], [2, 0]);
    }));

  test('records that were deleted before they were taken are lost, not waiting', () =>
    using(async (source) => {
      const topic = await user.topic();
      const ask = { group: `g-${topic}`, topic };
      await user.produce(topic, 0, 100);
      await user.commit(ask.group, topic, [10]);
      await user.admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 40n }] }] });
      const { value } = await look(source, ask);
      assert.deepEqual([value('lag_records'), value('lost_records'), value('loss_horizon_seconds')], [60, 30, 0]);
    }));

  test('the horizon comes from the retention of the topic; without deletion there is none', () =>
    using(async (source) => {
      const topic = await user.topic(1, { 'retention.ms': '3600000' });
      await user.produce(topic, 0, 1, Date.now() - 600_000);
      await user.commit(`g-${topic}`, topic, [0]);
      const horizon = (await look(source, { group: `g-${topic}`, topic })).value('loss_horizon_seconds') ?? 0;
      assert.ok(horizon > 2_900 && horizon <= 3_000, `${horizon} s`);
      const compacted = await user.topic(1, { 'cleanup.policy': 'compact' });
      await user.commit(`g-${compacted}`, compacted, [0]);
      const { reading } = await look(source, { group: `g-${compacted}`, topic: compacted });
      assert.ok(reading.absent?.includes('loss_horizon_seconds'));
    }));

  test('the marker of a transaction is no lag, an open transaction is none for read_committed', () =>
    using(async (source) => {
      const topic = await user.topic();
      const ask = { group: `g-${topic}`, topic };
      const transactionalId = `t-${topic}`;
      const options = { clientId: 'tx', bootstrapBrokers: [broker.address], serializers: stringSerializers };
      const producer = new Producer({ ...options, idempotent: true, transactionalId });
      const send = async () => {
        const transaction = await producer.beginTransaction();
        await transaction.send({ messages: Array.from({ length: 10 }, () => ({ topic, partition: 0, value: 'x' })) });
        return transaction;
      };
      try {
        await (await send()).commit();
        // Ten records and a marker: whoever commits after the last record leaves an offset that is no record.
        await user.commit(ask.group, topic, [10]);
        await until(async () => (await look(source, ask)).value('lag_records') === 0, {
          what: 'only the marker is left',
        });
        const marker = await look(source, ask);
        assert.deepEqual([marker.value('lag_seconds'), marker.value('lag_confidence')], [0, 3]);
        assert.equal(
          (await look(source, { ...ask, exact: false })).value('lag_records'),
          1,
          'offsets are an upper bound',
        );
        const open = await send();
        assert.equal((await look(source, ask)).value('lag_records'), 11);
        const committed = { ...ask, isolation: 'read_committed' };
        assert.equal((await look(source, committed)).value('lag_records'), 0);
        await open.commit();
        await until(async () => (await look(source, committed)).value('lag_records') === 12, {
          what: 'the transaction has ended',
        });
      } finally {
        await producer.close(true);
      }
    }));

  test('what compaction has removed is an upper bound of lag, and the age is that of what is left', () =>
    using(async (source) => {
      const topic = await user.topic(1, {
        'cleanup.policy': 'compact',
        'min.cleanable.dirty.ratio': '0.01',
        'segment.ms': '100',
        'max.compaction.lag.ms': '100',
      });
      const group = `g-${topic}`;
      const message = (age: number) => ({
        topic,
        partition: 0,
        key: 'k',
        value: 'x',
        timestamp: BigInt(Date.now() - age),
      });
      for (let age = 900_000; age > 100_000; age -= 100_000)
        await user.producer.send({ messages: [message(age)], acks: -1 });
      await user.commit(group, topic, [0]);
      const ask = { group, topic };
      await until(
        async () => {
          // A segment is only compacted once a record has come after it.
          await user.producer.send({ messages: [message(50_000)], acks: -1 });
          let seconds = 0;
          // A record that was looked at is not looked at again, so that each try has a source of its own.
          await using(async (fresh) => {
            seconds = (await look(fresh, ask)).value('lag_seconds') ?? 0;
          });
          return seconds < 700;
        },
        { what: 'the log is compacted', within: 60_000, every: 200 },
      );
      const { value } = await look(source, ask);
      assert.ok((value('lag_records') ?? 0) >= 8);
    }));

  test('dead letters are counted; a topic of them that is not there yet is a gap', () =>
    using(async (source) => {
      const topic = await user.topic();
      const dlq = await user.topic(2, {}, `${topic}.dlq`);
      await user.produce(dlq, 0, 4);
      await user.produce(dlq, 1, 3);
      const { value } = await look(source, { topic, dlq });
      assert.equal(value('dlq_depth'), 7);
      assert.equal((await look(source, { dlq })).value('dlq_depth'), 7);
      const none = await look(source, { topic, dlq: 'not-yet.dlq' });
      assert.equal(none.gapOf('dlq_depth')?.code, 'not-found');
      assert.equal(none.value('dlq_depth'), undefined);
    }));

  test('several topics and patterns are one lag; topics can be listed', () =>
    using(async (source) => {
      const base = await user.topic();
      const names = [await user.topic(1, {}, `${base}.eu`), await user.topic(2, {}, `${base}.us`)];
      for (const [index, name] of names.entries()) {
        await user.produce(name, 0, 5 + index);
        await user.commit(`g-${base}`, name, [1, ...(index === 1 ? [0] : [])]);
      }
      const { value, part } = await look(source, { group: `g-${base}`, topic: [`${base}.*`] });
      assert.equal(value('lag_records'), 9);
      assert.deepEqual(part('lag_records'), [4, 5, 0]);
      assert.deepEqual(await source.discover?.('topics', `${base}.*`, never), names);
      assert.ok(!(await source.discover?.('topics', '*', never))?.includes('__consumer_offsets'));
    }));

  test('a million waiting records cost no more than one', () =>
    using(async (source) => {
      const topic = await user.topic();
      const messages = Array.from({ length: 20_000 }, () => ({ topic, partition: 0, value: 'x' }));
      for (let round = 0; round < 50; round += 1) await user.producer.send({ messages, acks: -1 });
      await user.commit(`g-${topic}`, topic, [0]);
      const ask = { group: `g-${topic}`, topic };
      await look(source, ask);
      const took = await leastTime(() => look(source, ask), 200, 10);
      const { value } = await look(source, ask);
      assert.equal(value('lag_records'), 1_000_000);
      assert.equal(value('lag_confidence'), 3);
      assert.ok(took < 200, `${took} ms`);
    }));
});
