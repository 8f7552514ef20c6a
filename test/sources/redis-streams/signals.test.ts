import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Signal } from '../../../src/domain/signal.ts';
import type { Reading } from '../../../src/domain/snapshot.ts';
import type { Source } from '../../../src/kit/component.ts';
import { redisStreams } from '../../../src/sources/redis-streams/index.ts';
import { seededRandom } from '../../../src/stats/random.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { leastTime } from '../../support/least-time.ts';
import { type RunningRedis, startRedis } from '../../support/redis.ts';
import { requireServer } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const { skip } = requireServer('redis');
const never = new AbortController().signal;

describe('what redis-streams makes of a stream', { skip }, () => {
  let redis: RunningRedis;
  let source: Source<unknown>;
  let streams = 0;
  const open = (config: Record<string, unknown> = {}): Source<unknown> =>
    redisStreams.create(redisStreams.config.parse({ url: `redis://127.0.0.1:${redis.port}`, ...config }), {
      clock: fakeClock(),
      random: () => 0.5,
    });
  before(async () => {
    redis = await startRedis();
    source = open();
  });
  after(async () => {
    await source?.close();
    await redis?.stop();
  });

  /** A stream of its own with the group `g`, and what may be done with it. */
  const fresh = async (probe: Record<string, unknown> = {}) => {
    streams += 1;
    const stream = `s${streams}`;
    await redis.command('XGROUP', 'CREATE', stream, 'g', '0', 'MKSTREAM');
    const ask = redisStreams.probe.parse({ stream, group: 'g', ...probe });
    return {
      stream,
      add: (count: number) => redis.pipeline(Array.from({ length: count }, (_, n) => ['XADD', stream, '*', 'n', n])),
      read: (count: number, consumer = 'c') =>
        redis.command('XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', count, 'STREAMS', stream, '>'),
      look: (by = source): Promise<Reading> => by.probe(ask, 'orders.enrich', never),
    };
  };
  const value = async (look: Promise<Reading>, signal: Signal) => (await look).values.get(signal);
  /** Moves the server's clock on by more than the least interval. */
  const tick = async (): Promise<void> => {
    const end = performance.now() + 110;
    await until(() => performance.now() > end, { what: 'time has passed' });
  };

  test('a stream that is not there is absent, its dead letters are none', async () => {
    const ask = redisStreams.probe.parse({ stream: 'nowhere', group: 'g', dlq: 'nothing' });
    const { values, absent } = await source.probe(ask, 'orders.enrich', never);
    assert.deepEqual([...values], [['dlq_depth', 0]]);
    const promised = redisStreams.signals(ask).map(({ name }) => name);
    assert.deepEqual([...(absent ?? [])].sort(), promised.filter((name) => name !== 'dlq_depth').sort());
  });

  test('a group that is not there is absent, the stream is told', async () => {
    const { stream, add } = await fresh();
    await add(2);
    const ask = redisStreams.probe.parse({ stream, group: 'other' });
    const { values, absent } = await source.probe(ask, 'orders.enrich', never);
    assert.deepEqual([...values], [['stream_records', 2]]);
    assert.ok(absent?.includes('lag_records'));
  });

  test('lag after MAXLEN has trimmed what was not read is the true one, where Redis is wrong for good', async () => {
    const { stream, add, read, look } = await fresh();
    await add(100);
    await read(10);
    assert.equal(await value(look(), 'lag_records'), 90);
    await redis.command('XTRIM', stream, 'MAXLEN', 50);
    const trimmed = (await look()).values;
    assert.deepEqual([trimmed.get('lag_records'), trimmed.get('lost_records')], [50, 40]);
    await read(10);
    const on = (await look()).values;
    assert.deepEqual([on.get('lag_records'), on.get('lost_records')], [40, 0]);
    await read(100);
    assert.equal(await value(look(), 'lag_records'), 0);
    const groups = (await redis.command('XINFO', 'GROUPS', stream)) as unknown[][];
    assert.equal(groups[0]?.[groups[0].indexOf('lag') + 1], 40, 'Redis says 40 where nothing waits');
  });

  test('a source that has just started counts where Redis may be wrong', async () => {
    const { stream, add, read, look } = await fresh();
    await add(100);
    await read(10);
    await redis.command('XTRIM', stream, 'MAXLEN', 50);
    await read(30);
    assert.equal(await value(look(), 'lag_records'), 20);
  });

  test('where a deletion makes the lag nil, entries are counted up to the cap and estimated beyond', async () => {
    const { stream, add, read, look } = await fresh({ count_up_to: 50 });
    await add(30);
    await read(5);
    const waiting = (await redis.command('XRANGE', stream, '-', '+')) as [string][];
    await redis.command('XDEL', stream, waiting[20]?.[0] ?? '');
    assert.equal(await value(look(), 'lag_records'), 24);
    await tick();
    await add(500);
    const lag = (await value(look(), 'lag_records')) ?? 0;
    assert.ok(lag >= 50 && lag < 529, `${lag}`);
  });

  test('is right about the lag whatever is done to the stream', async () => {
    const random = seededRandom(7);
    const { stream, add, read, look } = await fresh({ count_up_to: 100_000 });
    for (let step = 0; step < 300; step += 1) {
      const dice = random();
      const size = 1 + Math.floor(random() * 40);
      if (dice < 0.4) await add(size);
      else if (dice < 0.8) await read(size);
      else if (dice < 0.93) await redis.command('XTRIM', stream, 'MAXLEN', size * 3);
      else if (dice < 0.97) {
        const all = (await redis.command('XRANGE', stream, '-', '+')) as [string][];
        const one = all[Math.floor(random() * all.length)];
        if (one) await redis.command('XDEL', stream, one[0]);
      } else await redis.command('XGROUP', 'SETID', stream, 'g', random() < 0.5 ? '0' : '$');
      if (random() < 0.3) continue;
      const groups = (await redis.command('XINFO', 'GROUPS', stream)) as string[][];
      const delivered = groups[0]?.[groups[0].indexOf('last-delivered-id') + 1] ?? '';
      const truth = ((await redis.command('XRANGE', stream, `(${delivered}`, '+')) as unknown[]).length;
      assert.equal(await value(look(), 'lag_records'), truth, `step ${step}`);
    }
  });

  test('tells how long the oldest has waited, by the clock of the server', async () => {
    const { stream, look } = await fresh();
    const now = Date.now();
    await redis.command('XADD', stream, `${now - 90_000}-0`, 'n', 1);
    await redis.command('XADD', stream, `${now - 30_000}-0`, 'n', 2);
    /** As old as it was meant to be, and older by what has passed since. */
    const isAged = (age: number | undefined, meant: number): void => {
      const most = meant + (Date.now() - now) / 1_000 + 1;
      assert.ok(age !== undefined && age >= meant - 1 && age <= most, `${age} s of ${meant} to ${most}`);
    };
    isAged(await value(look(), 'lag_seconds'), 90);
    await redis.command('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
    const { values } = await look();
    isAged(values.get('lag_seconds'), 30);
    isAged(values.get('pending_seconds'), 90);
    isAged(values.get('pending_idle_seconds'), 0);
  });

  test('claims no time where ids are no times', async () => {
    const { stream, look } = await fresh();
    await redis.command('XADD', stream, '5-1', 'n', 1);
    const { values } = await look();
    assert.equal(values.get('lag_records'), 1);
    assert.ok(!values.has('lag_seconds'));
  });

  test('counts deliveries of the oldest pending record, and consumers that hold records and are gone', async () => {
    const { stream, add, read, look } = await fresh({ dead_after: '50ms' });
    await add(3);
    await read(2, 'worker-1');
    await redis.command('XGROUP', 'CREATECONSUMER', stream, 'g', 'worker-2');
    await tick();
    const pending = (await redis.command('XPENDING', stream, 'g', '-', '+', 1)) as string[][];
    const dead = (await look()).values;
    assert.deepEqual([dead.get('consumers'), dead.get('dead_consumers'), dead.get('pending_records')], [2, 1, 2]);
    await redis.command('XCLAIM', stream, 'g', 'worker-2', 0, pending[0]?.[0] ?? '');
    assert.equal(await value(look(), 'pending_deliveries'), 2);
    await redis.command('XACK', stream, 'g', pending[0]?.[0] ?? '');
    assert.equal(await value(look(), 'pending_records'), 1);
  });

  test('tells rates from the second look on, and none over a step back', async () => {
    const { stream, add, read, look } = await fresh();
    await add(10);
    const first = (await look()).values;
    assert.ok(!first.has('in_records_per_second') && !first.has('out_records_per_second'));
    await tick();
    await add(60);
    await read(30);
    const second = (await look()).values;
    const [into, out] = [second.get('in_records_per_second') ?? 0, second.get('out_records_per_second') ?? 0];
    assert.ok(Math.abs(into / out - 2) < 1e-9 && into > 60 && into < 600, `${into} ${out}`);
    await tick();
    await redis.command('XGROUP', 'SETID', stream, 'g', '0', 'ENTRIESREAD', 0);
    const back = (await look()).values;
    assert.ok(!back.has('out_records_per_second'));
    assert.equal(back.get('lag_records'), 70);
    await redis.command('XGROUP', 'SETID', stream, 'g', '5-0');
    const { gaps = [] } = await look();
    assert.deepEqual(
      gaps.flatMap(({ signals }) => signals),
      ['out_records_per_second', 'lost_records'],
    );
    await tick();
    await redis.command('DEL', stream);
    await redis.command('XGROUP', 'CREATE', stream, 'g', '0', 'MKSTREAM');
    await add(5);
    const anew = (await look()).values;
    assert.ok((anew.get('in_records_per_second') ?? 0) > 0, 'a stream made anew counts from 0');
    assert.ok(!anew.has('out_records_per_second'));
  });

  test('says which right is missing, and what else stands under the key', async () => {
    const { stream, add, look } = await fresh();
    await add(1);
    await redis.command('ACL', 'SETUSER', 'blind', 'on', '>pw', `~${stream}`, '-@all', '+time');
    const blind = open({ username: 'blind', password: 'pw' });
    await assert.rejects(look(blind), { code: 'unauthorized', message: /NOPERM.*xinfo.*ACL SETUSER/s });
    await blind.close();
    const rights = ['+time', '+xinfo', '+xpending', '+xrange', '+xlen', '+select'];
    await redis.command('ACL', 'SETUSER', 'seeing', 'on', '>pw', `~${stream}`, 'resetchannels', '-@all', ...rights);
    const seeing = open({ username: 'seeing', password: 'pw' });
    assert.equal(await value(look(seeing), 'lag_records'), 1);
    await seeing.close();
    await redis.command('SET', 'plain', 'text');
    const ask = redisStreams.probe.parse({ stream: 'plain' });
    await assert.rejects(source.probe(ask, 'orders.enrich', never), { code: 'rejected', message: /WRONGTYPE/ });
  });

  test('a look at 1,000,000 entries costs no more than at a hundred', async (t) => {
    const { stream, read, look } = await fresh();
    const fill = `for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', 'order', i, 'amount', i * 3) end`;
    for (let part = 0; part < 10; part += 1) await redis.command('EVAL', fill, 1, stream, 100_000);
    await read(1000);
    assert.equal(await value(look(), 'lag_records'), 999_000);
    // A trim makes Redis's own figure doubtful: the worst case, where a fresh source has to count.
    await redis.command('XTRIM', stream, 'MAXLEN', 900_000);
    assert.equal(await value(look(), 'lost_records'), 99_000);
    await read(1000);
    const cold = open();
    const began = performance.now();
    const lag = (await value(look(cold), 'lag_records')) ?? 0;
    const counting = performance.now() - began;
    await cold.close();
    assert.ok(lag > 1_000 && lag < 900_000, `${lag}`);
    assert.equal(await value(look(), 'lag_records'), 899_000, 'the source that was there before knows');
    const usual = await leastTime(() => look(), 20);
    t.diagnostic(`a look ${usual.toFixed(1)} ms, with counting ${counting.toFixed(0)} ms`);
    assert.ok(usual < 20 && counting < 2_000);
  });

  test('lists the streams that fit a pattern, whatever else is there and however odd they are named', async () => {
    for (const name of ['for:b', 'for:a', 'for:a[1]', 'other']) await redis.command('XADD', name, '*', 'n', 1);
    await redis.command('SET', 'for:text', 'x');
    const list = (pattern: string) => source.discover?.('streams', pattern, never);
    assert.deepEqual(await list('for:*'), ['for:a', 'for:a[1]', 'for:b']);
    assert.deepEqual(await list('for:?'), ['for:a', 'for:b']);
    assert.deepEqual(await list('for:a[1]'), ['for:a[1]']);
    assert.deepEqual(await list('nothing*'), []);
  });
});

test('a url may hold no password, and does not go with a host', () => {
  const { config } = redisStreams;
  assert.ok(config.safeParse({ url: 'rediss://redis:6380/2' }).success);
  assert.ok(!config.safeParse({ url: 'redis://me:pw@redis:6379' }).success);
  assert.ok(!config.safeParse({ url: 'redis://redis:6379', host: 'other' }).success);
});
