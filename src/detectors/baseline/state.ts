import type { Signal } from '../../domain/signal.ts';
import { fnv1a } from '../../stats/fnv1a.ts';
import { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import type { Settings } from './settings.ts';
import type { SignalModel } from './signal-model.ts';

/** Grows with every change of what is written. */
const VERSION = 3;

/** The models of a stage as bytes: version, settings, models, and a checksum of all before it. */
export function writeState(settings: Settings, models: ReadonlyMap<Signal, SignalModel>): Uint8Array {
  const to = new NumberWriter();
  to.text(`baseline ${VERSION} ${JSON.stringify(settings)}`);
  to.number(models.size);
  for (const [signal, model] of models) {
    to.text(signal);
    model.write(to);
  }
  const body = to.done();
  const sum = new NumberWriter();
  sum.number(fnv1a(body));
  const out = new Uint8Array(body.length + 8);
  out.set(body);
  out.set(sum.done(), body.length);
  return out;
}

/** `undefined` where the bytes are damaged, of another version, or of other settings. */
export function readState(
  settings: Settings,
  bytes: Uint8Array,
  newModel: (signal: Signal) => SignalModel,
): ReadonlyMap<Signal, SignalModel> | undefined {
  if (bytes.length < 8) return undefined;
  const body = bytes.subarray(0, bytes.length - 8);
  if (new NumberReader(bytes.subarray(bytes.length - 8)).number() !== fnv1a(body)) return undefined;
  try {
    const from = new NumberReader(body);
    if (from.text() !== `baseline ${VERSION} ${JSON.stringify(settings)}`) return undefined;
    const models = new Map<Signal, SignalModel>();
    for (let left = from.number(); left > 0; left--) {
      const signal = from.text();
      const model = newModel(signal);
      model.read(from);
      models.set(signal, model);
    }
    return from.atEnd ? models : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
