import type { DerivePlan, SignalRef, StagePlan } from '../domain/plan.ts';
import type { Signal } from '../domain/signal.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';

/** The newest snapshot of every stage; a derived signal may look at its neighbours. */
export type Latest = ReadonlyMap<StageId, Snapshot>;

/**
 * Adds the signals that are computed, not read: configured rates and ratios, and `drain_seconds` wherever lag and both rates
 * are known. A signal that a probe already answers is never replaced. What cannot be computed (a missing part, a reset
 * counter, a zero denominator) is left out; the ingredients' own gaps say why.
 */
export function derive(plan: StagePlan, snapshot: Snapshot, previous: Snapshot | undefined, latest: Latest): Snapshot {
  const added = new Map<Signal, number>();
  for (const rule of plan.derive) {
    const value = rule.kind === 'rate' ? rateOf(rule, snapshot, previous) : ratioOf(rule, snapshot, latest);
    if (value !== undefined && Number.isFinite(value)) added.set(rule.name, value);
  }
  const drain = drainSeconds(snapshot);
  if (drain !== undefined) added.set('drain_seconds', drain);
  if (added.size === 0) return snapshot;
  return { ...snapshot, values: new Map([...added, ...snapshot.values]) };
}

/** Growth of a counter per second between two snapshots; a fall is a restart and gives nothing this time. */
function rateOf(rule: DerivePlan & { kind: 'rate' }, now: Snapshot, before: Snapshot | undefined): number | undefined {
  const value = now.values.get(rule.of);
  const last = before?.values.get(rule.of);
  if (value === undefined || last === undefined || before === undefined) return undefined;
  const seconds = (now.at - before.at) / 1_000;
  return seconds > 0 && value >= last ? (value - last) / seconds : undefined;
}

function ratioOf(rule: DerivePlan & { kind: 'ratio' }, now: Snapshot, latest: Latest): number | undefined {
  const value = (ref: SignalRef) => (ref.stage === now.stage ? now : latest.get(ref.stage))?.values.get(ref.signal);
  const of = value(rule.of);
  const to = value(rule.to);
  return of === undefined || to === undefined || to === 0 ? undefined : of / to;
}

/** Rates closer to each other than this are the same as far as anybody can measure: no end can be told from their difference. */
const SAME_RATE = 0.01;

/** Time until the backlog is gone at the present rates; nothing while it does not clearly shrink. */
function drainSeconds(snapshot: Snapshot): number | undefined {
  if (snapshot.values.has('drain_seconds')) return undefined;
  const lag = snapshot.values.get('lag_records');
  const into = snapshot.values.get('in_records_per_second');
  const out = snapshot.values.get('out_records_per_second');
  if (lag === undefined || into === undefined || out === undefined) return undefined;
  if (out - into <= SAME_RATE * out) return undefined;
  return lag / (out - into);
}
