import { sharesOf } from '../domain/evidence.ts';
import type { Budget, StagePlan } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { partOfSubject, type Subject, VECTOR } from '../domain/subject.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Severity, Verdict } from '../domain/verdict.ts';
import { CLOSE_SAMPLES, CLOSE_SHARE, type EpisodeLine, episodeLine, HOURS_STOOD } from './budget.ts';
import { limitValue, MAX_VALUE } from './limit-value.ts';
import { freshHold, isTheNewNormal, type LongHold, live } from './long-hold.ts';
import { type Label, Spending, type StandingChange } from './spending.ts';
import { budgetsOf, isUsual, wholeOf } from './whole.ts';

/** The ticket line is never lower than this share of the page line, so that a ticket is still a surprise. */
const LOWEST_TICKET_LINE = 0.3;
/** And it is always below the page line, so that a limit of severity `warning` has room between the two. */
const HIGHEST_TICKET_LINE = 0.99;
/** A line moves slowly; it is worked out again after this many samples. */
const LINE_EVERY = 32;

interface SubjectState extends LongHold {
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
  /** While critical is held: true once somebody said so who may page. */
  paging: boolean;
}

/** How a stage stands towards judging at this tick. */
export interface Standing {
  /** Equal share of the pipeline's budget for one ready subject, episodes a week. */
  readonly share: Budget;
  /** A lease distorts what is seen: learned detectors open nothing new, limits still do. */
  readonly distorted: boolean;
  /** A detector that overspends is demoted to tickets; for where people label incidents. */
  readonly demotes: boolean;
}

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
  /** True while the subject's own score, or what it holds open, forbids learning. */
  isHeld(subject: Subject): boolean;
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
  const own = new Set<Subject>();
  const spending = new Spending();
  /** Who opened what is critical now; nobody where a limit did, or where nothing is. */
  let opener: Opener | undefined;
  let wasCritical = false;
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
        const scored = scoreSubject(state, bySubject.get(subject) ?? [], snapshot.at, { ...standing, share }).map(
          (score) => demotedBy(spending, score),
        );
        scores.push(...scored);
        if (scored.some((score) => score.value >= 1)) own.add(subject);
        if (subject === whole) usual = isUsual(scored) && state.held === 'ok';
        hold(state, scored, standing.distorted, usual);
        const elapsed = elapsedOf(state, snapshot.at);
        state.lastAt = snapshot.at;
        if (!standing.distorted)
          // A ticket keeps an incident open, and with it the references still, as a page does.
          live(state, shownOf(snapshot, partOfSubject(subject)), elapsed, state.held !== 'ok');
      }
      const accepted = [...bySubject.keys()].filter((subject) => {
        const state = stateOf(subject);
        return state.held !== 'ok' && isTheNewNormal(state);
      });
      const standings = standing.demotes ? spend(scores, snapshot.at, standing.share) : [];
      current = verdictOf(plan, subjects, scores, snapshot.at, current);
      return { scores, verdict: current, accepted, standings };
    },
    isHeld: (subject) => own.has(subject) || (subjects.get(subject)?.held ?? 'ok') === 'critical',
    readySubjects: () => ready,
    accept(subject) {
      const state = subjects.get(subject);
      if (!state) return;
      Object.assign(state, { held: 'ok', quiet: 0, ...freshHold() });
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
          return [subject, finite, [...brokenSince], [...line.save()]];
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
        subjects.set(subject, Object.assign(state, rest, { brokenSince: new Map(broken) }));
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

const elapsedOf = (state: SubjectState, at: EpochMs): DurationMs =>
  state.lastAt === undefined ? 0 : Math.max(0, at - state.lastAt);

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
  paging: false,
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
    if (!standing.distorted) state.line.count(p, elapsedOf(state, at));
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
  state.lnPage = state.line.lnLine(share.pagesPerWeek / HOURS_STOOD);
  const ticket = state.line.lnLine(share.pagesPerWeek + share.ticketsPerWeek) / state.lnPage;
  state.ticket = Math.min(HIGHEST_TICKET_LINE, Math.max(LOWEST_TICKET_LINE, ticket));
}

/**
 * Opens at once, closes after a few quiet samples; a subject without a statement stays as it is. What is learned of a signal opens no
 * page while the whole stage is `usual`.
 */
function hold(state: SubjectState, scores: readonly Score[], distorted: boolean, usual: boolean): void {
  const telling = scores.filter((score) => score.state === 'ready' || score.state === 'limit');
  if (telling.length === 0) return;
  const most = ({ state: kind, value }: Score): number =>
    kind === 'ready' && usual && state.held !== 'critical' ? Math.min(value, HIGHEST_TICKET_LINE) : value;
  const opens = Math.max(0, ...telling.filter((s) => !(distorted && s.state === 'ready')).map(most));
  const severity = opens >= 1 ? 'critical' : opens >= state.ticket ? 'warning' : 'ok';
  const worst = Math.max(0, ...telling.map((score) => standingOf(state, score)));
  const open = state.held === 'critical' ? 1 : state.ticket;
  const loud = telling.some((s) => s.value >= 1 && !s.demoted && !(distorted && s.state === 'ready'));
  if (rank(severity) >= rank(state.held)) {
    state.held = severity;
    state.quiet = 0;
  } else if (worst < CLOSE_SHARE * open) {
    if (++state.quiet >= CLOSE_SAMPLES) {
      state.held = severity;
      state.quiet = 0;
    }
  } else state.quiet = 0;
  state.paging = state.held === 'critical' && (state.paging || loud);
}

/** What is held, as people are told: critical is a warning as long as only demoted detectors say so. */
const shownAs = ({ held, paging }: SubjectState): SubjectState['held'] =>
  held === 'critical' && !paging ? 'warning' : held;

/** How much of an open episode is still there, on the scale of values. */
function standingOf(state: SubjectState, score: Score): number {
  if (score.state !== 'ready' || score.standing === undefined) return score.value;
  return Math.min(MAX_VALUE, Math.max(0, Math.log(Math.max(Number.MIN_VALUE, score.standing)) / state.lnPage));
}

const rank = (severity: 'ok' | 'warning' | 'critical'): number =>
  severity === 'critical' ? 2 : severity === 'warning' ? 1 : 0;

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
): Verdict {
  const telling = scores.filter((score) => score.state === 'ready' || score.state === 'limit');
  let state: Severity = 'ok';
  for (const subject of subjects.values()) {
    const shown = shownAs(subject);
    if (rank(shown) > rank(state as 'ok')) state = shown;
  }
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
