import type { Drift } from './drift.ts';
import type { Subject } from './subject.ts';
import type { DurationMs, EpochMs } from './time.ts';
import type { Severity } from './verdict.ts';

/** One signal's share in a surprise; shares of one score add up to 1. */
export interface Contribution {
  readonly signal: string;
  readonly share: number;
  /** What the signal shows, and what would have been normal, where a reason names several signals. */
  readonly observed?: number;
  readonly expected?: Expected;
}

/**
 * One of several tests a detector has put to the same sample, by name. `surprise` is -ln p of that test alone: never negative,
 * comparable between votes, and on no account to be added up. Shown to people; nothing is judged by it.
 */
export interface Vote {
  readonly vote: string;
  readonly surprise: number;
}

/** What would have been normal at this moment, in the unit of the signal. `lower <= centre <= upper`. */
export interface Expected {
  readonly lower: number;
  readonly centre: number;
  readonly upper: number;
  /** True where the band is that of this time of the day or week, and not of all times. */
  readonly seasonal?: boolean;
}

/** When a limit that still holds will be broken at the present course, from now. Without `latest` it may never be. */
export interface Reach {
  readonly likely: DurationMs;
  readonly soonest: DurationMs;
  readonly latest?: DurationMs;
}

/** Which rule a limit holds: a bound, the age of data, a signal that went away, a signal that fell to zero, a ratio. */
export type LimitRule = 'above' | 'below' | 'absent' | 'zero';

/**
 * What a detector says of one subject before anybody drew a line:
 * - `warming`: it is still learning; `seen` of `need` samples.
 * - `blind`: it cannot see; `missing` names what it would need.
 * - `ready`: `pValue` in (0, 1] is the probability of something as strange, per sample, under the subject's own past.
 * - `limit`: a configured limit; it has no p-value. Broken, or (`reach`) sure enough to be broken before long.
 */
export type Surprise = { readonly subject: Subject; readonly detector: string } & (
  | { readonly state: 'warming'; readonly seen: number; readonly need: number }
  | { readonly state: 'blind'; readonly missing: readonly string[] }
  | {
      readonly state: 'ready';
      readonly pValue: number;
      /** The same for what is still there of an open episode; it closes one, and opens none. Where left out, `pValue` does. */
      readonly standing?: number;
      /** How strange this sample is by all votes together, or what is left of the last ones, in nats; it orders samples. Where left out, −ln `pValue` does. */
      readonly surprise?: number;
      readonly because: readonly Contribution[];
      /** The tests behind the p-value, where there was more than one; most surprising first. */
      readonly votes?: readonly Vote[];
      /** Of all signals together, once enough is known of them: no signal of the stage pages while the whole is usual. */
      readonly whole?: true;
      readonly observed?: number;
      readonly expected?: Expected;
      /** Of a profile: what it was compared with. */
      readonly drift?: Drift;
    }
  | {
      readonly state: 'limit';
      readonly rule: LimitRule;
      readonly severity: Exclude<Severity, 'ok' | 'unknown'>;
      readonly broken: boolean;
      /** A limit broken for less than this does not count yet. */
      readonly patience: DurationMs;
      readonly observed?: number;
      readonly limit: number;
      /** Only where it is not broken. */
      readonly reach?: Reach;
    }
);

/**
 * A surprise measured against the subject's line. `value` is 0 … 1000 and dimensionless: 1 is the page line. For `ready` it is
 * ln p / ln p_page; a broken limit of severity critical is 1 or more, of severity warning at least the ticket line.
 */
export type Score = Surprise & {
  readonly value: number;
  readonly ticketLine: number;
  /** The detector has overspent on this subject: what it finds is worth a ticket, however high the value. */
  readonly demoted?: Demotion;
};

/** Why a detector may not page for a subject: so many pages in so many weeks, where `accepted` were. */
export interface Demotion {
  readonly since: EpochMs;
  readonly pages: number;
  readonly accepted: number;
  readonly weeks: number;
}
