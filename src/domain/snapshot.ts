import type { ErrorCode } from './error.ts';
import type { LeaseId } from './lease.ts';
import type { Profile } from './profile.ts';
import type { Signal } from './signal.ts';
import type { StageId } from './stage.ts';
import type { EpochMs } from './time.ts';

/** What one probe answered. A signal the probe could not find in a good answer goes to `absent`, never to `values` as 0. */
export interface Reading {
  /** When the values were true at their origin; the time of the probe where the origin does not say. */
  readonly at?: EpochMs;
  readonly values: ReadonlyMap<Signal, number>;
  /** Per-partition parts of a signal, indexed by partition; NaN where a partition gave none. */
  readonly parts?: ReadonlyMap<Signal, Float64Array>;
  readonly profiles?: ReadonlyMap<string, Profile>;
  readonly absent?: readonly Signal[];
  /** Signals that an otherwise good answer leaves open, and why: what is not known is neither absent nor a value. */
  readonly gaps?: readonly Omit<Gap, 'probe'>[];
}

/** Something was asked for and no answer was got. A gap is never a zero, never absent, and never anomalous. */
export interface Gap {
  /** Which configured read failed: its place in the stage's list, and the source's name. */
  readonly probe: string;
  /** The signals the probe would have answered, as far as it can say beforehand. */
  readonly signals: readonly Signal[];
  readonly code: ErrorCode | 'stale';
  readonly message: string;
}

/** All that a stage shows at one tick: the newest answer of each of its probes, and what was asked for and not got. */
export interface Snapshot {
  readonly stage: StageId;
  readonly at: EpochMs;
  /** Finite numbers only. */
  readonly values: ReadonlyMap<Signal, number>;
  readonly parts: ReadonlyMap<Signal, Float64Array>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly absent: ReadonlySet<Signal>;
  readonly gaps: readonly Gap[];
  /** Leases in force on the stage, an ancestor or a descendant when the snapshot was taken: they distort what it shows. */
  readonly held: readonly LeaseId[];
}

/** A snapshot with nothing in it; the start for builders and tests. */
export function emptySnapshot(stage: StageId, at: EpochMs): Snapshot {
  return { stage, at, values: new Map(), parts: new Map(), profiles: new Map(), absent: new Set(), gaps: [], held: [] };
}
