import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Lease, Reversibility } from '../../src/domain/lease.ts';
import type { OutboxItem } from '../../src/domain/ports.ts';
import { type GateHands, workGate } from '../../src/engine/act.ts';
import { endLease, type LeaseReport, renewLease, stepLease } from '../../src/engine/lease.ts';
import type { Actuator } from '../../src/kit/component.ts';
import { item, lease as leaseRow, MONDAY } from '../stores/rows.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';

const USUAL = 100;
const never = new AbortController().signal;

/** A gate with one number, as an endpoint of a user: what is set stays set. */
function gateAt(rate: number) {
  const gate = { rate, calls: [] as string[] };
  const actuator: Actuator = {
    async capture() {
      gate.calls.push('capture');
      return gate.rate;
    },
    plan: () => '',
    async apply({ request }) {
      gate.calls.push('apply');
      gate.rate = request.kind === 'throttle' ? request.rate : 0;
      return gate.rate;
    },
    async verify({ left }) {
      gate.calls.push('verify');
      return gate.rate === left ? 'as-left' : 'changed';
    },
    async revert({ left, preImage }) {
      gate.calls.push('revert');
      if (left !== undefined && gate.rate !== left && gate.rate !== preImage) return 'overridden';
      gate.rate = preImage as number;
      return 'reverted';
    },
    close: async () => {},
  };
  return { gate, actuator };
}

/** Hands on one lease in a book that stands for the store. `dieAt` is the report before which the process dies. */
function handsOn(start: Lease, actuator: Actuator | undefined, reversibility: Reversibility = 'exact-inverse') {
  const book = { lease: start, reports: [] as LeaseReport['kind'][], acted: [] as string[], durable: true };
  const hands = (dieAt?: LeaseReport['kind']): GateHands => ({
    clock: fakeClock(MONDAY),
    events: eventsOf({ acted: ({ step, error }) => book.acted.push(`${step} ${error?.code ?? 'ok'}`) }),
    actuator: () => actuator,
    reversibility: () => reversibility,
    lease: (id) => (id === book.lease.id ? book.lease : undefined),
    async report(report) {
      if (report.kind === dieAt) await new Promise(() => {});
      book.reports.push(report.kind);
      book.lease = stepLease(book.lease, report, MONDAY).lease;
    },
    isDurable: () => book.durable,
  });
  return { book, hands };
}

const fresh = (): Lease => {
  const { preImage: _, ...rest } = leaseRow('L1', { state: 'pending' });
  return rest;
};
const work = (step: 'apply' | 'revert'): OutboxItem => item(`L1:${step}`, { body: { lease: 'L1', step } as Json });

test('writes down what stood there before the gate is moved, then what it left', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator);
  await workGate(work('apply'), hands(), never);
  assert.deepEqual(gate.calls, ['capture', 'apply']);
  assert.deepEqual(book.reports, ['captured', 'applied']);
  const { state, preImage, left } = book.lease;
  assert.deepEqual([state, preImage, left, gate.rate], ['active', USUAL, 20, 20]);
});

test('while the store takes nothing, a gate that would not let go by itself is not moved, but let go', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator);
  book.durable = false;
  await assert.rejects(workGate(work('apply'), hands(), never), { code: 'store-failed' });
  assert.deepEqual([gate.rate, book.lease.state, book.reports], [USUAL, 'applying', ['captured', 'delayed']]);
  book.durable = true;
  await workGate(work('apply'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.preImage], [20, USUAL]);
  book.durable = false;
  await assert.rejects(workGate(work('apply'), hands(), never), { code: 'store-failed' }, 'nor moved to another value');
  book.lease = endLease(book.lease, 'recovered', MONDAY)?.lease as Lease;
  await workGate(work('revert'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state], [USUAL, 'released']);
});

test('while the store takes nothing, a gate with a lease of its own is moved all the same', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator, 'native-lease');
  book.durable = false;
  await workGate(work('apply'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state], [20, 'active']);
});

test('puts back what stood there, and the lease is over', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator);
  await workGate(work('apply'), hands(), never);
  book.lease = endLease(book.lease, 'recovered', MONDAY)?.lease as Lease;
  await workGate(work('revert'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state, book.lease.why], [USUAL, 'released', 'recovered']);
});

test('dead before the pre-image is durable, the gate has not been touched', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator);
  void workGate(work('apply'), hands('captured'), never);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([gate.rate, book.lease.state], [USUAL, 'pending']);
  await workGate(work('apply'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.preImage], [20, USUAL]);
});

test('dead after the gate was moved and before that is durable, the first pre-image still counts', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator);
  void workGate(work('apply'), hands('applied'), never);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([gate.rate, book.lease.state, book.lease.preImage], [20, 'applying', USUAL]);
  // Whoever comes next goes on, or undoes it: the gate itself is not asked again what stood there.
  const undone = handsOn(endLease(book.lease, 'expired', MONDAY)?.lease as Lease, actuator);
  await workGate(work('apply'), hands(), never);
  assert.deepEqual(gate.calls, ['capture', 'apply', 'apply']);
  await workGate(work('revert'), undone.hands(), never);
  assert.deepEqual([gate.rate, undone.book.lease.state], [USUAL, 'released']);
});

test('dead after a revert and before that is durable, reverting again is harmless', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(
    leaseRow('L1', { state: 'reverting', why: 'expired', preImage: USUAL, left: 20 }),
    actuator,
  );
  gate.rate = 20;
  void workGate(work('revert'), hands('reverted'), never);
  await new Promise((resolve) => setImmediate(resolve));
  await workGate(work('revert'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state, book.lease.why], [USUAL, 'released', 'expired']);
});

test('at a renewal a gate that a person has moved is theirs: not moved again, and the lease is over', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator);
  await workGate(work('apply'), hands(), never);
  gate.rate = 55;
  book.lease = renewLease(book.lease, MONDAY + 9e5, undefined).lease;
  await workGate(work('apply'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state, book.lease.why], [55, 'released', 'overridden']);
});

test('a native lease that ran out meanwhile is taken again, since no person did that', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), actuator, 'native-lease');
  await workGate(work('apply'), hands(), never);
  gate.rate = USUAL;
  book.lease = renewLease(book.lease, MONDAY + 9e5, undefined).lease;
  await workGate(work('apply'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state], [20, 'active']);
});

test('a gate that a person has moved is not put back at the end', async () => {
  const { gate, actuator } = gateAt(55);
  const { book, hands } = handsOn(
    leaseRow('L1', { state: 'reverting', why: 'recovered', preImage: USUAL, left: 20 }),
    actuator,
  );
  await workGate(work('revert'), hands(), never);
  assert.deepEqual([gate.rate, book.lease.state, book.lease.why], [55, 'released', 'overridden']);
});

test('a lease that is released while its pre-image is read leaves the gate alone', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), {
    ...actuator,
    async capture() {
      book.lease = endLease(book.lease, 'by-hand', MONDAY)?.lease as Lease;
      return gate.rate;
    },
  });
  await workGate(work('apply'), hands(), never);
  assert.deepEqual([gate.calls, gate.rate, book.lease.state], [[], USUAL, 'released']);
});

test('work that no longer fits is dropped without a word to the gate', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const cases: [Lease, 'apply' | 'revert'][] = [
    [leaseRow('L1', { state: 'reverting' }), 'apply'],
    [leaseRow('L1', { state: 'released' }), 'apply'],
    [leaseRow('L1', { state: 'active' }), 'revert'],
    [leaseRow('another'), 'apply'],
  ];
  for (const [lease, step] of cases) {
    const { book, hands } = handsOn(lease, actuator);
    await workGate(work(step), hands(), never);
    assert.deepEqual([book.reports, book.acted], [[], []]);
  }
  assert.deepEqual(gate.calls, []);
});

test('a passing failure is kept on the lease and tried again', async () => {
  const { actuator } = gateAt(USUAL);
  for (const error of [new HeadgateError('timeout', 'no answer'), new TypeError('unforeseen')]) {
    const { book, hands } = handsOn(fresh(), { ...actuator, apply: () => Promise.reject(error) });
    await assert.rejects(workGate(work('apply'), hands(), never));
    assert.deepEqual(
      [book.reports, book.lease.error, book.lease.state],
      [['captured', 'delayed'], error.message, 'applying'],
    );
  }
});

test('a refusal ends the attempt: what may have been moved is owed its revert', async () => {
  const { actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), {
    ...actuator,
    apply: () => Promise.reject(new HeadgateError('unauthorized', '401')),
  });
  await assert.rejects(workGate(work('apply'), hands(), never), { code: 'unauthorized' });
  assert.deepEqual(
    [book.lease.state, book.lease.why, book.acted],
    ['reverting', 'could-not-apply', ['apply unauthorized']],
  );
});

test('a gate whose pre-image is refused was never moved, and the lease has failed', async () => {
  const { gate, actuator } = gateAt(USUAL);
  const { book, hands } = handsOn(fresh(), {
    ...actuator,
    capture: () => Promise.reject(new HeadgateError('not-found', '404')),
  });
  await assert.rejects(workGate(work('apply'), hands(), never));
  assert.deepEqual([book.lease.state, book.lease.why, gate.calls], ['failed', 'could-not-apply', []]);
});

test('an actuator that is gone from the config is named, with what to do', async () => {
  const { book, hands } = handsOn(leaseRow('L1', { state: 'reverting' }), undefined);
  await assert.rejects(workGate(work('revert'), hands(), never), {
    code: 'bad-config',
    message: 'actuator valve is no longer configured; put it back to let the gate of orders.ingest go',
  });
  assert.equal(book.lease.state, 'failed');
});
