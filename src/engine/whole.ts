import type { Budget } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { Subject } from '../domain/subject.ts';

const isWhole = (one: Surprise): boolean => one.state === 'ready' && one.whole === true;

/** The subject that speaks for all signals of the stage, where one does. */
export const wholeOf = (surprises: readonly Surprise[]): Subject | undefined => surprises.find(isWhole)?.subject;

export const isUsual = (scores: readonly Score[]): boolean => scores.every((score) => score.value < score.ticketLine);

/**
 * How the stage's part of the budget is shared: each ready subject has an equal part. A statement that covers the whole stage has the
 * parts of all its signals together and none of its own: they can page only while the whole is unusual, so they spend nothing beside it.
 */
export function budgetsOf(
  surprises: readonly Surprise[],
  share: Budget,
): { readonly claims: number; readonly whole: Budget } {
  const subjects = new Set(surprises.filter((one) => one.state === 'ready').map((one) => one.subject));
  if (!surprises.some(isWhole)) return { claims: subjects.size, whole: share };
  const claims = Math.max(1, subjects.size - 1);
  const { pagesPerWeek, ticketsPerWeek } = share;
  return { claims, whole: { pagesPerWeek: claims * pagesPerWeek, ticketsPerWeek: claims * ticketsPerWeek } };
}
