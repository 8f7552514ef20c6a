import type { Signal } from '../../domain/signal.ts';
import { fnv1a } from '../../stats/fnv1a.ts';
import { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { RunningScale } from '../../stats/running-scale.ts';
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
  const to = new NumberWriter();
  to.text(headOf(settings));
  to.number(watched.size);
  for (const [signal, { watch, scale }] of watched) {
    to.text(signal);
    watch.write(to);
    scale.write(to);
  }
  to.number(fnv1a(to.done()));
  return to.done();
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array): Map<Signal, Watched> | undefined {
  if (bytes.length < 8) return undefined;
  const body = bytes.subarray(0, bytes.length - 8);
  if (new NumberReader(bytes.subarray(bytes.length - 8)).number() !== fnv1a(body)) return undefined;
  try {
    const from = new NumberReader(body);
    if (from.text() !== headOf(settings)) return undefined;
    const watched = new Map<Signal, Watched>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const one = newWatched(settings);
      one.watch.read(from);
      one.scale.read(from);
      watched.set(signal, one);
    }
    return from.atEnd ? watched : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
