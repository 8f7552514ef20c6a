import type { Relearning, RelearnReason } from '../domain/relearning.ts';
import type { Surprise } from '../domain/score.ts';
import { isSealed } from '../stats/sealed.ts';
import type { StageDetector } from './stage.ts';

/** What was saved of one detector. */
export interface SavedState {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Which detectors of a stage learn again what they knew before, and why: until none of their subjects is warming any more. */
export interface Recollection {
  readonly relearning: readonly Relearning[];
  /** Hands each detector what was saved of it. One that refuses it starts anew; the others keep what they know. Answers with those that did. */
  restore(saved: readonly SavedState[], before: readonly Relearning[]): ReadonlySet<string>;
  /** Nothing that was saved is taken. */
  refuse(why: RelearnReason): void;
  /** Looks whether they have learned; not to be asked of a snapshot with gaps, where nobody can tell. */
  note(surprises: readonly Surprise[]): void;
}

export function createRecollection(made: readonly StageDetector[]): Recollection {
  const reasons = new Map<string, RelearnReason>();
  return {
    get relearning() {
      return [...reasons].map(([detector, why]) => ({ detector, why }));
    },
    restore(saved, before) {
      reasons.clear();
      const refused = new Set<string>();
      for (const { detector, why } of before) reasons.set(detector, why);
      for (const { type, detector } of made) {
        const bytes = saved.find((one) => one.type === type)?.bytes;
        if (!bytes || detector.restore(bytes)) continue;
        refused.add(type);
        reasons.set(type, isSealed(bytes) ? 'update' : 'damaged');
      }
      return refused;
    },
    refuse(why) {
      reasons.clear();
      // Who learns seals what it knows; of the others nothing is lost.
      for (const { type, detector } of made) if (isSealed(detector.save())) reasons.set(type, why);
    },
    note(surprises) {
      if (reasons.size === 0) return;
      const young = new Set(surprises.filter(({ state }) => state === 'warming').map(({ detector }) => detector));
      for (const detector of [...reasons.keys()]) if (!young.has(detector)) reasons.delete(detector);
    },
  };
}
