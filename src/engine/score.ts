import type { Surprise } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Detector } from '../kit/component.ts';

export interface StageDetectors {
  /** See one signal each. */
  readonly signal: readonly Detector[];
  /** See the stage as a whole, with what the first have said. */
  readonly stage: readonly Detector[];
}

export interface Surprises {
  /** What the `signal` detectors said; the `stage` detectors saw it. */
  readonly first: readonly Surprise[];
  readonly all: readonly Surprise[];
}

/** Asks every detector once, the two passes in order. Changes nothing. */
export function surprisesOf(detectors: StageDetectors, snapshot: Snapshot, now: EpochMs): Surprises {
  const first = detectors.signal.flatMap((detector) => detector.score(snapshot, now, []));
  const second = detectors.stage.flatMap((detector) => detector.score(snapshot, now, first));
  return { first, all: [...first, ...second] };
}
