import type { Decision } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import type { Score } from '../domain/score.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Outcome } from './ledger.ts';

/** One line of a recording. */
export type RecordLine =
  | { readonly kind: 'score'; readonly at: EpochMs; readonly score: Score }
  | { readonly kind: 'verdict'; readonly at: EpochMs; readonly stage: string; readonly state: string }
  | { readonly kind: 'incident'; readonly at: EpochMs; readonly incident: Incident; readonly change: string }
  | { readonly kind: 'decision'; readonly decision: Decision };

/** What an outcome says, as lines in a fixed order: two runs of the same day are equal when these are, byte for byte. */
export function recordOf(outcome: Outcome, at: EpochMs): readonly RecordLine[] {
  return [
    ...outcome.steps.flatMap(({ scores, verdict, previous }): RecordLine[] => [
      ...scores.map((score) => ({ kind: 'score' as const, at: verdict.at, score })),
      ...(previous?.state === verdict.state
        ? []
        : [{ kind: 'verdict' as const, at: verdict.at, stage: verdict.stage, state: verdict.state }]),
    ]),
    ...outcome.incidents.flatMap(({ incident, changes }) =>
      changes.map((change) => ({ kind: 'incident' as const, at, incident, change: change.kind })),
    ),
    ...outcome.decisions.map((decision) => ({ kind: 'decision' as const, decision })),
  ];
}
