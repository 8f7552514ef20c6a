import type { Snapshot } from '../domain/snapshot.ts';
import { type EpochMs, SECOND } from '../domain/time.ts';
import { FEW_RECORDS, ofBusiest, waitsAtFew } from './partitions.ts';

/** What the engine believes of a stage's flow; rates in records per second, `undefined` where it cannot know. */
export interface Estimate {
  /** Slow mean of what arrives while nothing is wrong. */
  readonly usualIn: number | undefined;
  readonly usualOut: number | undefined;
  /** Seconds of output that wait while nothing is wrong: what is in transit. */
  readonly usualWait?: number | undefined;
  /** Mean of what has arrived over hours without trouble: what a day's slope or a slow leak is held against. */
  readonly normalIn: number | undefined;
  /** Mean of the last few samples. */
  readonly recentIn: number | undefined;
  readonly recentOut: number | undefined;
  /** What the stage gets done while work waits; only learned then. */
  readonly capacity: number | undefined;
  /** The latest outputs of a saturated stage. */
  readonly saturated: readonly number[];
  /** What one worker gets done while work waits, nothing fails and no worker comes or goes; `undefined` where workers are not counted. */
  readonly perWorker?: number | undefined;
  /** The latest outputs of one such worker, and when the last of them was seen. */
  readonly busy?: readonly number[];
  readonly busyAt?: EpochMs | undefined;
  /** Samples in a row with work waiting and (almost) nothing leaving. */
  readonly stillFor: number;
  /** The group was set back, and what it reads again is not done yet. */
  readonly replays: boolean;
  /** Records that would have come but were held back, and have not come since. */
  readonly arrears: number;
  readonly calmSamples: number;
  readonly at: EpochMs;
}

export const NO_ESTIMATE: Estimate = {
  usualIn: undefined,
  usualOut: undefined,
  normalIn: undefined,
  recentIn: undefined,
  recentOut: undefined,
  capacity: undefined,
  saturated: [],
  stillFor: 0,
  replays: false,
  arrears: 0,
  calmSamples: 0,
  at: 0,
};

/** About five minutes of memory at one sample in ten seconds. */
const SLOW = 0.03;
const FAST = 0.4;
/** About an hour at one sample in ten seconds. */
const NORMAL_SAMPLES = 360;
/** Below this share of the usual flow it is held back, by whomever: what does not come now comes later. */
const HELD_BACK = 0.5;
/**
 * Work for this many seconds of output, and for this many times what waits while nothing is wrong, must wait before the output is taken
 * for the capacity: what is in transit (a tick, a batch, an interval between commits) would be read as saturation, and spirals it down.
 */
const SATURATED_SECONDS = 3;
const SATURATED_TIMES = 3;
/** Nothing is longer in transit: where more waits though nothing is wrong, it is work that waits. */
const LONGEST_TRANSIT = 60;
const KEEP = 8;
/** Where more than this share fails, output says more of what is called than of the workers. */
const FAILS = 0.03;

/** One step of all estimates. `calm`: nothing is wrong and no lease stands, so the usual rates may learn. */
export function estimate(before: Estimate, snapshot: Snapshot, calm: boolean): Estimate {
  const into = snapshot.values.get('in_records_per_second');
  const out = snapshot.values.get('out_records_per_second');
  const lag = snapshot.values.get('lag_records');
  const enough = Math.max(SATURATED_SECONDS, SATURATED_TIMES * (before.usualWait ?? 0));
  const waits = lag !== undefined && out !== undefined && lag > Math.max(enough * out, FEW_RECORDS);
  const still = waits && out !== undefined && out < 0.02 * (before.usualOut ?? out + 1);
  const works = waits && !still && out > 0;
  const saturated = works ? [...before.saturated, out].slice(-KEEP) : before.saturated;
  const one = works ? ofOneWorker(snapshot, out, enough) : undefined;
  const busy = one === undefined ? (before.busy ?? []) : [...(before.busy ?? []), one].slice(-KEEP);
  return {
    normalIn: calm
      ? blend(before.normalIn, into, Math.max(1 / (before.calmSamples + 1), 1 / NORMAL_SAMPLES))
      : before.normalIn,
    calmSamples: calm && into !== undefined ? Math.min(before.calmSamples + 1, NORMAL_SAMPLES) : before.calmSamples,
    usualIn: calm ? blend(before.usualIn, into, SLOW) : before.usualIn,
    usualOut: calm ? blend(before.usualOut, out, SLOW) : before.usualOut,
    usualWait: calm ? blend(before.usualWait, transitOf(lag, out), SLOW) : before.usualWait,
    recentIn: blend(before.recentIn, into, FAST),
    recentOut: blend(before.recentOut, out, FAST),
    capacity: saturated.length >= 2 ? upperMiddle(saturated) : before.capacity,
    saturated,
    perWorker: busy.length >= 2 ? upperMiddle(busy) : before.perWorker,
    busy,
    busyAt: one === undefined ? before.busyAt : snapshot.at,
    stillFor: still ? before.stillFor + 1 : 0,
    replays: (snapshot.values.get('rewound_records') ?? 0) > 0 || (before.replays && lag !== undefined && lag > 0),
    arrears: arrearsAfter(before, into, snapshot.at),
    at: snapshot.at,
  };
}

/** Seconds of output that are in transit; `undefined` where nothing flows. */
function transitOf(lag: number | undefined, out: number | undefined): number | undefined {
  if (lag === undefined || !out) return undefined;
  return lag <= FEW_RECORDS ? 0 : Math.min(lag / out, LONGEST_TRANSIT);
}

/** What one worker has got done, where all are at work and that is what bounds them; else `undefined`. */
function ofOneWorker({ values, parts }: Snapshot, out: number, enough: number): number | undefined {
  const workers = values.get('workers_ready');
  if (workers === undefined || workers < 1) return undefined;
  if ((values.get('error_ratio') ?? 0) > FAILS || (values.get('rebalancing') ?? 0) > 0) return undefined;
  const lag = parts.get('lag_records');
  return lag && waitsAtFew(lag, enough * out) ? ofBusiest(lag, parts, workers) : out / workers;
}

function arrearsAfter({ arrears, usualIn, at }: Estimate, into: number | undefined, now: EpochMs): number {
  if (into === undefined || usualIn === undefined || at === 0) return arrears;
  const missing = (usualIn - into) * ((now - at) / SECOND);
  return into < HELD_BACK * usualIn || missing < 0 ? Math.max(0, arrears + missing) : arrears;
}

const blend = (before: number | undefined, now: number | undefined, weight: number): number | undefined =>
  now === undefined ? before : before === undefined ? now : before + weight * (now - before);

/** The 60 % quantile: one lucky or unlucky sample does not set a rate. */
function upperMiddle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(0.6 * sorted.length))] as number;
}
