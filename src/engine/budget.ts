import { type DurationMs, WEEK } from '../domain/time.ts';

/** Tail probabilities 10^(-k/4): fine enough that neighbouring lines differ by a factor of 1.8 in alarms. */
const LEVELS = 64;
const LEVEL_LN = Float64Array.from({ length: LEVELS }, (_, k) => (-k / 4) * Math.LN10);

/** An episode closes after this many samples in a row under the close line. */
export const CLOSE_SAMPLES = 5;
/** The close line as a share of the open line, on the scale of ln p. */
export const CLOSE_SHARE = 0.5;

/**
 * What one opening costs of the budget. An episode that goes on is another one to who is disturbed by it, so lines are drawn for so
 * many times fewer openings. Of 1, 1.5 and 2 the clean series of `npm run bench -- faults --kinds clean` came to 2.3, 1.45 and 1.23
 * episodes a week at one that was budgeted; at 2 the onsets of NAB suffered (55 of 61).
 */
export const COUNTS_AS = 1.5;

/** Weeks of own past after which the prior has no say. */
const PRIOR_WEEKS = 4;
/**
 * Samples that one false episode holds together. At one sample a minute a stated p of 1e-4 gave 0.55 episodes a week where
 * independent samples would give 1.0 (twelve synthetic weeks, 8 seeds).
 */
const PRIOR_CLUSTER = 2;

/** A line is never looser than this: one sample in a hundred. */
const LOOSEST_LN = Math.log(1e-2);

export interface EpisodeLine {
  /** Counts one sample into every level's open/close rule. `pValue` in (0, 1]; `elapsed` since the sample before. */
  count(pValue: number, elapsed: DurationMs): void;
  /** ln of the p at which `perWeek` episodes a week would have been opened on the past; always below 0. */
  lnLine(perWeek: number): number;
  save(): Float64Array;
  restore(state: Float64Array): boolean;
}

/**
 * Remembers, for a ladder of lines, how many episodes the judge's own open/close rule would have opened had the line been
 * there. From it follows the line that keeps a budget in episodes, whatever the grain or the tail of the subject.
 * Until four weeks are seen a prior by grain speaks for the time that is missing. State: 64 levels, about 0.8 KiB.
 *
 * @param grain time between two samples, ms
 */
export function episodeLine(grain: DurationMs): EpisodeLine {
  const episodes = new Float64Array(LEVELS);
  // 0: closed; n > 0: open, and n - 1 samples in a row under the close line.
  const open = new Uint8Array(LEVELS);
  let weeks = 0;
  const priorPerWeek = (k: number) => (Math.exp(LEVEL_LN[k] as number) * WEEK) / Math.max(grain, 1) / PRIOR_CLUSTER;

  return {
    count(pValue, elapsed) {
      const ln = Math.log(pValue);
      weeks += Math.min(elapsed, 3 * grain) / WEEK;
      for (let k = 1; k < LEVELS; k++) {
        const line = LEVEL_LN[k] as number;
        const state = open[k] as number;
        if (ln <= line) {
          if (state === 0) episodes[k] = (episodes[k] as number) + 1;
          open[k] = 1;
        } else if (state > 0) {
          open[k] = ln > CLOSE_SHARE * line ? (state >= CLOSE_SAMPLES ? 0 : state + 1) : 1;
        }
      }
    },

    lnLine(perWeek) {
      const missing = Math.max(0, PRIOR_WEEKS - weeks);
      const over = Math.max(PRIOR_WEEKS, weeks);
      // From the strict end: a very loose line opens once and never closes, which looks like few episodes and is none the better.
      let k = LEVELS - 1;
      while (k > 1 && rateAt(k - 1) <= perWeek) k--;
      const line = k > 1 ? between(k, rateAt(k), perWeek) : (LEVEL_LN[1] as number);
      return Math.min(LOOSEST_LN, line);

      function rateAt(level: number): number {
        return (priorPerWeek(level) * missing + (episodes[level] as number)) / over;
      }

      // Between two rungs the rate is taken as log-linear, so that a small change of budget is a small change of line.
      function between(k: number, rate: number, wanted: number): number {
        const above = rateAt(k - 1);
        const here = LEVEL_LN[k] as number;
        if (!(above > rate) || rate <= 0) return here;
        const share = Math.log(wanted / rate) / Math.log(above / rate);
        return here + Math.min(1, Math.max(0, share)) * ((LEVEL_LN[k - 1] as number) - here);
      }
    },

    save: () => Float64Array.from([weeks, ...episodes, ...open]),
    restore(state) {
      if (state.length !== 1 + 2 * LEVELS) return false;
      weeks = state[0] as number;
      episodes.set(state.subarray(1, 1 + LEVELS));
      open.set(state.subarray(1 + LEVELS));
      return true;
    },
  };
}
