import type { Signal } from './signal.ts';
import type { StageId } from './stage.ts';
import type { EpochMs } from './time.ts';

/** A stretch of the past in which somebody knows that something was wrong. A point in time has `to` equal to `from`. */
export interface Label {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Where; left out: somewhere. */
  readonly stage?: StageId;
  readonly signal?: Signal;
  /** What people call it. */
  readonly name?: string;
}
