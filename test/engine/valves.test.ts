import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageId } from '../../src/domain/stage.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import type { ValveState } from '../../src/domain/views.ts';
import { createValves } from '../../src/engine/valves.ts';
import { fakeClock, settle } from '../support/fake-clock.ts';

const STAGE: StageId = 'orders.ingest';
const never = new AbortController().signal;

function valvesOn(clock = fakeClock()) {
  const changes: ValveState[] = [];
  const valves = createValves(clock, (state) => changes.push(state));
  const hold = (length: number, lease = 'L1', rate = 20) =>
    valves.hold(
      STAGE,
      { kind: 'throttle', rate },
      { lease, until: clock.now() + length, reason: 'enrich is behind', usual: 80 },
    );
  return { clock, valves, changes, hold };
}

test('a gate nobody holds is open, and has no end', () => {
  const { valves } = valvesOn();
  const { version, ...rest } = valves.get(STAGE);
  assert.deepEqual(rest, { stage: STAGE, state: 'open' });
  assert.equal(typeof version, 'number');
});

test('a held gate says its rate, the share of the usual flow, why, for which lease and until when', () => {
  const { clock, valves, hold } = valvesOn();
  hold(MINUTE);
  const { version, ...rest } = valves.get(STAGE);
  assert.deepEqual(rest, {
    stage: STAGE,
    state: 'throttled',
    rate: 20,
    factor: 0.25,
    reason: 'enrich is behind',
    lease: 'L1',
    until: clock.now() + MINUTE,
  });
  const pause = valves.hold(STAGE, { kind: 'pause' }, { lease: 'L1', until: clock.now() + MINUTE, reason: 'r' });
  assert.deepEqual([pause.state, pause.factor, pause.rate], ['paused', 0, undefined]);
  assert.ok(pause.version > version);
});

test('opens by itself at its end, though nobody calls', async () => {
  const { clock, valves, changes, hold } = valvesOn();
  hold(MINUTE);
  await clock.advance(MINUTE);
  assert.deepEqual(
    changes.map(({ state }) => state),
    ['throttled', 'open'],
  );
  assert.equal(valves.get(STAGE).until, undefined);
  assert.equal(clock.timers, 0);
});

test('a renewal moves the end and the version; the same again moves neither', async () => {
  const { clock, valves, hold } = valvesOn();
  const first = hold(MINUTE);
  assert.equal(hold(MINUTE).version, first.version);
  await clock.advance(30 * SECOND);
  const renewed = hold(MINUTE);
  assert.ok(renewed.version > first.version);
  await clock.advance(59 * SECOND);
  assert.equal(valves.get(STAGE).state, 'throttled');
  await clock.advance(SECOND);
  assert.equal(valves.get(STAGE).state, 'open');
});

test('only the lease that holds the gate opens it', () => {
  const { valves, hold } = valvesOn();
  hold(MINUTE);
  assert.equal(valves.open(STAGE, 'L2'), false);
  assert.equal(valves.get(STAGE).state, 'throttled');
  assert.equal(valves.open(STAGE, 'L1'), true);
  assert.equal(valves.open(STAGE, 'L1'), false);
  assert.equal(valves.get(STAGE).state, 'open');
});

test('a wall clock that jumps, either way, holds no gate a moment longer than was granted', async () => {
  for (const jump of [-HOUR, HOUR]) {
    const { clock, valves, hold } = valvesOn();
    hold(MINUTE);
    clock.jump(jump);
    await clock.advance(MINUTE);
    assert.equal(valves.get(STAGE).state, 'open');
  }
});

test('a hold of more days than a timer can count ends at its end, not at once', async () => {
  const { clock, valves, hold } = valvesOn();
  hold(40 * DAY);
  await clock.advance(39 * DAY);
  assert.equal(valves.get(STAGE).state, 'throttled');
  await clock.advance(DAY);
  assert.equal(valves.get(STAGE).state, 'open');
});

test('versions grow over every change, also in the same millisecond, over a clock set back and over a restart', async () => {
  const clock = fakeClock();
  const { valves, hold } = valvesOn(clock);
  const versions = [valves.get(STAGE).version];
  for (let i = 0; i < 50; i++) {
    hold(MINUTE, 'L1', i + 1);
    versions.push(valves.get(STAGE).version);
    if (i === 20) clock.jump(-HOUR);
  }
  valves.open(STAGE, 'L1');
  versions.push(valves.get(STAGE).version);
  assert.deepEqual(
    versions,
    [...new Set(versions)].sort((a, b) => a - b),
  );
  clock.jump(HOUR + SECOND);
  assert.ok(createValves(clock).get(STAGE).version > (versions.at(-1) as number));
});

test('a client that knows another version is answered at once, one that is up to date at the next change', async () => {
  const { valves, hold } = valvesOn();
  const { version } = valves.get(STAGE);
  assert.equal((await valves.wait(STAGE, version - 1, never)).state, 'open');
  const heard: ValveState[] = [];
  const waits = [1, 2].map(() => valves.wait(STAGE, version, never).then((state) => heard.push(state)));
  await settle();
  assert.deepEqual(heard, []);
  hold(MINUTE);
  await Promise.all(waits);
  assert.deepEqual(
    heard.map(({ state }) => state),
    ['throttled', 'throttled'],
  );
});

test('a client that waits hears of the opening by time', async () => {
  const { clock, valves, hold } = valvesOn();
  const { version } = hold(MINUTE);
  const waiting = valves.wait(STAGE, version, never);
  await clock.advance(MINUTE);
  assert.equal((await waiting).state, 'open');
});

test('a client that gives up gets what stands, and leaves no listener', async () => {
  const { valves } = valvesOn();
  const limit = new AbortController();
  const waiting = valves.wait(STAGE, valves.get(STAGE).version, limit.signal);
  limit.abort();
  assert.equal((await waiting).state, 'open');
  assert.equal((await valves.wait(STAGE, valves.get(STAGE).version, limit.signal)).state, 'open');
});
