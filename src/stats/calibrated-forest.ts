import { DecayedTail } from './decayed-tail.ts';
import { type Forest, isolationGains, isolationScore } from './forest.ts';
import { readForest, readNames, type TrainedForest, writeForest, writeNames } from './forest-training.ts';
import type { NumberReader, NumberWriter } from './number-codec.ts';
import { robustScale } from './robust-scale.ts';

/**
 * How fast the smoothed score follows: a joint shift lasts, one strange row is mostly noise. Faster than the distance, which leaps
 * where a score of at most 1 cannot.
 */
const FOLLOW = 0.3;
/** Scores of a forest whose rows are all alike differ by less than this; it must not make small news infinite. */
const LEAST_SCALE = 1e-4;

/** What a forest says of one row: of the row alone, and with those before it. */
export interface IsolationLook {
  readonly raw: number;
  readonly smooth: number;
}

/**
 * An isolation forest with the past of its own scores: raw score → smoothed → in units of the scores of rows that the trees had not
 * seen → −ln p by a tail of what it said before. Forests come and go while the past stays: each speaks in units of its own scale.
 * Names are those of its columns; a row has their numbers in that order, NaN where one is missing.
 * Cost: see `isolationScore` and `DecayedTail`.
 */
export class CalibratedForest {
  readonly #tail: DecayedTail;
  #names: readonly string[] = [];
  #forest: Forest | undefined;
  #centre = 0;
  #scale = 1;
  #smooth = Number.NaN;

  /** `memory` of the tail, in updates. */
  constructor(memory: number) {
    this.#tail = new DecayedTail(memory);
  }

  get ready(): boolean {
    return this.#forest !== undefined;
  }
  get names(): readonly string[] {
    return this.#names;
  }

  /** `undefined` where there is no forest yet. Changes nothing. */
  look(row: Float32Array): IsolationLook | undefined {
    if (!this.#forest) return undefined;
    const raw = isolationScore(this.#forest, row);
    return { raw, smooth: Number.isNaN(this.#smooth) ? raw : this.#smooth + FOLLOW * (raw - this.#smooth) };
  }

  /** What each column adds to the strangeness of a row; see `isolationGains`. Zeros where there is no forest. */
  gains(row: Float32Array): ArrayLike<number> {
    return this.#forest ? isolationGains(this.#forest, row) : new Float32Array(row.length);
  }

  /** −ln p of a score under its own past, ≥ 0. Changes nothing. */
  surprise(score: number): number {
    return this.#tail.surprise(this.#magnitude(score));
  }

  /** Takes over the smoothed score of the row that is over; the past learns it with a weight of 0 … 1. */
  advance(smooth: number, weight: number): void {
    this.#smooth = smooth;
    if (weight > 0) this.#tail.learn(this.#magnitude(smooth), weight);
  }

  /** A new forest takes over. What the old one had smoothed means nothing to it; the first one's past are the rows it was grown from. */
  take({ names, forest, scores }: TrainedForest): void {
    const first = this.#forest === undefined;
    const { centre, scale } = robustScale(scores);
    this.#names = names;
    this.#forest = forest;
    this.#centre = centre;
    this.#scale = Math.max(scale, LEAST_SCALE);
    this.#smooth = Number.NaN;
    if (!first) return;
    let smooth = centre;
    for (const score of scores) {
      smooth += FOLLOW * (score - smooth);
      this.#tail.learn(this.#magnitude(smooth));
    }
  }

  /** What is seen now becomes the usual score. */
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
    const hasForest = from.number() === 1;
    this.#names = hasForest ? readNames(from) : [];
    this.#forest = hasForest ? readForest(from) : undefined;
    this.#centre = from.number();
    this.#scale = from.number();
    this.#smooth = from.number();
    this.#tail.read(from);
  }

  #magnitude(score: number): number {
    return Math.max(0, (score - this.#centre) / this.#scale);
  }
}
