import type { EpochMs } from '../../domain/time.ts';
import { holtStep, type Course as Line } from '../../stats/holt.ts';
import { mannKendall } from '../../stats/mann-kendall.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { SeasonTable, slotPosition } from '../../stats/season-table.ts';
import { Accuracy } from './accuracy.ts';
import type { Season, Settings } from './settings.ts';
import { Usual } from './usual.ts';

/**
 * Distance in samples at which predictions are compared with what came. Short, so that it is soon known who was right of a course
 * that has just begun: with 8 the first warning of a ramp came up to 30 s of 180 s later, with 16 it was lost for a while.
 */
const DISTANCE = 4;
/** And those at which an outlook is measured besides; as far as the past that is kept reaches. */
const FARTHER = [16, 64];
/** Samples kept for telling a trend. */
const REMEMBERED = 64;
/** Samples before anything is said. */
export const NEED = 24;
/** Over how many samples a trend has to show, at least. */
const TREND_SAMPLES = 12;
const LEVEL_RATE = 0.3;
/** Holt's weights of level and trend: quick, since what is asked is where the signal goes now. */
const HOLT = { alpha: 0.4, beta: 0.2 };
/** How fast the signal's distance from its season is followed. */
const OFFSET_RATE = 0.2;
/** After a gap of this many intervals what was said before it is not compared any more. */
const GAP = 3;

/** The filters of all predictors after one sample. */
interface Past {
  readonly value: number;
  readonly level: number;
  readonly line: Line;
  /** How far the level is from each season's. */
  readonly offsets: readonly number[];
}

/** What is to be expected some samples ahead; `lower <= centre <= upper`, with one chance in ten beyond either end. */
export interface Ahead {
  readonly lower: number;
  readonly centre: number;
  readonly upper: number;
}

/**
 * Where one signal goes: a level, Holt's trend, and the level of this time of each season moved by where the signal stands beside it.
 * That one speaks which has been least wrong of late.
 */
export class Course {
  readonly #settings: Settings;
  readonly #tables: readonly SeasonTable[];
  readonly #accuracies: readonly Accuracy[];
  /** The same at each of the farther distances. */
  readonly #farther: readonly (readonly Accuracy[])[];
  readonly #usual = new Usual();
  /** Newest last. */
  #past: Past[] = [];
  #lastAt: EpochMs = Number.NEGATIVE_INFINITY;
  #seen = 0;
  /** The least value ever seen: what has never been negative is not expected to become so. */
  #least = Number.MAX_VALUE;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#tables = settings.seasons.map(({ slots }) => new SeasonTable(slots));
    const at = (distance: number) =>
      Array.from({ length: 2 + this.#tables.length }, () => new Accuracy(distance / DISTANCE));
    this.#accuracies = at(DISTANCE);
    this.#farther = FARTHER.map(at);
  }

  get seen(): number {
    return this.#seen;
  }
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /** One sample. The seasons learn only where `learn`; a moment that is not after the last one begins anew. */
  advance(x: number, at: EpochMs, learn: boolean): void {
    const value = Math.max(-1e300, Math.min(1e300, x));
    const elapsed = at - this.#lastAt;
    this.#lastAt = at;
    if (!(elapsed > 0 && elapsed <= GAP * this.#settings.every)) this.#past = [];
    this.#seen++;
    this.#least = Math.min(this.#least, value);
    this.#compare(this.#accuracies, DISTANCE, value, at);
    for (const [i, distance] of FARTHER.entries()) this.#compare(this.#farther[i] ?? [], distance, value, at);
    this.#past.push(this.#after(value, at));
    if (this.#past.length > REMEMBERED) this.#past.shift();
    if (!learn) return;
    this.#usual.learn(value);
    for (const [i, season] of this.#settings.seasons.entries()) {
      const place = placeIn(season, at);
      const known = this.#tables[i]?.level(place) ?? Number.NaN;
      const away = Number.isNaN(known) ? 0 : Math.abs(value - known);
      this.#tables[i]?.learn(place, value, away, Math.min(1, this.#settings.every / (season.length / season.slots)));
    }
  }

  /** True where the newest value is where the signal seldom is, above (1) or below (-1). */
  isUnusual(side: 1 | -1): boolean {
    const now = this.#past.at(-1);
    return now !== undefined && this.#usual.isLeft(now.value, side);
  }

  /** The normal deviate of a trend in the last samples, a dozen at least and 64 at most; 0 where too few were seen in a row. */
  trend(samples = 0): number {
    const over = Math.max(TREND_SAMPLES, Math.min(REMEMBERED, samples));
    return this.#past.length < over ? 0 : mannKendall(this.#past.slice(-over).map((past) => past.value));
  }

  /** What the least erring predictor says of `samples` ahead; `undefined` before anything could be compared. */
  ahead(samples: number): Ahead | undefined {
    return this.#said(this.#accuracies, DISTANCE, samples);
  }

  /**
   * The same as far as it was measured: who erred least at a distance speaks for it, with the errors made there; between two distances
   * it goes over from one to the other. For looking at and for sizing; a limit in sight is told by `ahead`, which is sooner about.
   */
  outlook(samples: number): Ahead | undefined {
    let near = this.#said(this.#accuracies, DISTANCE, samples);
    let from = DISTANCE;
    for (const [i, distance] of FARTHER.entries()) {
      const far = this.#said(this.#farther[i] ?? [], distance, samples);
      if (samples <= from || !near || !far) break;
      near = between(near, far, Math.min(1, Math.log(samples / from) / Math.log(distance / from)));
      from = distance;
    }
    return near;
  }

  /** The same for people to see: nothing below zero of a signal that never was. */
  possible({ lower, centre, upper }: Ahead): Ahead {
    const floor = this.#least >= 0 ? 0 : Number.NEGATIVE_INFINITY;
    return { lower: Math.max(floor, lower), centre: Math.max(floor, centre), upper: Math.max(floor, upper) };
  }

  /** What the one of least loss at a distance says of `samples` ahead. */
  #said(accuracies: readonly Accuracy[], distance: number, samples: number): Ahead | undefined {
    const now = this.#past.at(-1);
    const best = accuracies.reduce((least, one, i, all) => (one.loss < (all[least] as Accuracy).loss ? i : least), 0);
    const accuracy = accuracies[best];
    if (!now || !accuracy || !Number.isFinite(accuracy.loss)) return undefined;
    const said = this.#predict(best, now, samples, this.#lastAt + samples * this.#settings.every);
    if (Number.isNaN(said)) return undefined;
    // Beyond what was compared errors are taken to grow in proportion, as those of a wrong trend do.
    const wider = Math.max(1, samples / distance);
    const { lower, upper } = accuracy.band;
    return { lower: said + wider * lower, centre: said, upper: said + wider * upper };
  }

  /** The season begins anew from here; for when what is seen now has been declared normal. */
  accept(): void {
    for (const table of this.#tables) table.forget();
    this.#usual.forget();
  }

  write(to: NumberWriter): void {
    to.number(this.#lastAt);
    to.number(this.#seen);
    to.number(this.#least);
    to.number(this.#past.length);
    for (const { value, level, line, offsets } of this.#past)
      for (const number of [value, level, line.level, line.trend, ...offsets]) to.number(number);
    this.#usual.write(to);
    for (const table of this.#tables) table.write(to);
    for (const accuracy of [...this.#accuracies, ...this.#farther.flat()]) accuracy.write(to);
  }

  read(from: NumberReader): void {
    this.#lastAt = from.number();
    this.#seen = from.number();
    this.#least = from.number();
    const length = from.number();
    if (!(length >= 0 && length <= REMEMBERED)) throw new RangeError('more of the past than is kept');
    this.#past = Array.from({ length }, () => ({
      value: from.number(),
      level: from.number(),
      line: { level: from.number(), trend: from.number() },
      offsets: this.#tables.map(() => from.number()),
    }));
    this.#usual.read(from);
    for (const table of this.#tables) table.read(from);
    for (const accuracy of [...this.#accuracies, ...this.#farther.flat()]) accuracy.read(from);
  }

  /** What each predictor said of this moment, against what came. */
  #compare(accuracies: readonly Accuracy[], distance: number, value: number, at: EpochMs): void {
    const then = this.#past.at(-distance);
    if (!then) return;
    for (const [i, accuracy] of accuracies.entries()) {
      const said = this.#predict(i, then, distance, at);
      if (!Number.isNaN(said)) accuracy.learn(value - said);
    }
  }

  #after(value: number, at: EpochMs): Past {
    const before = this.#past.at(-1);
    const offset = (i: number, season: Season): number => {
      const usual = this.#tables[i]?.level(placeIn(season, at)) ?? Number.NaN;
      const old = before?.offsets[i] ?? Number.NaN;
      if (Number.isNaN(usual)) return Number.NaN;
      return Number.isNaN(old) ? value - usual : old + OFFSET_RATE * (value - usual - old);
    };
    return {
      value,
      level: before ? before.level + LEVEL_RATE * (value - before.level) : value,
      line: before ? holtStep(before.line, value, HOLT.alpha, HOLT.beta) : { level: value, trend: 0 },
      offsets: this.#settings.seasons.map((season, i) => offset(i, season)),
    };
  }

  /** NaN where the predictor knows nothing of that moment. */
  #predict(predictor: number, { level, line, offsets }: Past, samples: number, at: EpochMs): number {
    if (predictor === 0) return level;
    if (predictor === 1) return line.level + samples * line.trend;
    const i = predictor - 2;
    const season = this.#settings.seasons[i] as Season;
    return (this.#tables[i]?.level(placeIn(season, at)) ?? Number.NaN) + (offsets[i] ?? Number.NaN);
  }
}

/** From one to the other by a share of the way. */
function between(a: Ahead, b: Ahead, share: number): Ahead {
  const at = (from: number, to: number): number => from + share * (to - from);
  const centre = at(a.centre, b.centre);
  // Rounding may put the ends of a narrow band on the wrong side.
  return {
    lower: Math.min(centre, at(a.lower, b.lower)),
    centre,
    upper: Math.max(centre, at(a.upper, b.upper)),
  };
}

const placeIn = ({ length, slots }: Season, at: EpochMs) => slotPosition(at, length, slots);
