import { headFor, seal, unseal } from '../../stats/sealed.ts';
import type { Blame } from './blame.ts';
import type { Fusion } from './fusion.ts';
import type { Settings } from './settings.ts';
import type { Shape } from './shape.ts';

/** Grows with every change of what is written. */
const VERSION = 6;

/** All that is learned of a stage as a whole. */
export interface State {
  readonly shape: Shape;
  readonly fusion: Fusion;
  readonly blame: Blame;
  /** Snapshots learned since a training was asked for. */
  since: number;
  /** Snapshots to be learned before it speaks again. */
  relearning: number;
}

const headOf = (settings: Settings): string => headFor('multivariate', VERSION, settings);

/** Version and settings, what was learned, and a checksum of all before it. */
export function writeState(settings: Settings, { shape, fusion, blame, since, relearning }: State): Uint8Array {
  return seal(headOf(settings), (to) => {
    to.number(since);
    to.number(relearning);
    shape.write(to);
    // Where there never was a whole nothing else was learned.
    if (shape.names.length === 0) return;
    fusion.write(to);
    blame.write(to);
  });
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array, made: () => State): State | undefined {
  return unseal(bytes, headOf(settings), (from) => {
    const state = made();
    state.since = from.number();
    state.relearning = from.number();
    state.shape.read(from);
    if (state.shape.names.length === 0) return state;
    state.fusion.read(from);
    state.blame.read(from);
    return state;
  });
}
