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
  readonly #usual = new Usual();
  /** Newest last. */
  #past: Past[] = [];
  #lastAt: EpochMs = Number.NEGATIVE_INFINITY;
  #seen = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#tables = settings.seasons.map(({ slots }) => new SeasonTable(slots));
    this.#accuracies = Array.from({ length: 2 + this.#tables.length }, () => new Accuracy());
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
    this.#compare(value, at);
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
    const now = this.#past.at(-1);
    const best = this.#accuracies.reduce(
      (least, one, i, all) => (one.loss < (all[least] as Accuracy).loss ? i : least),
      0,
    );
    const accuracy = this.#accuracies[best] as Accuracy;
    if (!now || !Number.isFinite(accuracy.loss)) return undefined;
    const said = this.#predict(best, now, samples, this.#lastAt + samples * this.#settings.every);
    if (Number.isNaN(said)) return undefined;
    // Beyond what was compared errors are taken to grow in proportion, as those of a wrong trend do.
    const wider = Math.max(1, samples / DISTANCE);
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
    to.number(this.#past.length);
    for (const { value, level, line, offsets } of this.#past)
      for (const number of [value, level, line.level, line.trend, ...offsets]) to.number(number);
    this.#usual.write(to);
    for (const table of this.#tables) table.write(to);
    for (const accuracy of this.#accuracies) accuracy.write(to);
  }

  read(from: NumberReader): void {
    this.#lastAt = from.number();
    this.#seen = from.number();
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
    for (const accuracy of this.#accuracies) accuracy.read(from);
  }

  /** What each predictor said of this moment, against what came. */
  #compare(value: number, at: EpochMs): void {
    const then = this.#past.at(-DISTANCE);
    if (!then) return;
    for (const [i, accuracy] of this.#accuracies.entries()) {
      const said = this.#predict(i, then, DISTANCE, at);
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

const placeIn = ({ length, slots }: Season, at: EpochMs) => slotPosition(at, length, slots);
