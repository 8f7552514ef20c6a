import type { Contribution } from '../../domain/score.ts';
import type { Signal } from '../../domain/signal.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import { type Forest, isolationGains, isolationScore } from '../../stats/forest.ts';
import { readForest, readNames, type TrainedForest, writeForest, writeNames } from '../../stats/forest-training.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { robustScale } from '../../stats/robust-scale.ts';

/** How fast the smoothed score follows: a joint shift lasts, a single strange vector is the signals' own business. */
const FOLLOW = 0.3;
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

/** A grown forest with its calibration: raw scores → standardised by the scores of rows it had not seen → tail of its own past. */
export class Model {
  #names: readonly Signal[] = [];
  #forest: Forest | undefined;
  #centre = 0;
  #scale = 1;
  #smooth = Number.NaN;
  readonly #tail: DecayedTail;

  constructor(memory: number) {
    this.#tail = new DecayedTail(memory);
  }

  get ready(): boolean {
    return this.#forest !== undefined;
  }
  get names(): readonly Signal[] {
    return this.#names;
  }

  /** Changes nothing. `undefined` where there is no forest yet. */
  answer(vector: ReadonlyMap<Signal, number>): Answer | undefined {
    const forest = this.#forest;
    if (!forest) return undefined;
    const row = Float32Array.from(this.#names, (signal) => vector.get(signal) ?? Number.NaN);
    const missing = this.#names.filter((_, column) => Number.isNaN(row[column]));
    const present = row.length - missing.length;
    if (present < LEAST_COLUMNS || missing.length > present) return { missing };
    const raw = isolationScore(forest, row);
    const score = Number.isNaN(this.#smooth) ? raw : this.#smooth + FOLLOW * (raw - this.#smooth);
    const pValue = Math.max(LEAST_P, Math.exp(-this.#tail.surprise(this.#magnitude(score))));
    return {
      score,
      pValue,
      because: this.#because(pValue < REASONS_BELOW ? isolationGains(forest, row) : row.map(Math.abs), row),
    };
  }

  /** Takes in what `answer` said of the snapshot that is over. */
  advance(score: number, learn: boolean): void {
    this.#smooth = score;
    this.#tail.learn(this.#magnitude(score), learn ? 1 : HELD_WEIGHT);
  }

  /** A new forest takes over; the tail goes on, since what it learned is in units of each forest's own scale. */
  take({ names, forest, scores }: TrainedForest): void {
    const first = this.#forest === undefined;
    const { centre, scale } = robustScale(scores);
    this.#names = names;
    this.#forest = forest;
    this.#centre = centre;
    this.#scale = Math.max(scale, 1e-4);
    // The old forest's smoothed score means nothing to the new one.
    this.#smooth = Number.NaN;
    if (first) for (const score of smoothed(scores)) this.#tail.learn(this.#magnitude(score));
  }

  /** What is seen now becomes the usual distance. */
  accept(): void {
    if (this.#smooth > this.#centre) this.#centre = this.#smooth;
  }

  write(to: NumberWriter): void {
    to.number(this.#forest ? 1 : 0);
    if (this.#forest) {
      writeNames(to, this.#names);
      writeForest(to, this.#forest);
    }
    for (const value of [this.#centre, this.#scale, this.#smooth]) to.number(value);
    this.#tail.write(to);
  }

  read(from: NumberReader): void {
    if (from.number() === 1) {
      this.#names = readNames(from);
      this.#forest = readForest(from);
    }
    this.#centre = from.number();
    this.#scale = from.number();
    this.#smooth = from.number();
    this.#tail.read(from);
  }

  #magnitude(score: number): number {
    return Math.max(0, (score - this.#centre) / this.#scale);
  }

  #because(gains: ArrayLike<number>, row: Float32Array): readonly Contribution[] {
    const parts = this.#names
      .flatMap((signal, column) => (Number.isNaN(row[column]) ? [] : [{ signal, gain: gains[column] as number }]))
      .sort((a, b) => b.gain - a.gain)
      .slice(0, MOST_NAMED);
    const total = parts.reduce((sum, { gain }) => sum + gain, 0);
    return parts
      .map(({ signal, gain }) => ({ signal, share: total > 0 ? gain / total : 1 / parts.length }))
      .filter(({ share }) => share > 0);
  }
}

/** Scores as they would have come out smoothed, had the rows followed each other. */
function smoothed(scores: Float32Array): number[] {
  let smooth = scores[0] ?? 0;
  return Array.from(scores, (score) => {
    smooth += FOLLOW * (score - smooth);
    return smooth;
  });
}
