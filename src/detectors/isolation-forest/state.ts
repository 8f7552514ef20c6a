import type { Signal } from '../../domain/signal.ts';
import type { FadingSample } from '../../stats/fading-sample.ts';
import { RunningScale } from '../../stats/running-scale.ts';
import { seal, unseal } from '../../stats/sealed.ts';
import type { Model } from './model.ts';
import type { Settings } from './settings.ts';

/** Grows with every change of what is written. */
const VERSION = 3;

/** All that a forest detector has learned. */
export interface State {
  scales: Map<Signal, RunningScale>;
  reservoir: FadingSample;
  model: Model;
  since: number;
}

const headOf = (settings: Settings): string => `isolation-forest ${VERSION} ${JSON.stringify(settings)}`;

/** Version and settings, what was learned, and a checksum of all before it. */
export function writeState(settings: Settings, { scales, reservoir, model, since }: State): Uint8Array {
  return seal(headOf(settings), (to) => {
    to.number(since);
    to.number(scales.size);
    for (const signal of [...scales.keys()].sort()) {
      to.text(signal);
      scales.get(signal)?.write(to);
    }
    reservoir.write(to);
    model.write(to);
  });
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array, made: () => State): State | undefined {
  return unseal(bytes, headOf(settings), (from) => {
    const state = made();
    state.since = from.number();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const scale = new RunningScale();
      scale.read(from);
      state.scales.set(signal, scale);
    }
    state.reservoir.read(from);
    state.model.read(from);
    return state;
  });
}
