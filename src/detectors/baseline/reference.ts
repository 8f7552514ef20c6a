import { DAY, type DurationMs } from '../../domain/time.ts';
import { fromAsinhScale, toAsinhScale } from '../../stats/asinh-scale.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { NORMAL_PER_MEAN_DEVIATION, robustScale } from '../../stats/robust-scale.ts';
import { ALONE, type Room } from '../../stats/room.ts';
import { SeasonTable } from '../../stats/season-table.ts';
import type { Moment } from './moment.ts';
import { Prediction } from './prediction.ts';
import type { Settings } from './settings.ts';
import { SignalUnit } from './signal-unit.ts';

/** One sample moves a level by at most this many standard deviations, and a spread by at most this many. */
const CLIP = { level: 2.5, spread: 4 };
/** Standard deviations (of a ratio) that are possible at a time of season nobody has seen yet; never more than `ofSpread` spreads. */
const UNFAMILIAR = { start: 0.5, unseasoned: 0.5, longerSeason: 0.35, ageing: 0.5, holiday: 0.7, ofSpread: 25 };
/** A shorter memory speaks only where it misses by so much less. */
const PREFER_LONGER = 1.15;
/** Samples that the spread of the lower rank stands for when a rank begins. */
const INHERITED = 50;
/** Samples that a rank is compared with in silence before it may speak. */
const TRIED = 30;
/** Without a season, so many samples have seen most of what there is. */
const SEASONED = 300;
/** What differs over the day by less than this many standard deviations is not told as the band of an hour. */
const TOLD_SWING = 1;
/** The asinh scale ends at 690. */
const MOST_SPREAD = 690;
/** A shift by more than this (on the asinh scale, e^1.5 = 4.5 times) is another signal: what was learned of seasons is let go. */
const OTHER_SIGNAL = 1.5;

/** For the time of one comparison. */
const COMPARED = new Prediction();

/**
 * The learned normal of one signal: level, seasons, spread. It works on an asinh scale, on which a season that multiplies and a noise
 * that multiplies are both additive, and on which a fall to zero is far away. The longest season that is known speaks; where seasons
 * miss by more than the bare level does, the level speaks. A slow offset follows drifts of the whole beside the seasons.
 * Everything here stands still while the engine says hold.
 */
export class Reference {
  readonly #settings: Settings;
  readonly #tables: readonly SeasonTable[];
  /** Mean absolute deviation by rank, and how many samples it rests on. */
  readonly #spreads: Float32Array;
  readonly #counts: Float32Array;
  readonly #unit = new SignalUnit();
  #level = 0;
  #levelSeen: DurationMs = 0;
  #offset = 0;
  #offsetSeen: DurationMs = 0;
  #samples = 0;
  #learnedAt = 0;

  constructor(settings: Settings, room: Room = ALONE) {
    this.#settings = settings;
    this.#tables = settings.seasons.map((season) => new SeasonTable(season.slots, room));
    const ranks = this.#tables.length + 1;
    const { piece, floatsAt } = room.take(0, 2 * ranks);
    this.#spreads = piece.floats.subarray(floatsAt, floatsAt + ranks);
    this.#counts = piece.floats.subarray(floatsAt + ranks, floatsAt + 2 * ranks);
  }

  /** Begins anew from raw values, newest first. Seasons are forgotten. */
  begin(values: readonly number[], at: number, unitOfZero: number): void {
    this.#unit.begin(values, unitOfZero);
    const bent = robustScale(values.map((value) => this.toScale(value)));
    this.#level = bent.centre;
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

  /** Where the scale turns from linear to logarithmic, in the signal's own unit. */
  get unit(): number {
    return this.#unit.value;
  }

  toScale(x: number): number {
    return toAsinhScale(x, this.#unit.value);
  }

  /** What a place on the scale is in the signal's own unit; not below zero where the signal never was. */
  fromScale(y: number): number {
    const x = fromAsinhScale(y, this.#unit.value);
    return x < 0 && this.#unit.neverNegative ? 0 : x;
  }

  predict(moment: Moment, into: Prediction): Prediction {
    const top = this.#tables.length;
    const known = this.#lookUp(moment, into);
    const rank = this.#best(known, into.levels);
    const spread = this.#spreadOf(rank, moment);
    const unfamiliar = Math.min(UNFAMILIAR.ofSpread * spread, this.#unfamiliar(rank, known, moment.at));
    const holiday = moment.holiday ? UNFAMILIAR.holiday : 0;
    into.rank = rank;
    into.settled = known === top;
    into.seasoned = top === 0 ? this.#samples >= SEASONED : known > 0;
    into.centre = (into.levels[rank] as number) + this.#offset;
    into.spread = spread;
    into.wide = Math.sqrt(spread ** 2 + unfamiliar ** 2 + holiday ** 2);
    into.ofHour = !moment.holiday && this.#isOfHour(rank, spread);
    return into;
  }

  /** How far a place on the scale is from what is expected of a moment, in spreads; NaN where the longest season does not know it. */
  residual(y: number, moment: Moment): number {
    const known = this.#lookUp(moment, COMPARED);
    if (known !== this.#tables.length) return Number.NaN;
    const rank = this.#best(known, COMPARED.levels);
    const centre = (COMPARED.levels[rank] as number) + this.#offset;
    return (y - centre) / this.#spreadOf(rank, moment);
  }

  /** Learns a sample that stood for `elapsed`; `weight` in [0, 1] is the trust in it. `expected` is what was predicted for the moment. */
  learn(x: number, moment: Moment, expected: Prediction, elapsed: DurationMs, weight: number): void {
    const y = this.toScale(x);
    const reach = CLIP.level * expected.wide;
    const farthest = CLIP.spread * expected.wide;
    const residual = y - expected.centre;
    const trusted = weight * elapsed;
    this.#learnSpreads(y, expected, weight);
    for (let rank = 1; rank <= this.#tables.length; rank++) {
      const known = expected.levels[rank] as number;
      const away = y - this.#offset;
      const old = Number.isNaN(known) ? away : known;
      const target = old + clip(away - old, reach);
      const deviation = Math.min(Math.abs(away - old), farthest);
      const slotsLong = Math.min(1, trusted / this.#slotLength(rank));
      this.#table(rank).learn(this.#position(moment, rank), target, deviation, slotsLong);
    }
    this.#learnLevel(clip(y - this.#offset - this.#level, reach), trusted);
    if (expected.settled && expected.rank > 0) this.#learnOffset(clip(residual, reach), trusted);
    if (this.#unit.learn(x)) this.#changeUnit();
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
    this.#unit.write(to);
    for (const value of [this.#level, this.#levelSeen, this.#offset, this.#offsetSeen]) to.number(value);
    for (const value of [this.#samples, this.#learnedAt]) to.number(value);
    to.floats(this.#spreads);
    to.floats(this.#counts);
    for (const table of this.#tables) table.write(to);
  }

  read(from: NumberReader): void {
    this.#unit.read(from);
    this.#level = from.number();
    this.#levelSeen = from.number();
    this.#offset = from.number();
    this.#offsetSeen = from.number();
    this.#samples = from.number();
    this.#learnedAt = from.number();
    from.floats(this.#spreads);
    from.floats(this.#counts);
    for (const table of this.#tables) table.read(from);
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

  /** Standard deviation at a rank: its own where it has one, with the slot's where there is a season; never below the floor. */
  #spreadOf(rank: number, moment: Moment): number {
    const usual = this.#spreads[rank] as number;
    if (rank === 0) return Math.max(this.#settings.leastSpread, usual * NORMAL_PER_MEAN_DEVIATION);
    const position = this.#position(moment, rank);
    const deviation = this.#table(rank).spread(position, usual);
    const spread = Math.max(this.#settings.leastSpread, deviation * NORMAL_PER_MEAN_DEVIATION);
    const roughness = this.#table(rank).roughness(position, spread);
    return Math.sqrt(spread ** 2 + roughness ** 2);
  }

  #isOfHour(rank: number, spread: number): boolean {
    const season = this.#settings.seasons[rank - 1];
    return season !== undefined && season.length >= DAY && this.#table(rank).swing > TOLD_SWING * spread;
  }

  /** Writes down what each rank says of a moment; answers with the highest that knows it. */
  #lookUp(moment: Moment, into: Prediction): number {
    const ranks = this.#tables.length + 1;
    if (into.levels.length < ranks) into.levels = new Float64Array(ranks);
    const { levels } = into;
    levels[0] = this.#level;
    let known = 0;
    for (let rank = 1; rank < ranks; rank++) {
      const level = this.#table(rank).level(this.#position(moment, rank));
      levels[rank] = level;
      if (!Number.isNaN(level)) known = rank;
    }
    return known;
  }

  /** Knows the moment, and has been compared with enough samples to be trusted. */
  #isTried(rank: number, levels: Float64Array): boolean {
    return rank === 0 || (!Number.isNaN(levels[rank]) && (this.#counts[rank] as number) >= INHERITED + TRIED);
  }

  /** Of the tried ranks the one that has missed by least; a shorter memory has to be clearly better than a longer season. */
  #best(known: number, levels: Float64Array): number {
    let best = known;
    while (best > 0 && !this.#isTried(best, levels)) best -= 1;
    for (let rank = best - 1; rank >= 0; rank--) {
      if (!this.#isTried(rank, levels)) continue;
      if ((this.#spreads[rank] as number) * PREFER_LONGER < (this.#spreads[best] as number)) best = rank;
    }
    return best;
  }

  #unfamiliar(rank: number, known: number, at: number): number {
    const [shortest] = this.#settings.seasons;
    if (!shortest) return UNFAMILIAR.start / (1 + this.#samples / 60);
    const never = known === this.#tables.length ? 0 : known === 0 ? UNFAMILIAR.unseasoned : UNFAMILIAR.longerSeason;
    // A level that does not follow knows less and less of the season, whichever it is.
    const age = Math.min(1, Math.max(0, at - this.#learnedAt) / (shortest.length / 8));
    return never + (rank === 0 ? UNFAMILIAR.ageing * age : 0);
  }

  /** Every known rank learns how far it misses, so that the best one can speak. */
  #learnSpreads(y: number, { levels, wide }: Prediction, weight: number): void {
    const most = CLIP.spread * wide;
    for (let rank = this.#tables.length; rank >= 0; rank--) {
      const level = levels[rank] as number;
      if (Number.isNaN(level)) continue;
      if (this.#counts[rank] === 0) {
        const lower = this.#counts.findLastIndex((count, below) => below < rank && count > 0);
        this.#spreads[rank] = this.#spreads[lower] as number;
        this.#counts[rank] = INHERITED;
      }
      const count = (this.#counts[rank] as number) + weight;
      const deviation = Math.min(Math.abs(y - level - this.#offset), most);
      const old = this.#spreads[rank] as number;
      this.#spreads[rank] = old + (weight / Math.max(INHERITED, count / 2)) * (deviation - old);
      this.#counts[rank] = Math.min(count, 2 * this.#settings.tailMemory);
    }
  }

  #learnLevel(residual: number, trusted: DurationMs): void {
    this.#levelSeen += trusted;
    this.#level += Math.min(1, trusted / Math.min(this.#levelSeen, this.#settings.levelMemory)) * residual;
  }

  #learnOffset(residual: number, trusted: DurationMs): void {
    this.#offsetSeen += trusted;
    this.#offset += Math.min(1, trusted / Math.min(this.#offsetSeen, this.#settings.offsetMemory)) * residual;
  }

  /** Takes everything learned over to the unit that fits the signal now. */
  #changeUnit(): void {
    const old = this.#unit.value;
    this.#unit.change();
    const unit = this.#unit.value;
    const offset = this.#offset;
    const level = (y: number): number => toAsinhScale(fromAsinhScale(y + offset, old), unit);
    // The slope of the scale at x is 1 / hypot(x, unit).
    const spread = (s: number, y: number): number => {
      const x = fromAsinhScale(y + offset, old);
      return Math.min(MOST_SPREAD, s * Math.min(1e9, Math.hypot(x, old) / Math.hypot(x, unit)));
    };
    for (let rank = 0; rank < this.#spreads.length; rank++) {
      this.#spreads[rank] = spread(this.#spreads[rank] as number, this.#level);
    }
    this.#level = level(this.#level);
    for (const table of this.#tables) table.convert(level, spread);
    this.#offset = 0;
  }
}

const clip = (value: number, reach: number): number => (value > reach ? reach : value < -reach ? -reach : value);
