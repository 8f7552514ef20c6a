import type { Direction } from '../../domain/signal.ts';
import { DAY, type DurationMs, type EpochMs, HOUR } from '../../domain/time.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ALONE, type Piece, type Room } from '../../stats/room.ts';
import type { Settings } from './settings.ts';

const HOURS = 24;
/** Hours kept: a day is learned when the one after it is over, so that a leak is a day old before it teaches anything. */
const KEPT = 2 * HOURS;
/** Hours of the mean: of a ramp of twelve hours it sees as much as the matched filter does. */
const WINDOW = 8;
/** A mean of fewer hours says nothing, and neither does a day of fewer. */
const LEAST_HOURS = { window: 6, day: 18 };
/** An hour counts that was seen for this share. */
const SEEN = 0.5;
/** Days after which old ones fade: the course of the day, the level of one day of the week, the spread of the means. */
const MEMORY = { hours: 28, days: 6, spread: 28 };
/** Days that the spread was measured on before it is believed. */
const MEASURED = 7;
/** What is learned of the season in one week adds this share to the variance of a mean of eight hours, in n weeks the n-th part. */
const SEASON_ERRS = 0.4;
/** One day counts for no more than so many times the usual variance of its means. */
const CLIP = 4;
/** Said for so long, once; then again only if it has grown by this many spreads. */
const SAYS: DurationMs = HOUR / 3;
const GROWN = { low: 0.35, high: 2 };
/** From so many spreads on it is worth a page at a sample a minute, and only what has grown by far is another one. */
const HIGH = 2.7;
/** Under this many spreads it has nothing to say; once it is back under half of the highest it begins anew. */
const LEAST = 1.8;
const BACK = 0.5;
/** After an episode of other votes it is silent for so many hours: those have told, and what comes after it is no leak. */
const SILENT_HOURS = { after: 12, leap: 24 };
/**
 * Neighbouring means are alike: of the crossings of Rice's formula for a mean of white noise four in ten are of their own (60 simulated
 * seeds). They are said to be twice as many, so that this vote takes half of what it would of the budget: of 20 leaks that costs one.
 */
const OWN_CROSSINGS = 0.8;
/** An hour that is so many spreads of a mean of eight away from the four before it has leapt: of noise three spreads of its own. */
const LEAP = 8;
const MOST = 60;

/**
 * Has the signal crept away from what it was in the same hours of the last weeks? A mean of residuals over eight hours, against a
 * season that is pooled (a course of the day, and a level for each day of the week), learned a day late and slowly. Means change once
 * an hour; one that is higher than all since the last calm is said for twenty minutes, so that a false one costs one short episode.
 *
 * It speaks after about sixteen days, and needs a season of a day and samples at least hourly; without a season of a week all days are one.
 * Blind for leaks of less than about two spreads of the noise of half an hour in twelve hours, for those of days (they are learned), and
 * for half a day after what other votes have found, a day after a leap.
 */
export class Leak {
  readonly #piece: Piece;
  readonly #at: number;
  readonly #days: number;
  readonly #perHour: number;
  /** The hour being seen, in hours since the epoch; NaN before the first. */
  #hour = Number.NaN;
  #sum = 0;
  #count = 0;
  #variance = 0;
  #measured = 0;
  #learned = 0;
  /** The mean of the last hours, in spreads; 0 where nothing is known. */
  #z = 0;
  /** The highest that was said since the last calm, with its sign, and until when it is said. */
  #high = 0;
  #until = 0;
  #silent = 0;
  #unit = 0;

  constructor(settings: Settings, room: Room = ALONE) {
    const { seasons, every } = settings;
    const daily = every <= HOUR && seasons.some(({ length }) => length === DAY);
    this.#days = !daily ? 0 : seasons.some(({ length }) => length === 7 * DAY) ? 7 : 1;
    this.#perHour = HOUR / every;
    const { piece, floatsAt } = room.take(0, daily ? KEPT + HOURS + 2 * this.#days : 0);
    [this.#piece, this.#at] = [piece, floatsAt];
    if (daily) this.#kept(0, KEPT).fill(Number.NaN);
  }

  /** −ln p for one sample, ≥ 0. Changes nothing. */
  surprise(at: EpochMs, direction: Direction): number {
    const z = this.#high;
    if (!(at < this.#until) || (direction === 'up' && z < 0) || (direction === 'down' && z > 0)) return 0;
    return this.#nats(Math.abs(z));
  }

  /** `at` is where in the season it looks to be; `y` on the asinh scale of `unit`; what is not `sound` (held, a holiday) is no part of any hour. */
  advance(y: number, at: EpochMs, unit: number, sound: boolean): void {
    if (this.#days === 0) return;
    if (unit !== this.#unit) this.#begin(unit);
    const hour = Math.floor(at / HOUR);
    if (hour !== this.#hour) this.#turn(hour, at);
    if (!sound) return;
    this.#sum += y;
    this.#count += 1;
  }

  /** Other votes have an episode. */
  interrupt(hours = SILENT_HOURS.after): void {
    this.#silent = Math.max(this.#silent, hours);
    this.#high = 0;
    this.#until = 0;
  }

  /** It has said so a moment ago: an episode that still stands may be of this. */
  told(at: EpochMs): boolean {
    return at < this.#until + HOUR;
  }

  accept(shift: number): void {
    if (this.#days === 0) return;
    const { floats } = this.#piece;
    for (let day = 0; day < this.#days; day++)
      floats[this.#dayAt + day] = (floats[this.#dayAt + day] as number) + shift;
    this.interrupt();
  }

  write(to: NumberWriter): void {
    if (this.#days === 0) return;
    to.floats(this.#kept(0, KEPT + HOURS + 2 * this.#days));
    for (const value of [this.#hour, this.#sum, this.#count, this.#variance, this.#measured]) to.number(value);
    for (const value of [this.#learned, this.#z, this.#high, this.#until]) to.number(value);
    to.number(this.#silent);
    to.number(this.#unit);
  }

  read(from: NumberReader): void {
    if (this.#days === 0) return;
    from.floats(this.#kept(0, KEPT + HOURS + 2 * this.#days));
    this.#hour = from.number();
    this.#sum = from.number();
    this.#count = from.number();
    this.#variance = from.number();
    this.#measured = from.number();
    this.#learned = from.number();
    this.#z = from.number();
    this.#high = from.number();
    this.#until = from.number();
    this.#silent = from.number();
    this.#unit = from.number();
  }

  get #dayAt(): number {
    return this.#at + KEPT + HOURS;
  }

  #kept(from: number, length: number): Float32Array {
    return this.#piece.floats.subarray(this.#at + from, this.#at + from + length);
  }

  #begin(unit: number): void {
    this.#kept(0, KEPT).fill(Number.NaN);
    this.#kept(KEPT, HOURS + 2 * this.#days).fill(0);
    this.#unit = unit;
    this.#hour = Number.NaN;
    this.#variance = 0;
    this.#measured = 0;
    this.#learned = 0;
    this.interrupt();
  }

  /** −ln of how many such highs there are in one sample (Rice 1944, for a mean of white noise over the window). */
  #nats(z: number): number {
    const anHour = (2 * OWN_CROSSINGS * z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI) / WINDOW;
    return Math.min(MOST, Math.max(0, -Math.log(anHour / this.#perHour)));
  }

  /** One hour is over, or several, or the clock went back. */
  #turn(hour: number, at: EpochMs): void {
    const before = this.#hour;
    if (!Number.isNaN(before)) {
      const cells = this.#kept(0, KEPT);
      cells[before % KEPT] = this.#count >= SEEN * this.#perHour ? this.#sum / this.#count : Number.NaN;
      this.#silent = Math.max(0, this.#silent - 1);
      if (this.#leapt(before)) this.interrupt(SILENT_HOURS.leap);
      this.#look(before, at);
      if (before % HOURS === HOURS - 1) this.#learn(before);
      this.#skip(before + 1, hour);
    }
    this.#hour = hour;
    this.#sum = 0;
    this.#count = 0;
  }

  /** Hours that nobody saw. */
  #skip(from: number, to: number): void {
    for (let hour = from; hour < Math.min(to, from + KEPT); hour++)
      this.#piece.floats[this.#at + (hour % KEPT)] = Number.NaN;
  }

  #residual(hour: number): number {
    const { floats } = this.#piece;
    const day = Math.floor(hour / HOURS) % this.#days;
    const known = (floats[this.#dayAt + this.#days + day] as number) > 0;
    if (!known) return Number.NaN;
    const season = (floats[this.#at + KEPT + (hour % HOURS)] as number) + (floats[this.#dayAt + day] as number);
    return (floats[this.#at + (hour % KEPT)] as number) - season;
  }

  #windowTo(hour: number): number {
    return this.#meanTo(hour, WINDOW, LEAST_HOURS.window);
  }

  /** Mean of the residuals of so many hours, of which `hour` is the last; NaN where fewer than `least` are known. */
  #meanTo(hour: number, hours: number, least: number): number {
    let sum = 0;
    let count = 0;
    for (let back = 0; back < hours; back++) {
      const residual = this.#residual(hour - back);
      if (Number.isNaN(residual)) continue;
      sum += residual;
      count += 1;
    }
    return count < least ? Number.NaN : sum / count;
  }

  /** By how much a season so young makes means wider. */
  get #young(): number {
    return 1 + SEASON_ERRS / Math.max(1, Math.min(this.#learned / 7, MEMORY.days));
  }

  /** What goes away from the hours before it all at once does not creep. */
  #leapt(hour: number): boolean {
    const leap = Math.abs(this.#residual(hour) - this.#meanTo(hour - 1, WINDOW / 2, 2));
    return leap > LEAP * Math.sqrt(this.#variance * this.#young);
  }

  #look(hour: number, at: EpochMs): void {
    const mean = this.#measured < MEASURED || this.#silent > 0 ? Number.NaN : this.#windowTo(hour);
    this.#z = Number.isNaN(mean) || this.#variance === 0 ? 0 : mean / Math.sqrt(this.#variance * this.#young);
    const side = Math.sign(this.#high) * this.#z;
    if (this.#high !== 0 && side < BACK * Math.abs(this.#high)) this.#high = 0;
    const beyond =
      this.#high === 0
        ? Math.abs(this.#z) >= LEAST
        : side >= Math.abs(this.#high) + (Math.abs(this.#high) < HIGH ? GROWN.low : GROWN.high);
    if (!beyond) return;
    this.#high = this.#z;
    this.#until = at + SAYS;
  }

  /** A day is over: the one before it teaches. `last` is the last hour of the day that is over. */
  #learn(last: number): void {
    const end = last - HOURS;
    this.#measure(end);
    const cells = this.#kept(0, KEPT);
    const day = Math.floor(end / HOURS) % this.#days;
    const { floats } = this.#piece;
    let mean = 0;
    let seen = 0;
    for (let hour = end - HOURS + 1; hour <= end; hour++) {
      const y = cells[hour % KEPT] as number;
      if (Number.isNaN(y)) continue;
      mean += y - (floats[this.#at + KEPT + (hour % HOURS)] as number);
      seen += 1;
    }
    // The course of the day begins with a day that was seen whole.
    if (seen < (this.#learned === 0 ? HOURS : LEAST_HOURS.day)) return;
    mean /= seen;
    this.#learned += 1;
    const seenAt = this.#dayAt + this.#days + day;
    const count = Math.min((floats[seenAt] as number) + 1, MEMORY.days);
    floats[seenAt] = count;
    floats[this.#dayAt + day] =
      (floats[this.#dayAt + day] as number) + (mean - (floats[this.#dayAt + day] as number)) / count;
    for (let hour = end - HOURS + 1; hour <= end; hour++) {
      const y = cells[hour % KEPT] as number;
      if (Number.isNaN(y)) continue;
      const at = this.#at + KEPT + (hour % HOURS);
      const old = floats[at] as number;
      floats[at] = old + (y - mean - old) / Math.min(this.#learned, MEMORY.hours);
    }
  }

  /** How far the means of that day were off, before it teaches. */
  #measure(end: number): void {
    let sum = 0;
    let count = 0;
    for (let hour = end - HOURS + WINDOW; hour <= end; hour++) {
      const mean = this.#windowTo(hour);
      if (Number.isNaN(mean)) continue;
      sum += mean * mean;
      count += 1;
    }
    if (count < WINDOW) return;
    this.#measured += 1;
    const own = sum / count / this.#young;
    const known = this.#measured > MEASURED ? Math.min(own, CLIP * this.#variance) : own;
    this.#variance += (known - this.#variance) / Math.min(this.#measured, MEMORY.spread);
  }
}
