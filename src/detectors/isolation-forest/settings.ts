import type { StagePlan } from '../../domain/plan.ts';
import type { DurationMs } from '../../domain/time.ts';

/** What follows from the config and the stage. Counts are snapshots. */
export interface Settings {
  readonly warmup: number;
  readonly rows: number;
  readonly trees: number;
  readonly sample: number;
  /** Snapshots learned between two trainings. */
  readonly retrainAfter: number;
  /** Over how many snapshots older ones fade. */
  readonly memory: number;
  readonly seed: number;
}

export interface ForestOptions {
  readonly warmup: number;
  readonly rows: number;
  readonly trees: number;
  readonly sample: number;
  readonly retrain_every: DurationMs;
}

export function settingsOf(options: ForestOptions, stage: StagePlan, seed: number): Settings {
  const { warmup, rows, trees, sample } = options;
  const season = (stage.season.at(-1) ?? 0) / stage.every;
  return {
    warmup,
    rows: Math.max(rows, warmup),
    trees,
    sample,
    retrainAfter: Math.max(warmup / 2, Math.round(options.retrain_every / stage.every)),
    memory: Math.max(4 * rows, 2 * season),
    seed,
  };
}
