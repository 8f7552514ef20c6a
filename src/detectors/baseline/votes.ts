import type { Direction } from '../../domain/signal.ts';
import type { DurationMs } from '../../domain/time.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import { ewmaWeight } from '../../stats/ewma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ALONE, type Room } from '../../stats/room.ts';

/** The slow vote takes no residual for more than this, so that it drains quickly when a fault ends. */
const SLOW_CLIP = 4;
/**
 * The slow vote counts only while the sample itself leans to the same side, by this much and by this share of the mean: so a
 * fault that has ended is let go at once.
 */
const SLOW_NEEDS = { least: 0.75, share: 0.5 };
/** A sample that does not lean by this share of the mean halves it: it is about something that has ended. */
const CONTRADICTS = 0.25;
/** The slow vote is silent before its tail has seen this many samples. */
const SLOW_READY = 500;
/** −ln p from which a sample is news to the tails: only the first of an episode teaches them in full. */
export const NEWS = 6.9;
/** What the later samples of an episode weigh while nobody holds. */
const LATER_WEIGHT = 0.05;
/** One hold may teach the tails at most this part of their memory. */
const HELD_SHARE = 200;
/** While a longer season is unknown, residuals are larger than they will be; they count this little in the settled tails. */
const YOUNG_WEIGHT = 0.2;
/** Weight of the normal law in young tails: they begin with no past at all. */
const PRIOR = { young: 60, settled: 60 };

/** A standardised residual: in units of the learned spread, and of the spread widened for what has not been seen. */
export interface Residual {
  readonly learned: number;
  readonly wide: number;
  /** True where the longest season is known. */
  readonly settled: boolean;
}

class Sides {
  readonly up: DecayedTail;
  readonly down: DecayedTail;

  constructor(memory: number, prior: number, room: Room) {
    this.up = new DecayedTail(memory, prior, undefined, room);
    this.down = new DecayedTail(memory, prior, undefined, room);
  }

  /** −ln p of a signed residual, looking at the sides that are news; never below 0. */
  surprise(z: number, direction: Direction): number {
    if (z === 0 || (direction === 'up' && z < 0) || (direction === 'down' && z > 0)) return 0;
    const one = z > 0 ? this.up.surprise(z) : this.down.surprise(-z);
    return direction === 'both' ? Math.max(0, one - Math.LN2) : one;
  }

  learn(z: number, weight: number): void {
    this.up.learn(z > 0 ? z : 0, weight);
    this.down.learn(z < 0 ? -z : 0, weight);
  }

  write(to: NumberWriter): void {
    this.up.write(to);
    this.down.write(to);
  }

  read(from: NumberReader): void {
    this.up.read(from);
    this.down.read(from);
  }
}

/** Never learns: what the normal law says. */
const NORMAL = new Sides(PRIOR.young, PRIOR.young, ALONE);

/**
 * How surprising residuals are: a fast vote on the sample and a slow one on a running mean, each against its own past and each
 * side for itself. While a season is young a third pair of tails speaks, on the widened residual.
 */
export class Votes {
  readonly #fast: Sides;
  readonly #slow: Sides;
  readonly #young: Sides;
  readonly #memory: number;
  #slowMean = 0;
  #slowSeen = 0;
  #calm = 1;
  /** Samples in a row that were held. */
  #held = 0;

  constructor(memory: number, room: Room = ALONE) {
    this.#memory = memory;
    this.#fast = new Sides(memory, PRIOR.settled, room);
    this.#slow = new Sides(memory, PRIOR.settled, room);
    this.#young = new Sides(Math.min(memory, 2_000), PRIOR.young, room);
  }

  /** The running mean with this residual in it; `elapsed` since the last, `step` what is usual. */
  slowMean(residual: Residual, elapsed: DurationMs, step: DurationMs, memory: DurationMs): number {
    const contradicts = residual.wide * Math.sign(this.#slowMean) < CONTRADICTS * Math.abs(this.#slowMean);
    const weight = ewmaWeight(Math.min(elapsed, 2 * step), memory);
    const faded = elapsed <= 2 * step ? weight : ewmaWeight(elapsed, memory);
    const kept = this.#slowMean * (1 - faded) * (contradicts ? 0.5 : 1);
    const z = Math.max(-SLOW_CLIP, Math.min(SLOW_CLIP, residual.wide));
    return kept + weight * z;
  }

  /** −ln p, ≥ 0. */
  surprise(residual: Residual, slowMean: number, direction: Direction): number {
    if (!residual.settled) return this.#youngSurprise(residual.wide, direction);
    const fast = this.#fast.surprise(residual.wide, direction);
    if (this.#slowSeen < SLOW_READY) return fast;
    const needed = Math.max(SLOW_NEEDS.least, SLOW_NEEDS.share * Math.abs(slowMean));
    const agrees = slowMean * residual.wide > 0 && Math.abs(residual.wide) >= needed;
    const slow = agrees ? this.#slow.surprise(slowMean, direction) : 0;
    return Math.max(0, Math.max(fast, slow) - Math.LN2);
  }

  /** A young past may only calm: how far a season it has not seen will go, it cannot know. */
  #youngSurprise(z: number, direction: Direction): number {
    return Math.min(NORMAL.surprise(z, direction), this.#young.surprise(z, direction));
  }

  /** Residuals between which a share `coverage` of samples lies, as a pair of signed multiples of the wide spread. */
  band(settled: boolean, coverage: number): { lower: number; upper: number } {
    const beyond = (1 - coverage) / 2;
    if (settled) return { lower: -this.#fast.down.magnitude(beyond), upper: this.#fast.up.magnitude(beyond) };
    const normal = NORMAL.up.magnitude(beyond);
    return {
      lower: -Math.max(normal, this.#young.down.magnitude(beyond)),
      upper: Math.max(normal, this.#young.up.magnitude(beyond)),
    };
  }

  /**
   * Moves the filters always, and the tails on `learn`. So that they do not only ever see calm weather, the tails also take the first
   * news of an episode and a few milder samples on `hold`: at most one in `HELD_SHARE` of all they remember.
   */
  advance(residual: Residual, slowMean: number, surprise: number, how: 'learn' | 'hold'): void {
    const news = surprise > NEWS;
    const onset = news && this.#calm === 1;
    this.#held = how === 'learn' ? 0 : this.#held + 1;
    const heard = how === 'learn' || this.#held <= this.#memory / HELD_SHARE;
    const weight = onset || (heard && !news) ? 1 : how === 'learn' ? LATER_WEIGHT : 0;
    if (weight > 0) {
      if (residual.settled) {
        this.#fast.learn(residual.learned, weight);
        this.#slow.learn(slowMean, weight);
        this.#slowSeen += weight;
      } else {
        this.#young.learn(residual.wide, weight);
        this.#fast.learn(residual.learned, YOUNG_WEIGHT * weight);
      }
    }
    this.#slowMean = slowMean;
    this.#calm = news ? 0 : 1;
  }

  /** The running mean begins anew; for when the level has just been declared normal. */
  settle(): void {
    this.#slowMean = 0;
    this.#calm = 1;
  }

  write(to: NumberWriter): void {
    for (const sides of [this.#fast, this.#slow, this.#young]) sides.write(to);
    for (const value of [this.#slowMean, this.#slowSeen, this.#calm, this.#held]) to.number(value);
  }

  read(from: NumberReader): void {
    for (const sides of [this.#fast, this.#slow, this.#young]) sides.read(from);
    this.#slowMean = from.number();
    this.#slowSeen = from.number();
    this.#calm = from.number();
    this.#held = from.number();
  }
}
