import type { DurationMs } from '../../domain/time.ts';
import { fromAsinhScale, toAsinhScale } from '../../stats/asinh-scale.ts';
import { ewmaWeight } from '../../stats/ewma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { NORMAL_PER_MEAN_DEVIATION, robustScale } from '../../stats/robust-scale.ts';
import { SeasonTable } from '../../stats/season-table.ts';
import type { Moment } from './moment.ts';
import type { Settings } from './settings.ts';

/** Where asinh turns from linear to logarithmic, as a share of the usual size of the signal. */
const UNIT_SHARE = 0.05;
/** One sample moves a level by at most this many standard deviations, and a spread by at most this many. */
const CLIP = { level: 2.5, spread: 4 };
/** Standard deviations (of a ratio) that are possible at a time of season nobody has seen yet; never more than `OF_SPREAD` spreads. */
const UNFAMILIAR = { start: 0.5, unseasoned: 0.25, longerSeason: 0.35, ageing: 0.5, holiday: 0.7, ofSpread: 4 };
/** Samples that the spread of the lower rank stands for when a rank begins. */
const INHERITED = 50;
/** A shift by more than this (on the asinh scale, e^1.5 = 4.5 times) is another signal: what was learned of seasons is let go. */
const OTHER_SIGNAL = 1.5;
/** The unit is changed once the signal's size has moved this many times. */
const UNIT_IS_OFF = 6;

/** What would be normal at a moment, on the asinh scale. */
export interface Prediction {
  /** 0: level only; k: the k-th season is known at this time. */
  readonly rank: number;
  readonly centre: number;
  /** Standard deviation of what was learned. */
  readonly spread: number;
  /** The same, widened where this time of season has not been seen. */
  readonly wide: number;
}

/**
 * The learned normal of one signal: level, seasons, spread. It works on an asinh scale, on which a season that multiplies and a noise
 * that multiplies are both additive, and on which a fall to zero is far away. The longest season whose slot is known speaks; below
 * it a slow offset follows drifts of the whole level. Everything here stands still while the engine says hold.
 */
export class Reference {
  readonly #settings: Settings;
  readonly #tables: readonly SeasonTable[];
  /** Mean absolute deviation by rank, and how many samples it rests on. */
  readonly #spreads: Float32Array;
  readonly #counts: Float32Array;
  #unit = 1;
  #level = 0;
  #levelSeen: DurationMs = 0;
  #offset = 0;
  #offsetSeen: DurationMs = 0;
  #samples = 0;
  #learnedAt = 0;
  /** Usual size and step of the raw signal; they choose the unit. */
  #size = 0;
  #step = 0;
  #last = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#tables = settings.seasons.map((season) => new SeasonTable(season.slots));
    this.#spreads = new Float32Array(this.#tables.length + 1);
    this.#counts = new Float32Array(this.#tables.length + 1);
  }

  /** Begins anew from raw values, newest first. Seasons are forgotten. */
  begin(values: readonly number[], at: number, unitOfZero: number): void {
    const { centre } = robustScale(values);
    const steps = values.slice(1).map((value, i) => Math.abs(value - (values[i] as number)));
    this.#size = robustScale(values.map(Math.abs)).centre || robustScale(values.map(Math.abs)).scale;
    this.#step = robustScale(steps).centre || 0;
    this.#unit = this.#wantedUnit() || unitOfZero;
    this.#last = values[0] as number;
    this.#level = toAsinhScale(centre, this.#unit);
    const bent = robustScale(values.map((value) => toAsinhScale(value, this.#unit)));
    this.#spreads.fill(0);
    this.#counts.fill(0);
    this.#spreads[0] = bent.scale / NORMAL_PER_MEAN_DEVIATION;
    this.#counts[0] = values.length;
    this.#levelSeen = values.length * this.#settings.every;
    this.#offset = 0;
    this.#offsetSeen = this.#settings.offsetMemory / 16;
    this.#samples = values.length;
    this.#learnedAt = at;
    for (const table of this.#tables) table.forget();
  }

  toScale(x: number): number {
    return toAsinhScale(x, this.#unit);
  }

  fromScale(y: number): number {
    return fromAsinhScale(y, this.#unit);
  }

  predict(moment: Moment): Prediction {
    const top = this.#tables.length;
    let rank = top;
    while (rank > 0 && !this.#table(rank).knows(this.#position(moment, rank))) rank -= 1;
    const centre = this.#baseOf(rank, moment) + this.#offset;
    const spread = this.#spreadOf(rank, moment);
    const unfamiliar = Math.min(
      UNFAMILIAR.ofSpread * spread,
      rank < top || top === 0 ? this.#unfamiliar(rank, moment.at) : 0,
    );
    const holiday = moment.holiday ? UNFAMILIAR.holiday : 0;
    return { rank, centre, spread, wide: Math.sqrt(spread ** 2 + unfamiliar ** 2 + holiday ** 2) };
  }

  /** Learns a sample that stood for `elapsed`; `weight` in [0, 1] is the trust in it. */
  learn(x: number, moment: Moment, expected: Prediction, elapsed: DurationMs, weight: number): void {
    const y = this.toScale(x);
    const reach = CLIP.level * expected.wide;
    const residual = y - expected.centre;
    const deviation = Math.min(Math.abs(residual), CLIP.spread * expected.wide);
    const trusted = weight * elapsed;
    for (let rank = 1; rank <= this.#tables.length; rank++) {
      const position = this.#position(moment, rank);
      const table = this.#table(rank);
      const old = table.knows(position) ? table.level(position) : expected.centre - this.#offset;
      const target = old + clip(y - this.#offset - old, reach);
      const slot = this.#slotLength(rank);
      table.learn(
        position,
        target,
        Math.min(Math.abs(y - this.#offset - old), CLIP.spread * expected.wide),
        Math.min(1, trusted / slot),
      );
    }
    this.#learnSpread(expected.rank, deviation, weight);
    this.#learnLevel(clip(y - this.#offset - this.#level, reach), trusted);
    if (expected.rank > 0 && expected.rank === this.#tables.length) this.#learnOffset(clip(residual, reach), trusted);
    this.#learnUnit(x);
    this.#samples += 1;
    this.#learnedAt = moment.at;
  }

  /** Shifts the level by `shift` (asinh scale); false where the shift is too great to keep what was learned of seasons. */
  shift(shift: number): boolean {
    if (!(Math.abs(shift) <= OTHER_SIGNAL)) return false;
    if (this.#tables.length > 0) this.#offset += shift;
    else this.#level += shift;
    this.#levelSeen = Math.min(this.#levelSeen, this.#settings.levelMemory / 16);
    this.#offsetSeen = Math.min(this.#offsetSeen, this.#settings.offsetMemory / 16);
    return true;
  }

  write(to: NumberWriter): void {
    for (const value of this.#numbers()) to.number(value);
    to.floats(this.#spreads);
    to.floats(this.#counts);
    for (const table of this.#tables) table.write(to);
  }

  read(from: NumberReader): void {
    this.#unit = from.number();
    this.#level = from.number();
    this.#levelSeen = from.number();
    this.#offset = from.number();
    this.#offsetSeen = from.number();
    this.#samples = from.number();
    this.#learnedAt = from.number();
    this.#size = from.number();
    this.#step = from.number();
    this.#last = from.number();
    from.floats(this.#spreads);
    from.floats(this.#counts);
    for (const table of this.#tables) table.read(from);
  }

  #numbers(): number[] {
    return [
      this.#unit,
      this.#level,
      this.#levelSeen,
      this.#offset,
      this.#offsetSeen,
      this.#samples,
      this.#learnedAt,
      this.#size,
      this.#step,
      this.#last,
    ];
  }

  #table(rank: number): SeasonTable {
    return this.#tables[rank - 1] as SeasonTable;
  }

  #position(moment: Moment, rank: number) {
    return moment.positions[rank - 1] as Moment['positions'][number];
  }

  #slotLength(rank: number): DurationMs {
    const season = this.#settings.seasons[rank - 1] as Settings['seasons'][number];
    return season.length / season.slots;
  }

  #baseOf(rank: number, moment: Moment): number {
    return rank === 0 ? this.#level : this.#table(rank).level(this.#position(moment, rank));
  }

  /** Standard deviation at a rank: its own where it has one, with the slot's where there is a season; never below the floor. */
  #spreadOf(rank: number, moment: Moment): number {
    let usual = this.#spreads[rank] as number;
    for (let lower = rank - 1; lower >= 0 && this.#counts[lower + 1] === 0; lower--)
      usual = this.#spreads[lower] as number;
    const deviation = rank === 0 ? usual : this.#table(rank).spread(this.#position(moment, rank), usual);
    return Math.max(this.#settings.leastSpread, deviation * NORMAL_PER_MEAN_DEVIATION);
  }

  #unfamiliar(rank: number, at: number): number {
    if (this.#tables.length === 0) return UNFAMILIAR.start / (1 + this.#samples / 60);
    if (rank > 0) return UNFAMILIAR.longerSeason;
    const shortest = (this.#settings.seasons[0] as Settings['seasons'][number]).length;
    const age = Math.min(1, Math.max(0, at - this.#learnedAt) / (shortest / 8));
    return UNFAMILIAR.unseasoned + UNFAMILIAR.ageing * age;
  }

  #learnSpread(rank: number, deviation: number, weight: number): void {
    if (this.#counts[rank] === 0) {
      this.#spreads[rank] = this.#spreads[rank - 1] as number;
      this.#counts[rank] = INHERITED;
    }
    const count = (this.#counts[rank] as number) + weight;
    const old = this.#spreads[rank] as number;
    this.#spreads[rank] = old + (weight / count) * (deviation - old);
    this.#counts[rank] = Math.min(count, this.#settings.tailMemory);
  }

  #learnLevel(residual: number, trusted: DurationMs): void {
    this.#levelSeen += trusted;
    this.#level += Math.min(1, trusted / Math.min(this.#levelSeen, this.#settings.levelMemory)) * residual;
  }

  #learnOffset(residual: number, trusted: DurationMs): void {
    this.#offsetSeen += trusted;
    this.#offset += Math.min(1, trusted / Math.min(this.#offsetSeen, this.#settings.offsetMemory)) * residual;
  }

  #wantedUnit(): number {
    return Math.max(UNIT_SHARE * this.#size, this.#step);
  }

  /** Follows the size of the signal, and changes the unit where the old one has become far too fine or too coarse. */
  #learnUnit(x: number): void {
    const size = Math.abs(x);
    const step = Math.abs(x - this.#last);
    const rate = ewmaWeight(1, 1_000);
    this.#size += rate * (Math.min(size, 8 * (this.#size || size)) - this.#size);
    this.#step += rate * (Math.min(step, 8 * (this.#step || step)) - this.#step);
    this.#last = x;
    const wanted = this.#wantedUnit();
    if (wanted > UNIT_IS_OFF * this.#unit || (wanted * UNIT_IS_OFF < this.#unit && wanted > 0))
      this.#changeUnit(wanted);
  }

  #changeUnit(unit: number): void {
    const old = this.#unit;
    const offset = this.#offset;
    const level = (y: number): number => toAsinhScale(fromAsinhScale(y + offset, old), unit);
    const spread = (s: number, y: number): number => {
      const x = fromAsinhScale(y + offset, old);
      return s * (Math.hypot(x, old) / Math.hypot(x, unit));
    };
    for (let rank = 0; rank < this.#spreads.length; rank++) {
      this.#spreads[rank] = spread(this.#spreads[rank] as number, this.#level);
    }
    this.#level = level(this.#level);
    for (const table of this.#tables) table.convert(level, spread);
    this.#unit = unit;
    this.#offset = 0;
  }
}

const clip = (value: number, reach: number): number => (value > reach ? reach : value < -reach ? -reach : value);
