import { type Drift, driftWords, type Spread } from '../domain/drift.ts';
import type { Profile } from '../domain/profile.ts';
import type { Score } from '../domain/score.ts';
import { partOfSubject } from '../domain/subject.ts';
import type { StageView } from '../domain/views.ts';
import type { ApiProfile, ApiSpread } from './api.ts';
import { number, time } from './to-api.ts';

/** Every field of the stage that is profiled, or was and is missed now; in the order of the snapshot. Pure. */
export function toApiProfiles({ snapshot, scores }: StageView): ApiProfile[] {
  const profiles = snapshot?.profiles ?? new Map<string, Profile>();
  const said = new Map(
    scores
      .filter((score) => score.detector === 'drift' || profiles.has(partOfSubject(score.subject)))
      .map((score) => [partOfSubject(score.subject), score]),
  );
  return [...new Set([...profiles.keys(), ...said.keys()])].map((field) => ({
    field,
    ...shown(profiles.get(field)),
    ...judged(said.get(field), profiles.has(field)),
  }));
}

type Shown = Pick<ApiProfile, 'kind' | 'from' | 'to' | 'exact' | 'distinct' | 'current'>;

function shown(profile: Profile | undefined): Shown {
  if (!profile) return { kind: null, from: null, to: null, exact: false, distinct: null, current: null };
  const { kind, from, to, exact, distinct } = profile;
  return {
    kind,
    from: from > 0 ? time(from) : null,
    to: time(to),
    exact,
    distinct: distinct ?? null,
    current: spread(profile),
  };
}

const spread = ({ rows, nulls, quantiles, top }: Spread): ApiSpread => ({
  rows,
  nulls,
  quantiles: quantiles && quantiles.length > 0 ? quantiles.map(([share, value]) => [share, value]) : null,
  top: top ? top.map(([value, count]) => [value, count]) : null,
});

type Judged = Omit<ApiProfile, 'field' | keyof Shown>;

const UNJUDGED: Omit<Judged, 'result' | 'why'> = {
  reference: null,
  score: null,
  test: null,
  statistic: null,
  pValue: null,
  adjustedP: null,
  effect: null,
  effectNull: null,
  effectLine: null,
  nRef: null,
  nCur: null,
};

function judged(score: Score | undefined, isProfiled: boolean): Judged {
  if (score?.state === 'ready' && score.drift) return compared(score, score.drift);
  if (score?.state === 'warming') {
    const more = score.need - score.seen;
    return {
      ...UNJUDGED,
      result: 'warming',
      why: `no reference yet: needs ${more} more ${more === 1 ? 'profile' : 'profiles'}`,
    };
  }
  if (score?.state !== 'blind') return { ...UNJUDGED, result: 'unwatched', why: 'no detector compares this field' };
  const why = isProfiled
    ? `too little to compare: needs ${score.missing.join(', ')} on both sides`
    : 'no profile at the moment';
  return { ...UNJUDGED, result: 'insufficient', why };
}

function compared({ value, ticketLine }: Score, drift: Drift): Judged {
  const isNews = value >= ticketLine;
  return {
    reference: spread(drift.reference),
    result: isNews ? 'drift' : 'none',
    score: number(value),
    test: drift.test,
    statistic: number(drift.statistic),
    pValue: number(drift.pValue),
    adjustedP: number(drift.adjustedP),
    effect: number(drift.effect),
    effectNull: number(drift.effectNull),
    effectLine: number(drift.line),
    nRef: drift.nRef,
    nCur: drift.nCur,
    why: `${drift.moved}; ${driftWords(drift, isNews)}`,
  };
}
