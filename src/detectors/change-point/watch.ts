import type { Vote } from '../../domain/score.ts';
import type { Direction } from '../../domain/signal.ts';
import { Adwin } from '../../stats/adwin.ts';
import { type Cusum, cusumStep, NO_CUSUM } from '../../stats/cusum.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { PageHinkley } from '../../stats/page-hinkley.ts';

/** One residual counts for no more than this, so that a spike is no change. */
const CLIP = 4;
/** Half of the smallest change that matters, in spreads: of the mean, and of the square. */
const SLACK = { mean: 0.5, square: 0.75 };
/** Over about so many samples it is told whether the residuals still lean the way a sum says. */
const RECENT = 1 / 8;
/** Mean square of a standard residual around the mean of those before it: 1 + r / (2 - r) for a running mean of rate r. */
const AROUND = 1 + RECENT / (2 - RECENT);
/** What they have to lean by, at least; less than half of it contradicts, and the sums drain. */
const LEAN = { mean: 0.5, square: 1.5 };
/** Chance of a false cut, and fading: the usual values of the papers and of river. */
const ADWIN_DELTA = 0.002;
const PAGE_HINKLEY = { delta: 0.005, alpha: 0.9999 };
/** One hold may teach the tails at most this part of their memory. */
const HELD_SHARE = 100;
/** -ln p from which a test that the samples contradict begins anew. */
const FAR = 4.6;
/** Sums end here: far beyond anything a tail tells apart. */
const LARGEST = 1e4;

const VOTES = ['cusum', 'page-hinkley', 'adwin', 'spread'] as const;

/** The statistics after one residual. */
interface Sums {
  readonly mean: Cusum;
  readonly square: number;
  readonly leanMean: number;
  readonly leanSquare: number;
}

/** Watches the residuals of one subject for a change of their mean or of their spread. */
export class Watch {
  readonly #tails: readonly DecayedTail[];
  readonly #pageHinkley = new PageHinkley(PAGE_HINKLEY);
  readonly #adwin = new Adwin(ADWIN_DELTA);
  #sums: Sums = { mean: NO_CUSUM, square: 0, leanMean: 0, leanSquare: 1 };
  #seen = 0;
  /** Samples in a row that were held. */
  #held = 0;

  readonly #memory: number;

  /** `memory` of the tails, in updates. */
  constructor(memory: number) {
    this.#memory = memory;
    this.#tails = VOTES.map(() => new DecayedTail(memory));
  }

  get seen(): number {
    return this.#seen;
  }

  /** What each test says with this residual, most surprising first. Changes nothing. */
  votes(z: number, direction: Direction): readonly Vote[] {
    const sums = this.#next(z);
    const magnitudes = this.#magnitudes(sums, direction);
    return VOTES.map((vote, i) => ({
      vote,
      surprise: (this.#tails[i] as DecayedTail).surprise(magnitudes[i] as number),
    })).sort((a, b) => b.surprise - a.surprise);
  }

  /** The sums always move; the tails on `learn`. */
  advance(z: number, direction: Direction, learn: boolean): void {
    this.#sums = this.#next(z);
    const clipped = clip(z);
    this.#pageHinkley.update(clipped);
    this.#adwin.update(clipped);
    this.#seen++;
    const magnitudes = this.#magnitudes(this.#sums, direction);
    const contradicted = Math.abs(this.#sums.leanMean) < LEAN.mean / 2;
    this.#held = learn ? 0 : this.#held + 1;
    // An excursion of a sum is many samples long: were it not heard while it holds, no tail would ever learn how far sums go.
    if (this.#held <= this.#memory / HELD_SHARE)
      for (const [i, tail] of this.#tails.entries()) tail.learn(magnitudes[i] as number, 1);
    // What had changed has changed back: the next change is told from here on.
    if (!contradicted) return;
    const far = (test: number, magnitude: number) => (this.#tails[test] as DecayedTail).surprise(magnitude) > FAR;
    const { increase, decrease } = this.#pageHinkley;
    if (far(1, Math.max(increase, decrease))) this.#pageHinkley.reset();
    if (far(2, Math.abs(this.#adwin.mean) * Math.sqrt(this.#adwin.width))) this.#adwin.reset();
  }

  /** What is seen now is where residuals belong. */
  settle(): void {
    this.#sums = { mean: NO_CUSUM, square: 0, leanMean: 0, leanSquare: 1 };
    this.#pageHinkley.reset();
    this.#adwin.reset();
  }

  write(to: NumberWriter): void {
    const { mean, square, leanMean, leanSquare } = this.#sums;
    for (const value of [this.#seen, this.#held, mean.up, mean.down, square, leanMean, leanSquare]) to.number(value);
    for (const tail of this.#tails) tail.write(to);
    this.#pageHinkley.write(to);
    this.#adwin.write(to);
  }

  read(from: NumberReader): void {
    this.#seen = from.number();
    this.#held = from.number();
    this.#sums = {
      mean: { up: from.number(), down: from.number() },
      square: from.number(),
      leanMean: from.number(),
      leanSquare: from.number(),
    };
    for (const tail of this.#tails) tail.read(from);
    this.#pageHinkley.read(from);
    this.#adwin.read(from);
  }

  #next(z: number): Sums {
    const value = clip(z);
    const { mean, square, leanMean, leanSquare } = this.#sums;
    const nextMean = leanMean + RECENT * (value - leanMean);
    // Around where the residuals are of late: a move of the level is no change of the spread.
    const around = (value - leanMean) ** 2 / AROUND;
    const nextSquare = leanSquare + RECENT * (around - leanSquare);
    const sums = cusumStep(mean, value, SLACK.mean);
    const squares = Math.min(LARGEST, Math.max(0, square + around - 1 - SLACK.square));
    return {
      mean: {
        up: Math.min(LARGEST, nextMean < LEAN.mean / 2 ? sums.up / 2 : sums.up),
        down: Math.min(LARGEST, -nextMean < LEAN.mean / 2 ? sums.down / 2 : sums.down),
      },
      square: nextSquare < (1 + LEAN.square) / 2 ? squares / 2 : squares,
      leanMean: nextMean,
      leanSquare: nextSquare,
    };
  }

  /** In the order of `VOTES`; 0 where the last residuals do not lean the same way. */
  #magnitudes({ mean, square, leanMean, leanSquare }: Sums, direction: Direction): readonly number[] {
    const up = direction !== 'down' && leanMean >= LEAN.mean;
    const down = direction !== 'up' && leanMean <= -LEAN.mean;
    const { increase, decrease } = this.#pageHinkley;
    const window = this.#adwin.mean * Math.sqrt(this.#adwin.width);
    return [
      up ? mean.up : down ? mean.down : 0,
      up ? increase : down ? decrease : 0,
      up ? Math.max(0, window) : down ? Math.max(0, -window) : 0,
      leanSquare >= LEAN.square ? square : 0,
    ];
  }
}

const clip = (z: number): number => Math.max(-CLIP, Math.min(CLIP, z));
