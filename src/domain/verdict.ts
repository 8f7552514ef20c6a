import type { Exclusion } from './excluded.ts';
import type { Contribution, Score } from './score.ts';
import type { StageId } from './stage.ts';
import type { Subject } from './subject.ts';
import type { EpochMs } from './time.ts';

/** `warning` is worth a ticket, `critical` is worth a page; `unknown` says that nobody can tell. */
export type Severity = 'ok' | 'warning' | 'critical' | 'unknown';

const RANK: Readonly<Record<Severity, number>> = { ok: 0, unknown: 1, warning: 2, critical: 3 };

/** Greater is worse; `unknown` is worse than `ok` and better than anything known to be wrong. */
export const severityRank = (severity: Severity): number => RANK[severity];

/** The judged state of a stage. */
export interface Verdict {
  readonly stage: StageId;
  readonly at: EpochMs;
  readonly state: Severity;
  /** Since when the state is what it is. */
  readonly since: EpochMs;
  /** Subjects at or above their ticket line, or held open, most surprising first. */
  readonly because: readonly Score[];
  /** Each signal's share of the surprise of the stage, greatest first; only where something is wrong. */
  readonly shares?: readonly Contribution[];
  readonly warming: readonly Subject[];
  readonly blind: readonly Subject[];
  /** Ranges in which the verdict falls whose times are not learned: what was learned says nothing there. Left out: none. */
  readonly excluded?: readonly Exclusion[];
}
