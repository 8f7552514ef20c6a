import type { Config } from '../config/config.ts';
import { isExcluded } from '../domain/excluded.ts';
import type { Random } from '../domain/ports.ts';
import type { Score } from '../domain/score.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import { subjectOf } from '../domain/subject.ts';
import { type EpochMs, WEEK } from '../domain/time.ts';
import { pseudoStageOf } from '../engine/end-to-end.ts';
import type { Engine } from '../engine/engine.ts';
import type { JudgedStage } from '../engine/ledger.ts';
import { replay } from '../engine/replay.ts';
import { engineForConfig } from './offline.ts';
import type { Recorded, StagePast } from './recorded.ts';

/** A moment of the past at which everything learned of a stage was put aside, to be gone on from more than once. */
export interface Place {
  /** The sample at which a fault begins. */
  readonly from: number;
  /** What was learned of the stage before sample `from - SETTLE`. */
  readonly state: Uint8Array;
  /** Share of the pipeline's budget that was the stage's. */
  readonly share: number;
}

/** What the untouched past comes to for one stage. */
export interface StageRun {
  readonly past: StagePast;
  /** The first sample by which the signal was learned; signals that never were have none. */
  readonly learned: ReadonlyMap<string, number>;
  /** 1 where the stage was critical. */
  readonly critical: Uint8Array;
  /** 1 where it, or one of its signals, is excluded from learning: there is nothing to be found. */
  readonly excluded: Uint8Array;
  /** Episodes in which the signal was over its page line, after all of the stage was learned. */
  readonly alarms: ReadonlyMap<string, number>;
  /** Weeks seen of the signal after that. */
  readonly weeks: ReadonlyMap<string, number>;
  readonly places: readonly Place[];
}

export interface UntouchedRun {
  readonly stages: ReadonlyMap<StageId, StageRun>;
  /** When the last stage had been learned; pages are counted from there. */
  readonly from: EpochMs;
  readonly weeks: number;
  readonly pages: number;
}

/** A stage is given this many samples to settle after it was put back, before the fault begins. */
export const SETTLE = 5;
/** Learning alone, before anything is counted or put in: this share of the past, and longer where a signal needs longer … */
const LEARNING = 1 / 3;
/** … but not longer than this; there may be a signal that is never learned. */
const LATEST_START = 0.6;
/** More places than asked for are put aside: not all of them turn out to be quiet. */
const SPARE = 3;

/** The config as it would watch and never act: what is rehearsed is seeing. */
export const watching = (config: Config): Config => ({
  ...config,
  plan: { ...config.plan, policies: config.plan.policies.map((policy) => ({ ...policy, mode: 'observe' })) },
});

/** Lives through the untouched past once: false alarms are counted, and states put aside at seeded places. */
export function livePast(config: Config, recorded: Recorded, places: number, random: Random): UntouchedRun {
  const engine = engineForConfig(watching(config));
  const runs = new Map([...recorded.stages].map(([id, past]) => [id, new Run(past, places, random)]));
  const opened = new Map<string, EpochMs>();
  for (const { at, looks } of recorded.moments) {
    for (const { past, index } of looks) runs.get(past.id)?.before(index, engine);
    const snapshots = looks.map(({ past, index }) => past.snapshot(index));
    for (const { steps, incidents } of replay(engine, snapshots, at)) {
      for (const step of steps) runs.get(step.snapshot.stage)?.after(step);
      for (const { incident } of incidents)
        if (incident.severity === 'critical') opened.set(incident.id, incident.openedAt);
    }
  }
  const starts = [...runs.values()].map((run) => run.startedAt).filter((at) => at !== undefined);
  const from = Math.max(...starts);
  const last = recorded.moments.at(-1)?.at ?? 0;
  return {
    stages: runs,
    from,
    weeks: Math.max(0, last - from) / WEEK,
    pages: [...opened.values()].filter((at) => at >= from).length,
  };
}

class Run implements StageRun {
  readonly past: StagePast;
  readonly learned = new Map<string, number>();
  readonly critical: Uint8Array;
  readonly excluded: Uint8Array;
  readonly alarms = new Map<string, number>();
  readonly weeks = new Map<string, number>();
  readonly places: Place[] = [];
  readonly #wanted: number;
  readonly #random: Random;
  readonly #open = new Set<string>();
  #index = 0;
  #startIndex: number | undefined;
  /** Samples at which a fault may begin; made when the stage is learned. */
  #starts: ReadonlySet<number> | undefined;

  constructor(past: StagePast, places: number, random: Random) {
    this.past = past;
    this.critical = new Uint8Array(past.length);
    this.excluded = new Uint8Array(past.length);
    this.#wanted = places * SPARE;
    this.#random = random;
  }

  get startedAt(): EpochMs | undefined {
    return this.#startIndex === undefined ? undefined : this.past.at[this.#startIndex];
  }

  /** Puts the state aside where a fault may begin soon. */
  before(index: number, engine: Engine): void {
    this.#index = index;
    const line = engine.line(this.past.id);
    if (!line || !this.#starts?.has(index + SETTLE)) return;
    this.places.push({ from: index + SETTLE, state: line.save(), share: shareOf(engine, this.past.id) });
  }

  after({ snapshot, scores, verdict }: JudgedStage): void {
    const index = this.#index;
    this.critical[index] = verdict.state === 'critical' ? 1 : 0;
    this.excluded[index] = verdict.excluded ? 1 : 0;
    const bySignal = Map.groupBy(scores, (score) => score.subject);
    const held = new Set(verdict.because.map((score) => score.subject));
    for (const signal of snapshot.values.keys()) {
      const subject = subjectOf(snapshot.stage, signal);
      const isOut = isExcluded(verdict.excluded ?? [], subject);
      const said = bySignal.get(subject) ?? [];
      this.#see(signal, said, isOut, held.has(subject), index);
    }
    if (this.#starts !== undefined || this.learned.size === 0 || index < LEARNING * this.past.length) return;
    const all = this.past.signals.every((signal) => this.learned.has(signal));
    if (!all && index < LATEST_START * this.past.length) return;
    this.#startIndex = index;
    this.#starts = this.#choose(index + 1);
  }

  #see(signal: string, scores: readonly Score[], isOut: boolean, held: boolean, index: number): void {
    if (!this.learned.has(signal)) {
      const knows = scores.some((one) => one.state === 'ready' || one.state === 'limit');
      if (knows && !scores.some((one) => one.state === 'warming')) this.learned.set(signal, index);
      return;
    }
    if (this.#startIndex === undefined) return;
    const { at } = this.past;
    const elapsed = (at[index] as number) - (at[index - 1] ?? (at[index] as number));
    this.weeks.set(signal, (this.weeks.get(signal) ?? 0) + Math.max(0, elapsed) / WEEK);
    const over = !isOut && scores.some((one) => one.value >= 1);
    if (over && !this.#open.has(signal)) {
      this.#open.add(signal);
      this.alarms.set(signal, (this.alarms.get(signal) ?? 0) + 1);
    } else if (!over && !held) this.#open.delete(signal);
  }

  /** One place at random in each of as many equal parts of what is left. */
  #choose(from: number): ReadonlySet<number> {
    const first = from + SETTLE;
    const step = (this.past.length - first) / this.#wanted;
    const starts = Array.from({ length: this.#wanted }, (_, part) =>
      Math.floor(first + (part + this.#random()) * Math.max(0, step)),
    );
    return new Set(starts);
  }
}

/** Which part of its pipeline's budget the stage has: one share for each of its ready subjects. */
function shareOf(engine: Engine, id: StageId): number {
  const pipeline = engine.plan.pipelines.find((one) => one.name === pipelineOf(id));
  const ids = new Set([...(pipeline?.stages ?? []).map((stage) => stage.id), pseudoStageOf(pipelineOf(id))]);
  let all = 0;
  for (const one of ids) all += engine.line(one)?.readySubjects() ?? 0;
  const own = engine.line(id)?.readySubjects() ?? 0;
  return all === 0 ? 1 : own / all;
}

/** The stages whose signals a stage is compared with. */
export const comparedWith = (config: Config, id: StageId): readonly StageId[] => {
  const stage = config.plan.pipelines.flatMap((pipeline) => pipeline.stages).find((one) => one.id === id);
  const refs = (stage?.derive ?? []).flatMap((one) => (one.kind === 'ratio' ? [one.of.stage, one.to.stage] : []));
  return [...new Set(refs)].filter((ref) => ref !== id);
};
