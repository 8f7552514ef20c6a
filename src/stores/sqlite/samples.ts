import type { SampleQuery, SampleRow, Store } from '../../domain/ports.ts';
import { type Bucket, cover, keptSample, type Part, seriesBuilder, type Tier, tickOf } from '../../domain/rollup.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Dictionary } from './dictionary.ts';
import type { Rollups } from './rollups.ts';
import { isOver, pause } from './slice.ts';
import type { StoreFile } from './store-file.ts';
import type { StageKey, Ticks } from './ticks.ts';

/** The parts of the file that hold samples. */
export interface SampleTables {
  readonly dictionary: Dictionary;
  readonly ticks: Ticks;
  readonly rollups: Rollups;
}

type Samples = Pick<Store, 'appendSamples' | 'series' | 'samplesSince'>;

/** Samples in and out. Each slice of an append is a transaction of its own: after a failure the same rows may be given again. */
export function samples(file: StoreFile, tables: SampleTables): Samples {
  const { dictionary, ticks, rollups } = tables;

  return {
    appendSamples: (rows) =>
      file.write('write samples', async () => {
        for (let next = 0; next < rows.length; ) {
          next = inTransaction(file, tables, () => {
            let at = next;
            do putSample(tables, rows[at++] as SampleRow);
            while (at < rows.length && !isOver());
            return at;
          });
          if (next < rows.length) await pause();
        }
      }),

    series: (query) =>
      file.read('read series', async () => {
        const builder = seriesBuilder(query.step);
        const stage = keyOf(query.stage);
        if (!stage) return builder.done();
        const beginOf = (tier: Tier): EpochMs | undefined =>
          tier === 'raw' ? ticks.begin(stage.id) : rollups.begin(tier, stage.id);
        for (const part of cover(bounded(query), beginOf)) {
          for (const page of bucketPages(part, stage)) {
            for (const bucket of page) builder.add(bucket);
            if (isOver()) await pause();
          }
        }
        return builder.done();
      }),

    samplesSince: (name, from) =>
      file.read('read samples', async () => {
        const found: SampleRow[] = [];
        const stage = keyOf(name);
        if (!stage) return found;
        for (const page of ticks.pages(stage, Math.max(from, -LAST_AT), LAST_AT)) {
          found.push(...page);
          if (isOver()) await pause();
        }
        return found;
      }),
  };

  function keyOf(name: SampleRow['stage']): StageKey | undefined {
    const id = dictionary.findStage(name);
    return id === undefined ? undefined : { id, name };
  }

  function* bucketPages({ tier, from, to }: Part, stage: StageKey): Generator<readonly Bucket[]> {
    if (tier !== 'raw') yield* rollups.pages(tier, stage, from, to);
    else for (const page of ticks.pages(stage, from, to)) yield page.map(tickOf);
  }
}

function putSample({ dictionary, ticks, rollups }: SampleTables, row: SampleRow): void {
  const kept = keptSample(row);
  const stage = dictionary.stage(kept.stage);
  ticks.put(stage, kept);
  rollups.mark(stage, kept.at);
}

/** A transaction on the samples; what the tables remember of it is forgotten where it is undone. */
export function inTransaction<T>(file: StoreFile, { dictionary, rollups }: SampleTables, body: () => T): T {
  try {
    return file.main.transaction(body);
  } catch (thrown) {
    dictionary.forget();
    rollups.forget();
    throw thrown;
  }
}

/** The last moment a JavaScript `Date` knows; a query may ask from the beginning to the end of time. */
const LAST_AT = 8.64e15;

const bounded = (query: SampleQuery): SampleQuery => ({
  ...query,
  from: Math.max(query.from, -LAST_AT),
  to: Math.min(query.to, LAST_AT),
});
