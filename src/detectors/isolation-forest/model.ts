import type { Contribution } from '../../domain/score.ts';
import type { Signal } from '../../domain/signal.ts';
import { CalibratedForest } from '../../stats/calibrated-forest.ts';
import type { TrainedForest } from '../../stats/forest-training.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** What is held still teaches the tail a little, so that a lasting fault does not stay a surprise of the first hour. */
const HELD_WEIGHT = 0.02;
const LEAST_COLUMNS = 3;
/** As many columns are named in a reason. */
const MOST_NAMED = 8;
const LEAST_P = 1e-300;
/** Nobody asks why a usual vector is usual; reasons for it come from the deviations alone. */
const REASONS_BELOW = 0.05;

export type Answer =
  | { readonly missing: readonly Signal[] }
  | { readonly score: number; readonly pValue: number; readonly because: readonly Contribution[] };

/** What a forest makes of the vector of a stage: how surprising, and by which signals. */
export class Model {
  readonly #forest: CalibratedForest;

  constructor(memory: number) {
    this.#forest = new CalibratedForest(memory);
  }

  get ready(): boolean {
    return this.#forest.ready;
  }

  /** Changes nothing. `undefined` where there is no forest yet. */
  answer(vector: ReadonlyMap<Signal, number>): Answer | undefined {
    const { names } = this.#forest;
    const row = Float32Array.from(names, (signal) => vector.get(signal) ?? Number.NaN);
    const missing = names.filter((_, column) => Number.isNaN(row[column]));
    const present = row.length - missing.length;
    if (this.ready && (present < LEAST_COLUMNS || missing.length > present)) return { missing };
    const score = this.#forest.look(row)?.smooth;
    if (score === undefined) return undefined;
    const pValue = Math.max(LEAST_P, Math.exp(-this.#forest.surprise(score)));
    const because = this.#because(pValue < REASONS_BELOW ? this.#forest.gains(row) : row.map(Math.abs), row);
    return { score, pValue, because };
  }

  /** Takes in what `answer` said of the snapshot that is over. */
  advance(score: number, learn: boolean): void {
    this.#forest.advance(score, learn ? 1 : HELD_WEIGHT);
  }

  take(trained: TrainedForest): void {
    this.#forest.take(trained);
  }

  /** What is seen now becomes the usual distance. */
  accept(): void {
    this.#forest.accept();
  }

  write(to: NumberWriter): void {
    this.#forest.write(to);
  }

  read(from: NumberReader): void {
    this.#forest.read(from);
  }

  #because(gains: ArrayLike<number>, row: Float32Array): readonly Contribution[] {
    const parts = this.#forest.names
      .flatMap((signal, column) => (Number.isNaN(row[column]) ? [] : [{ signal, gain: gains[column] as number }]))
      .sort((a, b) => b.gain - a.gain)
      .slice(0, MOST_NAMED);
    const total = parts.reduce((sum, { gain }) => sum + gain, 0);
    return parts
      .map(({ signal, gain }) => ({ signal, share: total > 0 ? gain / total : 1 / parts.length }))
      .filter(({ share }) => share > 0);
  }
}
