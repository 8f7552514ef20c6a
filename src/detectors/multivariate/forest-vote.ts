import type { Signal } from '../../domain/signal.ts';
import { CalibratedForest, type IsolationLook } from '../../stats/calibrated-forest.ts';
import { FadingSample } from '../../stats/fading-sample.ts';
import type { TrainedForest } from '../../stats/forest-training.ts';
import type { TrainingTable } from '../../stats/grow-forest.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import type { GroupLook } from './group.ts';
import type { Look, Shape } from './shape.ts';

const LEAST_COLUMNS = 3;
/** Rows are kept in thousandths of a spread, of which none goes beyond 30: two bytes a number. */
const STEP = 0.001;

/**
 * An isolation forest over the uncorrelated parts. On the signals as they are it sees little that the distance does not; on the parts
 * a split across one of them is a split along a combination of signals, and rows that are rare without being far stand out.
 */
export class ForestVote {
  readonly sample: FadingSample;
  readonly #forest: CalibratedForest;
  /** Places in the groups, as of these names of the shape; and a row for the time of one look. */
  #places: readonly Uint8Array[] = [];
  #placesOf: readonly Signal[] | undefined;
  #row: Float32Array = new Float32Array(0);

  constructor(of: { readonly rows: number; readonly memory: number; readonly seed: number }) {
    this.sample = new FadingSample({ capacity: of.rows, memory: of.memory, seed: of.seed, step: STEP });
    this.#forest = new CalibratedForest(of.memory);
  }

  get ready(): boolean {
    return this.#forest.ready;
  }

  /** Score of what is seen, and smoothed; `undefined` where there is no forest. Changes nothing. */
  score(shape: Shape, { groups }: Look): IsolationLook | undefined {
    if (!this.ready) return undefined;
    const row = this.#row;
    if (this.#placesOf !== shape.names) this.#findPlaces(shape);
    const places = this.#places;
    let column = 0;
    for (let index = 0; index < groups.length; index++) {
      const parts = (groups[index] as GroupLook).levels;
      const columns = places[index] as Uint8Array;
      for (let k = 0; k < columns.length; k++) row[column++] = Math.asinh(parts[columns[k] as number] ?? 0);
    }
    return this.#forest.look(row);
  }

  /** Which signals of each group the columns of the forest are: both are in the order in which signals came. */
  #findPlaces(shape: Shape): void {
    const columns = this.#forest.names;
    let column = 0;
    this.#places = shape.groups.map(({ names }) => {
      const places: number[] = [];
      for (let i = 0; i < names.length; i++)
        if (names[i] === columns[column]) {
          places.push(i);
          column++;
        }
      return Uint8Array.from(places);
    });
    this.#placesOf = shape.names;
  }

  /** −ln p of a smoothed score. */
  surprise(score: number): number {
    return this.#forest.surprise(score);
  }

  advance(score: number, learn: boolean): void {
    this.#forest.advance(score, learn ? 1 : 0);
  }

  /** Keeps the row, in spreads of each signal, with the chance that the sample gives it; `without` some of them. */
  keep(shape: Shape, { groups }: Look, without: ReadonlySet<Signal>): void {
    this.sample.offer(() => {
      const vector = new Map<Signal, number>();
      for (const [index, { names, levels }] of shape.groups.entries())
        for (const [i, x] of (groups[index]?.row ?? []).entries()) {
          const z = Number.isNaN(x) ? x : levels.standardised(i, x);
          if (!Number.isNaN(z) && !without.has(names[i] as Signal)) vector.set(names[i] as Signal, z);
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

  take(trained: TrainedForest): void {
    this.#forest.take(trained);
    this.#forget();
  }

  /** Places and row are those of another forest. */
  #forget(): void {
    this.#row = new Float32Array(this.#forest.names.length);
    this.#placesOf = undefined;
  }

  write(to: NumberWriter): void {
    this.sample.write(to);
    this.#forest.write(to);
  }

  read(from: NumberReader): void {
    this.sample.read(from);
    this.#forest.read(from);
    this.#forget();
  }
}
