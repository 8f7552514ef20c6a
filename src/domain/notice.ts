import type { Incident, IncidentChange, IncidentId } from './incident.ts';
import type { Lease, LeaseId } from './lease.ts';
import type { StageId } from './stage.ts';
import type { EpochMs } from './time.ts';

/** The four lines every reader of Headgate gets, whatever the medium. */
export interface Story {
  /** "enrich is 5 min behind and recovering" */
  readonly headline: string;
  /** What, how far from expected, since when, and why this is the root. */
  readonly wrong: string;
  /** The other stages that feel it; empty where none does. */
  readonly also: string;
  /** What Headgate did about it, or why it did nothing. */
  readonly done: string;
  /** What happens by itself from here, and when. */
  readonly next: string;
}

/** One of several notices that were told together. */
export interface Collapsed {
  readonly incident: IncidentId;
  readonly root: StageId;
  readonly change: Notice['change'];
  readonly severity: Notice['severity'];
  readonly at: EpochMs;
  readonly headline: string;
}

/** One message owed to a person or a program. `key` is stable over retries: the receiver's idempotency key. */
export interface Notice {
  readonly key: string;
  readonly at: EpochMs;
  /** `digest`: several notices in one, those of `collapsed`; `incident` is then the worst of them. */
  readonly change: IncidentChange['kind'] | 'action' | 'test' | 'digest';
  readonly severity: 'critical' | 'warning' | 'info';
  readonly incident: Incident;
  readonly leases: readonly Lease[];
  readonly story: Story;
  /** What the pipeline has spent of its pages in the last seven days, this incident included. */
  readonly budget?: { readonly pagesUsed: number; readonly pagesPerWeek: number };
  /** The lease that an `action` is about; one of `leases`. */
  readonly lease?: LeaseId;
  /** The end of an incident whose opening this receiver was never told of: it fired and recovered before it could be. */
  readonly missedOpening?: boolean;
  /**
   * What a digest tells of, worst first; `count` also counts what the list had no room for. With `instead` it stands in the place
   * of those notices: they were never sent by themselves.
   */
  readonly collapsed?: { readonly count: number; readonly notices: readonly Collapsed[]; readonly instead?: boolean };
}
