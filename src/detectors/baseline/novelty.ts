import type { DurationMs } from '../../domain/time.ts';
import { CoverageSet } from '../../stats/coverage-set.ts';
import { LogTail } from '../../stats/log-tail.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { Predictors } from './predictors.ts';
import type { Recent } from './recent.ts';

/** Entries of one coverage set: 128 are worth a point of NAB more, and twice the memory. */
const ENTRIES = 48;
/** No excess is measured against less than this part of the unit of the signal, which is a hundredth of its usual size. */
const LEAST_SCALE = 0.2;
/** From this mean of the guarded votes on a sample is not learned … */
const GUARD_AT = 4;
/** … but a little by the tails, so that a guard that is wrong does not stay wrong. */
const GUARDED_WEIGHT = 0.02;
/** Strange for longer than this, it is learned all the same; the time leaks back at twice the speed. */
const GUARD_ENDS: DurationMs = 36 * 3_600_000;
/** A step over more than this many intervals is a gap and no step. */
const GAP = 4;

/** What votes look at, in the signal's own unit; `step` and `miss` are NaN where they are not known. */
interface Looks {
  readonly x: number;
  readonly mean4: number;
  readonly mean24: number;
  readonly step: number;
  readonly miss: number;
  /** Samples since the last gap, with this one. */
  readonly run: number;
}

/** Mean surprise, in nats, of the votes of two memories, and the looks they are about. */
export interface Novel {
  readonly looks: Looks;
  /** Of a memory that has learned everything: a strange thing is news once. */
  readonly fresh: number;
  /** Of a memory that learned only what was not strange: a strange thing stays strange. */
  readonly guarded: number;
}

/**
 * Has the signal ever looked like this? Votes on the value, its means over 4 and 24 samples, its step, and its distance from the
 * best of a few running means, each a calibrated tail surprise over its own past, averaged. It knows no season and needs none.
 *
 * There are two memories, because "is it new?" and "is it wrong?" are two questions. What was strange is learned at once by the
 * fresh one, and never (for 36 h) by the guarded one; a coverage set holds both, with the guarded one blind to provisional entries.
 */
export class Novelty {
  readonly #values: CoverageSet;
  readonly #means4: CoverageSet;
  readonly #means24: CoverageSet;
  readonly #steps: CoverageSet;
  /** Of the fresh memory: value, mean of 24, step. Of the guarded one: value, means of 4 and 24, size of the step, miss. */
  readonly #fresh: readonly LogTail[];
  readonly #guarded: readonly LogTail[];
  readonly #predictors = new Predictors();
  #unit = 0;
  #strangeFor: DurationMs = 0;
  #run = 0;

  /** `memory` in updates. */
  constructor(memory: number) {
    const set = (): CoverageSet => new CoverageSet(ENTRIES, memory);
    const tails = (count: number): LogTail[] => Array.from({ length: count }, () => new LogTail(memory, LEAST_SCALE));
    [this.#values, this.#means4, this.#means24, this.#steps] = [set(), set(), set(), set()];
    this.#fresh = tails(3);
    this.#guarded = tails(5);
  }

  /** `before` holds the last values without this one; `elapsed` since the last of them, `step` what is usual. Changes nothing. */
  look(x: number, before: Recent, elapsed: DurationMs, usual: DurationMs): Novel {
    const gap = elapsed > GAP * usual;
    const run = gap ? 1 : this.#run + 1;
    const looks: Looks = {
      x,
      mean4: before.meanWith(x, Math.min(4, run)),
      mean24: before.meanWith(x, Math.min(24, run)),
      step: run > 1 ? Math.abs(x - before.last) : Number.NaN,
      miss: gap ? Number.NaN : this.#predictors.miss(x),
      run,
    };
    return {
      looks,
      fresh: meanSurprise(this.#fresh, this.#freshSizes(looks), this.#unit),
      guarded: meanSurprise(this.#guarded, this.#guardedSizes(looks), this.#unit),
    };
  }

  isStrange({ guarded }: Novel): boolean {
    return guarded >= GUARD_AT;
  }

  /** `unit` is the unit of the signal's asinh scale; `how` hold: the guarded memory learns nothing. */
  advance({ looks, guarded }: Novel, unit: number, elapsed: DurationMs, how: 'learn' | 'hold'): void {
    this.#useUnit(unit);
    this.#run = looks.run;
    const strange = guarded >= GUARD_AT;
    this.#strangeFor = Math.max(0, this.#strangeFor + (strange ? elapsed : -2 * elapsed));
    const guard = how === 'hold' || (strange && this.#strangeFor < GUARD_ENDS);
    learnAll(this.#fresh, this.#freshSizes(looks), unit, 1);
    learnAll(this.#guarded, this.#guardedSizes(looks), unit, how === 'hold' ? 0 : guard ? GUARDED_WEIGHT : 1);
    this.#values.learn(looks.x, guard);
    this.#means4.learn(looks.mean4, guard);
    this.#means24.learn(looks.mean24, guard);
    if (!Number.isNaN(looks.step)) this.#steps.learn(looks.step, false);
    if (!guard) this.#predictors.learn(looks.x);
  }

  /**
   * What was strange is normal from now on, and the level is this; `move` says what the normal of old would be now, `stretch` how
   * many times as large its differences.
   */
  accept(level: number, move?: (value: number) => number, stretch = 1): void {
    if (stretch !== 1) {
      for (const tail of [...this.#fresh, ...this.#guarded]) tail.rescale(stretch);
      this.#steps.settle((step) => step * stretch);
    }
    for (const set of [this.#values, this.#means4, this.#means24]) {
      set.settle(move);
      set.learn(level, false);
    }
    this.#predictors.restart(level);
    this.#strangeFor = GUARD_ENDS;
  }

  write(to: NumberWriter): void {
    for (const set of this.#sets()) set.write(to);
    for (const tail of [...this.#fresh, ...this.#guarded]) tail.write(to);
    this.#predictors.write(to);
    to.number(this.#unit);
    to.number(this.#strangeFor);
    to.number(this.#run);
  }

  read(from: NumberReader): void {
    for (const set of this.#sets()) set.read(from);
    for (const tail of [...this.#fresh, ...this.#guarded]) tail.read(from);
    this.#predictors.read(from);
    this.#unit = from.number();
    this.#strangeFor = from.number();
    this.#run = from.number();
  }

  #sets(): readonly CoverageSet[] {
    return [this.#values, this.#means4, this.#means24, this.#steps];
  }

  #freshSizes({ x, mean24, step }: Looks): readonly number[] {
    return [
      this.#values.distance(x),
      this.#means24.distance(mean24),
      !Number.isNaN(step) ? this.#steps.distance(step) : Number.NaN,
    ];
  }

  #guardedSizes({ x, mean4, mean24, step, miss }: Looks): readonly number[] {
    return [
      this.#values.settledDistance(x),
      this.#means4.settledDistance(mean4),
      this.#means24.settledDistance(mean24),
      step,
      miss,
    ];
  }

  /** Tails count in units, so that they tell sizes apart over the right octaves whatever the signal. */
  #useUnit(unit: number): void {
    if (this.#unit > 0 && unit !== this.#unit) {
      for (const tail of [...this.#fresh, ...this.#guarded]) tail.rescale(this.#unit / unit);
    }
    this.#unit = unit;
  }
}

/** Votes that do not know are left out. */
function meanSurprise(tails: readonly LogTail[], sizes: readonly number[], unit: number): number {
  let sum = 0;
  let count = 0;
  for (let k = 0; k < tails.length; k++) {
    const size = sizes[k] as number;
    if (Number.isNaN(size)) continue;
    sum += (tails[k] as LogTail).surprise(size / unit);
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

function learnAll(tails: readonly LogTail[], sizes: readonly number[], unit: number, weight: number): void {
  if (weight === 0) return;
  for (let k = 0; k < tails.length; k++) {
    const size = sizes[k] as number;
    if (!Number.isNaN(size)) (tails[k] as LogTail).learn(size / unit, weight);
  }
}
