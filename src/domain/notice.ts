import type { Incident, IncidentChange } from './incident.ts';
import type { Lease } from './lease.ts';
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

/** One message owed to a person or a program. `key` is stable over retries: the receiver's idempotency key. */
export interface Notice {
  readonly key: string;
  readonly at: EpochMs;
  readonly change: IncidentChange['kind'] | 'action' | 'test';
  readonly severity: 'critical' | 'warning' | 'info';
  readonly incident: Incident;
  readonly leases: readonly Lease[];
  readonly story: Story;
}
