import type { Signal } from './signal.ts';
import type { StageId } from './stage.ts';

/** What is scored: `pipeline.stage/signal`, `pipeline.stage/field`, or `pipeline.stage/*` for the whole vector. */
export type Subject = `${StageId}/${string}`;

/** Spelling of the subject that stands for all signals of a stage together. */
export const VECTOR = '*';

export const subjectOf = (stage: StageId, part: Signal): Subject => `${stage}/${part}`;
/** The same for one stage, each text made once: a subject is asked for at every tick, and is what maps are looked up by. */
export function subjectsOf(stage: StageId): (part: Signal) => Subject {
  const known = new Map<Signal, Subject>();
  return (part) => {
    let subject = known.get(part);
    if (subject === undefined) {
      subject = subjectOf(stage, part);
      known.set(part, subject);
    }
    return subject;
  };
}
export const stageOfSubject = (subject: Subject): StageId => subject.slice(0, subject.indexOf('/')) as StageId;
export const partOfSubject = (subject: Subject): string => subject.slice(subject.indexOf('/') + 1);
