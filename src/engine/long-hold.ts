import { type DurationMs, HOUR } from '../domain/time.ts';

/** What has been held this long, and is alive, is taken for the new normal. */
const RELEARN_AFTER: DurationMs = 36 * HOUR;

/** How long a subject has been held, and what its values looked like meanwhile. */
export interface LongHold {
  /** Time spent held, leaking back at twice the speed. */
  heldFor: DurationMs;
  lowest: number;
  highest: number;
  zeros: number;
  seen: number;
}

export const freshHold = (): LongHold => ({
  heldFor: 0,
  lowest: Number.MAX_VALUE,
  highest: -Number.MAX_VALUE,
  zeros: 0,
  seen: 0,
});

/** Keeps the clock of a long hold. `value` moves while the subject is alive; `undefined` where it cannot be seen. */
export function live(state: LongHold, value: number | undefined, elapsed: DurationMs, held: boolean): void {
  if (!held) {
    state.heldFor = Math.max(0, state.heldFor - 2 * elapsed);
    // Field by field: this is so at nearly every sample.
    if (state.heldFor === 0) {
      state.lowest = Number.MAX_VALUE;
      state.highest = -Number.MAX_VALUE;
      state.zeros = 0;
      state.seen = 0;
    }
    return;
  }
  state.heldFor += elapsed;
  if (value === undefined) return;
  state.seen++;
  if (value === 0) state.zeros++;
  state.lowest = Math.min(state.lowest, value);
  state.highest = Math.max(state.highest, value);
}

/** Long held, seen all the while, and neither zero nor constant: whatever it is, it works like this now. */
export function isTheNewNormal(state: LongHold): boolean {
  if (state.heldFor < RELEARN_AFTER || state.seen < 10) return false;
  const alive = state.zeros < 0.05 * state.seen;
  const moves = state.highest - state.lowest > 1e-6 * Math.max(Math.abs(state.highest), Math.abs(state.lowest));
  return alive && moves;
}
