import { asHeadgateError, HeadgateError } from '../domain/error.ts';
import type { Lease, LeaseId, Reversibility } from '../domain/lease.ts';
import type { Change, Clock, Events, OutboxItem } from '../domain/ports.ts';
import type { Actuator } from '../kit/component.ts';
import type { GateWork, LeaseReport } from './lease.ts';
import { isApplied } from './ledger.ts';

export interface GateHands {
  readonly clock: Clock;
  readonly events: Events;
  actuator(name: string): Actuator | undefined;
  reversibility(name: string): Reversibility | undefined;
  lease(id: LeaseId): Lease | undefined;
  /** Takes a report into the engine and makes what follows durable before it resolves. */
  report(report: LeaseReport): Promise<void>;
  /** False while the store takes nothing, so that a crash would lose what was reported. */
  isDurable(): boolean;
}

/**
 * Does the work a lease owes to its gate. The pre-image is durable before the gate is moved for the first time, so that whoever
 * finds the lease after a crash can undo it. Work that no longer fits the lease's state is dropped.
 */
export async function workGate(item: OutboxItem, hands: GateHands, abort: AbortSignal): Promise<readonly Change[]> {
  const { lease: id, step } = item.body as unknown as GateWork;
  const lease = hands.lease(id);
  const fits = lease && (step === 'apply' ? isApplied(lease) : lease.state === 'reverting');
  if (!fits) return [];
  const began = hands.clock.monotonic();
  const acted = (error: HeadgateError | undefined): void =>
    hands.events.acted({
      lease: hands.lease(id) ?? lease,
      step,
      seconds: (hands.clock.monotonic() - began) / 1_000,
      error,
    });
  try {
    const actuator = hands.actuator(lease.actuator);
    if (!actuator)
      throw new HeadgateError(
        'bad-config',
        `actuator ${lease.actuator} is no longer configured; put it back to let the gate of ${lease.stage} go`,
      );
    await (step === 'apply' ? apply(lease, actuator, hands, abort) : revert(lease, actuator, hands, abort));
    acted(undefined);
    return [];
  } catch (thrown) {
    const error = asHeadgateError(thrown);
    acted(error);
    // An unexpected failure may be a passing one; only a clear refusal ends the attempts.
    const again = error.retryable || error.code === 'internal';
    await hands.report({ lease: id, kind: again ? 'delayed' : 'refused', error });
    throw error;
  }
}

async function apply(lease: Lease, actuator: Actuator, hands: GateHands, abort: AbortSignal): Promise<void> {
  if (lease.preImage === undefined) {
    const preImage = await actuator.capture({ stage: lease.stage, kind: lease.request.kind }, abort);
    await hands.report({ lease: lease.id, kind: 'captured', preImage });
  }
  const captured = hands.lease(lease.id);
  // While the pre-image was read the lease may have been released; then there is nothing to do.
  if (!captured || !isApplied(captured)) return;
  // A native lease may have run out meanwhile, which is no person's doing; elsewhere a gate that stands differently is taken over.
  const native = hands.reversibility(lease.actuator) === 'native-lease';
  // A gate that stays where it was put can be let go after a crash only by what was written down before.
  if (!native && !hands.isDurable())
    throw new HeadgateError(
      'store-failed',
      `gate of ${lease.stage}: not moved while the store takes no writes, since after a crash nobody would know to let it go`,
    );
  if (!native && captured.state === 'active' && (await actuator.verify(captured, abort)) === 'changed') {
    await hands.report({ lease: lease.id, kind: 'overridden' });
    return;
  }
  const left = await actuator.apply(captured, abort);
  await hands.report({ lease: lease.id, kind: 'applied', left });
}

async function revert(lease: Lease, actuator: Actuator, hands: GateHands, abort: AbortSignal): Promise<void> {
  const done = lease.preImage === undefined ? 'reverted' : await actuator.revert(lease, abort);
  await hands.report({ lease: lease.id, kind: done });
}
