import { type DurationMs, HOUR, WEEK } from '../domain/time.ts';

/** Tail probabilities 10^(-k/4): fine enough that neighbouring lines differ by a factor of 1.8 in alarms. */
const LEVELS = 64;
const LEVEL_LN = Float64Array.from({ length: LEVELS }, (_, k) => (-k / 4) * Math.LN10);

/** An episode closes after this many samples in a row under the close line … */
export const CLOSE_SAMPLES = 5;
/** … or after as many as come in two hours, and at least two: at a sample an hour five would leave it standing for half a day. */
const CLOSES_WITHIN: DurationMs = 2 * HOUR;
/** The close line as a share of the open line, on the scale of ln p. */
export const CLOSE_SHARE = 0.5;

/**
 * What one opening costs of the budget. An episode that goes on is another one to who is disturbed by it, so lines are drawn for so
 * many times fewer openings. Of 1, 1.5 and 2 the clean series of `npm run bench -- faults --kinds clean` came to 2.3, 1.45 and 1.23
 * episodes a week at one that was budgeted; at 2 the onsets of NAB suffered (55 of 61).
 */
const COUNTS_AS = 1.5;
/** Beyond that an episode that goes on costs once for each hour, so a coarse grain costs as many more as it takes to close one. */
const COUNTS_AGAIN: DurationMs = HOUR;

/** Weeks of own past after which the prior has no say. */
const PRIOR_WEEKS = 4;
/**
 * Samples that one false episode holds together, for each of those that it takes to open and close one. At one sample a minute, where
 * six do, a stated p of 1e-4 gave 0.55 episodes a week where independent samples would give 1.0 (twelve synthetic weeks, 8 seeds): two.
 * At one an hour, where three do, there is little that holds samples together: one.
 */
const PRIOR_CLUSTER = 1 / 3;

/** A line is never looser than this: one sample in a hundred. */
const LOOSEST_LN = Math.log(1e-2);

export class EpisodeLine {
  readonly #grain: DurationMs;
  /** Episodes of each level, and behind them how it stands: 0 is closed; n > 0 open, and n - 1 samples in a row under the close line. */
  readonly #levels = new Float32Array(2 * LEVELS);
  #weeks = 0;

  /** Samples in a row under the close line after which an episode closes. */
  readonly closesAfter: number;
  /** What one opening costs of the budget, in episodes. */
  readonly countsAs: number;

  /** @param grain time between two samples, ms */
  constructor(grain: DurationMs) {
    this.#grain = grain;
    this.closesAfter = Math.min(CLOSE_SAMPLES, Math.max(2, Math.floor(CLOSES_WITHIN / Math.max(grain, 1))));
    this.countsAs = Math.max(COUNTS_AS, 1 + Math.min(CLOSES_WITHIN, this.closesAfter * grain) / COUNTS_AGAIN);
  }

  /** Counts one sample into every level's open/close rule. `pValue` in (0, 1]; `elapsed` since the sample before. */
  count(pValue: number, elapsed: DurationMs): void {
    const levels = this.#levels;
    const ln = Math.log(pValue);
    this.#weeks += Math.min(elapsed, 3 * this.#grain) / WEEK;
    for (let k = 1; k < LEVELS; k++) {
      const line = LEVEL_LN[k] as number;
      const state = levels[LEVELS + k] as number;
      if (ln <= line) {
        if (state === 0) levels[k] = (levels[k] as number) + 1;
        levels[LEVELS + k] = 1;
      } else if (state > 0) {
        levels[LEVELS + k] = ln > CLOSE_SHARE * line ? (state >= this.closesAfter ? 0 : state + 1) : 1;
      }
    }
  }

  /** ln of the p at which `perWeek` episodes a week would have been opened on the past; always below 0. */
  lnLine(perWeek: number): number {
    // From the strict end: a very loose line opens once and never closes, which looks like few episodes and is none the better.
    let k = LEVELS - 1;
    while (k > 1 && this.#rateAt(k - 1) <= perWeek) k--;
    return Math.min(LOOSEST_LN, k > 1 ? this.#between(k, perWeek) : (LEVEL_LN[1] as number));
  }

  save(): Float64Array {
    return Float64Array.from([this.#weeks, ...this.#levels]);
  }

  restore(state: Float64Array): boolean {
    if (state.length !== 1 + 2 * LEVELS) return false;
    this.#weeks = state[0] as number;
    this.#levels.set(state.subarray(1));
    return true;
  }

  #rateAt(level: number): number {
    const missing = Math.max(0, PRIOR_WEEKS - this.#weeks);
    const samples = WEEK / Math.max(this.#grain, 1);
    const prior = (Math.exp(LEVEL_LN[level] as number) * samples) / (PRIOR_CLUSTER * (1 + this.closesAfter));
    return (prior * missing + (this.#levels[level] as number)) / Math.max(PRIOR_WEEKS, this.#weeks);
  }

  /** Between two rungs the rate is taken as log-linear, so that a small change of budget is a small change of line. */
  #between(k: number, wanted: number): number {
    const rate = this.#rateAt(k);
    const above = this.#rateAt(k - 1);
    const here = LEVEL_LN[k] as number;
    if (!(above > rate) || rate <= 0) return here;
    const share = Math.log(wanted / rate) / Math.log(above / rate);
    return here + Math.min(1, Math.max(0, share)) * ((LEVEL_LN[k - 1] as number) - here);
  }
}
