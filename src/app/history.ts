import type { Config, ProbeConfig } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import { emptySnapshot, type Reading, type Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Registry, Source } from '../kit/component.ts';
import { seededRandom } from '../stats/random.ts';
import { systemClock } from './clock.ts';

/** Which past to replay, and from where. */
export interface PastAsk {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Time between two looks; each stage's own where it is left out. */
  readonly step: DurationMs | undefined;
  /** Asks this server, instead of those of the config. */
  readonly url: string | undefined;
  /** Steps that one query covers at most; an answer is read in one go. */
  readonly steps?: number;
}

/** Small enough for one answer, large enough that asking costs little. */
const STEPS = 2_000;

interface Past {
  readonly stage: StageId;
  readonly step: DurationMs;
  readonly probe: ProbeConfig;
  readonly source: Source<unknown> & Required<Pick<Source<unknown>, 'history'>>;
}

/**
 * The snapshots that the daemon would have taken between `from` and `to`, one batch for each moment, oldest first, out of the
 * probes whose source knows its past (`prometheus`). Signals of other probes are missing, as if those were not configured.
 *
 * @throws HeadgateError `bad-config` where no probe of the config knows its past; otherwise as the source does.
 */
export async function* pastOf(
  config: Config,
  registry: Registry,
  ask: PastAsk,
  abort: AbortSignal,
): AsyncGenerator<readonly Snapshot[]> {
  const opened = new Map<string, Source<unknown>>();
  const pasts = pastsOf(config, registry, ask, opened);
  try {
    if (pasts.length === 0) {
      throw new HeadgateError(
        'bad-config',
        'no probe of the config can be asked for its past; want one of type prometheus',
      );
    }
    const span = (ask.steps ?? STEPS) * Math.min(...pasts.map(({ step }) => step));
    for (let from = ask.from; from <= ask.to; from += span) {
      // The moment `from + span` belongs to the next part.
      yield* batchesOf(pasts, from, Math.min(from + span - 1, ask.to), abort);
    }
  } finally {
    await Promise.allSettled([...opened.values()].map((source) => source.close()));
  }
}

function pastsOf(
  config: Config,
  registry: Registry,
  ask: PastAsk,
  opened: Map<string, Source<unknown>>,
): readonly Past[] {
  const everies = new Map(config.plan.pipelines.flatMap(({ stages }) => stages.map(({ id, every }) => [id, every])));
  return [...config.probes].flatMap(([stage, probes]) =>
    probes.flatMap((probe) => {
      const source = opened.get(probe.source) ?? open(config, registry, probe, ask.url);
      if (!source || !knowsItsPast(source)) return [];
      opened.set(probe.source, source);
      return [{ stage, probe, source, step: ask.step ?? everies.get(stage) ?? 0 }].filter(({ step }) => step > 0);
    }),
  );
}

const knowsItsPast = (source: Source<unknown>): source is Past['source'] => source.history !== undefined;

function open(
  config: Config,
  registry: Registry,
  probe: ProbeConfig,
  url: string | undefined,
): Source<unknown> | undefined {
  const own = config.sources.get(probe.source)?.config as Readonly<Record<string, unknown>> | undefined;
  const definition = registry.sources.find(({ type }) => type === probe.type);
  if (!own || !definition) return undefined;
  const around = { clock: systemClock, random: seededRandom(0) };
  return definition.create(url === undefined || !('url' in own) ? own : { ...own, url }, around);
}

async function* batchesOf(
  pasts: readonly Past[],
  from: EpochMs,
  to: EpochMs,
  abort: AbortSignal,
): AsyncGenerator<readonly Snapshot[]> {
  const moments = new Map<EpochMs, Map<StageId, Snapshot>>();
  for (const { stage, step, probe, source } of pasts) {
    // Every stage keeps its own rhythm over the parts.
    const first = Math.ceil(from / step) * step;
    if (first > to) continue;
    for (const reading of await source.history(probe.ask, stage, { from: first, to, step }, abort)) {
      const at = reading.at as EpochMs;
      const moment = moments.get(at) ?? new Map<StageId, Snapshot>();
      moments.set(at, moment);
      moment.set(stage, joined(moment.get(stage) ?? emptySnapshot(stage, at), reading));
    }
  }
  for (const at of [...moments.keys()].sort((a, b) => a - b)) yield [...(moments.get(at)?.values() ?? [])];
}

const joined = (snapshot: Snapshot, { values, parts, absent }: Reading): Snapshot => ({
  ...snapshot,
  values: new Map([...snapshot.values, ...values]),
  parts: new Map([...snapshot.parts, ...(parts ?? [])]),
  absent: new Set([...snapshot.absent, ...(absent ?? [])]),
});
