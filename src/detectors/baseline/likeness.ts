import { DAY, type DurationMs, HOUR } from '../../domain/time.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { ALONE, type Piece, type Room } from '../../stats/room.ts';
import type { Settings } from './settings.ts';

/** Errors beyond this many spreads say no more than "does not fit". */
const CLIP = 6;
/** The one in use is given up once it misses by this many spreads (0.8 is usual) while another misses by so much less. */
const MISSES = 1.7;
const CLEARLY = 0.6;
/** From another day back to the day itself as soon as that is nearly as good. */
const NEARLY = 1.25;

/** Shifts by hours, none of them and all of them, and by each number of days. */
const HOURS: readonly (readonly DurationMs[])[] = [[0], [0, -HOUR, HOUR]];
const DAYS: readonly (readonly DurationMs[])[] = Array.from({ length: 8 }, (_, days) =>
  Array.from({ length: Math.max(1, days) }, (_, day) => day * DAY),
);

/** A few shifts of time, the running error of each, and the one in use. */
class Choice {
  readonly shifts: readonly DurationMs[];
  readonly #piece: Piece;
  readonly #at: number;
  chosen = 0;

  constructor(shifts: readonly DurationMs[], room: Room) {
    this.shifts = shifts;
    const { piece, floatsAt } = room.take(0, shifts.length);
    [this.#piece, this.#at] = [piece, floatsAt];
  }

  /** A view, made for the time of a look. */
  get errors(): Float32Array {
    return this.#piece.floats.subarray(this.#at, this.#at + this.shifts.length);
  }

  get shift(): DurationMs {
    return this.shifts[this.chosen] as DurationMs;
  }

  /** `residual` of a shift is in spreads, NaN where it is not known. */
  follow(residual: (shift: DurationMs) => number, weight: number): void {
    const { errors } = this;
    for (let k = 0; k < errors.length; k++) {
      const size = Math.abs(residual(this.shifts[k] as DurationMs));
      const old = errors[k] as number;
      errors[k] = old + weight * ((size < CLIP ? size : CLIP) - old);
    }
  }

  /** Another one fits clearly better than the one in use. */
  isBeaten(): boolean {
    const { errors } = this;
    const most = CLEARLY * (errors[this.chosen] as number);
    return errors.some((error) => error < most);
  }

  /** Takes the best where the one in use misses and the best fits; what fits no better is a fault, not another time. */
  choose(): boolean {
    const { errors } = this;
    const best = errors.indexOf(errors.reduce((a, b) => Math.min(a, b), CLIP));
    const taken = errors[this.chosen] as number;
    const least = errors[best] as number;
    if (best < 0 || best === this.chosen || taken <= MISSES || least >= MISSES || least >= CLEARLY * taken)
      return false;
    this.chosen = best;
    return true;
  }
}

/**
 * Remembers which time of the season the last hours have looked like: their own, an hour off (clocks set to summer time), or another
 * day of the week (a holiday). Errors are running means of the residual in spreads; a fault looks like none of them.
 * Only seasons of whole days have such likenesses.
 */
export class Likeness {
  readonly #hours: Choice;
  readonly #days: Choice;

  constructor(settings: Settings, room: Room = ALONE) {
    const longest = settings.seasons.at(-1)?.length ?? 0;
    const days = longest % DAY === 0 ? Math.min(7, longest / DAY) : 0;
    this.#hours = new Choice(HOURS[days > 0 ? 1 : 0] as readonly DurationMs[], room);
    this.#days = new Choice(DAYS[days] as readonly DurationMs[], room);
  }

  /** How much later in the season it looks than it is. */
  get shift(): DurationMs {
    return this.#hours.shift + this.#days.shift;
  }

  /** It looks more like another day than like its own; not long enough to be taken for it. */
  get leansToDay(): boolean {
    return this.#days.isBeaten();
  }

  /** It looks like another day: that will pass, and should not be learned. */
  get passing(): boolean {
    return this.#days.chosen !== 0;
  }

  /** `residual` of a shift is in spreads, NaN where the shifted time is not known; `weight` in [0, 1] is what the sample counts; what `leapt` is no other hour. */
  follow(residual: (shift: DurationMs) => number, weight: number, leapt: boolean): void {
    if (this.#hours.shifts.length === 1) return;
    const { shift: day } = this.#days;
    const { shift: hour } = this.#hours;
    this.#hours.follow((shift) => residual(shift + day), weight);
    this.#days.follow((shift) => residual(shift + hour), weight);
    const own = this.#days.errors[0] as number;
    if (this.passing && own <= NEARLY * (this.#days.errors[this.#days.chosen] as number)) this.#days.chosen = 0;
    else if (leapt || !this.#hours.choose()) this.#days.choose();
  }

  write(to: NumberWriter): void {
    for (const choice of [this.#hours, this.#days]) {
      to.floats(choice.errors);
      to.number(choice.chosen);
    }
  }

  read(from: NumberReader): void {
    for (const choice of [this.#hours, this.#days]) {
      from.floats(choice.errors);
      choice.chosen = from.number();
    }
  }
}
