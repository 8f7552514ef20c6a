import type { Signal } from '../../domain/signal.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { MOST_TOGETHER, View } from './view.ts';

/** Steps over a longer pause than this many intervals are not steps. */
const LONGEST_STEP = 3;
/** The level that is taken over on `accept` is a mean over so many snapshots, */
const LEVEL_OVER = 256;
/** where the newest value is within so many spreads of it; else the signal has just moved, and its newest value is. */
const SAME_LEVEL = 3;

/** What a group makes of one snapshot; written over with the next. */
export interface GroupLook {
  /** Values and steps in the order of the group's signals, NaN where there is none. */
  readonly row: Float64Array;
  readonly step: Float64Array;
  /** Uncorrelated parts of levels and of steps. */
  readonly levels: Float64Array;
  readonly steps: Float64Array;
  /** Numbers that were there. */
  readonly there: { levels: number; steps: number };
}

const lookOf = (size: number): GroupLook => ({
  row: new Float64Array(size),
  step: new Float64Array(size),
  levels: new Float64Array(size),
  steps: new Float64Array(size),
  there: { levels: 0, steps: 0 },
});

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
  /** Running means that also move on hold. */
  #recent: Float64Array = new Float64Array(0);
  #lastAt = 0;
  #look: GroupLook | undefined;

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
    this.#last = grown(this.#last, size);
    this.#recent = grown(this.#recent, size);
  }

  look(values: ReadonlyMap<Signal, number>, at: EpochMs): GroupLook {
    const size = this.#names.length;
    if (this.#look?.row.length !== size) this.#look = lookOf(size);
    const look = this.#look;
    const { row, step } = look;
    const follows = at > this.#lastAt && at - this.#lastAt <= LONGEST_STEP * this.#every;
    for (let i = 0; i < size; i++) {
      const x = values.get(this.#names[i] as Signal) ?? Number.NaN;
      row[i] = x;
      step[i] = follows ? x - (this.#last[i] as number) : Number.NaN;
    }
    const { ready } = this;
    look.there.levels = ready ? this.levels.partsOf(row, look.levels) : 0;
    look.there.steps = ready ? this.steps.partsOf(step, look.steps) : 0;
    return look;
  }

  /** Moves on to the next snapshot; `learn` says whether this one belongs to what is usual, `without` which signals of it do not. */
  advance({ row, step }: GroupLook, at: EpochMs, learn: boolean, without: ReadonlySet<Signal>): void {
    if (learn) {
      this.levels.learn(this.#without(without, row));
      this.steps.learn(this.#without(without, step));
    }
    for (let i = 0; i < row.length; i++) {
      const x = row[i] as number;
      const before = this.#recent[i] as number;
      if (!Number.isNaN(x)) this.#recent[i] = Number.isNaN(before) ? x : before + (x - before) / LEVEL_OVER;
    }
    this.#last.set(row);
    this.#lastAt = at;
  }

  /** The row with its other signals missing; the row itself where there are none. */
  #without(signals: ReadonlySet<Signal>, row: Float64Array): Float64Array {
    if (signals.size === 0) return row;
    const rest = row.slice();
    for (const signal of signals) {
      const place = this.#places.get(signal);
      if (place !== undefined) rest[place] = Number.NaN;
    }
    return rest;
  }

  /** What the signal shows now is its mean from here on. */
  accept(signal: Signal, all: boolean): void {
    const place = this.#places.get(signal);
    if (place === undefined) return;
    const [now, level] = [this.#last[place] as number, this.#recent[place] as number];
    const { moments } = this.levels;
    const far = SAME_LEVEL * moments.deviation(place);
    if (Number.isNaN(now) || (all && Math.abs(now - moments.mean(place)) <= far)) return;
    this.levels.moveTo(place, Math.abs(now - level) > far ? now : level);
  }

  write(to: NumberWriter): void {
    to.number(this.#names.length);
    this.#names.forEach((name, place) => {
      to.text(name);
      to.number(this.#last[place] as number);
      to.number(this.#recent[place] as number);
    });
    to.number(this.#lastAt);
    this.levels.write(to);
    this.steps.write(to);
  }

  read(from: NumberReader): void {
    const size = from.number();
    if (!(size >= 0 && size <= MOST_TOGETHER)) throw new RangeError('more signals than there is room for');
    for (let place = 0; place < size; place++) {
      this.add(from.text());
      this.#last[place] = from.number();
      this.#recent[place] = from.number();
    }
    this.#lastAt = from.number();
    this.levels.read(from);
    this.steps.read(from);
  }
}

function grown(old: Float64Array, size: number): Float64Array {
  const more = new Float64Array(size).fill(Number.NaN);
  more.set(old);
  return more;
}
