import type { Cause } from './cause.ts';
import type { Contribution, Demotion, Vote } from './score.ts';
import type { StageId } from './stage.ts';
import type { Subject } from './subject.ts';
import type { EpochMs } from './time.ts';
import type { Severity, Verdict } from './verdict.ts';

export type IncidentId = string;

export type IncidentState = 'open' | 'recovering' | 'resolved';

/** Why an incident ended. `accepted`: what was strange is the new normal, by hand or after a long stated hold. */
export type Resolution = 'recovered' | 'accepted' | 'unwatched';

/** One fact behind an incident, in the words a person reads and the numbers a program does. */
export interface Evidence {
  readonly subject: Subject;
  readonly detector: string;
  readonly score: number;
  readonly observed?: number;
  readonly lower?: number;
  readonly upper?: number;
  readonly limit?: number;
  /** The band is that of this time of the day or week. */
  readonly seasonal?: boolean;
  /** How likely the like is by chance, per sample, under the subject's own past; a limit has none. */
  readonly pValue?: number;
  /** The limit is not broken yet: when it will be. Without `latest` it may never be. */
  readonly reach?: { readonly likely: EpochMs; readonly soonest: EpochMs; readonly latest?: EpochMs };
  /** The signal's share of all that was surprising about the stage, 0 … 1. */
  readonly share?: number;
  /** Where it is of several signals: the part of each, most surprising first. */
  readonly parts?: readonly Contribution[];
  /** The tests behind it, most surprising first. */
  readonly votes?: readonly Vote[];
  /** Worth a page by its score, but the detector may only open tickets. */
  readonly demoted?: Demotion;
  readonly text: string;
}

export interface Note {
  readonly at: EpochMs;
  readonly by: string;
  readonly text: string;
}

/** Verdicts joined along the DAG: one story with one root. */
export interface Incident {
  readonly id: IncidentId;
  readonly pipeline: string;
  readonly root: StageId;
  /** Every stage that was not ok while the incident was open, root included, in the order they joined. */
  readonly affected: readonly StageId[];
  /** The worst severity reached. */
  readonly severity: Exclude<Severity, 'ok' | 'unknown'>;
  readonly cause: Cause;
  /** What is left of the trouble where the cause itself is over. */
  readonly remains?: Cause;
  readonly state: IncidentState;
  readonly openedAt: EpochMs;
  readonly recoveringAt?: EpochMs;
  readonly resolvedAt?: EpochMs;
  readonly resolution?: Resolution;
  readonly because: readonly Evidence[];
  /** Set where a stage above the root gives no answer: the true root may be there. */
  readonly unknownAbove?: StageId;
  /** The root moves upstream once at most. */
  readonly rootMoved: boolean;
  readonly acknowledgedBy?: string;
  readonly mutedUntil?: EpochMs;
  readonly label?: 'real' | 'not-an-anomaly';
  readonly notes: readonly Note[];
}

/** What happened to an incident in one step; the closed set behind notices and events. */
export type IncidentChange =
  | { readonly kind: 'opened' }
  | { readonly kind: 'severity-raised' }
  | { readonly kind: 'root-moved'; readonly from: StageId }
  | { readonly kind: 'affected'; readonly stages: readonly StageId[] }
  | { readonly kind: 'cause-named'; readonly from: Cause }
  | { readonly kind: 'recovering' }
  | { readonly kind: 'relapsed' }
  | { readonly kind: 'resolved'; readonly resolution: Resolution }
  | { readonly kind: 'acknowledged' | 'muted' | 'labelled' | 'noted' };

/** Counts against the budget: opened since then with that severity, and nobody has called it real. */
export const spends = (
  incident: Pick<Incident, 'severity' | 'openedAt' | 'label'>,
  severity: Incident['severity'],
  since: EpochMs,
) => incident.severity === severity && incident.openedAt > since && incident.label !== 'real';

/** Worse than ok, and known to be. */
export const isTrouble = (verdict: Verdict): boolean => verdict.state === 'warning' || verdict.state === 'critical';
