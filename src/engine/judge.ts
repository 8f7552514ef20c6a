import { sharesOf } from '../domain/evidence.ts';
import type { Budget, StagePlan } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { partOfSubject, type Subject, VECTOR } from '../domain/subject.ts';
import { type DurationMs, type EpochMs, HOUR } from '../domain/time.ts';
import type { Severity, Verdict } from '../domain/verdict.ts';
import { CLOSE_SAMPLES, CLOSE_SHARE, type EpisodeLine, episodeLine } from './budget.ts';

const MAX_VALUE = 1_000;
/** The ticket line is never lower than this share of the page line, so that a ticket is still a surprise. */
const LOWEST_TICKET_LINE = 0.3;
/** And it is always below the page line, so that a limit of severity `warning` has room between the two. */
const HIGHEST_TICKET_LINE = 0.99;
/** What has been held this long, and is alive, is taken for the new normal. */
export const RELEARN_AFTER: DurationMs = 36 * HOUR;
/** A line moves slowly; it is worked out again after this many samples. */
const LINE_EVERY = 32;

interface SubjectState {
  readonly line: EpisodeLine;
  lnPage: number;
  ticket: number;
  sinceLine: number;
  /** The severity that is held open. */
  held: 'ok' | 'warning' | 'critical';
  /** Samples in a row under the close line of what is held. */
  quiet: number;
  /** Since when each limit is broken, by its place among the surprises of the subject. */
  brokenSince: Map<string, EpochMs>;
  lastAt: EpochMs | undefined;
  /** Time spent held, leaking back at twice the speed. */
  heldFor: DurationMs;
  lowest: number;
  highest: number;
  zeros: number;
  seen: number;
}

/** How a stage stands towards judging at this tick. */
export interface Standing {
  /** Equal share of the pipeline's budget for one ready subject, episodes a week. */
  readonly share: Budget;
  /** A lease distorts what is seen: learned detectors open nothing new, limits still do. */
  readonly distorted: boolean;
}

export interface Judgement {
  readonly scores: readonly Score[];
  readonly verdict: Verdict;
  /** Subjects that were held long enough, alive, to be taken for the new normal. */
  readonly accepted: readonly Subject[];
}

/** Judges one stage: lines from the budget, opening, holding and closing by subject, and the verdict of the whole. */
export interface StageJudge {
  judge(surprises: readonly Surprise[], snapshot: Snapshot, standing: Standing): Judgement;
  /** True while the subject's own score, or what it holds open, forbids learning. */
  isHeld(subject: Subject): boolean;
  readySubjects(): number;
  accept(subject: Subject): void;
  verdict(): Verdict | undefined;
  save(): string;
  restore(text: string): void;
}

export function createJudge(plan: StagePlan): StageJudge {
  const subjects = new Map<Subject, SubjectState>();
  const own = new Set<Subject>();
  let ready = 0;
  let current: Verdict | undefined;

  const stateOf = (subject: Subject): SubjectState => {
    let state = subjects.get(subject);
    if (!state) {
      state = newState(plan.every);
      subjects.set(subject, state);
    }
    return state;
  };

  return {
    judge(surprises, snapshot, standing) {
      const bySubject = Map.groupBy(surprises, (surprise) => surprise.subject);
      const scores: Score[] = [];
      own.clear();
      ready = 0;
      for (const [subject, said] of bySubject) {
        const state = stateOf(subject);
        const scored = scoreSubject(state, said, snapshot.at, standing);
        scores.push(...scored);
        if (scored.some((score) => score.state === 'ready')) ready++;
        if (scored.some((score) => score.value >= 1)) own.add(subject);
        hold(state, scored, standing.distorted);
        live(state, shownOf(snapshot, partOfSubject(subject)), snapshot.at, standing.distorted);
      }
      const accepted = [...bySubject.keys()].filter((subject) => isTheNewNormal(stateOf(subject)));
      current = verdictOf(plan, subjects, scores, snapshot.at, current);
      return { scores, verdict: current, accepted };
    },
    isHeld: (subject) => own.has(subject) || (subjects.get(subject)?.held ?? 'ok') === 'critical',
    readySubjects: () => ready,
    accept(subject) {
      const state = subjects.get(subject);
      if (!state) return;
      Object.assign(state, { held: 'ok', quiet: 0, ...freshHold() });
    },
    verdict: () => current,
    save: () =>
      JSON.stringify(
        [...subjects].map(([subject, { line, brokenSince, ...rest }]) => {
          const finite = { ...rest, lowest: clampInfinite(rest.lowest), highest: clampInfinite(rest.highest) };
          return [subject, finite, [...brokenSince], [...line.save()]];
        }),
      ),
    restore(text) {
      for (const [subject, rest, broken, line] of JSON.parse(text) as SavedSubject[]) {
        const state = newState(plan.every);
        if (!state.line.restore(Float64Array.from(line))) continue;
        subjects.set(subject, Object.assign(state, rest, { brokenSince: new Map(broken) }));
      }
    },
  };
}

type SavedSubject = [Subject, Omit<SubjectState, 'line' | 'brokenSince'>, [string, EpochMs][], number[]];

const freshHold = () => ({
  heldFor: 0,
  lowest: Number.MAX_VALUE,
  highest: -Number.MAX_VALUE,
  zeros: 0,
  seen: 0,
});
const clampInfinite = (x: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));

const newState = (grain: DurationMs): SubjectState => ({
  line: episodeLine(grain),
  lnPage: 0,
  ticket: HIGHEST_TICKET_LINE,
  sinceLine: LINE_EVERY,
  held: 'ok',
  quiet: 0,
  brokenSince: new Map(),
  lastAt: undefined,
  ...freshHold(),
});

/** Turns what was said of one subject into scores on the scale where 1 is the page line. */
function scoreSubject(
  state: SubjectState,
  said: readonly Surprise[],
  at: EpochMs,
  standing: Standing,
): readonly Score[] {
  const learned = said.filter((one) => one.state === 'ready');
  if (learned.length > 0) {
    // Several detectors on one subject share its budget: the smallest p of n is n times as common (Bonferroni).
    const p = Math.min(1, Math.min(...learned.map((one) => one.pValue)) * learned.length);
    drawLines(state, standing.share);
    const elapsed = state.lastAt === undefined ? 0 : Math.max(0, at - state.lastAt);
    if (!standing.distorted) state.line.count(p, elapsed);
  }
  const scores = said.map((one): Score => {
    if (one.state === 'ready') {
      const ln = Math.log(Math.min(1, one.pValue * learned.length));
      return { ...one, value: Math.min(MAX_VALUE, Math.max(0, ln / state.lnPage)), ticketLine: state.ticket };
    }
    if (one.state === 'limit') return { ...one, value: limitValue(state, one, at), ticketLine: state.ticket };
    return { ...one, value: 0, ticketLine: state.ticket };
  });
  return scores;
}

function drawLines(state: SubjectState, share: Budget): void {
  if (++state.sinceLine < LINE_EVERY) return;
  state.sinceLine = 0;
  state.lnPage = state.line.lnLine(share.pagesPerWeek);
  const ticket = state.line.lnLine(share.pagesPerWeek + share.ticketsPerWeek) / state.lnPage;
  state.ticket = Math.min(HIGHEST_TICKET_LINE, Math.max(LOWEST_TICKET_LINE, ticket));
}

/** A broken limit counts from the moment its patience is used up; how far it is broken lifts the value over the line. */
function limitValue(state: SubjectState, limit: Surprise & { state: 'limit' }, at: EpochMs): number {
  const key = `${limit.rule} ${limit.limit} ${limit.severity}${limit.reach ? ' ahead' : ''}`;
  if (!limit.broken && !limit.reach) {
    state.brokenSince.delete(key);
    return 0;
  }
  const since = state.brokenSince.get(key) ?? at;
  state.brokenSince.set(key, since);
  if (at - since < limit.patience) return 0;
  const { observed } = limit;
  const beyond =
    observed === undefined || limit.limit === 0 ? 1 : Math.max(1, timesBeyond(limit.rule, observed, limit.limit));
  return limit.severity === 'critical'
    ? Math.min(MAX_VALUE, beyond)
    : state.ticket + (0.999 - state.ticket) * (1 - 1 / beyond);
}

const timesBeyond = (rule: string, observed: number, limit: number): number =>
  rule === 'above' ? observed / limit : rule === 'below' ? limit / Math.max(observed, Number.MIN_VALUE) : 1;

/** Opens at once, closes after a few quiet samples; a subject without a statement stays as it is. */
function hold(state: SubjectState, scores: readonly Score[], distorted: boolean): void {
  const telling = scores.filter((score) => score.state === 'ready' || score.state === 'limit');
  if (telling.length === 0) return;
  const opens = Math.max(0, ...telling.filter((s) => !(distorted && s.state === 'ready')).map((s) => s.value));
  const severity = opens >= 1 ? 'critical' : opens >= state.ticket ? 'warning' : 'ok';
  const worst = Math.max(0, ...telling.map((score) => score.value));
  const open = state.held === 'critical' ? 1 : state.ticket;
  if (rank(severity) >= rank(state.held)) {
    state.held = severity;
    state.quiet = 0;
  } else if (worst < CLOSE_SHARE * open) {
    if (++state.quiet >= CLOSE_SAMPLES) {
      state.held = severity;
      state.quiet = 0;
    }
  } else state.quiet = 0;
}

const rank = (severity: 'ok' | 'warning' | 'critical'): number =>
  severity === 'critical' ? 2 : severity === 'warning' ? 1 : 0;

/** A number that moves while the subject is alive: its value; of all signals together their sum; of a profile the age of its data. */
function shownOf({ values, profiles }: Snapshot, part: string): number | undefined {
  if (part !== VECTOR) return values.get(part) ?? profiles.get(part)?.to;
  return values.size === 0 ? undefined : [...values.values()].reduce((sum, value) => sum + value / values.size, 0);
}

/** Keeps the clock of a long hold, and what the values looked like meanwhile. A lease stops the clock. */
function live(state: SubjectState, value: number | undefined, at: EpochMs, distorted: boolean): void {
  const elapsed = state.lastAt === undefined ? 0 : Math.max(0, at - state.lastAt);
  state.lastAt = at;
  if (distorted) return;
  if (state.held !== 'critical') {
    state.heldFor = Math.max(0, state.heldFor - 2 * elapsed);
    if (state.heldFor === 0) Object.assign(state, freshHold());
    return;
  }
  state.heldFor += elapsed;
  if (value === undefined) return;
  state.seen++;
  if (value === 0) state.zeros++;
  state.lowest = Math.min(state.lowest, value);
  state.highest = Math.max(state.highest, value);
}

/** Long held, seen all the while, and neither zero nor constant: whatever it is, it works like this now. */
function isTheNewNormal(state: SubjectState): boolean {
  if (state.heldFor < RELEARN_AFTER || state.seen < 10 || state.held !== 'critical') return false;
  const alive = state.zeros < 0.05 * state.seen;
  const moves = state.highest - state.lowest > 1e-6 * Math.max(Math.abs(state.highest), Math.abs(state.lowest));
  return alive && moves;
}

function verdictOf(
  plan: StagePlan,
  subjects: ReadonlyMap<Subject, SubjectState>,
  scores: readonly Score[],
  at: EpochMs,
  before: Verdict | undefined,
): Verdict {
  const telling = scores.filter((score) => score.state === 'ready' || score.state === 'limit');
  let state: Severity = 'ok';
  for (const { held } of subjects.values()) if (rank(held) > rank(state as 'ok')) state = held;
  if (telling.length === 0) state = 'unknown';
  const because = telling
    .filter((score) => score.value >= score.ticketLine || subjects.get(score.subject)?.held !== 'ok')
    .sort((a, b) => b.value - a.value);
  const named = (wanted: Score['state']) => [
    ...new Set(scores.filter((score) => score.state === wanted).map((score) => score.subject)),
  ];
  return {
    stage: plan.id,
    at,
    state,
    since: before?.state === state ? before.since : at,
    because: state === 'unknown' ? [] : because,
    ...(state !== 'unknown' && because.length > 0 && { shares: sharesOf(telling) }),
    warming: named('warming'),
    blind: named('blind'),
  };
}
