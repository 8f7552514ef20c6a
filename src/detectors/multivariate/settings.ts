import type { StagePlan } from '../../domain/plan.ts';
import type { DurationMs } from '../../domain/time.ts';

/** The tests that may speak for the stage. */
export const VOTES = ['distance', 'forest', 'signals'] as const;
export type VoteName = (typeof VOTES)[number];

/** What follows from the config and the stage. Counts are snapshots. */
export interface Settings {
  readonly votes: readonly VoteName[];
  readonly warmup: number;
  readonly rows: number;
  readonly trees: number;
  readonly sample: number;
  /** Snapshots learned between two trainings of the forest. */
  readonly retrainAfter: number;
  /** Snapshots of a shortest season: before them the past is young. */
  readonly young: number;
  /** Over how many snapshots older ones fade. */
  readonly memory: number;
  readonly seed: number;
}

export interface MultivariateOptions {
  readonly votes: readonly VoteName[];
  readonly warmup: number;
  readonly rows: number;
  readonly trees: number;
  readonly sample: number;
  readonly retrain_every: DurationMs;
}

/** Long enough that a day of a minute's grain does not turn the shape of a week over. */
const LEAST_MEMORY = 10_000;
const MOST_MEMORY = 40_000;

export function settingsOf(options: MultivariateOptions, stage: StagePlan, seed: number): Settings {
  const { warmup, rows, trees, sample, retrain_every, votes } = options;
  const memory = Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, (stage.season.at(-1) ?? 0) / stage.every));
  return {
    votes: VOTES.filter((vote) => votes.includes(vote)),
    warmup,
    rows,
    trees,
    sample,
    retrainAfter: Math.max(warmup, Math.round(retrain_every / stage.every)),
    young: Math.min(memory, Math.max(2 * warmup, (stage.season[0] ?? 0) / stage.every)),
    memory,
    seed,
  };
}
