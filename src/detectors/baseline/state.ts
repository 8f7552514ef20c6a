import type { Signal } from '../../domain/signal.ts';
import { headFor, seal, unseal } from '../../stats/sealed.ts';
import type { Settings } from './settings.ts';
import type { SignalModel } from './signal-model.ts';

/** Grows with every change of what is written. */
const VERSION = 9;

const headOf = ({ tuning: _, ...settings }: Settings): string => headFor('baseline', VERSION, settings);

/** The models of a stage as bytes: version, settings, models, and a checksum of all before it. */
export function writeState(settings: Settings, models: ReadonlyMap<Signal, SignalModel>): Uint8Array {
  return seal(headOf(settings), (to) => {
    to.number(models.size);
    for (const [signal, model] of models) {
      to.text(signal);
      model.write(to);
    }
  });
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(
  settings: Settings,
  bytes: Uint8Array,
  newModel: (signal: Signal) => SignalModel,
): ReadonlyMap<Signal, SignalModel> | undefined {
  return unseal(bytes, headOf(settings), (from) => {
    const models = new Map<Signal, SignalModel>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const model = newModel(signal);
      model.read(from);
      models.set(signal, model);
    }
    return models;
  });
}
