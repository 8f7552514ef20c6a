import { asHeadgateError } from '../domain/error.ts';
import type { Clock, Events, SampleRow, Store } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { type DurationMs, MINUTE, SECOND } from '../domain/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { JudgedStage } from '../engine/ledger.ts';
import { saveLearned, type Trying } from './recall.ts';

const FLUSH_EVERY: DurationMs = SECOND;
const SAVE_EVERY: DurationMs = MINUTE;

export interface KeepingOptions {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  readonly events: Pick<Events, 'failed'>;
}

/**
 * Writes what may lose its last seconds: samples each second, and what every stage has learned once a minute. Stages take turns
 * over that minute, so that a thousand of them are a trickle and not a wave.
 */
export class Keeping {
  readonly #options: KeepingOptions;
  #rows: SampleRow[] = [];
  /** Stages whose turn in this round is still to come. */
  #turns: StageId[] = [];
  #owed = 0;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: KeepingOptions) {
    this.#options = options;
  }

  note(steps: readonly JudgedStage[]): void {
    for (const step of steps) this.#rows.push(rowOf(step));
  }

  start(): void {
    this.#cancel = this.#options.clock.timer(FLUSH_EVERY, () => {
      void this.#beat().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Writes everything there is, and nothing more by itself afterwards. */
  async stop(): Promise<void> {
    this.pause();
    await this.flush();
    await this.#save(this.#options.engine.plan.graph.order);
  }

  /** Nothing more is written by itself. */
  pause(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Runs work that may fail without harm; a failure is told. */
  readonly trying: Trying = async (what, work) => {
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#options.events.failed({ what, error: asHeadgateError(thrown) });
      return false;
    }
  };

  async #beat(): Promise<void> {
    await this.flush();
    const { order } = this.#options.engine.plan.graph;
    this.#owed = Math.min(order.length, this.#owed + (order.length * FLUSH_EVERY) / SAVE_EVERY);
    const turns: StageId[] = [];
    for (; this.#owed >= 1; this.#owed--) {
      if (this.#turns.length === 0) this.#turns = [...order].reverse();
      turns.push(this.#turns.pop() as StageId);
    }
    await this.#save(turns);
  }

  #save(stages: readonly StageId[]): Promise<void> {
    const { engine, store, clock } = this.#options;
    return saveLearned(engine, store, clock, this.trying, stages);
  }

  /** Writes the samples that are not written yet. */
  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    await this.trying('writing samples', () => this.#options.store.appendSamples(rows));
  }
}

/** What is kept of one tick: the values, and the band each was expected in. */
function rowOf({ snapshot, scores }: JudgedStage): SampleRow {
  const bands = new Map<string, { lower: number; upper: number }>();
  for (const score of scores)
    if (score.state === 'ready' && score.expected)
      bands.set(partOfSubject(score.subject), { lower: score.expected.lower, upper: score.expected.upper });
  return { stage: snapshot.stage, at: snapshot.at, values: snapshot.values, bands };
}
