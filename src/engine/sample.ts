import { asHeadgateError } from '../domain/error.ts';
import type { Clock, Events } from '../domain/ports.ts';
import type { Profile } from '../domain/profile.ts';
import type { Signal } from '../domain/signal.ts';
import { emptySnapshot, type Gap, type Reading, type Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';

/** One configured read of a stage, bound to its source. */
export interface Probe {
  /** Place in the stage's list and name of the source, as it stands in gaps and metrics. */
  readonly name: string;
  readonly source: string;
  /** What it will answer, as far as it can say. */
  readonly signals: readonly Signal[];
  /** Keeps to the source's limits of concurrency and time. */
  read(stage: StageId, abort: AbortSignal): Promise<Reading>;
}

/** An answer is used until it is older than this many intervals. */
const STALE_INTERVALS = 2;
/** An origin time that stands still for this many intervals means that nobody writes there any more. */
const STILL_INTERVALS = 3;

/** What most snapshots have none of, shared by all: two of them are kept of each stage, and an empty map takes 250 bytes. */
const NONE = emptySnapshot('none.none', 0);

interface Answer {
  readonly reading: Reading;
  readonly at: EpochMs;
  /** Since when the origin time has been what it is. */
  readonly originSince: EpochMs;
}

export interface Sampler {
  /** Asks every probe, waits for all of them (each has its own limit of time), and puts together what the stage shows. */
  sample(abort: AbortSignal): Promise<Snapshot>;
}

/** Reads one stage. A failed probe becomes a gap; nothing that a source does can make this reject. */
export function createSampler(
  stage: StageId,
  every: DurationMs,
  probes: readonly Probe[],
  clock: Clock,
  events: Events,
): Sampler {
  const answers = new Map<string, Answer>();

  const ask = async (probe: Probe, abort: AbortSignal): Promise<Gap | undefined> => {
    const began = clock.monotonic();
    let gap: Gap | undefined;
    try {
      const reading = await probe.read(stage, abort);
      const before = answers.get(probe.name);
      const still = before !== undefined && reading.at !== undefined && before.reading.at === reading.at;
      answers.set(probe.name, {
        reading: withLastProfiles(reading, before?.reading.profiles),
        at: clock.now(),
        originSince: still ? before.originSince : clock.now(),
      });
    } catch (thrown) {
      const error = asHeadgateError(thrown);
      answers.delete(probe.name);
      gap = { probe: probe.name, signals: probe.signals, code: error.code, message: error.message };
    }
    const seconds = (clock.monotonic() - began) / 1_000;
    // A probe that was stopped together with the daemon says nothing of its source.
    if (!abort.aborted)
      events.probed({ stage, probe: probe.name, source: probe.source, seconds, gap, at: clock.now() });
    return gap;
  };

  return {
    async sample(abort) {
      const gaps = await Promise.all(probes.map((probe) => ask(probe, abort)));
      const at = clock.now();
      const parts = probes.flatMap((probe, index) => gaps[index] ?? partOf(probe, answers.get(probe.name), at, every));
      return assemble(stage, at, parts);
    },
  };
}

/** Profiles are made more seldom than values are read: the last one of a field stands until the next, or until it is a gap. */
function withLastProfiles(reading: Reading, last: Reading['profiles']): Reading {
  if (last === undefined || last.size === 0) return reading;
  const missing = new Set(reading.gaps?.flatMap(({ signals }) => signals));
  const kept = [...last].filter(([field]) => !missing.has(field));
  return { ...reading, profiles: new Map([...kept, ...(reading.profiles ?? [])]) };
}

/** What one probe gives to the snapshot: its answer, with the gaps in it, or the one gap it leaves. */
function partOf(
  probe: Probe,
  answer: Answer | undefined,
  at: EpochMs,
  every: DurationMs,
): Gap | readonly (Gap | Reading)[] {
  if (!answer || at - answer.at > STALE_INTERVALS * every)
    return {
      probe: probe.name,
      signals: probe.signals,
      code: 'stale',
      message: `the last answer is older than ${STALE_INTERVALS} intervals`,
    };
  const { reading, originSince } = answer;
  const still = reading.at !== undefined && at - originSince > STILL_INTERVALS * every;
  if (still) return [{ values: new Map(), absent: [...reading.values.keys(), ...(reading.absent ?? [])] }];
  return [reading, ...(reading.gaps ?? []).map((gap) => ({ probe: probe.name, ...gap }))];
}

function assemble(stage: StageId, at: EpochMs, given: readonly (Gap | Reading)[]): Snapshot {
  const values = new Map<Signal, number>();
  const parts = new Map<Signal, Float64Array>();
  const profiles = new Map<string, Profile>();
  const absent = new Set<Signal>();
  const gaps: Gap[] = [];
  for (const one of given) {
    if ('probe' in one) {
      gaps.push(one);
      continue;
    }
    for (const [signal, value] of one.values) {
      if (Number.isFinite(value)) values.set(signal, value);
      else
        gaps.push({
          probe: signal,
          signals: [signal],
          code: 'malformed',
          message: `${signal} is ${value}, not a finite number`,
        });
    }
    for (const [signal, part] of one.parts ?? []) parts.set(signal, part);
    for (const [field, profile] of one.profiles ?? []) profiles.set(field, profile);
    for (const signal of one.absent ?? []) absent.add(signal);
  }
  for (const signal of values.keys()) absent.delete(signal);
  return {
    stage,
    at,
    values,
    parts: parts.size > 0 ? parts : NONE.parts,
    profiles: profiles.size > 0 ? profiles : NONE.profiles,
    absent: absent.size > 0 ? absent : NONE.absent,
    gaps: gaps.length > 0 ? gaps : NONE.gaps,
    held: NONE.held,
  };
}
