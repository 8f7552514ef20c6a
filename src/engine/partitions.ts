import type { Cause } from '../domain/cause.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/** A partition with so much more than its share of what comes in does not only look hot. */
const HOT_INPUT = 1.5;

/** One partition that stands still while others move is poisoned; one that holds most of the backlog is hot. */
export function partitionTrouble(now: Snapshot, before: Snapshot | undefined): Cause | undefined {
  const lag = now.parts.get('lag_records');
  if (!lag || lag.length < 2) return undefined;
  if (stuckPartitions(now, before) === 1 && isAloneBehind(lag)) return 'poison';
  const known = lag.filter(Number.isFinite);
  const total = known.reduce((sum, one) => sum + one, 0);
  const most = Math.max(...known);
  if (total < 10 || most <= 0.6 * total || lag.length < 4) return undefined;
  return getsMore(lag.indexOf(most), now.parts.get('in_records_per_second')) ? 'hot' : undefined;
}

/** The others may be behind by this share of what the furthest is. */
const FAR = 0.5;

/**
 * One partition is far behind, and most others are not. Where all of them are, a slow consumer has not come to that one yet.
 *
 * @param lag records that wait, for each partition.
 */
export function isAloneBehind(lag: Float64Array): boolean {
  const [most = 0, ...others] = [...lag].filter(Number.isFinite).sort((a, b) => b - a);
  return (others[others.length >> 1] ?? 0) <= FAR * most;
}

/** What waits may also be the rest of a partition that stood still for a while; where input is told, it decides. */
function getsMore(partition: number, into: Float64Array | undefined): boolean {
  if (!into?.every(Number.isFinite)) return true;
  const mean = into.reduce((sum, one) => sum + one, 0) / into.length;
  return (into[partition] ?? 0) > HOT_INPUT * mean;
}

/** Partitions with work and without progress in two samples, while nearly all others move; 0 where too many stand still. */
function stuckPartitions(now: Snapshot, before: Snapshot | undefined): number {
  const [lag, out] = [now.parts.get('lag_records'), now.parts.get('out_records_per_second')];
  const [lagBefore, outBefore] = [before?.parts.get('lag_records'), before?.parts.get('out_records_per_second')];
  if (!lag || !out || !lagBefore || !outBefore) return 0;
  const stuck = out.filter(
    (rate, p) => rate === 0 && outBefore[p] === 0 && (lag[p] as number) > 1 && (lagBefore[p] as number) > 1,
  );
  const moving = out.filter((rate) => rate > 0);
  return moving.length >= 0.7 * (out.length - stuck.length) && moving.length > stuck.length ? stuck.length : 0;
}

/** So few records are always in transit, and say nothing where little flows. */
export const FEW_RECORDS = 10;

/** Partitions up to this share, and always one, may be the doing of what is in them; where more wait, workers are short. */
const FEW = 1 / 8;

/**
 * Only few partitions have their share of so much waiting.
 *
 * @param lag records that wait, for each partition; `enough` records, over all of them.
 */
export function waitsAtFew(lag: Float64Array, enough: number): boolean {
  const least = Math.max(enough, FEW_RECORDS) / lag.length;
  return lag.filter((one) => one > least).length <= Math.max(1, FEW * lag.length);
}

/** Where one partition waits, only its worker has all it can do: that one, and its share of the others. */
export function ofBusiest(lag: Float64Array, parts: Snapshot['parts'], workers: number): number | undefined {
  const outs = parts.get('out_records_per_second');
  if (!outs?.every(Number.isFinite) || outs.length < 2) return undefined;
  const own = outs[lag.indexOf(Math.max(...lag))] as number;
  const mean = (outs.reduce((sum, one) => sum + one, 0) - own) / (outs.length - 1);
  // A partition that stands still says nothing of the worker.
  return own > mean ? own + mean * (outs.length / workers - 1) : undefined;
}
