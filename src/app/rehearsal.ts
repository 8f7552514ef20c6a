import type { Config } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import { type Direction, signalSpec } from '../domain/signal.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { type FaultKind, faultWords, inject, lengthOfFault } from '../plant/faults.ts';
import { seededRandom } from '../stats/random.ts';
import { type Recorded, record } from './recorded.ts';
import { livePast, type StageRun } from './rehearsal-pass.ts';
import { isQuiet, planOf, spanOf, type Try, tryFault } from './rehearsal-try.ts';

export interface RehearsalAsk {
  readonly config: Config;
  /** Snapshots of the past, one batch for each moment, oldest first. */
  readonly batches: AsyncIterable<readonly Snapshot[]>;
  readonly kinds: readonly FaultKind[];
  /** Only these signals; all of them where left out. */
  readonly signals: readonly string[] | undefined;
  /** At how many places of the past each fault is put. */
  readonly places: number;
  readonly seed: number;
  /** How long most faults last. */
  readonly length: DurationMs;
  /** Told now and then how much is done, 0 … 1. */
  readonly progress: (done: number) => void;
}

/** What became of one kind of fault in one signal. */
export interface FaultResult {
  readonly kind: FaultKind;
  readonly says: string;
  readonly runs: number;
  /** When each of them began. */
  readonly begun: readonly EpochMs[];
  /** A page while the fault was there. */
  readonly found: number;
  /** At least a ticket. */
  readonly warned: number;
  /** From the first faulty sample to the page, of those found. */
  readonly delays: readonly DurationMs[];
  /** Runs in which there was something to hold: not those of a single sample. */
  readonly holdable: number;
  /** The page still stood when the fault ended. */
  readonly held: number;
  /** Of those: it was over in time after the fault had ended. */
  readonly released: number;
}

export interface SignalResult {
  readonly stage: StageId;
  readonly signal: string;
  readonly direction: Direction;
  /** Pages by this signal on the untouched past, after it was learned. */
  readonly falseAlarms: number;
  readonly weeks: number;
  readonly faults: readonly FaultResult[];
}

export interface Rehearsal {
  readonly signals: readonly SignalResult[];
  /** Signals that could not be rehearsed, and why. */
  readonly left: readonly { readonly stage: StageId; readonly signal: string; readonly why: string }[];
  readonly samples: number;
  /** When all stages were learned. */
  readonly from: EpochMs;
  readonly weeks: number;
  /** Incidents worth a page on the untouched past, after `from`. */
  readonly pages: number;
}

/**
 * Puts faults into a recorded past and counts what the engine makes of them, and of the past as it was. The past is lived through
 * once; each fault then goes on from what was learned by its place. Nothing acts, nothing is told, nothing is changed.
 *
 * @throws HeadgateError `bad-config` where the past is too short for anything to be learned.
 */
export async function rehearse(ask: RehearsalAsk): Promise<Rehearsal> {
  const recorded = await record(ask.batches);
  const untouched = livePast(ask.config, recorded, ask.places, seededRandom(ask.seed));
  ask.progress(0);
  const left: { stage: StageId; signal: string; why: string }[] = [];
  const jobs: { readonly run: StageRun; readonly signal: string }[] = [];
  for (const run of untouched.stages.values()) {
    const plan = planOf(ask.config.plan, run.past.id);
    for (const signal of run.past.signals) {
      if (ask.signals && !ask.signals.includes(signal)) continue;
      const why = (text: string): void => void left.push({ stage: run.past.id, signal, why: text });
      if (plan?.signals.get(signal)?.detect === false) why('learned detection is switched off for it');
      else if (!run.learned.has(signal)) why('it was not learned by the end of the past');
      else jobs.push({ run, signal });
    }
  }
  if (jobs.length === 0) throw nothingLeft(left, recorded);
  const signals = jobs.flatMap(({ run, signal }, index) => {
    const result = rehearseSignal(ask, recorded, run, signal);
    ask.progress((index + 1) / jobs.length);
    if (result.faults.length > 0) return [result];
    left.push({ stage: run.past.id, signal, why: 'no fault would show in it at any quiet place' });
    return [];
  });
  const samples = [...recorded.stages.values()].reduce((sum, past) => sum + past.length, 0);
  return { signals, left, samples, from: untouched.from, weeks: untouched.weeks, pages: untouched.pages };
}

function nothingLeft(
  left: readonly { stage: StageId; signal: string; why: string }[],
  { moments }: Recorded,
): HeadgateError {
  if (moments.length === 0) return new HeadgateError('bad-config', 'the past holds no sample; nothing to rehearse on');
  const named = left.map(({ stage, signal, why }) => `${stage}/${signal}: ${why}`).join('; ');
  return new HeadgateError(
    'bad-config',
    left.length > 0 ? `nothing to rehearse on (${named}); give a longer past` : 'none of the signals named is there',
  );
}

function rehearseSignal(ask: RehearsalAsk, recorded: Recorded, run: StageRun, signal: string): SignalResult {
  const { id } = run.past;
  const direction = planOf(ask.config.plan, id)?.signals.get(signal)?.direction ?? signalSpec(signal).direction;
  const faults = ask.kinds.flatMap((kind): FaultResult[] => {
    const tries: Try[] = [];
    const begun: EpochMs[] = [];
    for (const place of run.places) {
      if (tries.length === ask.places) break;
      const span = spanOf(run.past, place.from, lengthOfFault(kind, ask.length));
      if (!span || !isQuiet(run, span)) continue;
      const injected = inject(kind, direction, run.past.course(signal), span);
      if (!injected) continue;
      const one = tryFault(ask.config, recorded, run, place, { signal, span, injected });
      if (!one) continue;
      tries.push(one);
      begun.push(run.past.at[span.from] as EpochMs);
    }
    return tries.length === 0 ? [] : [{ kind, says: faultWords(kind, direction), begun, ...resultOf(tries) }];
  });
  return {
    stage: id,
    signal,
    direction,
    falseAlarms: run.alarms.get(signal) ?? 0,
    weeks: run.weeks.get(signal) ?? 0,
    faults,
  };
}

function resultOf(tries: readonly Try[]): Omit<FaultResult, 'kind' | 'says' | 'begun'> {
  const count = (is: (one: Try) => boolean): number => tries.filter(is).length;
  return {
    runs: tries.length,
    found: count((one) => one.found !== undefined),
    warned: count((one) => one.warned),
    delays: tries.flatMap(({ found }) => found ?? []),
    holdable: count((one) => one.holdable),
    held: count((one) => one.holdable && one.held),
    released: count((one) => one.holdable && one.held && one.released),
  };
}
