import { extname, join } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Job } from '../kit/component.ts';
import { type Jobs, type RunningJob, runJob } from './jobs.ts';

interface Task {
  readonly id: number;
  readonly job: Job;
}

type Answer = { readonly id: number } & ({ readonly result: Uint8Array } | { readonly error: string });

export interface WorkerJobs extends Jobs {
  /** Ends the worker; what is under way fails. Calling twice is the same as once. */
  close(): Promise<void>;
}

/** A worker without work is ended after this long: it costs about 10 MB. */
const IDLE = 30_000;
/** A worker that grows past this is broken; a forest takes a few MB. */
const RESOURCES = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/**
 * Does jobs one after the other in a thread of its own, which is started for the first one and ended when it has had nothing to do for
 * a while. A thread that dies fails the jobs that wait for it, and the next one gets a new thread; `failed` hears of each.
 * This file is the thread's program too.
 */
export function createWorkerJobs(failed: (job: Job, error: Error) => void): WorkerJobs {
  const waiting = new Map<number, { job: Job; end(answer: Answer): void }>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let next = 0;
  let closed = false;

  const answered = (answer: Answer): void => {
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (one && 'error' in answer && !closed) failed(one.job, new Error(answer.error));
    one?.end(answer);
    if (waiting.size === 0 && !closed) idle = setTimeout(stop, IDLE).unref();
  };
  const failAll = (error: string): void => {
    for (const id of [...waiting.keys()]) answered({ id, error });
  };
  const stop = async (): Promise<void> => {
    clearTimeout(idle);
    const old = worker;
    worker = undefined;
    await old?.terminate();
  };
  const begin = (): Worker => {
    const made = new Worker(join(import.meta.dirname, `worker${extname(import.meta.filename)}`), {
      name: 'headgate-jobs',
      resourceLimits: RESOURCES,
    });
    const lost = (why: string): void => {
      if (worker !== made) return;
      worker = undefined;
      failAll(why);
    };
    made.unref();
    made.on('message', answered);
    made.on('error', (error) => lost(error instanceof Error ? error.message : String(error)));
    made.on('exit', () => lost('the worker ended before the job was done'));
    return made;
  };

  return {
    start(job): RunningJob {
      const id = next++;
      let result: Uint8Array | undefined;
      if (closed) return { ended: Promise.resolve(), result: () => undefined };
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const end = (answer: Answer): void => {
        if ('result' in answer) result = answer.result;
        resolve();
      };
      waiting.set(id, { job, end });
      clearTimeout(idle);
      worker ??= begin();
      worker.postMessage({ id, job } satisfies Task);
      return { ended, result: () => result };
    },
    async close() {
      closed = true;
      failAll('the daemon is stopping');
      await stop();
    },
  };
}

function serve({ id, job }: Task): void {
  let answer: Answer;
  try {
    answer = { id, result: runJob(job) };
  } catch (thrown) {
    answer = { id, error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  parentPort?.postMessage(answer);
}

if (!isMainThread) parentPort?.on('message', serve);
