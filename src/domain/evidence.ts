import type { Evidence } from './incident.ts';
import type { Contribution, Demotion, Reach, Score } from './score.ts';
import { signalSpec } from './signal.ts';
import { type StageId, titleOf } from './stage.ts';
import { partOfSubject, stageOfSubject, VECTOR } from './subject.ts';
import { type EpochMs, SECOND } from './time.ts';
import type { Verdict } from './verdict.ts';
import { clockTime, lengthOf, list, quantity, range } from './wording.ts';

/** Facts kept of one verdict; more are not read. */
const MOST_FACTS = 5;
/** Followers, and signals that are unusual together, named in a sentence; of followers the rest is counted. */
const MOST_NAMED = 3;
/** Signals whose part in a surprise is kept; the rest is seen at the stage. */
const MOST_PARTS = 6;
/** Shares below this are noise, and so is what is left beside a share above 1 - this. */
const LEAST_SHARE = 0.005;

/** The strongest facts of a verdict, each with its words. */
export function factsOf(verdict: Verdict): readonly Evidence[] {
  const shares = new Map(verdict.shares?.map(({ signal, share }) => [signal, share]));
  return verdict.because
    .slice(0, MOST_FACTS)
    .map((score) => factOf(score, verdict.at, shares.get(partOfSubject(score.subject))));
}

/** One score of the moment `at` as a fact. `share` is what its signal has in the surprise of its stage, where that is known. */
export function factOf(score: Score, at: EpochMs, share?: number): Evidence {
  const { subject, detector, value } = score;
  const judged = score.state === 'ready' || score.state === 'limit';
  const fact = {
    subject,
    detector,
    score: value,
    ...(judged && score.observed !== undefined && { observed: score.observed }),
    ...(score.state === 'limit' && { limit: score.limit }),
    ...(score.state === 'limit' && score.reach && { reach: reachFrom(score.reach, at) }),
    ...(score.state === 'ready' && score.expected && bandOf(score.expected)),
    ...(score.state === 'ready' && { pValue: score.pValue }),
    ...(score.state === 'ready' && share !== undefined && { share }),
    ...(score.state === 'ready' && score.because.length > 1 && { parts: score.because.slice(0, MOST_PARTS) }),
    ...(score.state === 'ready' && score.votes && { votes: score.votes }),
    ...(score.demoted && { demoted: score.demoted }),
  };
  const text = wordsWithoutNumbers(score) ?? factWords({ ...fact, text: partOfSubject(subject) });
  return { ...fact, text };
}

const reachFrom = ({ likely, soonest, latest }: Reach, at: EpochMs): NonNullable<Evidence['reach']> => ({
  likely: at + likely,
  soonest: at + soonest,
  ...(latest !== undefined && { latest: at + latest }),
});

const bandOf = ({ lower, upper, seasonal }: { lower: number; upper: number; seasonal?: boolean }) => ({
  lower,
  upper,
  ...(seasonal && { seasonal }),
});

/** Where the fact is no value of a signal: something learned or missing, or several signals at once. */
function wordsWithoutNumbers(score: Score): string | undefined {
  const part = partOfSubject(score.subject);
  if (score.state === 'warming') return `${part} is learning, ${score.seen} of ${score.need} samples`;
  if (score.state === 'blind') return `${part} cannot be seen; missing ${score.missing.join(', ')}`;
  if (score.state === 'limit')
    return score.rule === 'absent'
      ? `${part} is absent`
      : score.rule === 'zero'
        ? `${part} is zero`
        : aheadWords(score);
  if (score.drift) return `${part} is spread otherwise than it was: ${score.drift.moved}`;
  if (part !== VECTOR && score.observed !== undefined) return undefined;
  const parts = score.because.slice(0, MOST_NAMED);
  if (parts.length === 0) return `${part} is not as usual`;
  const known = parts.some(({ expected }) => expected);
  return `unusual together: ${parts.map(partWords).join(known ? '; ' : ', ')}`;
}

/** "rows 12, usually 90 to 110 at this hour (60 %)", or "rows 60 %" where no band is known. */
export function partWords({ signal, share, observed, expected }: Contribution): string {
  const percent = quantity(share, 'ratio');
  if (observed === undefined || !expected) return `${signal} ${percent}`;
  const { unit } = signalSpec(signal);
  const band = `usually ${range(expected.lower, expected.upper, unit)}${expected.seasonal ? ' at this hour' : ''}`;
  return `${signal} ${quantity(observed, unit)}, ${band} (${percent})`;
}

/** "lag_seconds 48 s, reaches its limit of 120 s in about 14 min (10 to 25 min)" */
function aheadWords({ subject, observed, limit, reach }: Score & { state: 'limit' }): string | undefined {
  if (!reach || observed === undefined) return undefined;
  const part = partOfSubject(subject);
  const { unit } = signalSpec(part);
  const { likely, soonest, latest } = reach;
  const between =
    latest === undefined ? `not before ${lengthOf(soonest)}` : range(soonest / SECOND, latest / SECOND, 'seconds');
  return `${part} ${quantity(observed, unit)}, reaches its limit of ${quantity(limit, unit)} in about ${lengthOf(likely)} (${between})`;
}

/**
 * One fact with its unit: "lag_seconds 321 s, usually 2 to 16 s at this hour", "rows 95, usually 60 to 140 (has crept away)",
 * "lag_seconds 321 s, limit 120 s", "lag_seconds 48 s, reaches its limit of 120 s about 14:20".
 * A fact about another stage than `home` names it; left out, none is named. `clock` says times of day; left out, a limit in sight is
 * told as it was when the fact was found.
 */
export function factWords(
  fact: Evidence,
  home?: StageId,
  clock?: { readonly now: EpochMs; readonly offset?: number },
): string {
  const part = partOfSubject(fact.subject);
  const stage = stageOfSubject(fact.subject);
  const where = home === undefined || stage === home ? '' : `${titleOf(stage)} `;
  const ahead = fact.reach && clock && clockTime(fact.reach.likely, clock.now, clock.offset);
  if (part === VECTOR || fact.observed === undefined || (fact.reach && !ahead))
    return `${where}${fact.text.replace(/[.\s]+$/, '')}`;
  const { unit } = signalSpec(part);
  const seen = `${where}${part} ${quantity(fact.observed, unit)}`;
  if (ahead && fact.limit !== undefined)
    return `${seen}, reaches its limit of ${quantity(fact.limit, unit)} about ${ahead}`;
  if (fact.limit !== undefined) return `${seen}, limit ${quantity(fact.limit, unit)}`;
  if (fact.lower === undefined || fact.upper === undefined) return seen;
  const usual = `usually ${range(fact.lower, fact.upper, unit)}${fact.seasonal ? ' at this hour' : ''}`;
  return `${seen}, ${usual}${oddityWords(fact)}`;
}

/** A value within its band is strange for what it does, and not for where it is: " (has crept away)". Empty where it is outside. */
function oddityWords({ observed, lower, upper, votes }: Evidence): string {
  const [lead] = votes ?? [];
  if (!lead || observed === undefined || lower === undefined || upper === undefined) return '';
  return observed >= lower && observed <= upper ? ` (${lead.vote})` : '';
}

/** "opens tickets only: 6 pages in 4 weeks, 4 accepted" */
export const demotionWords = ({ pages, accepted, weeks }: Demotion): string =>
  `opens tickets only: ${pages} pages in ${weeks} weeks, ${quantity(accepted, 'count')} accepted`;

/** What stands beside the first fact: "71 % of the surprise; lag_seconds follows". Empty where nothing does. */
export function besidesWords(facts: readonly Evidence[]): string {
  const [lead, ...rest] = facts;
  if (!lead) return '';
  const { share } = lead;
  const others = rest.filter(
    ({ subject }) => subject !== lead.subject && stageOfSubject(subject) === stageOfSubject(lead.subject),
  );
  const names = [...new Set(others.map(({ subject }) => partOfSubject(subject)))].filter((part) => part !== VECTOR);
  const named = names.length > MOST_NAMED ? names.slice(0, MOST_NAMED - 1) : names;
  const more = names.length - named.length;
  const told = list([...named, ...(more > 0 ? [`${more} more`] : [])]);
  return [
    ...(share !== undefined && share >= LEAST_SHARE && share <= 1 - LEAST_SHARE
      ? [`${quantity(share, 'ratio')} of the surprise`]
      : []),
    ...(names.length > 0 ? [`${told} ${names.length === 1 ? 'follows' : 'follow'}`] : []),
    ...(lead.demoted ? [`${lead.detector} ${demotionWords(lead.demoted)}`] : []),
  ].join('; ');
}

/**
 * A verdict in one sentence: "latency_p99_seconds 4.2 s, usually 0.4 to 0.9 s at this hour; 71 % of the surprise; lag_seconds
 * follows". Without the stage, without a full stop; empty where nothing is wrong or nobody can tell.
 */
export function sentenceOf(verdict: Verdict): string {
  const facts = factsOf(verdict);
  const [lead] = facts;
  if (!lead) return '';
  const besides = besidesWords(facts);
  return besides === '' ? factWords(lead) : `${factWords(lead)}; ${besides}`;
}

/** Each signal's share of all that is surprising about a stage, greatest first; empty where nothing is. */
export function sharesOf(scores: readonly Score[]): readonly Contribution[] {
  const values = new Map<string, number>();
  let total = 0;
  for (const score of scores) {
    if (score.state !== 'ready') continue;
    total += score.value;
    for (const { signal, share } of score.because) values.set(signal, (values.get(signal) ?? 0) + score.value * share);
  }
  if (!(total > 0)) return [];
  return [...values].map(([signal, value]) => ({ signal, share: value / total })).sort((a, b) => b.share - a.share);
}
