import type { Signal } from '../../domain/signal.ts';
import { RunningScale } from '../../stats/running-scale.ts';
import { seal, unseal } from '../../stats/sealed.ts';
import { Watch } from './watch.ts';

/** Grows with every change of what is written. */
const VERSION = 1;

/** What shapes the state: a saved one of other settings is refused. */
export interface Settings {
  readonly warmup: number;
  /** In samples. */
  readonly memory: number;
}

/** One signal: its watch, and a scale of its own for where no detector says what would be expected. */
export interface Watched {
  readonly watch: Watch;
  readonly scale: RunningScale;
}

export const newWatched = ({ memory }: Settings): Watched => ({ watch: new Watch(memory), scale: new RunningScale() });

const headOf = (settings: Settings): string => `change-point ${VERSION} ${JSON.stringify(settings)}`;

/** Version and settings, what is watched, and a checksum of all before it. */
export function writeState(settings: Settings, watched: ReadonlyMap<Signal, Watched>): Uint8Array {
  return seal(headOf(settings), (to) => {
    to.number(watched.size);
    for (const [signal, { watch, scale }] of watched) {
      to.text(signal);
      watch.write(to);
      scale.write(to);
    }
  });
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array): Map<Signal, Watched> | undefined {
  return unseal(bytes, headOf(settings), (from) => {
    const watched = new Map<Signal, Watched>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const one = newWatched(settings);
      one.watch.read(from);
      one.scale.read(from);
      watched.set(signal, one);
    }
    return watched;
  });
}
