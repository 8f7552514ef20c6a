import { z } from 'zod';
import type { Signal } from '../../domain/signal.ts';
import type { EpochMs } from '../../domain/time.ts';
import { Pointer, resolvePointer } from '../../kit/json-pointer.ts';
import { timeAt } from './value.ts';

const words = (usual: readonly string[], description: string) =>
  z
    .array(z.string().min(1))
    .min(1)
    .default([...usual])
    .meta({ description });

/** Where a document tells of the latest run of a job. */
export const Run = z
  .strictObject({
    status: Pointer.meta({ description: 'How the run stands. What is neither success nor failure is still running.' }),
    id: Pointer.optional().meta({ description: 'What tells one run from the next.' }),
    started: Pointer.optional().meta({ description: 'When it began; gives run_seconds together with finished.' }),
    finished: Pointer.optional().meta({
      description: 'When it ended. Left out, the first sight of its end counts; id is then needed.',
    }),
    last_success: Pointer.optional().meta({
      description: 'When a run succeeded last, where the document says so itself.',
    }),
    success: words(
      ['success', 'successful', 'succeeded', 'ok', 'completed', 'complete', 'finished', 'done', 'passed', 'true'],
      'Statuses of success, in any case.',
    ),
    failure: words(
      ['failed', 'failure', 'error', 'errored', 'crashed', 'aborted', 'killed', 'timed_out', 'timeout', 'false'],
      'Statuses of failure, in any case.',
    ),
  })
  .refine((run) => run.id || run.finished, {
    path: ['id'],
    message: 'set id or finished, to tell one run from the next',
  })
  .meta({ description: 'The latest run of a job: gives run_seconds, freshness_seconds and error_ratio.' });

export type Run = z.output<typeof Run>;

export const signalsOfRun = ({ started, finished }: Run): readonly Signal[] =>
  started && finished ? ['run_seconds', 'freshness_seconds', 'error_ratio'] : ['freshness_seconds', 'error_ratio'];

/** What is remembered of runs between polls: a run that is under way hides the one before. */
export interface RunMemory {
  /** Duration of the last run that finished. */
  readonly seconds?: number | undefined;
  /** Whether it failed. */
  readonly failed?: boolean;
  readonly succeededAt?: EpochMs | undefined;
  /** The finished run that was seen last. */
  readonly id?: string;
}

/** Takes in what the document says of the latest run. Without a status nothing changes. */
export function remember(run: Run, document: unknown, before: RunMemory, now: EpochMs): RunMemory {
  const said = run.last_success && timeAt(document, run.last_success);
  const known: RunMemory = said === undefined ? before : { ...before, succeededAt: said };
  const status = statusOf(run, document);
  if (status === undefined || status === 'running') return known;
  const id = run.id ? JSON.stringify(resolvePointer(document, run.id) ?? null) : '';
  const failed = status === 'failed';
  const end = run.finished ? timeAt(document, run.finished) : id === before.id ? undefined : now;
  const start = run.started && timeAt(document, run.started);
  const seconds = run.finished && start !== undefined && end !== undefined ? (end - start) / 1_000 : undefined;
  return {
    id,
    failed,
    seconds: seconds !== undefined && seconds >= 0 ? seconds : known.seconds,
    succeededAt: said ?? (failed ? known.succeededAt : (end ?? known.succeededAt)),
  };
}

/** `undefined` where the document says nothing of a run. */
export function statusOf(run: Run, document: unknown): 'succeeded' | 'failed' | 'running' | undefined {
  const found = resolvePointer(document, run.status);
  if (found === undefined || found === null) return undefined;
  const isOneOf = (words: readonly string[]): boolean =>
    words.some((word) => word.toLowerCase() === String(found).toLowerCase());
  return isOneOf(run.success) ? 'succeeded' : isOneOf(run.failure) ? 'failed' : 'running';
}

/** The signals as far as they are known. */
export function valuesOf(memory: RunMemory, now: EpochMs): Map<Signal, number> {
  const values = new Map<Signal, number>();
  if (memory.seconds !== undefined) values.set('run_seconds', memory.seconds);
  // Clocks of two machines differ a little; nothing is younger than now.
  if (memory.succeededAt !== undefined) values.set('freshness_seconds', Math.max(now - memory.succeededAt, 0) / 1_000);
  if (memory.failed !== undefined) values.set('error_ratio', memory.failed ? 1 : 0);
  return values;
}
