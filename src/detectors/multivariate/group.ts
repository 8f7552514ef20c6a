import type { Signal } from '../../domain/signal.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { MOST_TOGETHER, View } from './view.ts';

/** Steps over a longer pause than this many intervals are not steps. */
const LONGEST_STEP = 3;

/** What a group makes of one snapshot. */
export interface GroupLook {
  /** Values and steps in the order of the group's signals, NaN where there is none. */
  readonly row: Float64Array;
  readonly step: Float64Array;
  /** Uncorrelated parts of levels and of steps. */
  readonly levels: Float64Array;
  readonly steps: Float64Array;
  /** Numbers that were there. */
  readonly there: { readonly levels: number; readonly steps: number };
}

/**
 * Up to 64 signals that are looked at together: their levels, and their steps from snapshot to snapshot. The steps see at once what
 * levels see only where it leads beyond all that was, and a step that the others do not take.
 */
export class Group {
  readonly #every: DurationMs;
  readonly levels: View;
  readonly steps: View;
  readonly #names: Signal[] = [];
  readonly #places = new Map<Signal, number>();
  #last: Float64Array = new Float64Array(0);
  #lastAt = 0;

  constructor(memory: number, every: DurationMs) {
    this.#every = every;
    this.levels = new View(memory);
    this.steps = new View(memory);
  }

  get names(): readonly Signal[] {
    return this.#names;
  }
  get isFull(): boolean {
    return this.#names.length >= MOST_TOGETHER;
  }
  get ready(): boolean {
    return this.levels.ready && this.steps.ready;
  }

  place(signal: Signal): number | undefined {
    return this.#places.get(signal);
  }

  add(signal: Signal): void {
    this.#places.set(signal, this.#names.length);
    this.#names.push(signal);
    const size = this.#names.length;
    this.levels.moments.grow(size);
    this.steps.moments.grow(size);
    const last = new Float64Array(size).fill(Number.NaN);
    last.set(this.#last);
    this.#last = last;
  }

  look(values: ReadonlyMap<Signal, number>, at: EpochMs): GroupLook {
    const size = this.#names.length;
    const row = new Float64Array(size);
    const step = new Float64Array(size);
    const follows = at > this.#lastAt && at - this.#lastAt <= LONGEST_STEP * this.#every;
    for (let i = 0; i < size; i++) {
      const x = values.get(this.#names[i] as Signal) ?? Number.NaN;
      row[i] = x;
      step[i] = follows ? x - (this.#last[i] as number) : Number.NaN;
    }
    const levels = new Float64Array(size);
    const steps = new Float64Array(size);
    if (!this.ready) return { row, step, levels, steps, there: { levels: 0, steps: 0 } };
    const there = { levels: this.levels.partsOf(row, levels), steps: this.steps.partsOf(step, steps) };
    return { row, step, levels, steps, there };
  }

  /** Moves on to the next snapshot; `learn` says whether this one belongs to what is usual. */
  advance({ row, step }: GroupLook, at: EpochMs, learn: boolean): void {
    if (learn) {
      this.levels.learn(row);
      this.steps.learn(step);
    }
    this.#last = row;
    this.#lastAt = at;
  }

  /** What the signal shows now is its mean from here on. */
  accept(signal: Signal): void {
    const place = this.#places.get(signal);
    const x = place === undefined ? Number.NaN : (this.#last[place] as number);
    if (place !== undefined && !Number.isNaN(x)) this.levels.moveTo(place, x);
  }

  write(to: NumberWriter): void {
    to.number(this.#names.length);
    this.#names.forEach((name, place) => {
      to.text(name);
      to.number(this.#last[place] as number);
    });
    to.number(this.#lastAt);
    this.levels.write(to);
    this.steps.write(to);
  }

  read(from: NumberReader): void {
    const size = from.number();
    if (!(size >= 0 && size <= MOST_TOGETHER)) throw new RangeError('more signals than there is room for');
    const last: number[] = [];
    for (let left = size; left > 0; left--) {
      this.add(from.text());
      last.push(from.number());
    }
    this.#last = Float64Array.from(last);
    this.#lastAt = from.number();
    this.levels.read(from);
    this.steps.read(from);
  }
}
