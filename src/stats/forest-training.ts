import type { Random } from '../domain/ports.ts';
import { type Forest, forestIn, isolationScore, isolationScoreOf } from './forest.ts';
import { growForest, type TrainingTable } from './grow-forest.ts';
import { NumberReader, NumberWriter } from './number-codec.ts';

/** What a forest is to be grown from. */
export interface ForestRequest {
  /** Names of the columns, in the order of the table. */
  readonly names: readonly string[];
  readonly table: TrainingTable;
  readonly trees: number;
  readonly sample: number;
}

export interface TrainedForest {
  readonly names: readonly string[];
  readonly forest: Forest;
  /** The score of every training row by the trees that were not grown on it: what the forest says of rows it has not seen. */
  readonly scores: Float32Array;
}

/** The request as bytes, to be carried to a worker and kept over a restart. */
export function writeRequest({ names, table, trees, sample }: ForestRequest): Uint8Array {
  const to = new NumberWriter();
  for (const value of [trees, sample, table.rows, names.length]) to.number(value);
  names.forEach((name, index) => {
    to.text(name);
    to.floats(table.columns[index] as Float32Array);
  });
  return to.done();
}

/** Grows the forest of a request and scores its rows; bytes for `readTrained`. See `growForest` for what `random` does not cover. */
export function trainForest(request: Uint8Array, random: Random): Uint8Array {
  const from = new NumberReader(request);
  const [trees, sample, rows, count] = [from.number(), from.number(), from.number(), from.number()];
  const names: string[] = [];
  const columns: Float32Array[] = [];
  for (let column = 0; column < count; column++) {
    names.push(from.text());
    const values = new Float32Array(rows);
    from.floats(values);
    columns.push(values);
  }
  const { forest, grownOn } = growForest({ rows, columns }, trees, sample, random);
  const to = new NumberWriter();
  writeNames(to, names);
  writeForest(to, forest);
  to.number(rows);
  to.floats(scoresOfUnseen(forest, grownOn, { rows, columns }));
  return to.done();
}

/** @throws RangeError where the bytes are not those of `trainForest`. */
export function readTrained(bytes: Uint8Array): TrainedForest {
  const from = new NumberReader(bytes);
  const names = readNames(from);
  const forest = readForest(from);
  const scores = new Float32Array(from.number());
  from.floats(scores);
  return { names, forest, scores };
}

function scoresOfUnseen(forest: Forest, grownOn: readonly Uint16Array[], table: TrainingTable): Float32Array {
  const seen = grownOn.map((rows) => {
    const flags = new Uint8Array(table.rows);
    for (const row of rows) flags[row] = 1;
    return flags;
  });
  const row = new Float32Array(table.columns.length);
  return Float32Array.from({ length: table.rows }, (_, at) => {
    table.columns.forEach((column, index) => {
      row[index] = column[at] as number;
    });
    const score = isolationScoreOf(forest, row, (tree) => seen[tree]?.[at] === 0);
    return Number.isNaN(score) ? isolationScore(forest, row) : score;
  });
}

export function writeNames(to: NumberWriter, names: readonly string[]): void {
  to.number(names.length);
  for (const name of names) to.text(name);
}

export const readNames = (from: NumberReader): string[] => Array.from({ length: from.number() }, () => from.text());

/** The memory of the forest goes as it is, least significant byte first, as on every machine that Node 22 runs on but IBM Z. */
export function writeForest(to: NumberWriter, { columns, sample, roots, column, memory }: Forest): void {
  for (const size of [columns, sample, roots.length, column.length]) to.number(size);
  to.bytes(new Uint8Array(memory));
}

/** @throws RangeError where the bytes are not those of `writeForest`. */
export function readForest(from: NumberReader): Forest {
  const [columns, sample, trees, nodes] = [from.number(), from.number(), from.number(), from.number()];
  return forestIn({ columns, sample, trees, nodes }, from.bytes().buffer as ArrayBuffer);
}
