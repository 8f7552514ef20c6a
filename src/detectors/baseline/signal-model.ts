import type { SignalPlan } from '../../domain/plan.ts';
import type { Expected } from '../../domain/score.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import { ewmaWeight } from '../../stats/ewma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { median } from '../../stats/quantile.ts';
import { Likeness } from './likeness.ts';
import { type Moment, shifted } from './moment.ts';
import { Recent } from './recent.ts';
import { type Prediction, Reference } from './reference.ts';
import type { Settings } from './settings.ts';
import { NEWS, type Residual, Votes } from './votes.ts';

/** Values kept for `accept` and for the start. */
const KEPT = 32;
/** p-values end here; smaller ones say nothing more. */
const LEAST_P = 1e-300;
/** What a surprising sample weighs in the reference while nobody holds: a guard against learning slowly into a fault. */
const NEWS_WEIGHT = 0.05;
/** Comparisons with other times within the memory of the likeness; more would tell nothing new and cost much. */
const COMPARISONS = 60;
/** How fast the interval between samples is learned. */
const STEP_RATE = 0.05;

/** What one signal showed at one moment, measured against its reference. */
interface Look {
  /** The moment, or what it looks like. */
  readonly as: Moment;
  readonly expected: Prediction;
  readonly residual: Residual;
  readonly slowMean: number;
  /** −ln p. */
  readonly surprise: number;
  readonly elapsed: DurationMs;
}

export type Answer =
  | { readonly ready: false; readonly seen: number; readonly need: number }
  | { readonly ready: true; readonly pValue: number; readonly expected: Expected };

/** One signal: its reference, its votes, and the filters that always move. */
export class SignalModel {
  readonly #settings: Settings;
  readonly #unitOfZero: number;
  readonly #values: Recent;
  readonly #residuals = new Recent(KEPT);
  readonly #likeness: Likeness;
  #reference: Reference | undefined;
  #votes: Votes | undefined;
  #lastAt: EpochMs = Number.NEGATIVE_INFINITY;
  #step: DurationMs;
  #uncompared: DurationMs = 0;
  /** Running mean of the residual over hours, for `accept`; never clipped, moves also on hold. */
  #away = 0;

  constructor(settings: Settings, unitOfZero: number) {
    this.#settings = settings;
    this.#likeness = new Likeness(settings);
    this.#unitOfZero = unitOfZero;
    this.#values = new Recent(Math.max(KEPT, settings.warmup));
    this.#step = settings.every;
  }

  /** When the last sample was true; minus infinity before the first. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /** Changes nothing. */
  answer(x: number, moment: Moment, plan: SignalPlan): Answer {
    if (!this.#reference || !this.#votes) {
      return { ready: false, seen: this.#values.count, need: this.#settings.warmup };
    }
    const look = this.#look(x, moment, plan, this.#reference, this.#votes);
    const { centre, wide } = look.expected;
    const band = this.#votes.band(look.residual.settled, this.#settings.coverage);
    const middle = this.#reference.fromScale(centre);
    const ignored = Math.max(plan.minimumChange.absolute, plan.minimumChange.relative * Math.abs(middle));
    return {
      ready: true,
      pValue: Math.abs(x - middle) < ignored ? 1 : Math.max(LEAST_P, Math.exp(-look.surprise)),
      expected: {
        lower: Math.min(this.#reference.fromScale(centre + band.lower * wide), middle - ignored),
        centre: middle,
        upper: Math.max(this.#reference.fromScale(centre + band.upper * wide), middle + ignored),
      },
    };
  }

  /** A moment that is not after the last one teaches nothing; after a clock ran back, time is counted from there. */
  advance(x: number, moment: Moment, plan: SignalPlan, how: 'learn' | 'hold'): void {
    if (moment.at <= this.#lastAt) {
      this.#lastAt = moment.at;
      return;
    }
    if (this.#reference && this.#votes) this.#follow(x, moment, plan, how, this.#reference, this.#votes);
    else if (how === 'learn') this.#warmUp(x, moment);
    this.#lastAt = moment.at;
  }

  /** The level of the last samples becomes the reference. */
  accept(moment: Moment): void {
    if (!this.#reference || !this.#votes) return;
    const { spread } = this.#reference.predict(moment);
    const now = median(this.#residuals.newest(5));
    const shift = Math.abs(this.#away - now) <= 3 * spread ? this.#away : now;
    if (!this.#reference.shift(shift)) this.#reference.begin(this.#values.newest(8), moment.at, this.#unitOfZero);
    this.#votes.settle();
    this.#away = 0;
  }

  write(to: NumberWriter): void {
    to.number(this.#reference ? 1 : 0);
    to.number(this.#lastAt);
    to.number(this.#step);
    to.number(this.#away);
    to.number(this.#uncompared);
    this.#values.write(to);
    this.#residuals.write(to);
    this.#likeness.write(to);
    this.#reference?.write(to);
    this.#votes?.write(to);
  }

  read(from: NumberReader): void {
    const ready = from.number() === 1;
    this.#lastAt = from.number();
    this.#step = from.number();
    this.#away = from.number();
    this.#uncompared = from.number();
    this.#values.read(from);
    this.#residuals.read(from);
    this.#likeness.read(from);
    if (!ready) return;
    this.#reference = new Reference(this.#settings);
    this.#votes = new Votes(this.#settings.tailMemory);
    this.#reference.read(from);
    this.#votes.read(from);
  }

  #warmUp(x: number, moment: Moment): void {
    this.#values.push(x);
    if (this.#values.count < this.#settings.warmup) return;
    this.#reference = new Reference(this.#settings);
    this.#reference.begin(this.#values.newest(this.#settings.warmup), moment.at, this.#unitOfZero);
    this.#votes = new Votes(this.#settings.tailMemory);
  }

  #follow(
    x: number,
    moment: Moment,
    plan: SignalPlan,
    how: 'learn' | 'hold',
    reference: Reference,
    votes: Votes,
  ): void {
    const look = this.#look(x, moment, plan, reference, votes);
    const away = reference.toScale(x) - look.expected.centre;
    this.#values.push(x);
    this.#residuals.push(away);
    this.#away += ewmaWeight(look.elapsed, this.#settings.levelMemory) * (away - this.#away);
    this.#step += STEP_RATE * (Math.min(look.elapsed, 4 * this.#step) - this.#step);
    if (moment.holiday) return;
    const stood = Math.min(look.elapsed, 2 * this.#step);
    const { passing } = this.#likeness;
    this.#uncompared += stood;
    if (this.#uncompared >= this.#settings.likenessMemory / COMPARISONS) this.#compare(x, moment, reference);
    votes.advance(look.residual, look.slowMean, look.surprise, how);
    // A day that passes for another one teaches neither.
    if (how === 'hold' || passing) return;
    reference.learn(x, look.as, look.expected, stood, look.surprise > NEWS ? NEWS_WEIGHT : 1);
  }

  #compare(x: number, moment: Moment, reference: Reference): void {
    const y = reference.toScale(x);
    const residual = (shift: DurationMs): number => {
      const { settled, centre, spread } = reference.predict(shifted(moment, shift, this.#settings));
      return settled ? (y - centre) / spread : shift === 0 ? 0 : Number.NaN;
    };
    this.#likeness.follow(residual, ewmaWeight(this.#uncompared, this.#settings.likenessMemory));
    this.#uncompared = 0;
  }

  #look(x: number, moment: Moment, plan: SignalPlan, reference: Reference, votes: Votes): Look {
    const as = shifted(moment, this.#likeness.shift, this.#settings);
    const expected = reference.predict(as);
    const away = reference.toScale(x) - expected.centre;
    const residual = {
      learned: away / expected.spread,
      wide: away / expected.wide,
      settled: expected.settled,
    };
    const elapsed = Math.max(0, moment.at - this.#lastAt);
    const slowMean = votes.slowMean(residual, elapsed, this.#step, this.#settings.slowMemory);
    return { as, expected, residual, slowMean, surprise: votes.surprise(residual, slowMean, plan.direction), elapsed };
  }
}
