import type { SignalPlan } from '../../domain/plan.ts';
import type { Expected, Vote } from '../../domain/score.ts';
import { type DurationMs, type EpochMs, WEEK } from '../../domain/time.ts';
import { fromAsinhScale, toAsinhScale } from '../../stats/asinh-scale.ts';
import { ewmaWeight } from '../../stats/ewma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { median } from '../../stats/quantile.ts';
import { Room } from '../../stats/room.ts';
import { SurpriseScale } from '../../stats/surprise-scale.ts';
import { Leak } from './leak.ts';
import { Likeness } from './likeness.ts';
import { type Look, spareLook, spareLooks, votesOf } from './look.ts';
import { type Moment, shifted } from './moment.ts';
import { Novel, Novelty } from './novelty.ts';
import { Prediction } from './prediction.ts';
import { Recent } from './recent.ts';
import { Reference } from './reference.ts';
import type { Settings } from './settings.ts';
import { Standing } from './standing.ts';
import { Standstill } from './standstill.ts';
import { Unrest } from './unrest.ts';
import { NEWS, Votes } from './votes.ts';

/** The fused statistic of a signal without a past: a mean of dependent surprises is lighter than one of them. */
const FUSED_PRIOR = { scale: 0.6, excess: 0.8 };
/** Values kept for `accept`, for the start and for the means. */
const KEPT = 24;
/** The last residuals are kept for `accept`. */
const RESIDUALS = 5;
/** p-values end here; smaller ones say nothing more. */
const LEAST_P = 1e-300;
/** What a surprising sample weighs in the reference while nobody holds: a guard against learning slowly into a fault. */
const NEWS_WEIGHT = 0.05;
/** Comparisons with other times within the memory of the likeness; more would tell nothing new and cost much. */
const COMPARISONS = 24;
/** After more than this many intervals without a sample nothing is left of earlier ones. */
const GAP = 4;
/** How fast the interval between samples is learned. */
const STEP_RATE = 0.05;

/** For the time of one comparison. */
const COMPARED = new Prediction();

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
  readonly standstill: Standstill;
  readonly unrest: Unrest;
  readonly leak: Leak;
}

const learnedIn = (room: Room, settings: Settings): Learned => ({
  reference: new Reference(settings, room),
  votes: new Votes(settings.tailMemory, room),
  novelty: new Novelty(settings.noveltyMemory, settings.tuning, room),
  scale: new SurpriseScale(settings.noveltyMemory, FUSED_PRIOR, room),
  standing: new Standing(),
  likeness: new Likeness(settings, room),
  standstill: new Standstill(settings.noveltyMemory),
  unrest: new Unrest(settings.noveltyMemory),
  leak: new Leak(settings, room),
});

/** What the numbers of one signal take, all in all; the same for all signals of a stage. */
const sizes = new WeakMap<Settings, number>();

function nothingLearned(settings: Settings): Learned {
  let size = sizes.get(settings);
  if (size === undefined) {
    const measured = new Room(0);
    learnedIn(measured, settings);
    size = measured.taken;
    sizes.set(settings, size);
  }
  return learnedIn(new Room(size), settings);
}

/** One signal: its reference, its votes, and the filters that always move. */
export class SignalModel {
  readonly #settings: Settings;
  readonly #unitOfZero: number;
  readonly #values: Recent;
  readonly #residuals: Recent;
  #learned: Learned | undefined;
  #looked: Look | undefined;
  #lastAt: EpochMs = Number.NEGATIVE_INFINITY;
  #step: DurationMs;
  #uncompared: DurationMs = 0;
  /** Running mean of the residual over hours, for `accept`; never clipped, moves also on hold. */
  #away = 0;
  /** The fused statistic of the last sample, or what was left of earlier ones. */
  #lit = 0;

  constructor(settings: Settings, unitOfZero: number) {
    this.#settings = settings;
    this.#unitOfZero = unitOfZero;
    const kept = Math.max(KEPT, settings.warmup);
    const room = new Room(kept + RESIDUALS);
    this.#values = new Recent(kept, room);
    this.#residuals = new Recent(RESIDUALS, room);
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
    const { centre, wide, ofHour } = look.expected;
    const band = votes.band(look.settled, this.#settings.coverage);
    const middle = reference.fromScale(centre);
    const ignored = Math.max(plan.minimumChange.absolute, plan.minimumChange.relative * Math.abs(middle));
    const isNews = Math.abs(x - middle) >= ignored;
    const lower = Math.min(reference.fromScale(centre + band.lower * wide), middle - ignored);
    const upper = Math.max(reference.fromScale(centre + band.upper * wide), middle + ignored);
    const rank = look.lit > look.fused ? scale.surprise(look.lit) : look.ofFused;
    return {
      ready: true,
      pValue: Math.max(
        LEAST_P,
        Math.exp(-Math.max(isNews ? Math.max(look.surprise, look.ofUnrest, look.ofLeak) : 0, look.ofStill)),
      ),
      surprise: isNews ? rank : 0,
      standing: this.#standingOf(look, plan, isNews, learned),
      votes: votesOf(look),
      expected: ofHour ? { lower, centre: middle, upper, seasonal: true } : { lower, centre: middle, upper },
    };
  }

  /** A moment that is not after the last one teaches nothing; after a clock ran back, time is counted from there. */
  advance(x: number, moment: Moment, plan: SignalPlan, how: 'learn' | 'hold'): void {
    this.#advance(x, moment, plan, how);
    this.#forgetLook();
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
    this.#forgetLook();
    if (!this.#learned) return;
    const { reference, votes, novelty, standing, standstill, unrest, leak } = this.#learned;
    const { spread } = reference.predict(moment, COMPARED);
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
    standstill.accept();
    unrest.accept();
    leak.accept(shift);
    this.#away = 0;
    this.#lit = 0;
  }

  write(to: NumberWriter): void {
    to.number(this.#learned ? 1 : 0);
    to.number(this.#lastAt);
    to.number(this.#step);
    to.number(this.#away);
    to.number(this.#uncompared);
    to.number(this.#lit);
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
    this.#lit = from.number();
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
    const novel = new Novel();
    for (const value of this.#values.newest(this.#settings.warmup).reverse()) {
      novelty.advance(novelty.look(value, before, this.#step, this.#step, novel), reference.unit, this.#step, 'learn');
      before.push(value);
    }
  }

  #follow(x: number, moment: Moment, plan: SignalPlan, how: 'learn' | 'hold', learned: Learned): void {
    const { reference, votes, novelty, standing } = learned;
    const look = this.#look(x, moment, plan, learned);
    const away = look.y - look.expected.centre;
    this.#lit = look.lit;
    if (look.elapsed > GAP * this.#step) {
      learned.standstill.interrupt();
      learned.unrest.interrupt();
    }
    learned.unrest.advance(away, how);
    learned.standstill.advance(x, how);
    learned.scale.learn(look.fused, novelty.isStrange(look.novel) ? this.#settings.tuning.strangeWeight : 1);
    novelty.advance(look.novel, reference.unit, look.elapsed, moment.holiday ? 'hold' : how);
    this.#values.push(x);
    this.#residuals.push(away);
    this.#away += ewmaWeight(look.elapsed, this.#settings.levelMemory) * (away - this.#away);
    this.#step += STEP_RATE * (Math.min(look.elapsed, 4 * this.#step) - this.#step);
    this.#creep(look, moment, how, learned);
    if (moment.holiday) return;
    const stood = Math.min(look.elapsed, 2 * this.#step);
    const { passing } = learned.likeness;
    this.#uncompared += stood;
    if (this.#uncompared >= this.#settings.likenessMemory / COMPARISONS) this.#compare(look, moment, learned);
    standing.advance(look.wide, stood, this.#settings.standingMemory, how);
    votes.advance(look, look.slowMean, look.ofSeason, how);
    // A day that passes for another one teaches neither.
    if (how === 'hold' || passing) return;
    reference.learn(x, look.as, look.expected, stood, look.ofSeason > NEWS ? NEWS_WEIGHT : 1);
  }

  /** What other votes have found, and a day that looks like another one, is no leak. */
  #creep(look: Look, moment: Moment, how: 'learn' | 'hold', { leak, likeness, reference }: Learned): void {
    if (how === 'hold' && look.surprise > Math.log(WEEK / this.#settings.every)) leak.interrupt();
    if (moment.holiday || likeness.passing) leak.interrupt();
    const sound = !moment.holiday && !likeness.passing && !likeness.leansToDay;
    leak.advance(look.y, moment.at + likeness.shift, reference.unit, sound);
  }

  /** The p-value of what is left of a leap that is held; `undefined` where the p-value of the sample says it better. */
  #standingOf(
    { at, settled, wide, elapsed, ofLeak, ofUnrest, ofStill }: Look,
    plan: SignalPlan,
    isNews: boolean,
    { standing, leak, likeness }: Learned,
  ): number | undefined {
    // What was opened by a leak alone is let go with it: other votes that are merely raised would hold it open for hours.
    if (!standing.leapt && leak.told(at + likeness.shift)) return Math.exp(-Math.max(ofLeak, ofUnrest, ofStill));
    if (!standing.leapt || !settled) return undefined;
    const { standingMemory } = this.#settings;
    return isNews ? Math.exp(-standing.surprise(wide, elapsed, standingMemory, plan.direction)) : 1;
  }

  #compare({ y, learned: own, settled }: Look, moment: Moment, { reference, likeness, standing }: Learned): void {
    const residual = (shift: DurationMs): number => {
      // As what it is looked at now.
      if (shift === likeness.shift && settled) return own;
      const away = reference.residual(y, shifted(moment, shift, this.#settings));
      return Number.isNaN(away) && shift === 0 ? 0 : away;
    };
    likeness.follow(residual, ewmaWeight(this.#uncompared, this.#settings.likenessMemory), standing.leapt);
    this.#uncompared = 0;
  }

  /** Scoring and learning look at the same sample one after the other; nothing has changed in between. */
  #look(x: number, moment: Moment, plan: SignalPlan, learned: Learned): Look {
    const seen = this.#looked;
    if (seen && seen.novel.x === x && seen.at === moment.at && seen.direction === plan.direction) return seen;
    const look = seen ?? spareLook();
    this.#lookAt(look, x, moment, plan, learned);
    this.#looked = look;
    return look;
  }

  #forgetLook(): void {
    if (this.#looked) spareLooks.push(this.#looked);
    this.#looked = undefined;
  }

  #lookAt(look: Look, x: number, moment: Moment, plan: SignalPlan, learned: Learned): void {
    const { reference, votes, novelty, scale, likeness } = learned;
    const { direction } = plan;
    look.at = moment.at;
    look.direction = direction;
    look.as = shifted(moment, likeness.shift, this.#settings);
    const expected = reference.predict(look.as, look.expected);
    look.y = reference.toScale(x);
    const away = look.y - expected.centre;
    look.learned = away / expected.spread;
    look.wide = away / expected.wide;
    look.settled = expected.settled;
    const elapsed = Math.max(0, moment.at - this.#lastAt);
    look.elapsed = elapsed;
    look.slowMean = votes.slowMean(look, elapsed, this.#step, this.#settings.slowMemory);
    const novel = novelty.look(x, this.#values, elapsed, this.#step, look.novel);
    const ofSeason = votes.surprise(look, look.slowMean, direction);
    look.ofSeason = ofSeason;
    const { fused: weigh, afterglow } = this.#settings.tuning;
    const season = weigh.season * Math.min(weigh.most, ofSeason);
    const fused =
      (weigh.fresh * novel.fresh + weigh.guarded * novel.guarded + season) /
      (weigh.fresh + weigh.guarded + weigh.season);
    look.fused = fused;
    const wanted = !((direction === 'up' && away < 0) || (direction === 'down' && away > 0));
    // What a first season will bring nobody knows, nor what a holiday will: then only the widened band speaks.
    const speaks = wanted && expected.seasoned && !moment.holiday;
    look.ofFused = scale.surprise(fused);
    const isGap = elapsed > GAP * this.#step;
    look.lit = Math.max(fused, isGap ? 0 : afterglow * this.#lit);
    look.ofStill = expected.settled && !isGap ? learned.standstill.surprise(x) : 0;
    look.ofUnrest = expected.settled && !isGap ? learned.unrest.surprise(away) : 0;
    look.ofLeak = learned.leak.surprise(moment.at + likeness.shift, direction);
    look.surprise = speaks ? Math.max(look.ofFused, ofSeason) : ofSeason;
  }
}
