import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';

/** Of a signal that is what it was in more than half of its samples, standing still says nothing. */
const USUALLY_MOVES = 0.5;
/** A run is never compared with less than this many equal samples: a source may well answer out of a cache. */
const LEAST_RUN = 4;
/** Fewer samples than these are no past to compare with. */
const READY = 300;
/** A run that was held and ended after all teaches at most this many times what was known, so that one fault does not blind for the next. */
const GROWS = 2;
/** −ln p ends here; more says nothing more. */
const MOST = 60;

/**
 * Has the signal ever stood still for so long? A value that is exactly what it was, sample after sample, of a signal that moves, is a
 * meter that is stuck: every other vote may find it likely, at least twice a day. The run is measured against the longest that is
 * remembered: as long as n samples have shown none longer, twice as long a run has a p of 1/n.
 *
 * It speaks to the last equal sample and not after it. Constants, counters, and what is mostly zero leave it silent.
 */
export class Standstill {
  readonly #memory: number;
  #last = Number.NaN;
  /** Samples in a row that were what the one before them was. */
  #run = 0;
  /** The longest run of this memory, and of the one before. */
  #longest = 0;
  #before = 0;
  /** Samples into this memory, and all in all (up to two memories). */
  #into = 0;
  #seen = 0;
  /** Share of samples that were what the one before was. */
  #repeats = 0;

  /** `memory` in samples. */
  constructor(memory: number) {
    this.#memory = memory;
  }

  /** −ln p of one more sample, ≥ 0. Changes nothing. */
  surprise(x: number): number {
    if (this.#seen < READY || this.#repeats > USUALLY_MOVES) return 0;
    const beyond = this.#runWith(x) / this.#usual() - 1;
    return beyond <= 0 ? 0 : Math.min(MOST, beyond * Math.log(this.#seen));
  }

  /** On `hold` what stands still is not learned, unless it ends. */
  advance(x: number, how: 'learn' | 'hold'): void {
    const run = this.#runWith(x);
    if (run === 0 && this.#run > 0) this.#end();
    if (how === 'learn') this.#count(run > 0);
    this.#run = run;
    this.#last = x;
  }

  /** The signal may stand still like this. */
  accept(): void {
    this.#longest = Math.max(this.#longest, this.#run);
  }

  /** After a gap nobody knows whether it stood still. */
  interrupt(): void {
    this.#run = 0;
    this.#last = Number.NaN;
  }

  write(to: NumberWriter): void {
    for (const value of [this.#last, this.#run, this.#longest, this.#before]) to.number(value);
    for (const value of [this.#into, this.#seen, this.#repeats]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#last = from.number();
    this.#run = from.number();
    this.#longest = from.number();
    this.#before = from.number();
    this.#into = from.number();
    this.#seen = from.number();
    this.#repeats = from.number();
  }

  #runWith(x: number): number {
    return x === this.#last ? this.#run + 1 : 0;
  }

  #usual(): number {
    return Math.max(LEAST_RUN, this.#longest, this.#before);
  }

  #end(): void {
    this.#longest = Math.max(this.#longest, Math.min(this.#run, GROWS * this.#usual()));
  }

  #count(repeated: boolean): void {
    this.#seen = Math.min(this.#seen + 1, 2 * this.#memory);
    this.#repeats += ((repeated ? 1 : 0) - this.#repeats) / Math.min(this.#seen, this.#memory);
    this.#into += 1;
    if (this.#into < this.#memory) return;
    this.#into = 0;
    this.#before = this.#longest;
    this.#longest = 0;
  }
}
