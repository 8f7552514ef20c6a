import type { Config } from '../config/config.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { replay } from '../engine/replay.ts';
import { BacktestLog } from './backtest-log.ts';
import { engineForConfig } from './offline.ts';
import type { Recorded } from './recorded.ts';

/** The config with another allowance of pages for every pipeline and stage; what was learned of a stage does not depend on it. */
export function withPages(config: Config, pagesPerWeek: number): Config {
  const pipelines = config.plan.pipelines.map((pipeline) => ({
    ...pipeline,
    budget: { ...pipeline.budget, pagesPerWeek },
    stages: pipeline.stages.map((stage) => ({ ...stage, budget: { ...stage.budget, pagesPerWeek } })),
  }));
  return { ...config, plan: { ...config.plan, pipelines } };
}

/** The same past once more, under another config. */
export function backtestAgain(config: Config, recorded: Recorded): BacktestLog {
  const engine = engineForConfig(config);
  const log = new BacktestLog();
  for (const snapshots of batchesOf(recorded)) {
    const at = (snapshots[0] as Snapshot).at;
    for (const outcome of replay(engine, snapshots, at)) log.add(outcome, at);
  }
  return log;
}

/** What was recorded, as it came. */
export function* batchesOf({ moments }: Recorded): Generator<readonly Snapshot[]> {
  for (const { looks } of moments) yield looks.map(({ past, index }) => past.snapshot(index));
}
