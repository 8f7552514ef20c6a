import type { Signal } from '../../domain/signal.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import { FadingSample } from '../../stats/fading-sample.ts';
import { type Forest, isolationScore } from '../../stats/forest.ts';
import { readForest, readNames, type TrainedForest, writeForest, writeNames } from '../../stats/forest-training.ts';
import type { TrainingTable } from '../../stats/grow-forest.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { robustScale } from '../../stats/robust-scale.ts';
import type { Look, Shape } from './shape.ts';

/** How fast the smoothed score follows, as the distance does. */
const FOLLOW = 0.2;
const LEAST_COLUMNS = 3;

/**
 * An isolation forest over the uncorrelated parts. On the signals as they are it sees little that the distance does not; on the parts
 * a split across one of them is a split along a combination of signals, and rows that are rare without being far stand out.
 */
export class ForestVote {
  readonly sample: FadingSample;
  readonly #tail: DecayedTail;
  #forest: Forest | undefined;
  #names: readonly Signal[] = [];
  #centre = 0;
  #scale = 1;
  #smooth = Number.NaN;

  constructor(of: { readonly rows: number; readonly memory: number; readonly seed: number }) {
    this.sample = new FadingSample({ capacity: of.rows, memory: of.memory, seed: of.seed });
    this.#tail = new DecayedTail(of.memory);
  }

  get ready(): boolean {
    return this.#forest !== undefined;
  }

  /** Smoothed score of what is seen; `undefined` where there is no forest. Changes nothing. */
  score(shape: Shape, { groups }: Look): number | undefined {
    const forest = this.#forest;
    if (!forest) return undefined;
    const row = new Float32Array(this.#names.length);
    let column = 0;
    for (const [index, { names }] of shape.groups.entries()) {
      const parts = groups[index]?.levels;
      for (let i = 0; i < names.length; i++)
        if (names[i] === this.#names[column]) row[column++] = Math.asinh((parts?.[i] as number) ?? 0);
    }
    const raw = isolationScore(forest, row);
    return Number.isNaN(this.#smooth) ? raw : this.#smooth + FOLLOW * (raw - this.#smooth);
  }

  /** −ln p of a smoothed score. */
  surprise(score: number): number {
    return this.#tail.surprise(this.#magnitude(score));
  }

  advance(score: number, weight: number): void {
    this.#smooth = score;
    if (weight > 0) this.#tail.learn(this.#magnitude(score), weight);
  }

  /** Keeps the row, in spreads of each signal, with the chance that the sample gives it. */
  keep(shape: Shape, { groups }: Look): void {
    this.sample.offer(() => {
      const vector = new Map<Signal, number>();
      for (const [index, { names, levels }] of shape.groups.entries())
        for (const [i, x] of (groups[index]?.row ?? []).entries()) {
          const z = Number.isNaN(x) ? x : levels.standardised(i, x);
          if (!Number.isNaN(z)) vector.set(names[i] as Signal, z);
        }
      return vector;
    });
  }

  /** What a forest is to be grown from: the kept rows turned into uncorrelated parts as they would be now. */
  table(shape: Shape): { readonly names: readonly Signal[]; readonly table: TrainingTable } | undefined {
    const kept = this.sample.table();
    const columns = new Map(kept.names.map((name, index) => [name, kept.table.columns[index] as Float32Array]));
    const names: Signal[] = [];
    const parts: Float32Array[] = [];
    for (const group of shape.groups) {
      const used = group.names.slice(0, group.levels.rootSize).map((name) => columns.get(name));
      const outs = used.map((column) => (column ? new Float32Array(kept.table.rows) : undefined));
      const z = new Float64Array(used.length);
      const y = new Float64Array(used.length);
      for (let row = 0; row < kept.table.rows; row++) {
        for (let i = 0; i < z.length; i++) z[i] = used[i]?.[row] ?? 0;
        group.levels.whiten(z, y);
        outs.forEach((out, i) => {
          if (out) out[row] = Math.asinh(y[i] as number);
        });
      }
      outs.forEach((out, i) => {
        if (!out) return;
        names.push(group.names[i] as Signal);
        parts.push(out);
      });
    }
    return names.length < LEAST_COLUMNS ? undefined : { names, table: { rows: kept.table.rows, columns: parts } };
  }

  /** A new forest takes over; the tail goes on, since what it learned is in units of each forest's own scale. */
  take({ names, forest, scores }: TrainedForest): void {
    const first = this.#forest === undefined;
    const { centre, scale } = robustScale(scores);
    this.#names = names;
    this.#forest = forest;
    this.#centre = centre;
    this.#scale = Math.max(scale, 1e-4);
    this.#smooth = Number.NaN;
    if (!first) return;
    let smooth = centre;
    for (const score of scores) {
      smooth += FOLLOW * (score - smooth);
      this.#tail.learn(this.#magnitude(smooth));
    }
  }

  write(to: NumberWriter): void {
    this.sample.write(to);
    to.number(this.#forest ? 1 : 0);
    if (this.#forest) {
      writeNames(to, this.#names);
      writeForest(to, this.#forest);
    }
    for (const value of [this.#centre, this.#scale, this.#smooth]) to.number(value);
    this.#tail.write(to);
  }

  read(from: NumberReader): void {
    this.sample.read(from);
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
}
