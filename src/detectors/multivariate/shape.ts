import type { Signal } from '../../domain/signal.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { Group, type GroupLook } from './group.ts';
import type { View } from './view.ts';

/** More signals than this are not looked at together. */
const MOST_GROUPS = 16;

/** What is seen of one snapshot. */
export interface Look {
  readonly groups: readonly GroupLook[];
  /** Mean square of the uncorrelated parts: about 1 where all is as it was. NaN where too little is there. */
  readonly distance: number;
}

/** How to move on: whether the snapshot belongs to what is usual, and which of its signals do not; before `warm` snapshots nothing is said. */
export interface Advance {
  readonly learn: boolean;
  readonly without: ReadonlySet<Signal>;
  readonly warm: number;
}

/** How the signals of a stage vary together: groups of at most 64, each for itself. */
export class Shape {
  readonly #memory: number;
  readonly #every: DurationMs;
  #groups: Group[] = [];
  #names: readonly Signal[] = [];
  #rows = 0;

  constructor(of: { readonly memory: number; readonly every: DurationMs }) {
    this.#memory = of.memory;
    this.#every = of.every;
  }

  /** Snapshots learned from. */
  get rows(): number {
    return this.#rows;
  }
  get groups(): readonly Group[] {
    return this.#groups;
  }
  get ready(): boolean {
    return this.#groups.length > 0 && this.#groups.every((group) => group.ready);
  }
  get names(): readonly Signal[] {
    return this.#names;
  }

  /** Signals that were seen to move. */
  varying(): number {
    let count = 0;
    for (const { names, levels } of this.#groups)
      for (let i = 0; i < names.length; i++) if (!levels.moments.isConstant(i)) count++;
    return count;
  }

  look(values: ReadonlyMap<Signal, number>, at: EpochMs): Look {
    const groups = this.#groups.map((group) => group.look(values, at));
    let [sum, there, wanted] = [0, 0, 0];
    groups.forEach(({ levels, steps, there: seen }, index) => {
      there += seen.levels + seen.steps;
      wanted += (this.#groups[index] as Group).levels.rootSize;
      for (let i = 0; i < levels.length; i++) sum += (levels[i] as number) ** 2 + (steps[i] as number) ** 2;
    });
    const levelsThere = groups.reduce((total, { there: seen }) => total + seen.levels, 0);
    return { groups, distance: levelsThere > 0 && 2 * levelsThere >= wanted ? sum / there : Number.NaN };
  }

  /** Moves on; refreshes at most one view, so that no step is long. */
  advance(look: Look, values: ReadonlyMap<Signal, number>, at: EpochMs, { learn, without, warm }: Advance): void {
    this.#groups.forEach((group, index) => {
      const seen = look.groups[index] ?? group.look(values, at);
      group.advance(seen, at, learn, without);
    });
    if (!learn) return;
    this.#addNew(values);
    this.#rows++;
    if (this.#rows < warm) return;
    let [most, overdue]: [View | undefined, number] = [undefined, 0];
    for (const { levels, steps } of this.#groups)
      for (const view of [levels, steps]) {
        const own = view.overdue(this.#rows);
        if (own >= 1 && own > overdue) [most, overdue] = [view, own];
      }
    most?.refresh();
  }

  accept(signal: Signal, all: boolean): void {
    for (const group of this.#groups) group.accept(signal, all);
  }

  /** Signals not seen before join, by name, so that their order in a snapshot does not matter. */
  #addNew(values: ReadonlyMap<Signal, number>): void {
    const known = (signal: Signal): boolean => this.#groups.some((group) => group.place(signal) !== undefined);
    let news = false;
    for (const signal of values.keys()) if (!known(signal)) news = true;
    if (!news) return;
    for (const signal of [...values.keys()].filter((name) => !known(name)).sort()) {
      let group = this.#groups.at(-1);
      if (!group || group.isFull) {
        if (this.#groups.length >= MOST_GROUPS) break;
        group = new Group(this.#memory, this.#every);
        this.#groups.push(group);
      }
      group.add(signal);
    }
    this.#names = this.#groups.flatMap(({ names }) => names);
  }

  write(to: NumberWriter): void {
    to.number(this.#rows);
    to.number(this.#groups.length);
    for (const group of this.#groups) group.write(to);
  }

  read(from: NumberReader): void {
    this.#rows = from.number();
    const count = from.number();
    if (!(count >= 0 && count <= MOST_GROUPS)) throw new RangeError('more groups than there is room for');
    this.#groups = [];
    for (let left = count; left > 0; left--) {
      const group = new Group(this.#memory, this.#every);
      group.read(from);
      this.#groups.push(group);
    }
    this.#names = this.#groups.flatMap(({ names }) => names);
  }
}
