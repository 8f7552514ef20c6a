import type { Random } from '../domain/ports.ts';
import type { Job, JobTask } from '../kit/component.ts';
import { trainForest } from '../stats/forest-training.ts';
import { seededRandom } from '../stats/random.ts';

/** What a job can be: bytes in, bytes out, and nothing else touched. */
const TASKS: Readonly<Record<JobTask, (input: Uint8Array, random: Random) => Uint8Array>> = {
  'grow-forest': trainForest,
};

/** A job under way. */
export interface RunningJob {
  /** Settles when the job has ended, well or not; never rejects. */
  readonly ended: Promise<void>;
  /** The result; `undefined` where the job failed or has not ended. */
  result(): Uint8Array | undefined;
}

/** Who does the long work of detectors. */
export interface Jobs {
  start(job: Job): RunningJob;
}

/**
 * Does a job here and now. The same job gives the same bytes on every machine: `ml-isolation-forest` draws from `Math.random`,
 * so a seeded one stands in its place meanwhile. Nothing else runs in this thread until it is put back.
 */
export function runJob({ task, seed, input }: Job): Uint8Array {
  const unseeded = Math.random;
  const random = seededRandom(seed);
  Math.random = random;
  try {
    return TASKS[task](input, random);
  } finally {
    Math.random = unseeded;
  }
}

/** Does each job in place when its result is asked for: for backtests and for tests, where nobody waits for the event loop. */
export const inlineJobs: Jobs = {
  start(job) {
    let result: Uint8Array | undefined;
    return {
      ended: Promise.resolve(),
      result() {
        result ??= runJob(job);
        return result;
      },
    };
  },
};
