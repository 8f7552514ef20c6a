import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeadgateError } from '../../../src/domain/error.ts';
import { measure, type Rules, standingsOf } from '../../../src/sources/kafka/measure.ts';
import { type Memory, type Observation, takeIn } from '../../../src/sources/kafka/observation.ts';
import { foundIn, worthALook } from '../../../src/sources/kafka/peek.ts';

const RULES: Rules = { stuck_after: 120_000, retention: true };
const NONE = Number.NaN;
const DAY = 86_400_000;

interface Tick {
  readonly committed: readonly number[];
  readonly ends: readonly number[];
  readonly starts?: readonly number[];
  readonly id?: string;
  readonly state?: string;
  readonly retention?: number | HeadgateError;
}

/** One topic, `raw`, tick by tick ten seconds apart. */
function watcher(rules: Rules = RULES) {
  const memory: Memory = new Map();
  let at = 0;
  return (tick: Tick) => {
    at += 10_000;
    const { committed, ends, starts = ends.map(() => 0), id = 'id', state = 'Stable', retention = DAY } = tick;
    const [c, e, s] = [committed, ends, starts].map((one) => Float64Array.from(one)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const observation: Observation = {
      group: 'enrich',
      state: { state, members: state === 'Empty' || state === 'Dead' ? 0 : 2 },
      topics: [{ name: 'raw', id, committed: c, ends: e, starts: s }],
      at,
      retention: new Map([['raw', retention]]),
    };
    const places = [...takeIn(memory, observation)];
    const reading = measure(places, [...standingsOf(places, observation, rules, at)], observation, rules, at);
    const value = (signal: string) => reading.values.get(signal);
    const gapOf = (signal: string) => reading.gaps?.find((gap) => gap.signals.includes(signal));
    const part = (signal: string) => [...(reading.parts?.get(signal) ?? [])];
    return { reading, places, value, gapOf, part, at };
  };
}

test('lag is end minus commit, in sum and by partition; rates need two polls', () => {
  const watch = watcher();
  const first = watch({ committed: [90, 200], ends: [100, 200] });
  assert.equal(first.value('lag_records'), 10);
  assert.deepEqual(first.part('lag_records'), [10, 0]);
  assert.equal(first.value('in_records_per_second'), undefined);
  assert.equal(first.reading.absent?.includes('in_records_per_second'), false);
  const second = watch({ committed: [100, 250], ends: [150, 260] });
  assert.equal(second.value('in_records_per_second'), 11);
  assert.equal(second.value('out_records_per_second'), 6);
  assert.deepEqual(second.part('out_records_per_second'), [1, 5]);
});

test('a commit beyond the end that was read is no negative lag', () => {
  const { value, part } = watcher()({ committed: [101], ends: [100] });
  assert.equal(value('lag_records'), 0);
  assert.equal(value('lag_seconds'), 0);
  assert.deepEqual(part('lag_records'), [0]);
});

test('a group without any commit is a gap that names it, while the topic still speaks', () => {
  const watch = watcher();
  watch({ committed: [NONE, NONE], ends: [100, 0], state: 'Dead' });
  const { gapOf, value } = watch({ committed: [NONE, NONE], ends: [110, 0], state: 'Dead' });
  assert.match(gapOf('lag_records')?.message ?? '', /group "enrich" has committed nothing on raw/);
  assert.equal(gapOf('group_members')?.code, 'not-found');
  assert.equal(value('lag_records'), undefined);
  assert.equal(value('lag_confidence'), 0);
  assert.equal(value('in_records_per_second'), 1);
});

test('a partition without a commit is never 0: a gap where it holds records, nothing where it is empty', () => {
  const full = watcher()({ committed: [5, NONE], ends: [10, 7] });
  assert.match(full.gapOf('lag_records')?.message ?? '', /raw\/1, which holds records; set offset_reset/);
  assert.equal(full.value('lag_records'), undefined);
  assert.deepEqual(full.part('lag_records'), [5, Number.NaN]);
  const empty = watcher()({ committed: [5, NONE], ends: [10, 7], starts: [0, 7] });
  assert.equal(empty.value('lag_records'), 5);
});

test('offset_reset says where a partition without a commit begins', () => {
  const tick: Tick = { committed: [5, NONE], ends: [10, 9], starts: [0, 2] };
  assert.equal(watcher({ ...RULES, offset_reset: 'earliest' })(tick).value('lag_records'), 12);
  assert.equal(watcher({ ...RULES, offset_reset: 'latest' })(tick).value('lag_records'), 5);
});

test('many partitions without a commit are named by a few', () => {
  const committed = [0, ...Array.from({ length: 20 }, () => NONE)];
  const { gapOf } = watcher()({ committed, ends: committed.map(() => 3) });
  assert.match(gapOf('lag_records')?.message ?? '', /raw\/1, raw\/2, raw\/3, raw\/4, raw\/5 and 15 more/);
});

test('a partition without a leader is a gap, not the lag of the others', () => {
  const { gapOf, value } = watcher()({ committed: [5, 5], ends: [10, NONE] });
  assert.match(gapOf('lag_records')?.message ?? '', /raw\/1 has no leader/);
  assert.match(gapOf('in_records_per_second')?.message ?? '', /raw\/1 has no leader/);
  assert.equal(value('lag_records'), undefined);
});

test('an empty group is 0 members and not a gap; a rebalance is 1', () => {
  const empty = watcher()({ committed: [5], ends: [10], state: 'Empty' });
  assert.deepEqual([empty.value('group_members'), empty.value('rebalancing')], [0, 0]);
  for (const state of ['PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling']) {
    assert.equal(watcher()({ committed: [5], ends: [10], state }).value('rebalancing'), 1, state);
  }
  assert.equal(watcher()({ committed: [5], ends: [10] }).value('rebalancing'), 0);
});

test('time lag goes from not known over extrapolated to interpolated', () => {
  const watch = watcher();
  const first = watch({ committed: [50], ends: [100] });
  assert.deepEqual([first.value('lag_seconds'), first.value('lag_confidence')], [undefined, 0]);
  const second = watch({ committed: [50], ends: [200] });
  assert.deepEqual([second.value('lag_seconds'), second.value('lag_confidence')], [15, 1]);
  const third = watch({ committed: [150], ends: [300] });
  assert.deepEqual([third.value('lag_seconds'), third.value('lag_confidence')], [15, 2]);
});

test('extrapolated time never goes beyond the retention', () => {
  const watch = watcher();
  watch({ committed: [0], ends: [1_000], retention: 30_000 });
  const { value } = watch({ committed: [0], ends: [1_010], retention: 30_000 });
  assert.deepEqual([value('lag_seconds'), value('lag_confidence')], [30, 1]);
});

test('a timestamp counts as exact unless polls contradict it', () => {
  const watch = watcher();
  watch({ committed: [100], ends: [100] });
  const { places } = watch({ committed: [100], ends: [110] });
  places[0]?.memory.peeked({ offset: 100, kind: 'record', at: 15_000 });
  const exact = watch({ committed: [100], ends: [120] });
  assert.deepEqual([exact.value('lag_seconds'), exact.value('lag_confidence')], [15, 3]);
  // A backfill: the event is three years old, the record came after the poll at 10 s.
  places[0]?.memory.peeked({ offset: 100, kind: 'record', at: -3 * 365 * DAY });
  const cut = watch({ committed: [100], ends: [120] });
  assert.deepEqual([cut.value('lag_seconds'), cut.value('lag_confidence')], [30, 2]);
});

test('markers of transactions alone are no lag', () => {
  const watch = watcher();
  const { places } = watch({ committed: [99], ends: [100] });
  places[0]?.memory.peeked({ offset: 99, kind: 'nothing', through: 100 });
  const same = watch({ committed: [99], ends: [100] });
  assert.deepEqual([same.value('lag_records'), same.value('lag_seconds'), same.value('lag_confidence')], [0, 0, 3]);
  assert.equal(watch({ committed: [99], ends: [104] }).value('lag_records'), 5);
});

test('a group that is set back has no output once, and says by how much', () => {
  const watch = watcher();
  watch({ committed: [100, 100], ends: [100, 100] });
  const back = watch({ committed: [40, 110], ends: [110, 110] });
  assert.equal(back.value('rewound_records'), 60);
  assert.equal(back.value('out_records_per_second'), undefined);
  const on = watch({ committed: [90, 110], ends: [110, 110] });
  assert.deepEqual([on.value('rewound_records'), on.value('out_records_per_second')], [0, 5]);
});

test('a topic that is made anew begins anew', () => {
  const watch = watcher();
  watch({ committed: [1_000], ends: [1_000] });
  const { value } = watch({ committed: [2], ends: [5], id: 'another' });
  assert.equal(value('lag_records'), 3);
  assert.equal(value('rewound_records'), 0);
  assert.equal(value('in_records_per_second'), undefined);
});

test('a partition is stuck once its commit has stood still long enough while records wait', () => {
  const watch = watcher({ ...RULES, stuck_after: 30_000 });
  const counts = [];
  for (let tick = 0; tick < 6; tick += 1) {
    const ends = [100 + tick * 10, 100 + tick * 10];
    counts.push(watch({ committed: [100, 100 + tick * 10], ends }).value('stuck_partitions'));
  }
  // It waits from the second tick on.
  assert.deepEqual(counts, [0, 0, 0, 0, 1, 1]);
});

test('one record in an idle topic is no hot partition, a real backlog is', () => {
  const share = (lags: readonly number[]) =>
    watcher()({ committed: lags.map(() => 0), ends: lags }).value('hot_partition_share') ?? 0;
  assert.ok(share([1, 0, 0, 0]) < 0.3);
  assert.ok(share([50_000, 0, 0, 0]) > 0.99);
  const single = watcher()({ committed: [0], ends: [5] });
  assert.ok(single.reading.absent?.includes('hot_partition_share'));
});

test('the loss horizon is what retention leaves of the age, and 0 while records are lost', () => {
  const watch = watcher();
  watch({ committed: [100], ends: [100] });
  const idle = watch({ committed: [100], ends: [100] });
  assert.equal(idle.value('loss_horizon_seconds'), 86_400);
  watch({ committed: [100], ends: [200] });
  const late = watch({ committed: [100], ends: [200] });
  assert.equal(late.value('loss_horizon_seconds'), 86_400 - 20);
  const losing = watch({ committed: [100], ends: [300], starts: [130] });
  assert.equal(losing.value('loss_horizon_seconds'), 0);
  assert.equal(losing.value('lost_records'), 30);
  assert.equal(losing.value('lag_records'), 170);
});

test('the loss horizon also follows the log start, where size deletes', () => {
  const watch = watcher();
  const forever = Number.POSITIVE_INFINITY;
  watch({ committed: [1_000], ends: [1_100], starts: [0], retention: forever });
  const moved = watch({ committed: [1_000], ends: [1_100], starts: [100], retention: forever });
  // 900 records left at 10 a second.
  assert.equal(moved.value('loss_horizon_seconds'), 90);
});

test('without any deletion there is no horizon, and without the right to ask it is a gap', () => {
  const forever = watcher()({ committed: [5], ends: [10], retention: Number.POSITIVE_INFINITY });
  assert.ok(forever.reading.absent?.includes('loss_horizon_seconds'));
  const error = new HeadgateError('unauthorized', 'grant DESCRIBE_CONFIGS');
  const refused = watcher()({ committed: [5], ends: [10], retention: error });
  assert.equal(refused.gapOf('loss_horizon_seconds')?.code, 'unauthorized');
  assert.equal(refused.value('lost_records'), 0);
});

test('only what is not known yet, and what is furthest behind, is worth a look', () => {
  const watch = watcher();
  const committed = Array.from({ length: 50 }, (_, index) => index);
  const first = watch({ committed, ends: committed.map(() => 49) });
  assert.equal(worthALook(first.places, undefined, first.at).length, 49);
  watch({ committed, ends: committed.map(() => 100) });
  const third = watch({ committed, ends: committed.map(() => 200) });
  const chosen = worthALook(third.places, undefined, third.at);
  assert.deepEqual(
    chosen.map(({ partition }) => partition),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  chosen[0]?.memory.peeked({ offset: 0, kind: 'record', at: 0 });
  assert.ok(worthALook(third.places, undefined, third.at).every(({ partition }) => partition !== 0));
});

test('the next record is found behind markers and holes', () => {
  const batch = (first: number, deltas: readonly number[], attributes = 0) => ({
    firstOffset: BigInt(first),
    lastOffsetDelta: deltas.at(-1) ?? 0,
    attributes,
    firstTimestamp: 1_000n,
    maxTimestamp: 9_000n,
    records: deltas.map((offsetDelta) => ({ offsetDelta, timestampDelta: BigInt(offsetDelta) })),
  });
  const CONTROL = 1 << 5;
  const APPENDED = 1 << 3;
  const found = (batches: Parameters<typeof foundIn>[0], offset: number, end = 100) =>
    foundIn(batches, { offset, end }, 500);
  assert.deepEqual(found([batch(10, [0, 1, 2])], 11), { offset: 11, kind: 'record', at: 501 });
  assert.deepEqual(found([batch(10, [0], CONTROL), batch(11, [4])], 10), { offset: 10, kind: 'record', at: 504 });
  assert.deepEqual(found([batch(10, [0, 1], APPENDED)], 10), { offset: 10, kind: 'record', at: 8_500 });
  assert.deepEqual(found([batch(10, [0], CONTROL)], 10), { offset: 10, kind: 'nothing', through: 11 });
  assert.equal(found([], 10), undefined);
  // What lies behind the end belongs to an open transaction, or came after the end was read.
  assert.deepEqual(found([batch(10, [0], CONTROL), batch(11, [0])], 10, 11), {
    offset: 10,
    kind: 'nothing',
    through: 11,
  });
});

test('whatever is seen: nothing is negative, nothing is infinite, and what is not known is not claimed', () => {
  const offset = fc.oneof(fc.nat({ max: 1_000 }), fc.constant(NONE));
  const partition = fc.record({ committed: offset, end: offset, start: offset });
  const ticks = fc.array(fc.array(partition, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 });
  const reset = fc.constantFrom(undefined, 'earliest' as const, 'latest' as const);
  fc.assert(
    fc.property(ticks, reset, (seen, offset_reset) => {
      const watch = watcher({ ...RULES, offset_reset });
      for (const places of seen) {
        const { reading } = watch({
          committed: places.map(({ committed }) => committed),
          ends: places.map(({ end }) => end),
          starts: places.map(({ start, end }) => Math.min(start, end)),
        });
        const open = new Set(reading.gaps?.flatMap(({ signals }) => signals));
        for (const [signal, value] of reading.values) {
          assert.ok(Number.isFinite(value) && value >= 0, `${signal} is ${value}`);
          assert.ok(!open.has(signal), `${signal} is a value and a gap`);
        }
        for (const [signal, part] of reading.parts ?? [])
          for (const value of part) assert.ok(Number.isNaN(value) || value >= 0, `${signal} has ${value}`);
      }
    }),
    { numRuns: 500 },
  );
});
