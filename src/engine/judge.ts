import { sharesOf } from '../domain/evidence.ts';
import { type Exclusion, isExcluded } from '../domain/excluded.ts';
import type { Budget, StagePlan } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { partOfSubject, type Subject, VECTOR } from '../domain/subject.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Severity, Verdict } from '../domain/verdict.ts';
import {
  elapsedOf,
  hold,
  isSilent,
  newState,
  rank,
  type Standing,
  type SubjectState,
  scoreSubject,
  shownAs,
} from './judge-subject.ts';
import { freshHold, isTheNewNormal, live } from './long-hold.ts';
import { type Label, Spending, type StandingChange } from './spending.ts';
import { budgetsOf, isUsual, wholeOf } from './whole.ts';

export interface Judgement {
  readonly scores: readonly Score[];
  readonly verdict: Verdict;
  /** Subjects that were held long enough, alive, to be taken for the new normal. */
  readonly accepted: readonly Subject[];
  /** Detectors that were demoted to tickets on a subject, or promoted again. */
  readonly standings: readonly StandingChange[];
}

/** Judges one stage: lines from the budget, opening, holding and closing by subject, and the verdict of the whole. */
export interface StageJudge {
  judge(surprises: readonly Surprise[], snapshot: Snapshot, standing: Standing): Judgement;
  /** True while the subject's own score, what it holds open, or a range that was excluded a moment ago forbids learning. */
  isHeld(subject: Subject): boolean;
  /** The whole is usual and none of its limits is broken: what is strange of the stage is so alone, and the others may go on learning. */
  readonly vouchesForOthers: boolean;
  readySubjects(): number;
  accept(subject: Subject): void;
  /** What a person said of the pages that stood between two moments. */
  label(from: EpochMs, to: EpochMs, label: Label): void;
  /** Detectors that may not page at the moment. */
  readonly demoted: readonly StandingChange[];
  verdict(): Verdict | undefined;
  save(): string;
  restore(text: string): void;
}

export function createJudge(plan: StagePlan): StageJudge {
  const subjects = new Map<Subject, SubjectState>();
  /** What each subject is of: cut out anew at each tick, a text has to be hashed anew to be looked up. */
  const parts = new Map<Subject, string>();
  const own = new Set<Subject>();
  const spending = new Spending();
  /** Who opened what is critical now; nobody where a limit did, or where nothing is. */
  let opener: Opener | undefined;
  let wasCritical = false;
  let ready = 0;
  let vouches = false;
  let current: Verdict | undefined;

  const stateOf = (subject: Subject): SubjectState => {
    let state = subjects.get(subject);
    if (!state) {
      state = newState(plan.every);
      subjects.set(subject, state);
    }
    return state;
  };

  const partOf = (subject: Subject): string => {
    let part = parts.get(subject);
    if (part === undefined) {
      part = partOfSubject(subject);
      parts.set(subject, part);
    }
    return part;
  };

  /** Counts a page from its first sample to its last on who opened it, and reviews who may page. */
  const spend = (scores: readonly Score[], at: EpochMs, share: Budget): readonly StandingChange[] => {
    const isCritical = [...subjects.values()].some(({ held }) => held === 'critical');
    if (isCritical && !wasCritical) opener = openerOf(scores);
    if (!isCritical) opener = undefined;
    wasCritical = isCritical;
    if (opener) spending.stands(opener.subject, opener.detector, at);
    return spending.review(at, plan.budget, share);
  };

  return {
    judge(surprises, snapshot, standing) {
      const { excluded = [] } = standing;
      const bySubject = Map.groupBy(surprises, (surprise) => surprise.subject);
      const scores: Score[] = [];
      own.clear();
      const budgets = budgetsOf(surprises, standing.share);
      ready = budgets.claims;
      // The whole first, since what it says decides what the signals may open.
      const whole = wholeOf(surprises);
      const inOrder = whole ? [whole, ...[...bySubject.keys()].filter((one) => one !== whole)] : bySubject.keys();
      let usual = false;
      for (const subject of inOrder) {
        const state = stateOf(subject);
        const share = subject === whole ? budgets.whole : standing.share;
        const silent = isSilent(state, isExcluded(excluded, subject));
        const distorted = standing.distorted || silent;
        const said = bySubject.get(subject) ?? [];
        const scored = scoreSubject(state, said, snapshot.at, { ...standing, share, distorted });
        for (const [i, score] of scored.entries()) {
          scored[i] = demotedBy(spending, score);
          scores.push(scored[i]);
          if (score.value >= 1) own.add(subject);
        }
        if (subject === whole) usual = isUsual(scored) && state.held === 'ok';
        hold(state, scored, { distorted, usual, silent });
        const elapsed = elapsedOf(state, snapshot.at);
        state.lastAt = snapshot.at;
        if (!distorted)
          // A ticket keeps an incident open, and with it the references still, as a page does.
          live(state, shownOf(snapshot, partOf(subject)), elapsed, state.held !== 'ok');
      }
      vouches = usual && !scores.some(({ state, value }) => state === 'limit' && value >= 1);
      const accepted = [...bySubject.keys()].filter((subject) => {
        const state = stateOf(subject);
        return state.held !== 'ok' && isTheNewNormal(state);
      });
      const standings = standing.demotes ? spend(scores, snapshot.at, standing.share) : [];
      current = verdictOf(plan, subjects, scores, snapshot.at, current, excluded);
      return { scores, verdict: current, accepted, standings };
    },
    isHeld: (subject) => {
      const state = subjects.get(subject);
      return own.has(subject) || state?.held === 'critical' || state?.strange === true;
    },
    get vouchesForOthers() {
      return vouches;
    },
    readySubjects: () => ready,
    accept(subject) {
      const state = subjects.get(subject);
      if (!state) return;
      Object.assign(state, { held: 'ok', quiet: 0, strange: false, calm: 0, ...freshHold() });
    },
    label: (from, to, label) => spending.label(from, to, label),
    get demoted() {
      return spending.demoted;
    },
    verdict: () => current,
    save: () =>
      JSON.stringify({
        subjects: [...subjects].map(([subject, { line, brokenSince, ...rest }]) => {
          const finite = { ...rest, lowest: clampInfinite(rest.lowest), highest: clampInfinite(rest.highest) };
          return [subject, finite, [...(brokenSince ?? [])], [...line.save()]];
        }),
        spending: spending.save(),
        opener,
        wasCritical,
      }),
    restore(text) {
      const saved = JSON.parse(text) as Saved;
      // What an older make has written is learned anew.
      if (!saved.subjects) return;
      spending.restore(saved.spending);
      opener = saved.opener;
      wasCritical = saved.wasCritical;
      for (const [subject, rest, broken, line] of saved.subjects) {
        const state = newState(plan.every);
        if (!state.line.restore(Float64Array.from(line))) continue;
        subjects.set(
          subject,
          Object.assign(state, rest, { brokenSince: broken.length > 0 ? new Map(broken) : undefined }),
        );
      }
    },
  };
}

type SavedSubject = [Subject, Omit<SubjectState, 'line' | 'brokenSince'>, [string, EpochMs][], number[]];

interface Saved {
  readonly subjects: readonly SavedSubject[];
  readonly spending: ReturnType<Spending['save']>;
  readonly opener?: Opener;
  readonly wasCritical: boolean;
}

interface Opener {
  readonly subject: Subject;
  readonly detector: string;
}

/** The most surprising of what was learned; nobody where a limit is broken too, which pages in any case. */
function openerOf(scores: readonly Score[]): Opener | undefined {
  const loud = scores.filter((score) => score.value >= 1).sort((a, b) => b.value - a.value);
  const [lead] = loud;
  if (!lead || loud.some(({ state }) => state === 'limit')) return undefined;
  return { subject: lead.subject, detector: lead.detector };
}

function demotedBy(spending: Spending, score: Score): Score {
  if (score.state !== 'ready') return score;
  const demoted = spending.demotion(score.subject, score.detector);
  return demoted ? { ...score, demoted } : score;
}

const clampInfinite = (x: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));

/** A number that moves while the subject is alive: its value; of all signals together their sum; of a profile the age of its data. */
function shownOf({ values, profiles }: Snapshot, part: string): number | undefined {
  if (part !== VECTOR) return values.get(part) ?? profiles.get(part)?.to;
  return values.size === 0 ? undefined : [...values.values()].reduce((sum, value) => sum + value / values.size, 0);
}

function verdictOf(
  plan: StagePlan,
  subjects: ReadonlyMap<Subject, SubjectState>,
  scores: readonly Score[],
  at: EpochMs,
  before: Verdict | undefined,
  excluded: readonly Exclusion[],
): Verdict {
  const telling = scores.filter((score) => score.state === 'ready' || score.state === 'limit');
  let state: Severity = 'ok';
  for (const subject of subjects.values()) {
    const shown = shownAs(subject);
    if (rank(shown) > rank(state as 'ok')) state = shown;
  }
  if (telling.length === 0) state = 'unknown';
  const because = telling
    .filter(({ subject, value, ticketLine }) => {
      const known = subjects.get(subject);
      return (value >= ticketLine && !known?.settle) || known?.held !== 'ok';
    })
    // A limit that is kept is no reason where something else of the same subject is one.
    .filter((one, _, all) => one.value > 0 || !all.some(({ subject, value }) => subject === one.subject && value > 0))
    .sort((a, b) => b.value - a.value);
  const named = (wanted: Score['state']) =>
    telling.length === scores.length
      ? []
      : [...new Set(scores.filter((score) => score.state === wanted).map((score) => score.subject))];
  return {
    stage: plan.id,
    at,
    state,
    since: before?.state === state ? before.since : at,
    because: state === 'unknown' ? [] : because,
    ...(state !== 'unknown' && because.length > 0 && { shares: sharesOf(telling) }),
    warming: named('warming'),
    blind: named('blind'),
    ...(excluded.length > 0 && { excluded }),
  };
}
