import type { Decision } from '../domain/decision.ts';
import type { Exclusion } from '../domain/excluded.ts';
import type { Incident } from '../domain/incident.ts';
import type { Score } from '../domain/score.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Outcome } from './ledger.ts';

/** One line of a recording. */
export type RecordLine =
  | { readonly kind: 'score'; readonly at: EpochMs; readonly score: Score }
  | {
      readonly kind: 'verdict';
      readonly at: EpochMs;
      readonly stage: string;
      readonly state: string;
      readonly excluded?: readonly Exclusion[];
    }
  | { readonly kind: 'incident'; readonly at: EpochMs; readonly incident: Incident; readonly change: string }
  | { readonly kind: 'decision'; readonly decision: Decision };

/** What an outcome says, as lines in a fixed order: two runs of the same day are equal when these are, byte for byte. */
export function recordOf(outcome: Outcome, at: EpochMs): readonly RecordLine[] {
  return [
    ...outcome.steps.flatMap(({ scores, verdict, previous }): RecordLine[] => [
      ...scores.map((score) => ({ kind: 'score' as const, at: verdict.at, score })),
      ...(isSame(previous, verdict) ? [] : [lineOf(verdict)]),
    ]),
    ...outcome.incidents.flatMap(({ incident, changes }) =>
      changes.map((change) => ({ kind: 'incident' as const, at, incident, change: change.kind })),
    ),
    ...outcome.decisions.map((decision) => ({ kind: 'decision' as const, decision })),
  ];
}

/** Ranges that are excluded are compared by when they end: two of one stage that end at once say the same. */
const isSame = (previous: Verdict | undefined, { state, excluded = [] }: Verdict): boolean =>
  previous?.state === state &&
  (previous.excluded ?? []).map(({ to }) => to).join() === excluded.map(({ to }) => to).join();

const lineOf = ({ at, stage, state, excluded }: Verdict): RecordLine => ({
  kind: 'verdict',
  at,
  stage,
  state,
  ...(excluded && { excluded }),
});
