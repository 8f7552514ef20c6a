import type { SignalPlan } from '../../domain/plan.ts';
import type { Expected, Vote } from '../../domain/score.ts';
import type { Direction } from '../../domain/signal.ts';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import { fromAsinhScale, toAsinhScale } from '../../stats/asinh-scale.ts';
import { ewmaWeight } from '../../stats/ewma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { median } from '../../stats/quantile.ts';
import { SurpriseScale } from '../../stats/surprise-scale.ts';
import { Likeness } from './likeness.ts';
import { type Moment, shifted } from './moment.ts';
import { type Novel, Novelty } from './novelty.ts';
import { Recent } from './recent.ts';
import { type Prediction, Reference } from './reference.ts';
import type { Settings } from './settings.ts';
import { Standing } from './standing.ts';
import { NEWS, type Residual, Votes } from './votes.ts';

/**
 * What each kind of vote weighs in the fused statistic: the two memories of what the signal has looked like, and its place in the
 * season, which counts for no more than `most` nats.
 */
const FUSED = { fresh: 0.6, guarded: 0.4, season: 0.1, most: 30 };
const WEIGHTS = FUSED.fresh + FUSED.guarded + FUSED.season;
/** The fused statistic of a signal without a past: a mean of dependent surprises is lighter than one of them. */
const FUSED_PRIOR = { scale: 0.6, excess: 0.8 };
/** What a strange sample weighs in the scale of the fused statistic. */
const STRANGE_WEIGHT = 0.3;
/** Values kept for `accept` and for the start. */
const KEPT = 32;
/** The last residuals are kept for `accept`. */
const RESIDUALS = 5;
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
  readonly novel: Novel;
  /** −ln p of the residual from the season. */
  readonly ofSeason: number;
  /** Mean of all votes. */
  readonly fused: number;
  /** −ln p. */
  readonly surprise: number;
  readonly elapsed: DurationMs;
}

export type Answer =
  | { readonly ready: false; readonly seen: number; readonly need: number }
  | {
      readonly ready: true;
      readonly pValue: number;
      readonly surprise: number;
      readonly standing: number | undefined;
      readonly votes: readonly Vote[];
      readonly expected: Expected;
    };

/** All that is learned of a signal; there is none while it warms up, so that a signal that is new costs next to nothing. */
interface Learned {
  readonly reference: Reference;
  readonly votes: Votes;
  readonly novelty: Novelty;
  readonly scale: SurpriseScale;
  readonly standing: Standing;
  readonly likeness: Likeness;
}

const nothingLearned = (settings: Settings): Learned => ({
  reference: new Reference(settings),
  votes: new Votes(settings.tailMemory),
  novelty: new Novelty(settings.noveltyMemory),
  scale: new SurpriseScale(settings.noveltyMemory, FUSED_PRIOR),
  standing: new Standing(),
  likeness: new Likeness(settings),
});

/** One signal: its reference, its votes, and the filters that always move. */
export class SignalModel {
  readonly #settings: Settings;
  readonly #unitOfZero: number;
  readonly #values: Recent;
  readonly #residuals = new Recent(RESIDUALS);
  #learned: Learned | undefined;
  #looked: { x: number; at: EpochMs; direction: Direction; look: Look } | undefined;
  #lastAt: EpochMs = Number.NEGATIVE_INFINITY;
  #step: DurationMs;
  #uncompared: DurationMs = 0;
  /** Running mean of the residual over hours, for `accept`; never clipped, moves also on hold. */
  #away = 0;

  constructor(settings: Settings, unitOfZero: number) {
    this.#settings = settings;
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
    const learned = this.#learned;
    if (!learned) return { ready: false, seen: this.#values.count, need: this.#settings.warmup };
    const { reference, votes, scale } = learned;
    const look = this.#look(x, moment, plan, learned);
    const { centre, wide } = look.expected;
    const band = votes.band(look.residual.settled, this.#settings.coverage);
    const middle = reference.fromScale(centre);
    const ignored = Math.max(plan.minimumChange.absolute, plan.minimumChange.relative * Math.abs(middle));
    const isNews = Math.abs(x - middle) >= ignored;
    return {
      ready: true,
      pValue: isNews ? Math.max(LEAST_P, Math.exp(-look.surprise)) : 1,
      surprise: isNews ? scale.surprise(look.fused) : 0,
      standing: this.#standingOf(look, plan, isNews, learned.standing),
      votes: [
        { vote: 'level for this time', surprise: look.ofSeason },
        { vote: 'never seen before', surprise: look.novel.fresh },
        { vote: 'not seen when normal', surprise: look.novel.guarded },
      ].sort((a, b) => b.surprise - a.surprise),
      expected: {
        lower: Math.min(reference.fromScale(centre + band.lower * wide), middle - ignored),
        centre: middle,
        upper: Math.max(reference.fromScale(centre + band.upper * wide), middle + ignored),
      },
    };
  }

  /** A moment that is not after the last one teaches nothing; after a clock ran back, time is counted from there. */
  advance(x: number, moment: Moment, plan: SignalPlan, how: 'learn' | 'hold'): void {
    this.#advance(x, moment, plan, how);
    this.#looked = undefined;
  }

  #advance(x: number, moment: Moment, plan: SignalPlan, how: 'learn' | 'hold'): void {
    if (moment.at <= this.#lastAt) {
      this.#lastAt = moment.at;
      return;
    }
    if (this.#learned) this.#follow(x, moment, plan, how, this.#learned);
    else if (how === 'learn') this.#warmUp(x, moment);
    this.#lastAt = moment.at;
  }

  /** The level of the last samples becomes the reference. */
  accept(moment: Moment): void {
    this.#looked = undefined;
    if (!this.#learned) return;
    const { reference, votes, novelty, standing } = this.#learned;
    const { spread } = reference.predict(moment);
    const now = median(this.#residuals.newest(RESIDUALS));
    const shift = Math.abs(this.#away - now) <= 3 * spread ? this.#away : now;
    const { unit } = reference;
    const moved = reference.shift(shift);
    if (!moved) reference.begin(this.#values.newest(8), moment.at, this.#unitOfZero);
    const move = (value: number): number => fromAsinhScale(toAsinhScale(value, unit) + shift, unit);
    const level = this.#values.last;
    const old = fromAsinhScale(toAsinhScale(level, unit) - shift, unit);
    const stretch = moved ? Math.min(1e3, Math.max(1e-3, Math.hypot(level, unit) / Math.hypot(old, unit))) : 1;
    novelty.accept(level, moved ? move : undefined, stretch);
    votes.settle();
    standing.settle();
    this.#away = 0;
  }

  write(to: NumberWriter): void {
    to.number(this.#learned ? 1 : 0);
    to.number(this.#lastAt);
    to.number(this.#step);
    to.number(this.#away);
    to.number(this.#uncompared);
    this.#values.write(to);
    this.#residuals.write(to);
    for (const part of Object.values(this.#learned ?? {})) part.write(to);
  }

  read(from: NumberReader): void {
    const ready = from.number() === 1;
    this.#lastAt = from.number();
    this.#step = from.number();
    this.#away = from.number();
    this.#uncompared = from.number();
    this.#values.read(from);
    this.#residuals.read(from);
    if (!ready) return;
    this.#learned = nothingLearned(this.#settings);
    for (const part of Object.values(this.#learned)) part.read(from);
  }

  #warmUp(x: number, moment: Moment): void {
    this.#values.push(x);
    if (this.#values.count < this.#settings.warmup) return;
    this.#learned = nothingLearned(this.#settings);
    const { reference, novelty } = this.#learned;
    reference.begin(this.#values.newest(this.#settings.warmup), moment.at, this.#unitOfZero);
    const before = new Recent(this.#settings.warmup);
    for (const value of this.#values.newest(this.#settings.warmup).reverse()) {
      novelty.advance(novelty.look(value, before, this.#step, this.#step), reference.unit, this.#step, 'learn');
      before.push(value);
    }
  }

  #follow(x: number, moment: Moment, plan: SignalPlan, how: 'learn' | 'hold', learned: Learned): void {
    const { reference, votes, novelty, standing } = learned;
    const look = this.#look(x, moment, plan, learned);
    const away = reference.toScale(x) - look.expected.centre;
    learned.scale.learn(look.fused, novelty.isStrange(look.novel) ? STRANGE_WEIGHT : 1);
    novelty.advance(look.novel, reference.unit, look.elapsed, moment.holiday ? 'hold' : how);
    this.#values.push(x);
    this.#residuals.push(away);
    this.#away += ewmaWeight(look.elapsed, this.#settings.levelMemory) * (away - this.#away);
    this.#step += STEP_RATE * (Math.min(look.elapsed, 4 * this.#step) - this.#step);
    if (moment.holiday) return;
    const stood = Math.min(look.elapsed, 2 * this.#step);
    const { passing } = learned.likeness;
    this.#uncompared += stood;
    if (this.#uncompared >= this.#settings.likenessMemory / COMPARISONS) this.#compare(x, moment, learned);
    standing.advance(look.residual.wide, stood, this.#settings.standingMemory, how);
    votes.advance(look.residual, look.slowMean, look.ofSeason, how);
    // A day that passes for another one teaches neither.
    if (how === 'hold' || passing) return;
    reference.learn(x, look.as, look.expected, stood, look.ofSeason > NEWS ? NEWS_WEIGHT : 1);
  }

  /** The p-value of what is left of a leap that is held; `undefined` where the p-value of the sample says it better. */
  #standingOf({ residual, elapsed }: Look, plan: SignalPlan, isNews: boolean, standing: Standing): number | undefined {
    if (!standing.leapt || !residual.settled) return undefined;
    const { standingMemory } = this.#settings;
    return isNews ? Math.exp(-standing.surprise(residual.wide, elapsed, standingMemory, plan.direction)) : 1;
  }

  #compare(x: number, moment: Moment, { reference, likeness, standing }: Learned): void {
    const y = reference.toScale(x);
    const residual = (shift: DurationMs): number => {
      const { settled, centre, spread } = reference.predict(shifted(moment, shift, this.#settings));
      return settled ? (y - centre) / spread : shift === 0 ? 0 : Number.NaN;
    };
    likeness.follow(residual, ewmaWeight(this.#uncompared, this.#settings.likenessMemory), standing.leapt);
    this.#uncompared = 0;
  }

  /** Scoring and learning look at the same sample one after the other; nothing has changed in between. */
  #look(x: number, moment: Moment, plan: SignalPlan, learned: Learned): Look {
    const seen = this.#looked;
    if (seen && seen.x === x && seen.at === moment.at && seen.direction === plan.direction) return seen.look;
    const look = this.#newLook(x, moment, plan, learned);
    this.#looked = { x, at: moment.at, direction: plan.direction, look };
    return look;
  }

  #newLook(x: number, moment: Moment, plan: SignalPlan, learned: Learned): Look {
    const { reference, votes, novelty, scale, likeness } = learned;
    const as = shifted(moment, likeness.shift, this.#settings);
    const expected = reference.predict(as);
    const away = reference.toScale(x) - expected.centre;
    const residual = {
      learned: away / expected.spread,
      wide: away / expected.wide,
      settled: expected.settled,
    };
    const elapsed = Math.max(0, moment.at - this.#lastAt);
    const slowMean = votes.slowMean(residual, elapsed, this.#step, this.#settings.slowMemory);
    const novel = novelty.look(x, this.#values, elapsed, this.#step);
    const ofSeason = votes.surprise(residual, slowMean, plan.direction);
    const season = FUSED.season * Math.min(FUSED.most, ofSeason);
    const fused = (FUSED.fresh * novel.fresh + FUSED.guarded * novel.guarded + season) / WEIGHTS;
    const wanted = !((plan.direction === 'up' && away < 0) || (plan.direction === 'down' && away > 0));
    // What a first season will bring nobody knows, nor what a holiday will: then only the widened band speaks.
    const speaks = wanted && expected.seasoned && !moment.holiday;
    const surprise = speaks ? Math.max(scale.surprise(fused), ofSeason) : ofSeason;
    return { as, expected, residual, slowMean, novel, ofSeason, fused, surprise, elapsed };
  }
}
