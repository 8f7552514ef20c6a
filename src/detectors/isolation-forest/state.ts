import type { Signal } from '../../domain/signal.ts';
import type { FadingSample } from '../../stats/fading-sample.ts';
import { fnv1a } from '../../stats/fnv1a.ts';
import { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { RunningScale } from '../../stats/running-scale.ts';
import type { Model } from './model.ts';
import type { Settings } from './settings.ts';

/** Grows with every change of what is written. */
const VERSION = 1;

/** All that a forest detector has learned. */
export interface State {
  scales: Map<Signal, RunningScale>;
  reservoir: FadingSample;
  model: Model;
  since: number;
}

/** Version and settings, what was learned, and a checksum of all before it. */
export function writeState(settings: Settings, { scales, reservoir, model, since }: State): Uint8Array {
  const to = new NumberWriter();
  to.text(`isolation-forest ${VERSION} ${JSON.stringify(settings)}`);
  to.number(since);
  to.number(scales.size);
  for (const signal of [...scales.keys()].sort()) {
    to.text(signal);
    scales.get(signal)?.write(to);
  }
  reservoir.write(to);
  model.write(to);
  const body = to.done();
  to.number(fnv1a(body));
  return to.done();
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(settings: Settings, bytes: Uint8Array, made: () => State): State | undefined {
  if (bytes.length < 8) return undefined;
  const body = bytes.subarray(0, bytes.length - 8);
  if (new NumberReader(bytes.subarray(bytes.length - 8)).number() !== fnv1a(body)) return undefined;
  try {
    const from = new NumberReader(body);
    if (from.text() !== `isolation-forest ${VERSION} ${JSON.stringify(settings)}`) return undefined;
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
    return from.atEnd ? state : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
