import type { Profile } from '../domain/profile.ts';
import type { Score } from '../domain/score.ts';
import type { StageId } from '../domain/stage.ts';
import { partOfSubject } from '../domain/subject.ts';
import { SECOND } from '../domain/time.ts';
import type { StageSeries } from './stage-series.ts';

type Rows = (readonly [string[], number])[];

/** What the profiles of a stage show, and what came of comparing each field with its reference. */
export function showFields(
  stages: StageSeries,
  stage: StageId,
  profiles: ReadonlyMap<string, Profile>,
  scores: readonly Score[],
): void {
  const of = (value: (profile: Profile) => number): Rows =>
    [...profiles].map(([field, profile]) => [[field], value(profile)]);
  stages.put(
    'headgate_profile_rows',
    stage,
    of(({ rows }) => rows),
  );
  stages.put(
    'headgate_profile_null_ratio',
    stage,
    of(({ rows, nulls }) => nulls / rows),
  );
  stages.put(
    'headgate_profile_end_timestamp_seconds',
    stage,
    of(({ to }) => to / SECOND),
  );
  const drifts = scores.flatMap((score) =>
    score.state === 'ready' && score.drift
      ? [{ field: partOfSubject(score.subject), drift: score.drift, isNews: score.value >= score.ticketLine }]
      : [],
  );
  stages.put(
    'headgate_drift_detected',
    stage,
    drifts.map(({ field, isNews }) => [[field], isNews ? 1 : 0]),
  );
  stages.put(
    'headgate_drift_effect',
    stage,
    drifts.map(({ field, drift }) => [[field], drift.effect]),
  );
  stages.put(
    'headgate_drift_effect_null',
    stage,
    drifts.map(({ field, drift }) => [[field], drift.effectNull]),
  );
  stages.put(
    'headgate_drift_adjusted_p',
    stage,
    drifts.map(({ field, drift }) => [[field], drift.adjustedP]),
  );
}
