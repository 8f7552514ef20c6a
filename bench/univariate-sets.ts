import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DAY, type EpochMs, MINUTE, WEEK } from '../src/domain/time.ts';
import { FAULT_KINDS, inject, lengthOfFault } from '../src/plant/faults.ts';
import { seededRandom } from '../src/stats/random.ts';

/** One signal with the samples labelled in which something was wrong; NAB has windows instead. */
export interface Labelled {
  readonly name: string;
  readonly at: readonly EpochMs[];
  readonly values: ArrayLike<number>;
  readonly label: Uint8Array;
  /** As the harness reads it. */
  readonly loaded?: unknown;
}

/** A series of the harness, as its loaders give it. */
interface Loaded {
  readonly name: string;
  readonly dims: number;
  readonly train: readonly ArrayLike<number>[];
  readonly test: readonly ArrayLike<number>[];
  readonly ts: readonly EpochMs[];
  readonly label?: Uint8Array;
  readonly causes?: readonly { from: number; to: number; columns: readonly number[] }[];
}

/** Series of a set by its name: `nab`, `mscloud`; `smd`, `asd` for their channels one by one; `injected` is made here. */
export async function labelled(set: string, harness: string, data: string, seeds: number): Promise<Labelled[]> {
  if (set === 'injected') return Array.from({ length: seeds }, (_, seed) => injected(seed + 1)).flat();
  const folder = join(data, set);
  if (!existsSync(folder)) throw new Error(`${data} has no set "${set}"`);
  const { loadSet } = (await import(pathToFileURL(join(harness, 'loaders.mjs')).href)) as {
    loadSet(set: string, dir: string): Loaded[];
  };
  const loaded = loadSet(set, folder);
  return loaded.flatMap((one) => (one.dims === 1 ? [asOne(one)] : channelsOf(one)));
}

const asOne = (one: Loaded): Labelled => ({
  name: one.name,
  at: one.ts,
  values: Float64Array.from(one.test, (row) => row[0] as number),
  label: one.label ?? new Uint8Array(one.test.length),
  loaded: one,
});

/** Channels that are a cause of some event, each with the events it is a cause of; the training part comes before them, unlabelled. */
function channelsOf({ name, dims, train, test, ts, causes }: Loaded): Labelled[] {
  const start = (ts[0] as number) - train.length * MINUTE;
  const at = [...train, ...test].map((_, index) => start + index * MINUTE);
  return Array.from({ length: dims }, (_, column): Labelled => {
    const label = new Uint8Array(at.length);
    for (const { from, to, columns } of causes ?? [])
      if (columns.includes(column)) label.fill(1, train.length + from, train.length + to + 1);
    const values = Float64Array.from([...train, ...test], (row) => row[column] as number);
    return { name: `${name}/${column}`, at, values, label };
  }).filter(({ label }) => label.some(Boolean));
}

const EVERY = 5 * MINUTE;
const START = Date.UTC(2026, 0, 5);

/**
 * Five weeks at a sample in five minutes for each kind of fault: seasons that multiply, noise that lasts, some of it heavy-tailed;
 * from the fourth week on the fault comes three times.
 */
function injected(seed: number): Labelled[] {
  return FAULT_KINDS.map((kind, index) => {
    const random = seededRandom(100 * seed + index);
    const at = Array.from({ length: (5 * WEEK) / EVERY }, (_, k) => START + k * EVERY);
    const values = world(random, at);
    const label = new Uint8Array(at.length);
    const length = Math.max(EVERY, lengthOfFault(kind, 8 * 60 * MINUTE) / (kind === 'leak' ? 3 : 1));
    for (let time = 0; time < 3; time++) {
      const from = Math.floor((3 * WEEK + (4 * time + 0.2 + 2 * random()) * DAY) / EVERY);
      const to = from + Math.round(length / EVERY);
      const changed = inject(kind, 'both', { at, values }, { from, to });
      if (!changed) continue;
      values.set(changed, from);
      label.fill(1, from, to);
    }
    return { name: `${kind} ${seed}`, at, values, label };
  });
}

function world(random: () => number, at: readonly EpochMs[]): Float64Array {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const [level, swing, weekend, sigma] = [
    10 ** (3 * random()),
    0.7 * random(),
    0.5 + 0.5 * random(),
    0.03 + 0.07 * random(),
  ];
  const heavy = random() < 0.3 ? 0.05 : 0;
  const stay = Math.exp(-EVERY / (30 * MINUTE));
  let drift = 0;
  return Float64Array.from(at, (time) => {
    drift = stay * drift + Math.sqrt(1 - stay * stay) * normal();
    const day = 1 + swing * Math.sin((2 * Math.PI * (time % DAY)) / DAY);
    const busy = new Date(time).getUTCDay() % 6 === 0 ? weekend : 1;
    return level * day * busy * Math.exp(sigma * drift) * (1 + heavy * ((1 - random()) ** -0.4 - 1));
  });
}
