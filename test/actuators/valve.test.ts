import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valve } from '../../src/actuators/valve/index.ts';
import type { Valves } from '../../src/domain/ports.ts';
import { actuatorContract, leaseOf } from '../contracts/actuator.ts';
import { testValves } from '../support/valves.ts';

const never = new AbortController().signal;

function rigOn({ valves, clock }: ReturnType<typeof testValves>) {
  let moves = 0;
  const counting: Valves = {
    ...valves,
    hold: (...ask) => {
      moves += 1;
      return valves.hold(...ask);
    },
    open: (...ask) => {
      const opened = valves.open(...ask);
      if (opened) moves += 1;
      return opened;
    },
  };
  return {
    actuator: () => valve.create({}, { clock, random: () => 0.5, valves: counting }),
    moves: () => moves,
    state: () => {
      const { state, rate } = valves.get('orders.ingest');
      return { state, rate: rate ?? null };
    },
    until: () => valves.get('orders.ingest').until,
    changeByHand: () => {
      const held = valves.get('orders.ingest').lease;
      if (held !== undefined) valves.open('orders.ingest', held);
      valves.hold(
        'orders.ingest',
        { kind: 'throttle', rate: 5 },
        { lease: 'L8', until: clock.now() + 90_000, reason: 'x' },
      );
    },
  };
}

actuatorContract('valve', {
  definition: valve,
  requests: [{ kind: 'throttle', rate: 32 }, { kind: 'pause' }],
  endpoint: false,
  rig: async () => rigOn(testValves()),
});

test('valve: tells the stage rate, reason, lease and end', async () => {
  const world = testValves();
  await rigOn(world)
    .actuator()
    .apply(leaseOf({ kind: 'throttle', rate: 32 }), never);
  const { version: _, ...state } = world.valves.get('orders.ingest');
  assert.deepEqual(state, {
    stage: 'orders.ingest',
    state: 'throttled',
    rate: 32,
    reason: 'enrich is 12 s behind',
    lease: 'L7',
    until: 1_700_000_060_000,
  });
});

test('valve: a gate that opened by itself counts as reverted', async () => {
  const world = testValves();
  const actuator = rigOn(world).actuator();
  const lease = leaseOf({ kind: 'pause' });
  await actuator.apply(lease, never);
  await world.clock.advance(60_001);
  assert.equal(world.valves.get('orders.ingest').state, 'open');
  assert.equal(await actuator.revert(lease, never), 'reverted');
});

test('valve: the gates of a new process are open; its lease can be applied again or reverted', async () => {
  const lease = leaseOf({ kind: 'throttle', rate: 32 });
  const before = testValves();
  await rigOn(before).actuator().apply(lease, never);
  const after = testValves();
  const actuator = rigOn(after).actuator();
  assert.equal(await actuator.verify(lease, never), 'changed');
  assert.equal(await actuator.revert(lease, never), 'reverted');
  await actuator.apply(lease, never);
  assert.equal(after.valves.get('orders.ingest').rate, 32);
});

test('valve: an adjusted request moves the gate that the lease holds already', async () => {
  const world = testValves();
  const actuator = rigOn(world).actuator();
  const lease = leaseOf({ kind: 'throttle', rate: 32 });
  await actuator.apply(lease, never);
  await actuator.apply({ ...lease, request: { kind: 'throttle', rate: 20 } }, never);
  assert.equal(world.valves.get('orders.ingest').rate, 20);
});

test('valve: to scale is not supported', async () => {
  const actuator = rigOn(testValves()).actuator();
  await assert.rejects(actuator.apply(leaseOf({ kind: 'scale', replicas: 3 }), never), { code: 'unsupported' });
});
