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
/** What a signal's own surprise, in nats, weighs beside its square in the distance; see the ablation in bench/README.md. */
const OWN_SURPRISE = 1;
/** As many signals are named. */
const MOST_NAMED = 8;

/**
 * Which signals make it strange: each signal's own square in the distance, smoothed, as far as it exceeds what that signal has added lately,
 * and how surprising the signal is under its own past, season and all. A signal that has long been somewhat off is no news when another
 * one leaves; on the SMD development half that took a true cause first from 67 to 88 of 100 events.
 *
 * Source of the parts: P. H. Garthwaite, I. Koch, "Evaluating the contributions of individual variables to a quadratic form",
 * Australian & New Zealand Journal of Statistics 58 (2016).
 */
export class Blame {
  #recent: Float64Array = new Float64Array(0);
  #usual: Float64Array = new Float64Array(0);
  #seen = 0;
  /** For the time of one look. */
  #parts: Float64Array = new Float64Array(0);
  #spare: Float64Array = new Float64Array(0);
  /** What was worked out for a look is asked for once more when it is over. */
  #of: { readonly look: Look; readonly now: Float64Array } | undefined;

  /**
   * Shares of the signals, largest first, adding up to 1; at least one. `names` are those of the groups, in order; `own` is what the
   * signal detectors say of each, −ln p.
   */
  shares(names: readonly Signal[], look: Look, own: ReadonlyMap<Signal, number>): readonly Contribution[] {
    const now = this.#next(look);
    let beyond = false;
    if (this.#parts.length !== now.length) this.#parts = new Float64Array(now.length);
    const parts = this.#parts;
    const usual = this.#usual;
    for (let i = 0; i < now.length; i++) {
      const apart = Math.max(0, (now[i] as number) - TIMES_USUAL * (usual[i] ?? 0));
      const part = apart + OWN_SURPRISE * (own.size === 0 ? 0 : (own.get(names[i] as Signal) ?? 0));
      parts[i] = part;
      if (part > 0) beyond = true;
    }
    const used = beyond ? parts : now;
    const named = largest(used, names);
    let total = 0;
    for (const i of named) total += used[i] as number;
    const shares: Contribution[] = [];
    for (const i of named) {
      const share = total > 0 ? (used[i] as number) / total : 1 / named.length;
      if (share > 0) shares.push({ signal: names[i] as Signal, share });
    }
    return shares;
  }

  advance(look: Look): void {
    const now = this.#next(look);
    this.#seen++;
    const rate = Math.max(USUAL, 1 / this.#seen);
    if (this.#usual.length !== now.length) {
      const grown = new Float64Array(now.length);
      grown.set(this.#usual.subarray(0, now.length));
      this.#usual = grown;
    }
    const usual = this.#usual;
    for (let i = 0; i < now.length; i++)
      usual[i] = (usual[i] as number) + rate * ((now[i] as number) - (usual[i] as number));
    // What was the recent is written over with the next.
    this.#spare = this.#recent;
    this.#recent = now;
    this.#of = undefined;
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

  #next(look: Look): Float64Array {
    if (this.#of?.look === look) return this.#of.now;
    const { groups } = look;
    let size = 0;
    for (const { levels } of groups) size += levels.length;
    if (this.#spare.length !== size) this.#spare = new Float64Array(size);
    const now = this.#spare;
    const recent = this.#recent;
    let at = 0;
    for (const { levels, steps } of groups) {
      for (let i = 0; i < levels.length; i++, at++) {
        const part = (levels[i] as number) ** 2 + (steps[i] as number) ** 2;
        const before = recent[at] ?? part;
        now[at] = before + FOLLOW * (part - before);
      }
    }
    this.#of = { look, now };
    return now;
  }
}

/** Places of the largest parts, by size and then by name, picked one by one: sorting all of them takes longer than the rest of a look. */
function largest(parts: Float64Array, names: readonly Signal[]): readonly number[] {
  const picked: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (picked.length < MOST_NAMED) picked.push(i);
    else if (!comesBefore(parts, names, i, picked[MOST_NAMED - 1] as number)) continue;
    let place = picked.length - 1;
    for (; place > 0 && comesBefore(parts, names, i, picked[place - 1] as number); place--)
      picked[place] = picked[place - 1] as number;
    picked[place] = i;
  }
  return picked;
}

function comesBefore(parts: Float64Array, names: readonly Signal[], a: number, b: number): boolean {
  const [one, other] = [parts[a] as number, parts[b] as number];
  return one > other || (one === other && (names[a] as Signal) < (names[b] as Signal));
}
