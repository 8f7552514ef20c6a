import type { StageId } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import type { EpochMs } from '../domain/time.ts';
import type { JudgedStage, Outcome } from '../engine/ledger.ts';
import type { Series } from '../report/downsample.ts';

/** Everything that was seen and expected, for pictures: 24 bytes for each value. Kept only where somebody wants to see it. */
export class BacktestSeries {
  readonly stages = new Map<StageId, StageSeries>();

  add({ steps }: Outcome): void {
    for (const step of steps) {
      const id = step.snapshot.stage;
      const stage = this.stages.get(id) ?? new StageSeries();
      this.stages.set(id, stage);
      stage.add(step);
    }
  }

  of(stage: StageId, signal: string): Series | undefined {
    return this.stages.get(stage)?.of(signal);
  }
}

class StageSeries {
  readonly #at: EpochMs[] = [];
  readonly #signals = new Map<string, Record<'value' | 'lower' | 'upper', number[]>>();

  get signals(): readonly string[] {
    return [...this.#signals.keys()];
  }

  add({ snapshot, scores }: JudgedStage): void {
    const index = this.#at.push(snapshot.at) - 1;
    for (const [signal, value] of snapshot.values) {
      let columns = this.#signals.get(signal);
      if (!columns) {
        columns = { value: [], lower: [], upper: [] };
        this.#signals.set(signal, columns);
      }
      fill(columns.value, index, value);
    }
    for (const score of scores) {
      const columns = score.state === 'ready' && score.expected && this.#signals.get(partOfSubject(score.subject));
      if (!columns) continue;
      fill(columns.lower, index, score.expected.lower);
      fill(columns.upper, index, score.expected.upper);
    }
  }

  of(signal: string): Series | undefined {
    const columns = this.#signals.get(signal);
    if (!columns) return undefined;
    // Columns end with their last number; what is missing after it is missing as well.
    for (const column of Object.values(columns))
      if (column.length < this.#at.length) fill(column, this.#at.length - 1, Number.NaN);
    return { at: this.#at, ...columns };
  }
}

function fill(column: number[], index: number, value: number): void {
  while (column.length < index) column.push(Number.NaN);
  column[index] = value;
}
