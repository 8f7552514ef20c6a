import { type DurationMs, HOUR } from '../../domain/time.ts';
import { CoverageSet } from '../../stats/coverage-set.ts';
import { LogTail } from '../../stats/log-tail.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ALONE, type Room } from '../../stats/room.ts';
import { Predictors } from './predictors.ts';
import type { Recent } from './recent.ts';
import type { Tuning } from './tuning.ts';

/** The longest mean is of so many samples. */
const LONGEST = 24;
/** A step over more than this many intervals is a gap and no step. */
const GAP = 4;

/** The ways in which a sample is looked at, each with a set of what was met: its value, two means with it, and the step to it. */
const [VALUE, MEAN4, MEAN24, STEP, LOOKS] = [0, 1, 2, 3, 4] as const;
/** What the tails of the two memories are about, in their order; the miss of the running means is in no set. */
const FRESH = [VALUE, MEAN24, STEP] as const;
const MISS = LOOKS;

/** What the tails of the two memories weigh, in their order; the same for all signals. */
interface InOrder {
  readonly fresh: readonly number[];
  readonly guarded: readonly number[];
}
const known = new WeakMap<Tuning, InOrder>();

function inOrder(tuning: Tuning): InOrder {
  const { fresh, guarded } = tuning;
  const made = known.get(tuning) ?? {
    fresh: [fresh.value, fresh.mean24, fresh.step],
    guarded: [guarded.value, guarded.mean4, guarded.mean24, guarded.step, guarded.miss],
  };
  known.set(tuning, made);
  return made;
}

/**
 * What a sample looks like, how far that is from what was met, and the mean surprise, in nats, of the votes of two memories. It is
 * written over with each sample: made anew, its numbers would be half of all that scoring a sample allocates.
 */
export class Novel {
  x = Number.NaN;
  /** By way of looking, and then how far the running means missed; NaN where it is not known. */
  readonly seen = new Float64Array(LOOKS + 1).fill(Number.NaN);
  /** Samples since the last gap, with this one; more than the longest mean takes where there was none. */
  run = 0;
  /** Distances from all that was met, and (settled) from what was met while nothing was strange; of steps their size. */
  readonly far = new Float64Array(LOOKS);
  readonly settled = new Float64Array(LOOKS + 1);
  /** Of a memory that has learned everything: a strange thing is news once. */
  fresh = 0.5;
  /** Of a memory that learned only what was not strange: a strange thing stays strange. */
  guarded = 0.5;
}

/**
 * Has the signal ever looked like this? Votes on the value, its means over 4 and 24 samples, its step, and its distance from the
 * best of a few running means, each a calibrated tail surprise over its own past, averaged. It knows no season and needs none.
 *
 * There are two memories, because "is it new?" and "is it wrong?" are two questions. What was strange is learned at once by the
 * fresh one, and never (for 36 h) by the guarded one; a coverage set holds both, with the guarded one blind to provisional entries.
 */
export class Novelty {
  readonly #tuning: Tuning;
  readonly #guardEnds: DurationMs;
  /** One for each way of looking. */
  readonly #sets: readonly CoverageSet[];
  /** In the order of `FRESH`, and of all ways of looking with the miss behind them; and what each weighs. */
  readonly #fresh: readonly LogTail[];
  readonly #guarded: readonly LogTail[];
  readonly #weights: InOrder;
  readonly #predictors: Predictors;
  #unit = 0;
  #strangeFor: DurationMs = 0;
  /** In the warm-up means of fewer have to do, for there is nothing else. */
  #run = LONGEST;

  /** `memory` in updates. */
  constructor(memory: number, tuning: Tuning, room: Room = ALONE) {
    const { entries } = tuning;
    const tail = (): LogTail => new LogTail(memory, tuning.leastScale, tuning.shape, room);
    this.#tuning = tuning;
    this.#guardEnds = tuning.guardHours * HOUR;
    this.#sets = [entries.value, entries.mean4, entries.mean24, entries.step].map(
      (size) => new CoverageSet(size, memory, room),
    );
    this.#weights = inOrder(tuning);
    this.#fresh = this.#weights.fresh.map(tail);
    this.#guarded = this.#weights.guarded.map(tail);
    this.#predictors = new Predictors(room);
  }

  /** `before` holds the last values without this one; `elapsed` since the last of them, `usual` what is usual. Changes nothing but `novel`. */
  look(x: number, before: Recent, elapsed: DurationMs, usual: DurationMs, novel: Novel): Novel {
    const gap = elapsed > GAP * usual;
    const run = gap ? 1 : this.#run + 1;
    const { seen, far, settled } = novel;
    novel.x = x;
    novel.run = run;
    seen[VALUE] = x;
    // A mean of fewer is another thing: of hours, 24 are a day and all days alike; a single hour is far from all of them.
    seen[MEAN4] = run < 4 ? Number.NaN : before.meanWith(x, 4);
    seen[MEAN24] = run < LONGEST ? Number.NaN : before.meanWith(x, LONGEST);
    seen[STEP] = run > 1 ? Math.abs(x - before.last) : Number.NaN;
    seen[MISS] = gap ? Number.NaN : this.#predictors.miss(x);
    for (let way = 0; way < LOOKS; way++) {
      const set = this.#sets[way] as CoverageSet;
      const look = seen[way] as number;
      far[way] = Number.isNaN(look) ? Number.NaN : set.distance(look);
      settled[way] = Number.isNaN(look) ? Number.NaN : set.settledDistance(look);
    }
    settled[STEP] = seen[STEP];
    settled[MISS] = seen[MISS];
    novel.fresh = this.#freshOf(far);
    novel.guarded = this.#guardedOf(settled);
    return novel;
  }

  isStrange({ guarded }: Novel): boolean {
    return guarded >= this.#tuning.guardAt;
  }

  /** `unit` is the unit of the signal's asinh scale; `how` hold: the guarded memory learns nothing. */
  advance(novel: Novel, unit: number, elapsed: DurationMs, how: 'learn' | 'hold'): void {
    this.#useUnit(unit);
    this.#run = novel.run;
    const strange = this.isStrange(novel);
    this.#strangeFor = Math.max(0, this.#strangeFor + (strange ? elapsed : -2 * elapsed));
    const guard = how === 'hold' || (strange && this.#strangeFor < this.#guardEnds);
    this.#learnFresh(novel.far);
    if (how === 'learn') this.#learnGuarded(novel.settled, guard ? this.#tuning.guardedWeight : 1);
    const { seen } = novel;
    for (let way = 0; way < LOOKS; way++) {
      const look = seen[way] as number;
      // Steps are never provisional: only the fresh memory asks for them.
      if (!Number.isNaN(look)) (this.#sets[way] as CoverageSet).learn(look, way !== STEP && guard);
    }
    if (!guard) this.#predictors.learn(novel.x);
  }

  /**
   * What was strange is normal from now on, and the level is this; `move` says what the normal of old would be now, `stretch` how
   * many times as large its differences.
   */
  accept(level: number, move?: (value: number) => number, stretch = 1): void {
    if (stretch !== 1) {
      for (const tail of this.#tails()) tail.rescale(stretch);
      this.#sets[STEP]?.settle((step) => step * stretch);
    }
    for (const set of this.#sets.slice(VALUE, STEP)) {
      set.settle(move);
      set.learn(level, false);
    }
    this.#predictors.restart(level);
    this.#strangeFor = this.#guardEnds;
  }

  write(to: NumberWriter): void {
    for (const set of this.#sets) set.write(to);
    for (const tail of this.#tails()) tail.write(to);
    this.#predictors.write(to);
    to.number(this.#unit);
    to.number(this.#strangeFor);
    to.number(this.#run);
  }

  read(from: NumberReader): void {
    for (const set of this.#sets) set.read(from);
    for (const tail of this.#tails()) tail.read(from);
    this.#predictors.read(from);
    this.#unit = from.number();
    this.#strangeFor = from.number();
    this.#run = from.number();
  }

  #tails(): readonly LogTail[] {
    return [...this.#fresh, ...this.#guarded];
  }

  /** Votes that do not know are left out. */
  #freshOf(far: Float64Array): number {
    const unit = this.#unit;
    let [sum, all] = [-0, 0];
    for (let k = 0; k < FRESH.length; k++) {
      const distance = far[FRESH[k] as number] as number;
      if (Number.isNaN(distance)) continue;
      const weight = this.#weights.fresh[k] as number;
      sum += weight * (this.#fresh[k] as LogTail).surprise(distance / unit);
      all += weight;
    }
    return sum / (all || 1);
  }

  #guardedOf(settled: Float64Array): number {
    const unit = this.#unit;
    let [sum, all] = [-0, 0];
    for (let k = 0; k <= MISS; k++) {
      const distance = settled[k] as number;
      if (Number.isNaN(distance)) continue;
      const weight = this.#weights.guarded[k] as number;
      sum += weight * (this.#guarded[k] as LogTail).surprise(distance / unit);
      all += weight;
    }
    return sum / (all || 1);
  }

  #learnFresh(far: Float64Array): void {
    const unit = this.#unit;
    for (let k = 0; k < FRESH.length; k++) {
      const distance = far[FRESH[k] as number] as number;
      if (!Number.isNaN(distance)) (this.#fresh[k] as LogTail).learn(distance / unit, 1);
    }
  }

  #learnGuarded(settled: Float64Array, weight: number): void {
    const unit = this.#unit;
    for (let k = 0; k <= MISS; k++) {
      const distance = settled[k] as number;
      if (!Number.isNaN(distance)) (this.#guarded[k] as LogTail).learn(distance / unit, weight);
    }
  }

  /** Tails count in units, so that they tell sizes apart over the right octaves whatever the signal. */
  #useUnit(unit: number): void {
    if (this.#unit > 0 && unit !== this.#unit) for (const tail of this.#tails()) tail.rescale(this.#unit / unit);
    this.#unit = unit;
  }
}
