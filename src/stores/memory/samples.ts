import type { Retention, SampleQuery, SampleRow } from '../../domain/ports.ts';
import {
  type Bucket,
  bucketStart,
  cover,
  keptSample,
  type Part,
  richer,
  rollup,
  seriesBuilder,
  type Tier,
  tickOf,
  WIDTH,
} from '../../domain/rollup.ts';
import type { StageId } from '../../domain/stage.ts';
import { type EpochMs, MINUTE } from '../../domain/time.ts';
import type { Series } from '../../domain/views.ts';

type Rolled = Exclude<Tier, 'raw'>;

/** The samples of one stage; `pending` buckets have new samples since they were last rolled up. */
interface StageSamples {
  readonly ticks: Map<EpochMs, SampleRow>;
  readonly buckets: Readonly<Record<Rolled, Map<EpochMs, Bucket>>>;
  readonly pending: Readonly<Record<Rolled, Set<EpochMs>>>;
}

export type Samples = Map<StageId, StageSamples>;

export function putSample(samples: Samples, row: SampleRow): void {
  const kept = keptSample(row);
  const stage = samples.get(kept.stage) ?? {
    ticks: new Map(),
    buckets: { minute: new Map(), hour: new Map() },
    pending: { minute: new Set(), hour: new Set() },
  };
  samples.set(kept.stage, stage);
  stage.ticks.set(kept.at, kept);
  for (const tier of ['minute', 'hour'] as const) stage.pending[tier].add(bucketStart(kept.at, tier));
}

export function ticksSince(samples: Samples, name: StageId, from: EpochMs): readonly SampleRow[] {
  const stage = samples.get(name);
  if (!stage) return [];
  return within(stage.ticks, from, Number.POSITIVE_INFINITY).map((row) => ({
    ...row,
    values: new Map(row.values),
    bands: new Map(row.bands),
  }));
}

export function seriesOf(samples: Samples, query: SampleQuery): readonly Series[] {
  const builder = seriesBuilder(query.step);
  const stage = samples.get(query.stage);
  if (!stage) return builder.done();
  const read = (part: Part): readonly Bucket[] => bucketsOf(stage, part.tier, part.from, part.to);
  const begin = (tier: Tier): EpochMs | undefined => bucketsOf(stage, tier, Number.NEGATIVE_INFINITY, query.to)[0]?.at;
  for (const part of cover(query, begin)) {
    for (const bucket of read(part)) builder.add(bucket);
  }
  return builder.done();
}

/** Rolls one stage up to `now`, and deletes what `retention` no longer keeps; in whole hours, as the file store does. */
export function keepUp(stage: StageSamples, now: EpochMs, retention: Retention): void {
  for (const tier of ['minute', 'hour'] as const) {
    for (const at of stage.pending[tier]) {
      if (at > now - WIDTH[tier] - MINUTE) continue;
      const made = madeOf(stage, tier, at);
      if (made) stage.buckets[tier].set(at, made);
      stage.pending[tier].delete(at);
    }
  }
  const forget = (rows: Map<EpochMs, unknown>, age: number): void => {
    for (const at of rows.keys()) if (at < bucketStart(now - age, 'hour')) rows.delete(at);
  };
  forget(stage.ticks, retention.raw);
  forget(stage.buckets.minute, retention.minutes);
  forget(stage.buckets.hour, retention.hours);
}

function bucketsOf(stage: StageSamples, tier: Tier, from: EpochMs, to: EpochMs): readonly Bucket[] {
  if (tier === 'raw') return within(stage.ticks, from, to).map(tickOf);
  const made = [...stage.pending[tier]]
    .filter((at) => at >= from && at <= to)
    .map((at) => [at, madeOf(stage, tier, at)] as const);
  const known = new Map<EpochMs, Bucket | undefined>([...stage.buckets[tier], ...made]);
  return within(known, from, to).filter((bucket) => bucket !== undefined);
}

function madeOf(stage: StageSamples, tier: Rolled, at: EpochMs): Bucket | undefined {
  const parts = bucketsOf(stage, tier === 'minute' ? 'raw' : 'minute', at, at + WIDTH[tier] - 1);
  const kept = stage.buckets[tier].get(at);
  return parts.length === 0 ? kept : richer(kept, rollup(tier, at, parts));
}

const within = <T>(rows: ReadonlyMap<EpochMs, T>, from: EpochMs, to: EpochMs): T[] =>
  [...rows]
    .filter(([at]) => at >= from && at <= to)
    .sort(([a], [b]) => a - b)
    .map(([, row]) => row);
