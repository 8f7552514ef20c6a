import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/domain/ports.ts';
import { HOUR } from '../../src/domain/time.ts';
import { createSchedule, phaseOf } from '../../src/engine/schedule.ts';
import { type FakeClock, fakeClock, settle } from '../support/fake-clock.ts';

const EVERY = 1_000;

function scheduled<C extends Clock = FakeClock>(clock: C = fakeClock() as Clock as C) {
  const calls: number[] = [];
  const skips: number[] = [];
  const schedule = createSchedule(clock, (_id, count) => skips.push(count));
  const note = async () => {
    calls.push(clock.monotonic());
  };
  return { clock, calls, skips, schedule, note };
}

const slot = (id: string, k: number): number => phaseOf(id) * EVERY + k * EVERY;

test('calls in every slot, at the phase of the name, and never drifts', async () => {
  const { clock, calls, skips, schedule, note } = scheduled();
  schedule.add('a', EVERY, note);
  await clock.advance(1_000 * EVERY);
  assert.equal(calls.length, 1_000);
  assert.equal(calls[0], slot('a', 0));
  assert.ok(Math.abs((calls.at(-1) as number) - slot('a', 999)) < 1e-6);
  assert.deepEqual(skips, []);
});

test('a timer that fires late does not move the slots that follow', async () => {
  const inner = fakeClock();
  const late = { ...inner, timer: (delay: number, call: () => void) => inner.timer(delay + 7, call) };
  const { calls, schedule, note } = scheduled(late);
  schedule.add('a', EVERY, note);
  await inner.advance(100 * EVERY);
  assert.deepEqual(
    calls.map((at, k) => Math.round(at - slot('a', k))),
    calls.map(() => 7),
  );
});

test('leaves out the slots in which a call is still running, says how many, and keeps to the grid afterwards', async () => {
  const { clock, calls, skips, schedule, note } = scheduled();
  let release = (): void => {};
  schedule.add('a', EVERY, async () => {
    await note();
    if (calls.length === 1) await new Promise<void>((resolve) => (release = resolve));
  });
  await clock.advance(4 * EVERY);
  assert.equal(calls.length, 1);
  assert.deepEqual(skips, [1, 1, 1]);
  release();
  await settle();
  await clock.advance(EVERY);
  assert.deepEqual(calls.map(Math.round), [slot('a', 0), slot('a', 4)].map(Math.round));
});

test('after the process was stopped for a while the missed slots are counted, and one call is made', async () => {
  const inner = fakeClock();
  let asleep = 0;
  const clock = { ...inner, monotonic: () => inner.monotonic() + asleep };
  const { calls, skips, schedule, note } = scheduled(clock);
  schedule.add('a', EVERY, note);
  await inner.advance(2 * EVERY);
  asleep = 10 * EVERY;
  await inner.advance(EVERY);
  assert.equal(calls.length, 3);
  assert.deepEqual(skips, [10]);
});

test('a jump of the wall clock changes nothing', async () => {
  const clock = fakeClock();
  const { calls, skips, schedule, note } = scheduled(clock);
  schedule.add('a', EVERY, note);
  for (const jump of [HOUR, -2 * HOUR, HOUR]) {
    clock.jump(jump);
    await clock.advance(5 * EVERY);
  }
  assert.deepEqual(
    calls.map(Math.round),
    Array.from({ length: 15 }, (_, k) => Math.round(slot('a', k))),
  );
  assert.deepEqual(skips, []);
});

test('spreads a thousand stages over the interval', () => {
  const tenths = new Array(10).fill(0) as number[];
  for (let i = 0; i < 1_000; i++) {
    const tenth = Math.floor(phaseOf(`orders.stage-${i}`) * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) assert.ok(count > 60 && count < 140, tenths.join());
});

test('an id that is added again with the same distance misses no slot and gets the new call', async () => {
  const { clock, calls, schedule, note } = scheduled();
  schedule.add('a', EVERY, note);
  const again: number[] = [];
  // Again and again, each time before the next slot: a config that changes often must not starve a slow stage.
  for (let i = 0; i < 30; i++) {
    await clock.advance(EVERY / 3);
    schedule.add('a', EVERY, async () => {
      again.push(clock.monotonic());
    });
  }
  assert.equal(calls.length + again.length, 10);
  assert.deepEqual(
    [...calls, ...again].map(Math.round),
    Array.from({ length: 10 }, (_, k) => Math.round(slot('a', k))),
  );
});

test('a call that is under way when its id is replaced or removed is neither doubled nor forgotten', async () => {
  const { clock, calls, schedule, note } = scheduled();
  let release = (): void => {};
  schedule.add('a', EVERY, () => new Promise<void>((resolve) => (release = resolve)));
  await clock.advance(EVERY);
  schedule.add('a', EVERY / 2, note);
  await clock.advance(2 * EVERY);
  assert.deepEqual(calls, []);
  schedule.remove('a');
  let stopped = false;
  const stop = schedule.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  release();
  await stop;
});

test('nothing is called after removal or stop, and no timer stays', async () => {
  const clock = fakeClock();
  const { calls, schedule, note } = scheduled(clock);
  schedule.add('a', EVERY, note);
  schedule.add('b', EVERY, note);
  schedule.remove('a');
  await clock.advance(3 * EVERY);
  assert.equal(calls.length, 3);
  await schedule.stop();
  await clock.advance(3 * EVERY);
  assert.equal(calls.length, 3);
  assert.equal(clock.timers, 0);
});

test('ten thousand stages cost what is due, not what there is', async () => {
  const inner = fakeClock();
  let asked = 0;
  const clock = {
    ...inner,
    monotonic: () => {
      asked += 1;
      return inner.monotonic();
    },
  };
  const schedule = createSchedule(clock, () => assert.fail('no slot is left out'));
  let calls = 0;
  const run = async (): Promise<void> => {
    calls += 1;
  };
  const started = process.cpuUsage();
  for (let index = 0; index < 10_000; index += 1) schedule.add(`orders.s${index}`, 10_000, run);
  assert.equal(inner.timers, 1);
  await inner.advance(10_000);
  assert.equal(calls, 10_000);
  assert.ok(asked < 40_000, `the clock was asked ${asked} times`);
  const { user } = process.cpuUsage(started);
  // A scan over all entries in each of the 10,000 wake-ups takes ten times as long.
  assert.ok(user < 3e6, `${user / 1e6} s of processor time`);
  await schedule.stop();
});

test('an entry that was removed or replaced is called no more, and its timer goes', async () => {
  const { clock, calls, schedule, note } = scheduled();
  schedule.add('a', EVERY, async () => assert.fail('replaced'));
  schedule.add('a', EVERY, note);
  await clock.advance(EVERY);
  assert.equal(calls.length, 1);
  schedule.remove('a');
  assert.equal(clock.timers, 0);
  await clock.advance(5 * EVERY);
  assert.equal(calls.length, 1);
});
