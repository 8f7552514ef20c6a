import { fnv1a } from '../../stats/fnv1a.ts';
import { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import type { Blame } from './blame.ts';
import type { Fusion } from './fusion.ts';
import type { Settings } from './settings.ts';
import type { Shape } from './shape.ts';

/** Grows with every change of what is written. */
const VERSION = 1;

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

/** Version and settings, what was learned, and a checksum of all before it. */
export function writeState(settings: Settings, { shape, fusion, blame, since, relearning }: State): Uint8Array {
  const to = new NumberWriter();
  to.text(`multivariate ${VERSION} ${JSON.stringify(settings)}`);
  to.number(since);
  to.number(relearning);
  shape.write(to);
  fusion.write(to);
  blame.write(to);
  to.number(fnv1a(to.done()));
  return to.done();
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array, made: () => State): State | undefined {
  if (bytes.length < 8) return undefined;
  const body = bytes.subarray(0, bytes.length - 8);
  if (new NumberReader(bytes.subarray(bytes.length - 8)).number() !== fnv1a(body)) return undefined;
  try {
    const from = new NumberReader(body);
    if (from.text() !== `multivariate ${VERSION} ${JSON.stringify(settings)}`) return undefined;
    const state = made();
    state.since = from.number();
    state.relearning = from.number();
    state.shape.read(from);
    state.fusion.read(from);
    state.blame.read(from);
    return from.atEnd ? state : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
