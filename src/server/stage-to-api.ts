import { factOf, sentenceOf } from '../domain/evidence.ts';
import { relearningWords } from '../domain/relearning.ts';
import type { Score } from '../domain/score.ts';
import { type Signal, signalSpec } from '../domain/signal.ts';
import { pipelineOf, stageNameOf } from '../domain/stage.ts';
import { partOfSubject, VECTOR } from '../domain/subject.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { StageView, ValveState } from '../domain/views.ts';
import type { ApiExpected, ApiSignal, ApiStage, ApiVerdict } from './api.ts';
import { toApiExcluded, toApiReach } from './series-to-api.ts';
import { number, openValve, time, toApiValve, toApiVotes } from './to-api.ts';

/** A stage as the page shows it: judged state, every signal with its band, and why a value is missing. Pure. */
export function toApiStage(stage: StageView, valve: ValveState | undefined): ApiStage {
  const { verdict, snapshot } = stage;
  return {
    id: stage.id,
    pipeline: pipelineOf(stage.id),
    stage: stageNameOf(stage.id),
    after: [...stage.after],
    everySeconds: stage.every / 1_000,
    verdict: verdict?.state ?? 'unknown',
    since: verdict ? time(verdict.since) : null,
    at: snapshot ? time(snapshot.at) : verdict ? time(verdict.at) : null,
    score: worst(stage.scores),
    sentence: verdict ? sentenceOf(verdict) : '',
    because: verdict ? toApiBecause(verdict) : [],
    signals: signalsOf(stage),
    gaps: (snapshot?.gaps ?? []).map(({ probe, code, message }) => ({ probe, code, message })),
    warming: [...(verdict?.warming ?? [])],
    relearning: stage.relearning.map(({ detector, why }) => ({ detector, reason: why, text: relearningWords(why) })),
    blind: [...(verdict?.blind ?? [])],
    frozen: stage.frozen,
    excluded: toApiExcluded(verdict?.excluded ?? []),
    learned: number(stage.learned) ?? 0,
    fields: snapshot?.profiles.size ?? 0,
    drifted: stage.scores.filter(hasDrifted).length,
    valve: valve ? toApiValve(valve) : openValve(stage.id),
  };
}

export const toApiVerdict = (verdict: Verdict): ApiVerdict => ({
  stage: verdict.stage,
  state: verdict.state,
  at: time(verdict.at),
  since: time(verdict.since),
  sentence: sentenceOf(verdict),
  because: toApiBecause(verdict),
  excluded: toApiExcluded(verdict.excluded ?? []),
});

const hasDrifted = (score: Score): boolean =>
  score.state === 'ready' && score.drift !== undefined && score.value >= score.ticketLine;

const isJudged = (score: Score): boolean => score.state === 'ready' || score.state === 'limit';

const worst = (scores: readonly Score[]): number | null => {
  const values = scores.filter(isJudged).map((score) => score.value);
  return values.length === 0 ? null : number(Math.max(...values));
};

const toApiBecause = (verdict: Verdict): ApiStage['because'] =>
  verdict.because.map((score) => ({
    subject: score.subject,
    detector: score.detector,
    score: number(score.value) ?? 0,
    text: factOf(score, verdict.at).text,
    contributions: score.state === 'ready' ? score.because.map(({ signal, share }) => ({ signal, share })) : [],
    votes: score.state === 'ready' ? toApiVotes(score.votes) : [],
  }));

/** Every signal that was seen, asked for or scored; in the order of the snapshot, missing ones last. */
function signalsOf({ snapshot, scores }: StageView): ApiSignal[] {
  const bySignal = new Map<Signal, Score[]>();
  for (const score of scores) {
    const part = partOfSubject(score.subject);
    // Fields have no value to show; they are answered as profiles.
    if (part !== VECTOR && score.detector !== 'drift') bySignal.set(part, [...(bySignal.get(part) ?? []), score]);
  }
  const gaps = new Map((snapshot?.gaps ?? []).flatMap((gap) => gap.signals.map((signal) => [signal, gap.message])));
  const names = new Set([
    ...(snapshot?.values.keys() ?? []),
    ...bySignal.keys(),
    ...(snapshot?.absent ?? []),
    ...gaps.keys(),
  ]);
  return [...names].map((signal) => {
    const value = number(snapshot?.values.get(signal));
    const gap = value === null ? (gaps.get(signal) ?? null) : null;
    const absent = value === null && snapshot?.absent.has(signal) === true;
    return {
      ...judgedPart(signal, bySignal.get(signal) ?? []),
      value,
      gap,
      ...(gap !== null || absent ? { state: absent ? ('absent' as const) : ('gap' as const) } : {}),
    };
  });
}

function judgedPart(signal: Signal, scores: readonly Score[]): Omit<ApiSignal, 'value' | 'gap'> {
  // What was judged speaks before what was not; of two, the higher; of equals, what was learned.
  const rank = (score: Score): number => (score.state === 'ready' ? 2 : isJudged(score) ? 1 : 0);
  const lead = scores.toSorted(
    (a, b) => Number(isJudged(b)) - Number(isJudged(a)) || b.value - a.value || rank(b) - rank(a),
  )[0];
  const ready = scores.find((score) => score.state === 'ready');
  const limit = scores.find((score) => score.state === 'limit');
  const ahead = scores.find((score) => score.state === 'limit' && score.reach !== undefined);
  const warming = scores.find((score) => score.state === 'warming');
  return {
    signal,
    unit: signalSpec(signal).unit,
    expected: ready?.state === 'ready' ? expectedOf(ready) : null,
    score: lead && isJudged(lead) ? number(lead.value) : null,
    pValue: ready?.state === 'ready' ? number(ready.pValue) : null,
    // A signal that no detector and no limit watches is not judged: nobody can see whether it is right.
    state: lead?.state ?? 'blind',
    learned: warming?.state === 'warming' ? Math.min(1, warming.seen / Math.max(1, warming.need)) : null,
    detector: lead?.detector ?? null,
    limit: limit?.state === 'limit' && (limit.rule === 'above' || limit.rule === 'below') ? number(limit.limit) : null,
    reach: ahead?.state === 'limit' && ahead.reach ? toApiReach(ahead.limit, ahead.reach) : null,
  };
}

function expectedOf(score: Score & { state: 'ready' }): ApiExpected | null {
  const { lower, centre, upper } = score.expected ?? {};
  const ends = [number(lower), number(centre), number(upper)];
  const [low, mid, high] = ends;
  return low == null || mid == null || high == null ? null : { lower: low, centre: mid, upper: high };
}
