import type { Spread } from '../../domain/drift.ts';
import type { Profile } from '../../domain/profile.ts';
import { type DurationMs, type EpochMs, HOUR } from '../../domain/time.ts';
import { DecayedTail } from '../../stats/decayed-tail.ts';
import { type Comparison, compareField, type FieldSample } from '../../stats/drift.ts';
import { twoSidedNormal } from '../../stats/gamma.ts';
import type { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { keptOf, sampleOf, spreadOf, together } from './sample.ts';
import { readSample, writeSample } from './sample-codec.ts';

/** Windows kept of each time of the season, and of the last ones whatever their time. */
const PER_SLOT = 4;
const LATEST = 8;
/** So many windows of the same time of the season are a better reference than the last ones. */
const ENOUGH_IN_SLOT = 3;
const MOST_SLOTS = 24;
/** Windows after which the tail forgets. */
const TAIL_MEMORY = 500;
const HELD_WEIGHT = 0.02;

interface Window {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly slot: number;
  readonly sample: FieldSample;
}

export type Look =
  | { readonly state: 'unseen' }
  | { readonly state: 'warming'; readonly seen: number; readonly need: number }
  | { readonly state: 'insufficient' }
  /** `ownP`: how usual a difference of this size is between past windows and their references. */
  | {
      readonly state: 'compared';
      readonly comparison: Comparison;
      readonly ownP: number;
      readonly reference: Spread;
    };

/** What is kept of one field: past windows that were accepted as normal, and how far windows usually are from their reference. */
export class FieldMemory {
  readonly #seasons: readonly DurationMs[];
  #windows: Window[] = [];
  #need: number;
  #latest: Window | undefined;
  readonly #tail = new DecayedTail(TAIL_MEMORY);
  #known: { readonly profile: Profile; readonly look: Look } | undefined;

  constructor(seasons: readonly DurationMs[], need: number) {
    this.#seasons = seasons;
    this.#need = need;
  }

  /** Changes nothing. Comparing costs about 0.1 ms, once for each profile. */
  look(profile: Profile): Look {
    if (this.#known?.profile !== profile) this.#known = { profile, look: this.#compare(profile) };
    return this.#known.look;
  }

  /** Takes a window in once, though it is shown at many snapshots; windows that overlap one taken in are passed over. */
  advance(profile: Profile, learn: boolean): void {
    if (profile.to < this.#nextAt(profile)) return;
    const look = this.look(profile);
    if (look.state === 'unseen') return;
    const sample = keptOf(sampleOf(profile) as FieldSample);
    const window = { from: profile.from, to: profile.to, slot: this.#slotOf(profile), sample };
    this.#latest = window;
    if (look.state === 'compared') this.#tail.learn(twoSidedNormal(look.comparison.fieldP), learn ? 1 : HELD_WEIGHT);
    if (learn && profile.rows > 0) this.#keep(window);
    this.#known = undefined;
  }

  /** What is seen now is all that counts as normal. */
  accept(): void {
    if (!this.#latest) return;
    this.#windows = [this.#latest];
    this.#need = 1;
    this.#known = undefined;
  }

  write(to: NumberWriter): void {
    to.number(this.#need);
    to.number(this.#windows.length);
    for (const window of this.#windows) writeWindow(to, window);
    to.number(this.#latest ? 1 : 0);
    if (this.#latest) writeWindow(to, this.#latest);
    this.#tail.write(to);
  }

  read(from: NumberReader): void {
    this.#need = from.number();
    this.#windows = Array.from({ length: from.number() }, () => readWindow(from));
    this.#latest = from.number() === 1 ? readWindow(from) : undefined;
    this.#tail.read(from);
    this.#known = undefined;
  }

  #compare(profile: Profile): Look {
    const sample = sampleOf(profile);
    if (!sample) return { state: 'unseen' };
    const usable = this.#windows.filter(
      ({ to, sample: { values } }) => to <= startOf(profile) && values.kind === sample.values.kind,
    );
    if (usable.length < this.#need) return { state: 'warming', seen: usable.length, need: this.#need };
    const slot = this.#slotOf(profile);
    const alike = slot < 0 ? [] : usable.filter((window) => window.slot === slot);
    const chosen = alike.length >= ENOUGH_IN_SLOT ? alike : usable.slice(-LATEST);
    const reference = together(chosen.map((window) => window.sample));
    const comparison = compareField(reference, sample);
    if (!comparison) return { state: 'insufficient' };
    const ownP = Math.exp(-this.#tail.surprise(twoSidedNormal(comparison.fieldP)));
    return { state: 'compared', comparison, ownP, reference: spreadOf(reference) };
  }

  /** The earliest end of a window that is not mostly the last one again. */
  #nextAt(profile: Profile): EpochMs {
    const last = this.#latest?.to;
    return last === undefined ? Number.NEGATIVE_INFINITY : last + lengthOf(profile);
  }

  #keep(window: Window): void {
    const windows = [...this.#windows, window];
    const newest = windows.slice(-LATEST);
    const inSlot = (slot: number): readonly Window[] => windows.filter((one) => one.slot === slot).slice(-PER_SLOT);
    this.#windows = windows.filter((one) => newest.includes(one) || (one.slot >= 0 && inSlot(one.slot).includes(one)));
  }

  /** The time of the shortest season that holds at least four such windows; −1 where there is none. */
  #slotOf(profile: Profile): number {
    const length = lengthOf(profile);
    const season = this.#seasons.find((one) => one >= 4 * length);
    if (season === undefined || profile.from <= 0) return -1;
    const slots = Math.min(MOST_SLOTS, Math.floor(season / length));
    const middle = (profile.from + profile.to) / 2;
    return Math.floor((slots * (middle - Math.floor(middle / season) * season)) / season);
  }
}

/** A profile of a whole table has no beginning; looked at once an hour, it shows how the table changes. */
const lengthOf = ({ from, to }: Profile): DurationMs => (from > 0 ? Math.max(1, to - from) : HOUR);
const startOf = ({ from, to }: Profile): EpochMs => (from > 0 ? from : to);

function writeWindow(to: NumberWriter, { from, to: end, slot, sample }: Window): void {
  for (const value of [from, end, slot]) to.number(value);
  writeSample(to, sample);
}

const readWindow = (from: NumberReader): Window => ({
  from: from.number(),
  to: from.number(),
  slot: from.number(),
  sample: readSample(from),
});
