import type { Snapshot } from '../domain/snapshot.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Engine } from './engine.ts';
import type { Outcome } from './ledger.ts';

/**
 * Runs an engine over recorded time: between two snapshots it is called whenever something is due, as the daemon's timer would,
 * and every gate does at once and exactly what it is asked. So a recorded day gives the decisions that the daemon would have
 * made with gates that obey.
 *
 * @returns the outcomes in order; the last one is that of the snapshots.
 */
export function replay(engine: Engine, snapshots: readonly Snapshot[], now: EpochMs): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  for (let due = engine.deadline(); due !== undefined && due < now; due = engine.deadline()) {
    outcomes.push(...obey(engine, engine.observe([], due), due));
    // A deadline that stays is not met by waiting for it.
    if (engine.deadline() === due) break;
  }
  outcomes.push(...obey(engine, engine.observe(snapshots, now), now));
  return outcomes;
}

function obey(engine: Engine, outcome: Outcome, now: EpochMs): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  for (const { lease, step } of outcome.work) {
    const preImage = engine.lease(lease)?.preImage;
    if (step === 'apply') {
      if (preImage === undefined) outcomes.push(engine.report({ lease, kind: 'captured', preImage: null }, now));
      outcomes.push(engine.report({ lease, kind: 'applied', left: null }, now));
    } else outcomes.push(engine.report({ lease, kind: 'reverted' }, now));
  }
  return [outcome, ...outcomes];
}
