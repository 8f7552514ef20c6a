import { emptySnapshot, type Gap, type Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Course } from '../plant/faults.ts';

/** The recorded past of one stage, column by column: 8 bytes for each value, whatever the sources were. */
export class StagePast {
  readonly id: StageId;
  readonly at: EpochMs[] = [];
  readonly #columns = new Map<string, number[]>();
  /** What is rare: signals known to be absent, and what was asked for and not got. */
  readonly #absent = new Map<number, ReadonlySet<string>>();
  readonly #gaps = new Map<number, readonly Gap[]>();
  readonly #courses = new Map<string, Course>();

  constructor(id: StageId) {
    this.id = id;
  }

  get length(): number {
    return this.at.length;
  }
  get signals(): readonly string[] {
    return [...this.#columns.keys()];
  }

  add({ at, values, absent, gaps }: Snapshot): void {
    const index = this.at.push(at) - 1;
    if (absent.size > 0) this.#absent.set(index, absent);
    if (gaps.length > 0) this.#gaps.set(index, gaps);
    for (const [signal, value] of values) {
      let column = this.#columns.get(signal);
      if (!column) {
        column = [];
        this.#columns.set(signal, column);
      }
      // A signal that was missing for a while, or comes late, has holes.
      while (column.length < index) column.push(Number.NaN);
      column[index] = value;
    }
  }

  /** The course of a signal over the whole record. */
  course(signal: string): Course {
    const known = this.#courses.get(signal);
    if (known?.values.length === this.length) return known;
    const column = this.#columns.get(signal) ?? [];
    const values = Float64Array.from(this.at, (_, index) => column[index] ?? Number.NaN);
    const course = { at: this.at, values };
    this.#courses.set(signal, course);
    return course;
  }

  /** What was seen then, with one signal replaced where `instead` gives a number. */
  snapshot(index: number, signal?: string, instead?: number): Snapshot {
    const values = new Map<string, number>();
    for (const [name, column] of this.#columns) {
      const value = name === signal && instead !== undefined ? instead : (column[index] ?? Number.NaN);
      if (!Number.isNaN(value)) values.set(name, value);
    }
    const [absent, gaps] = [this.#absent.get(index), this.#gaps.get(index)];
    return {
      ...emptySnapshot(this.id, this.at[index] as EpochMs),
      values,
      ...(absent && { absent }),
      ...(gaps && { gaps }),
    };
  }
}

/** A recorded past, held in memory so that it can be lived through many times. */
export interface Recorded {
  readonly stages: ReadonlyMap<StageId, StagePast>;
  /** What was seen at the same moment, in the order of time. */
  readonly moments: readonly Moment[];
}

export interface Moment {
  readonly at: EpochMs;
  readonly looks: readonly { readonly past: StagePast; readonly index: number }[];
}

export async function record(batches: AsyncIterable<readonly Snapshot[]>): Promise<Recorded> {
  const stages = new Map<StageId, StagePast>();
  const moments: Moment[] = [];
  for await (const batch of batches) {
    const looks = batch.map((snapshot) => {
      const past = stages.get(snapshot.stage) ?? new StagePast(snapshot.stage);
      stages.set(snapshot.stage, past);
      past.add(snapshot);
      return { past, index: past.length - 1 };
    });
    const [first] = batch;
    if (first) moments.push({ at: first.at, looks });
  }
  return { stages, moments };
}
