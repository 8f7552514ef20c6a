import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { asHeadgateError, type ErrorCode } from '../../src/domain/error.ts';
import type { Json } from '../../src/domain/json.ts';
import type { GateRequest, Lease } from '../../src/domain/lease.ts';
import type { Actuator, ActuatorDefinition } from '../../src/kit/component.ts';

/** One gate and the world around it, as the suite moves it. */
export interface GateRig {
  /** A new instance on the same gate, as after a restart of the daemon. */
  actuator(): Actuator;
  /** What the gate lets through now, in any form that can be compared. */
  state(): Json;
  /** Changes made to the gate so far, by whomever. */
  moves(): number;
  /** Until when the gate has been promised to be held; undefined where it does not know. */
  until?(): number | undefined;
  /** Somebody else moves the gate. */
  changeByHand(): void;
  /** The endpoint answers with this status from now on, or (0) takes no connection. */
  fail?(status: number): Promise<void>;
}

export interface ActuatorCase {
  readonly definition: ActuatorDefinition;
  readonly requests: readonly GateRequest[];
  /** The gate is behind a server that may fail; the rig then has `fail`. */
  readonly endpoint: boolean;
  rig(t: TestContext): Promise<GateRig>;
}

const T0 = 1_700_000_000_000;
const never = new AbortController().signal;

export const leaseOf = (request: GateRequest, more: Partial<Lease> = {}): Lease => ({
  id: 'L7',
  policy: 'keep-enrich',
  incident: '3',
  stage: 'orders.ingest',
  actuator: 'gate',
  request,
  state: 'applying',
  grantedAt: T0,
  expiresAt: T0 + 60_000,
  renewals: 0,
  because: 'enrich is 12 s behind',
  ...more,
});

/** As the store hands it back. */
const reread = (lease: Lease): Lease => JSON.parse(JSON.stringify(lease)) as Lease;

const codeOf = async (work: Promise<unknown>): Promise<ErrorCode | 'no error'> =>
  work.then(
    () => 'no error' as const,
    (error: unknown) => asHeadgateError(error).code,
  );

async function captured(actuator: Actuator, request: GateRequest): Promise<Lease> {
  const preImage = await actuator.capture({ stage: 'orders.ingest', kind: request.kind }, never);
  return leaseOf(request, { preImage });
}

async function applied(actuator: Actuator, request: GateRequest): Promise<Lease> {
  const lease = await captured(actuator, request);
  return { ...lease, state: 'active', left: await actuator.apply(lease, never) };
}

/** What an endpoint may answer (0: nothing), and what that means. */
const OUTCOMES: readonly (readonly [status: number, code: ErrorCode, retryable: boolean])[] = [
  [0, 'unreachable', true],
  [400, 'rejected', false],
  [401, 'unauthorized', false],
  [403, 'unauthorized', false],
  [404, 'not-found', false],
  [422, 'rejected', false],
  [429, 'rate-limited', true],
  [500, 'server-error', true],
  [503, 'server-error', true],
];

/** What every actuator promises. Run it once for each actuator and each way it can be set up. */
export function actuatorContract(name: string, { definition, requests, endpoint, rig }: ActuatorCase): void {
  const first = requests[0] as GateRequest;

  for (const request of requests) {
    test(`${name}: ${request.kind}: apply moves the gate and revert puts back what was there`, async (t) => {
      const gate = await rig(t);
      const actuator = gate.actuator();
      const before = gate.state();
      const lease = await applied(actuator, request);
      assert.notDeepEqual(gate.state(), before);
      assert.equal(await actuator.verify(lease, never), 'as-left');
      assert.equal(await actuator.revert(lease, never), 'reverted');
      assert.deepEqual(gate.state(), before);
      assert.ok(definition.kinds.includes(request.kind));
    });

    test(`${name}: ${request.kind}: the human's change is kept`, async (t) => {
      const gate = await rig(t);
      const actuator = gate.actuator();
      const lease = await applied(actuator, request);
      gate.changeByHand();
      const theirs = gate.state();
      assert.equal(await actuator.verify(lease, never), 'changed');
      assert.equal(await codeOf(actuator.apply(lease, never)), 'conflict');
      assert.equal(await actuator.revert(lease, never), 'overridden');
      assert.deepEqual(gate.state(), theirs);
    });
  }

  test(`${name}: capture and plan have no effect, and a plan reads as a sentence`, async (t) => {
    const gate = await rig(t);
    const actuator = gate.actuator();
    const before = gate.state();
    for (const request of requests) {
      await actuator.capture({ stage: 'orders.ingest', kind: request.kind }, never);
      assert.match(actuator.plan({ stage: 'orders.ingest', kind: request.kind }, request), /orders\.ingest .{10,}/);
    }
    assert.deepEqual([gate.state(), gate.moves()], [before, 0]);
  });

  test(`${name}: what capture and apply answer survives the store`, async (t) => {
    const gate = await rig(t);
    const lease = await applied(gate.actuator(), first);
    assert.deepEqual(reread(lease), lease);
  });

  test(`${name}: to apply twice is the same as once`, async (t) => {
    const gate = await rig(t);
    const actuator = gate.actuator();
    const before = gate.state();
    const lease = await applied(actuator, first);
    const once = gate.state();
    assert.deepEqual(await actuator.apply(lease, never), lease.left);
    assert.deepEqual(gate.state(), once);
    await actuator.revert(lease, never);
    assert.deepEqual(gate.state(), before);
  });

  test(`${name}: an apply whose answer was lost is taken up again, and can be reverted`, async (t) => {
    const gate = await rig(t);
    const before = gate.state();
    const lease = await captured(gate.actuator(), first);
    await gate.actuator().apply(lease, never);
    const once = gate.state();
    assert.equal(await gate.actuator().verify(lease, never), 'as-left');
    await gate.actuator().apply(reread(lease), never);
    assert.deepEqual(gate.state(), once);
    assert.equal(await gate.actuator().revert(reread(lease), never), 'reverted');
    assert.deepEqual(gate.state(), before);
  });

  test(`${name}: a renewal tells the gate its new end`, async (t) => {
    const gate = await rig(t);
    const actuator = gate.actuator();
    const lease = await applied(actuator, first);
    const renewed = { ...lease, expiresAt: lease.expiresAt + 30_000, renewals: 1 };
    await actuator.apply(renewed, never);
    assert.equal(await actuator.verify(renewed, never), 'as-left');
    if (gate.until) assert.equal(gate.until(), renewed.expiresAt);
  });

  test(`${name}: works on a lease that was read back after a restart`, async (t) => {
    const gate = await rig(t);
    const before = gate.state();
    const lease = reread(await applied(gate.actuator(), first));
    const later = gate.actuator();
    assert.equal(await later.verify(lease, never), 'as-left');
    await later.apply(lease, never);
    assert.equal(await later.revert(lease, never), 'reverted');
    assert.deepEqual(gate.state(), before);
  });

  test(`${name}: a revert that was done already is done`, async (t) => {
    const gate = await rig(t);
    const actuator = gate.actuator();
    const lease = await applied(actuator, first);
    assert.equal(await actuator.revert(lease, never), 'reverted');
    const moves = gate.moves();
    assert.equal(await actuator.revert(lease, never), 'reverted');
    assert.equal(gate.moves(), moves);
  });

  test(`${name}: what is aborted has no effect and says so`, async (t) => {
    const gate = await rig(t);
    const actuator = gate.actuator();
    const lease = await captured(actuator, first);
    const abort = AbortSignal.abort();
    const target = { stage: lease.stage, kind: first.kind };
    const codes = [
      await codeOf(actuator.capture(target, abort)),
      await codeOf(actuator.apply(lease, abort)),
      await codeOf(actuator.verify(lease, abort)),
      await codeOf(actuator.revert(lease, abort)),
    ];
    assert.deepEqual(codes, ['aborted', 'aborted', 'aborted', 'aborted']);
    assert.equal(gate.moves(), 0);
  });

  test(`${name}: may be closed twice`, async (t) => {
    const actuator = (await rig(t)).actuator();
    await actuator.close();
    await actuator.close();
  });

  for (const [status, code, retryable] of endpoint ? OUTCOMES : []) {
    test(`${name}: an endpoint that answers ${status || 'nothing'} is ${code}`, async (t) => {
      const gate = await rig(t);
      const actuator = gate.actuator();
      const lease = await applied(actuator, first);
      await gate.fail?.(status);
      const target = { stage: lease.stage, kind: first.kind };
      for (const work of [() => actuator.capture(target, never), () => actuator.revert(lease, never)]) {
        const error = await work().then(() => new Error('it worked'), asHeadgateError);
        assert.ok('code' in error, error.message);
        assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
      }
    });
  }
}
