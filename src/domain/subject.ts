import type { Signal } from './signal.ts';
import type { StageId } from './stage.ts';

/** What is scored: `pipeline.stage/signal`, `pipeline.stage/field`, or `pipeline.stage/*` for the whole vector. */
export type Subject = `${StageId}/${string}`;

/** Spelling of the subject that stands for all signals of a stage together. */
export const VECTOR = '*';

export const subjectOf = (stage: StageId, part: Signal): Subject => `${stage}/${part}`;
export const stageOfSubject = (subject: Subject): StageId => subject.slice(0, subject.indexOf('/')) as StageId;
export const partOfSubject = (subject: Subject): string => subject.slice(subject.indexOf('/') + 1);
