import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { NumberReader, NumberWriter } from './number-codec.ts';
import { ALONE, type Piece, type Room } from './room.ts';

/** A moment between the centres of two neighbouring slots of a season; `share` in [0, 1) belongs to `high`. */
export interface SlotPosition {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

/**
 * Where a moment lies in a season of the given length cut into equal slots. Seasons are counted from the epoch, so a day
 * begins at midnight UTC and a week on Thursday; the last slot is a neighbour of the first. `slots` ≥ 1, `length` > 0.
 *
 * @example
 * slotPosition(0, 24_000, 24) // { low: 23, high: 0, share: 0.5 }
 */
export function slotPosition(at: EpochMs, length: DurationMs, slots: number): SlotPosition {
  const cycles = at / length;
  const place = (cycles - Math.floor(cycles)) * slots - 0.5;
  const below = Math.floor(place);
  const low = (below + slots) % slots;
  return { low, high: (low + 1) % slots, share: place - below };
}

/** A slot is known once it has been seen for this share of its own length, and left: what is still being seen predicts nothing. */
const KNOWN = 0.5;
/** Visits after which old ones fade: levels follow at a quarter a visit, spreads at an eighth. */
const LEVEL_VISITS = 4;
const SPREAD_VISITS = 8;

/**
 * Level and mean absolute deviation of a signal by time of season. Between the centres of two slots the answer is
 * interpolated; where only one of them is known, that one speaks. Learning is weighted by time in units of a slot, so it does
 * not depend on how often the signal is sampled. Memory: 12 bytes a slot.
 *
 * Wrong for seasons that move (holidays, daylight saving): it follows within weeks of seasons, not at once.
 */
export class SeasonTable {
  readonly #piece: Piece;
  readonly #slots: number;
  /**
   * Where levels, spreads and visits begin, one of each for each slot. A visit is how often the slot was seen, in its whole length;
   * negative as long as it is not known.
   */
  readonly #levels: number;
  readonly #spreads: number;
  readonly #visits: number;
  /** The lower slot of the pair that was learned last; −1 before the first. */
  #active = -1;
  #swing = 0;

  /** `slots` ≥ 3, so that there is one to leave. */
  constructor(slots: number, room: Room = ALONE) {
    const { piece, floatsAt } = room.take(0, 3 * slots);
    this.#piece = piece;
    this.#slots = slots;
    [this.#levels, this.#spreads, this.#visits] = [floatsAt, floatsAt + slots, floatsAt + 2 * slots];
  }

  knows(at: SlotPosition): boolean {
    return this.#isKnown(at.low) || this.#isKnown(at.high);
  }

  /** NaN where neither slot is known. */
  level(at: SlotPosition): number {
    return this.#between(this.#levels, at);
  }

  /** Mean absolute deviation, drawn towards `usual` as long as the slots have been seen for fewer than about four seasons. */
  spread(at: SlotPosition, usual: number): number {
    if (!this.knows(at)) return usual;
    const visits = this.#between(this.#visits, at);
    return (visits * this.#between(this.#spreads, at) + LEVEL_VISITS * usual) / (visits + LEVEL_VISITS);
  }

  /** Mean distance of the known levels from their mean, as it was when a slot was last left: how much the season matters. */
  get swing(): number {
    return this.#swing;
  }

  /**
   * How far the interpolated level may be off because a season bends within a slot: half the larger second difference of the levels
   * around, less what noise of size `spread` would make of it. 0 on straight slopes, large beside the edge of a step.
   */
  roughness(at: SlotPosition, spread: number): number {
    const bend = Math.max(this.#bend(at.low), this.#bend(at.high));
    return Math.max(0, bend - 2 * spread) / 2;
  }

  /** Learns a level that was true for `slotsLong` of a slot (≤ 1), `deviation` away from what had been expected. */
  learn(at: SlotPosition, level: number, deviation: number, slotsLong: number): void {
    if (at.low !== this.#active) this.#leave(at);
    this.#learnSlot(at.low, level, deviation, slotsLong * (1 - at.share));
    this.#learnSlot(at.high, level, deviation, slotsLong * at.share);
  }

  /** Maps every known level and spread; for a change of unit. */
  convert(level: (level: number) => number, spread: (spread: number, level: number) => number): void {
    const { floats } = this.#piece;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (floats[this.#visits + slot] === 0) continue;
      const old = floats[this.#levels + slot] as number;
      floats[this.#spreads + slot] = spread(floats[this.#spreads + slot] as number, old);
      floats[this.#levels + slot] = level(old);
    }
    this.#swing = this.#swingNow();
  }

  forget(): void {
    this.#piece.floats.fill(0, this.#levels, this.#visits + this.#slots);
    this.#active = -1;
    this.#swing = 0;
  }

  write(to: NumberWriter): void {
    for (const from of [this.#levels, this.#spreads, this.#visits]) to.floats(this.#all(from));
    to.number(this.#active);
    to.number(this.#swing);
  }

  read(from: NumberReader): void {
    for (const at of [this.#levels, this.#spreads, this.#visits]) from.floats(this.#all(at));
    this.#active = from.number();
    this.#swing = from.number();
  }

  #all(from: number): Float32Array {
    return this.#piece.floats.subarray(from, from + this.#slots);
  }

  /** Second difference of the levels at a slot; 0 where a neighbour is not known. */
  #bend(slot: number): number {
    const slots = this.#slots;
    const before = (slot + slots - 1) % slots;
    const after = (slot + 1) % slots;
    if (!(this.#isKnown(slot) && this.#isKnown(before) && this.#isKnown(after))) return 0;
    const { floats } = this.#piece;
    const at = this.#levels;
    return Math.abs(
      (floats[at + before] as number) - 2 * (floats[at + slot] as number) + (floats[at + after] as number),
    );
  }

  #isKnown(slot: number): boolean {
    return (this.#piece.floats[this.#visits + slot] as number) >= KNOWN;
  }

  #between(from: number, at: SlotPosition): number {
    const { floats } = this.#piece;
    const low = floats[from + at.low] as number;
    const high = floats[from + at.high] as number;
    if (!this.#isKnown(at.high)) return this.#isKnown(at.low) ? low : Number.NaN;
    return this.#isKnown(at.low) ? low + at.share * (high - low) : high;
  }

  /** Makes known what was seen long enough and is not seen any more. */
  #leave(next: SlotPosition): void {
    const { floats } = this.#piece;
    const slots = this.#slots;
    if (this.#active >= 0) {
      for (const slot of [this.#active, (this.#active + 1) % slots]) {
        const visits = floats[this.#visits + slot] as number;
        if (slot !== next.low && slot !== next.high && visits <= -KNOWN) floats[this.#visits + slot] = -visits;
      }
    }
    this.#active = next.low;
    this.#swing = this.#swingNow();
  }

  #swingNow(): number {
    const { floats } = this.#piece;
    let known = 0;
    let sum = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (!this.#isKnown(slot)) continue;
      known += 1;
      sum += floats[this.#levels + slot] as number;
    }
    if (known === 0) return 0;
    let apart = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#isKnown(slot)) apart += Math.abs((floats[this.#levels + slot] as number) - sum / known);
    }
    return apart / known;
  }

  #learnSlot(slot: number, level: number, deviation: number, amount: number): void {
    if (amount <= 0) return;
    const { floats } = this.#piece;
    const visits = floats[this.#visits + slot] as number;
    const seen = Math.abs(visits) + amount;
    const old = floats[this.#levels + slot] as number;
    floats[this.#levels + slot] = old + (amount / Math.min(seen, LEVEL_VISITS)) * (level - old);
    const spread = floats[this.#spreads + slot] as number;
    floats[this.#spreads + slot] = spread + (amount / seen) * (deviation - spread);
    floats[this.#visits + slot] = visits > 0 ? Math.min(seen, SPREAD_VISITS) : -Math.min(seen, SPREAD_VISITS);
  }
}
