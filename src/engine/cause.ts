import type { Cause } from '../domain/cause.ts';
import type { Score } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { partOfSubject } from '../domain/subject.ts';
import type { Estimate } from './estimate.ts';

/** What is known of the stage where an incident began. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly before: Snapshot | undefined;
  readonly scores: readonly Score[];
  readonly estimate: Estimate;
  /** Nobody feeds the stage. */
  readonly isOrigin: boolean;
}

const BAD_RATIO = 0.05;
const DUPLICATE_RATIO = 0.2;
const ERROR_RATIO = 0.03;

/**
 * Names what kind of trouble the stage is in, most specific first. Rules on plain facts, so that it works without any
 * learned past; where the past is known it sharpens them. `unknown` when no rule fits.
 */
export function nameCause(scene: Scene): Cause {
  const { snapshot, estimate } = scene;
  const value = (signal: string) => snapshot.values.get(signal);
  if ((value('bad_ratio') ?? 0) > BAD_RATIO || lostRows(scene)) return 'bad-data';
  if ((value('duplicate_ratio') ?? 0) > DUPLICATE_RATIO) return 'duplicates';
  if ((value('rebalancing') ?? 0) > 0) return 'rebalancing';
  const partition = partitionTrouble(scene);
  if (partition) return partition;
  if (estimate.stillFor >= 2) return 'stopped';
  if ((value('error_ratio') ?? 0) > ERROR_RATIO) return 'downstream';
  const { recentIn, usualIn, recentOut, usualOut } = estimate;
  if (recentIn !== undefined && usualIn !== undefined && usualIn > 0) {
    if (scene.isOrigin && recentIn < 0.05 * usualIn) return 'source-outage';
    if (recentIn > 1.4 * usualIn) return 'surge';
  }
  const strange = new Set(
    scene.scores.filter((score) => score.value >= score.ticketLine).map((s) => partOfSubject(s.subject)),
  );
  const slower = [...strange].some((signal) => signal.startsWith('latency_') || signal === 'run_seconds');
  const behind = (value('lag_records') ?? 0) > 0;
  if (slower) return 'slow';
  if (recentOut !== undefined && recentIn !== undefined && behind) {
    if (recentOut < 0.9 * recentIn || (usualOut !== undefined && recentOut < 0.8 * usualOut)) return 'slow';
    return 'backlog';
  }
  return 'unknown';
}

/**
 * Causes that are seen directly: when they are no longer seen they are over, and what is left may be called by another name.
 * Not a failing dependency: while its backlog drains, more workers would bring the failures back.
 */
const DIRECT: ReadonlySet<Cause> = new Set([
  'unknown',
  'bad-data',
  'duplicates',
  'rebalancing',
  'poison',
  'hot',
  'stopped',
]);

export const mayBeOver = (cause: Cause): boolean => DIRECT.has(cause);

/** Far fewer records leave than arrive though nothing waits: a filter drops them. */
function lostRows({ snapshot, scores }: Scene): boolean {
  const kept = scores.find((score) => partOfSubject(score.subject) === 'kept_ratio' && score.value >= score.ticketLine);
  const ratio = snapshot.values.get('kept_ratio');
  return kept !== undefined && ratio !== undefined && ratio < 0.95;
}

/** One partition that stands still while others move is poisoned; one that holds most of the backlog is hot. */
function partitionTrouble({ snapshot, before }: Scene): Cause | undefined {
  const lag = snapshot.parts.get('lag_records');
  if (!lag || lag.length < 2) return undefined;
  if (stuckPartitions(snapshot, before) === 1) return 'poison';
  const known = lag.filter(Number.isFinite);
  const total = known.reduce((sum, one) => sum + one, 0);
  return total >= 10 && Math.max(...known) > 0.6 * total && lag.length >= 4 ? 'hot' : undefined;
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
