import type { EpochMs } from '../domain/time.ts';
import type { Detector, Job, JobTask } from '../kit/component.ts';
import type { Jobs, RunningJob } from './jobs.ts';
import { packBlobs, unpackBlobs } from './pack.ts';

/**
 * A result takes effect this many snapshots after its job was asked for, however fast it was done, so that daemon and backtest
 * give the same bytes. Long enough for a queue of other stages' jobs in front of it, mostly.
 */
export const SNAPSHOTS_PER_JOB = 10;

interface Pending {
  readonly detector: number;
  readonly job: Job;
  readonly running: RunningJob;
  /** Snapshots until the result takes effect. */
  left: number;
}

/** The jobs of one stage's detectors, at most one for each. */
export interface Retraining {
  /** After each snapshot: starts what is due. */
  ask(now: EpochMs): void;
  /** Before each snapshot: hands over the results that take effect now. */
  takeResults(): void;
  /** Settles once the results for the next snapshot are there; `undefined` where there are none to wait for. */
  resultsDue(): Promise<void> | undefined;
  save(): Uint8Array;
  /**
   * Starts again what was under way. Bytes that cannot be read mean that nothing was. `places` says at which place each detector was
   * when it was saved; one that knows nothing of that time stands at none of them.
   */
  restore(bytes: Uint8Array, places: readonly number[]): void;
}

/** @param mayRetrain asked of those that were trained before: without a calendar they are whenever they find it due */
export function createRetraining(
  detectors: readonly Detector[],
  jobs: Jobs,
  mayRetrain: (now: EpochMs) => boolean,
): Retraining {
  let pending: Pending[] = [];
  /** By place: those with a result, who can wait for their hour. */
  let trained = new Set<number>();
  const start = (detector: number, job: Job, left: number): void => {
    pending.push({ detector, job, running: jobs.start(job), left });
  };
  return {
    ask(now) {
      detectors.forEach((detector, index) => {
        if (!detector.retrain || pending.some((one) => one.detector === index)) return;
        if (trained.has(index) && !mayRetrain(now)) return;
        const job = detector.retrain(now);
        if (job) start(index, job, SNAPSHOTS_PER_JOB);
      });
    },
    takeResults() {
      if (pending.length === 0) return;
      for (const one of pending) one.left--;
      const due = pending.filter((one) => one.left <= 0);
      pending = pending.filter((one) => one.left > 0);
      for (const { detector, running } of due) {
        const result = running.result();
        if (!result) continue;
        detectors[detector]?.trained?.(result);
        trained.add(detector);
      }
    },
    resultsDue() {
      const due = pending.filter((one) => one.left <= 1);
      return due.length === 0 ? undefined : Promise.all(due.map((one) => one.running.ended)).then(() => {});
    },
    save: () =>
      packBlobs([
        new TextEncoder().encode(JSON.stringify({ detector: NOBODY, trained: [...trained] })),
        new Uint8Array(),
        ...pending.flatMap(({ detector, left, job: { task, seed, input } }) => [
          new TextEncoder().encode(JSON.stringify({ detector, left, task, seed })),
          input,
        ]),
      ]),
    restore(bytes, places) {
      pending = [];
      trained = new Set();
      const blobs = unpackBlobs(bytes) ?? [];
      for (let at = 0; at + 1 < blobs.length; at += 2) {
        const head = JSON.parse(new TextDecoder().decode(blobs[at])) as SavedJob;
        const { left, task, seed } = head;
        const detector = places.indexOf(head.detector);
        if (head.trained) trained = new Set(places.flatMap((at, now) => (head.trained?.includes(at) ? [now] : [])));
        if (detectors[detector]?.trained)
          start(detector, { task, seed, input: (blobs[at + 1] as Uint8Array).slice() }, left);
      }
    },
  };
}

/** Stands at the place of a detector where what is saved is no job. */
const NOBODY = -1;

interface SavedJob {
  readonly trained?: readonly number[];
  readonly detector: number;
  readonly left: number;
  readonly task: JobTask;
  readonly seed: number;
}
