import type { Contribution } from '../../domain/score.ts';
import type { Signal } from '../../domain/signal.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import type { Look } from './shape.ts';

/** As the distance is smoothed, so is what each signal adds to it. */
const FOLLOW = 0.2;
/** How fast what a signal usually adds is forgotten: over some 200 snapshots. */
const USUAL = 0.005;
/** Only what goes beyond this many times the usual is to blame. */
const TIMES_USUAL = 2;
/** As many signals are named. */
const MOST_NAMED = 8;

/**
 * Which signals make the distance: each signal's own square in it, smoothed, as far as it exceeds what that signal has added lately. A
 * signal that has long been somewhat off is no news when another one leaves; on the SMD development half that took a true cause first
 * from 67 to 88 of 100 events.
 *
 * Source of the parts: P. H. Garthwaite, I. Koch, "Evaluating the contributions of individual variables to a quadratic form",
 * Australian & New Zealand Journal of Statistics 58 (2016).
 */
export class Blame {
  #recent: Float64Array = new Float64Array(0);
  #usual: Float64Array = new Float64Array(0);
  #seen = 0;

  /** Shares of the signals, largest first, adding up to 1; at least one. `names` are those of the groups, in order. */
  shares(names: readonly Signal[], look: Look): readonly Contribution[] {
    const now = this.#next(look);
    let beyond = false;
    const parts = new Float64Array(now.length);
    for (let i = 0; i < now.length; i++) {
      parts[i] = Math.max(0, (now[i] as number) - TIMES_USUAL * (this.#usual[i] ?? 0));
      if ((parts[i] as number) > 0) beyond = true;
    }
    const named = largest(beyond ? parts : now, names);
    const total = named.reduce((sum, { part }) => sum + part, 0);
    const shares = named.map(({ signal, part }) => ({ signal, share: total > 0 ? part / total : 1 / named.length }));
    return shares.filter(({ share }) => share > 0);
  }

  advance(look: Look): void {
    const now = this.#next(look);
    this.#seen++;
    const rate = Math.max(USUAL, 1 / this.#seen);
    const usual = new Float64Array(now.length);
    usual.set(this.#usual.subarray(0, now.length));
    for (let i = 0; i < now.length; i++)
      usual[i] = (usual[i] as number) + rate * ((now[i] as number) - (usual[i] as number));
    this.#usual = usual;
    this.#recent = now;
  }

  write(to: NumberWriter): void {
    to.number(this.#seen);
    to.number(this.#recent.length);
    for (const value of [...this.#recent, ...this.#usual]) to.number(value);
  }

  read(from: NumberReader): void {
    this.#seen = from.number();
    const size = from.number();
    if (!(size >= 0 && size <= 4_096)) throw new RangeError('more signals than there is room for');
    this.#recent = Float64Array.from({ length: size }, () => from.number());
    this.#usual = Float64Array.from({ length: size }, () => from.number());
  }

  #next({ groups }: Look): Float64Array {
    const size = groups.reduce((sum, { levels }) => sum + levels.length, 0);
    const now = new Float64Array(size);
    let at = 0;
    for (const { levels, steps } of groups) {
      for (let i = 0; i < levels.length; i++, at++) {
        const part = (levels[i] as number) ** 2 + (steps[i] as number) ** 2;
        const before = this.#recent[at] ?? part;
        now[at] = before + FOLLOW * (part - before);
      }
    }
    return now;
  }
}

interface Part {
  readonly signal: Signal;
  readonly part: number;
}

/** The largest parts, by size and then by name, picked one by one: sorting all of them takes longer than the rest of a look. */
function largest(parts: Float64Array, names: readonly Signal[]): readonly Part[] {
  const picked: Part[] = [];
  for (let i = 0; i < parts.length; i++) {
    const one = { signal: names[i] as Signal, part: parts[i] as number };
    if (picked.length === MOST_NAMED && !comesBefore(one, picked[MOST_NAMED - 1] as Part)) continue;
    let place = picked.length;
    while (place > 0 && comesBefore(one, picked[place - 1] as Part)) place--;
    picked.splice(place, 0, one);
    if (picked.length > MOST_NAMED) picked.pop();
  }
  return picked;
}

const comesBefore = (a: Part, b: Part): boolean => a.part > b.part || (a.part === b.part && a.signal < b.signal);
