import type { Exclusion } from '../domain/excluded.ts';
import type { Budget } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { CLOSE_SHARE, EpisodeLine } from './budget.ts';
import { limitValue, MAX_VALUE } from './limit-value.ts';
import { freshHold, type LongHold } from './long-hold.ts';

/** The ticket line is never lower than this share of the page line, so that a ticket is still a surprise. */
const LOWEST_TICKET_LINE = 0.3;
/** And it is always below the page line, so that a limit of severity `warning` has room between the two. */
const HIGHEST_TICKET_LINE = 0.99;
/** A line moves slowly; it is worked out again after this many samples. */
const LINE_EVERY = 32;

/** All that the judge remembers of one subject: where its lines are, and what is held open. */
export interface SubjectState extends LongHold {
  readonly line: EpisodeLine;
  lnPage: number;
  ticket: number;
  sinceLine: number;
  /** The severity that is held open. */
  held: 'ok' | 'warning' | 'critical';
  /** Samples in a row under the close line of what is held. */
  quiet: number;
  /** It passed its own page line and is not back, whatever came of that: its reference stands still. */
  strange: boolean;
  /** Samples in a row under the close line of that. */
  calm: number;
  /** Since when each limit is broken, by what it is; nothing where none ever was. */
  brokenSince: Map<string, EpochMs> | undefined;
  /** Samples for which the subject is still silent: while a range is excluded, and as long after it as filters need to forget it. */
  settle: number;
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
  /** Ranges that hold now: of what they are for, only limits speak. */
  readonly excluded?: readonly Exclusion[];
}

export const elapsedOf = (state: SubjectState, at: EpochMs): DurationMs =>
  state.lastAt === undefined ? 0 : Math.max(0, at - state.lastAt);

export const newState = (grain: DurationMs): SubjectState => ({
  line: new EpisodeLine(grain),
  lnPage: 0,
  ticket: HIGHEST_TICKET_LINE,
  sinceLine: LINE_EVERY,
  held: 'ok',
  quiet: 0,
  strange: false,
  calm: 0,
  brokenSince: undefined,
  settle: 0,
  lastAt: undefined,
  paging: false,
  ...freshHold(),
});

/** Turns what was said of one subject into scores on the scale where 1 is the page line. */
export function scoreSubject(state: SubjectState, said: readonly Surprise[], at: EpochMs, standing: Standing): Score[] {
  let [learned, least] = [0, 1];
  for (const one of said) {
    if (one.state !== 'ready') continue;
    learned += 1;
    least = learned === 1 ? one.pValue : Math.min(least, one.pValue);
  }
  if (learned > 0) {
    drawLines(state, standing.share);
    // Several detectors on one subject share its budget: the smallest p of n is n times as common (Bonferroni).
    if (!standing.distorted) state.line.count(Math.min(1, least * learned), elapsedOf(state, at));
  }
  return said.map((one): Score => {
    if (one.state === 'ready') {
      const ln = Math.log(Math.min(1, one.pValue * learned));
      return { ...one, value: Math.min(MAX_VALUE, Math.max(0, ln / state.lnPage)), ticketLine: state.ticket };
    }
    if (one.state === 'limit') return { ...one, value: limitValue(state, one, at), ticketLine: state.ticket };
    return { ...one, value: 0, ticketLine: state.ticket };
  });
}

function drawLines(state: SubjectState, share: Budget): void {
  if (++state.sinceLine < LINE_EVERY) return;
  state.sinceLine = 0;
  state.lnPage = state.line.lnLine(share.pagesPerWeek / state.line.countsAs);
  const ticket = state.line.lnLine(share.pagesPerWeek + share.ticketsPerWeek) / state.lnPage;
  state.ticket = Math.min(HIGHEST_TICKET_LINE, Math.max(LOWEST_TICKET_LINE, ticket));
}

/** The longest mean that a detector takes is of so many samples; it has forgotten an excluded range by then. */
const SETTLE_SAMPLES = 24;

/** True while what was learned of the subject does not count: in an excluded range, and after it until no filter can hold any of it. */
export function isSilent(state: SubjectState, excluded: boolean): boolean {
  state.settle = excluded ? SETTLE_SAMPLES : Math.max(0, state.settle - 1);
  return state.settle > 0;
}

/** What a subject has to say counts for less … */
export interface Doubts {
  /** … while a lease distorts it: what is learned opens nothing. */
  readonly distorted: boolean;
  /** … while the whole stage is usual: what is learned of a signal opens no page. */
  readonly usual: boolean;
  /** … while it is known not to be normal, or was a moment ago: what is learned neither opens nor keeps open. */
  readonly silent: boolean;
}

/** Opens at once, closes after a few quiet samples; a subject without a statement stays as it is. */
export function hold(state: SubjectState, scores: readonly Score[], { distorted, usual, silent }: Doubts): void {
  const open = state.held === 'critical' ? 1 : state.ticket;
  const cap = usual && state.held !== 'critical' ? HIGHEST_TICKET_LINE : MAX_VALUE;
  let [isSaid, isStrange, loud] = [false, false, false];
  let [opens, worst] = [0, 0];
  for (const score of scores) {
    if (score.state !== 'ready' && score.state !== 'limit') continue;
    isSaid = true;
    if (silent && !isOfALimit(score)) continue;
    const isLearned = score.state === 'ready';
    worst = Math.max(worst, standingOf(state, score));
    if (distorted && isLearned) continue;
    opens = Math.max(opens, isLearned ? Math.min(score.value, cap) : score.value);
    if (score.value < 1) continue;
    isStrange ||= isLearned;
    loud ||= !score.demoted;
  }
  if (!isSaid) return;
  const severity = opens >= 1 ? 'critical' : opens >= state.ticket ? 'warning' : 'ok';
  stayStrange(state, isStrange, worst);
  if (rank(severity) >= rank(state.held)) {
    state.held = severity;
    state.quiet = 0;
  } else if (worst < CLOSE_SHARE * open) {
    if (++state.quiet >= state.line.closesAfter) {
      state.held = severity;
      state.quiet = 0;
    }
  } else state.quiet = 0;
  state.paging = state.held === 'critical' && (state.paging || loud);
}

/** From the page line on until a few samples in a row are well below it. */
function stayStrange(state: SubjectState, isStrange: boolean, worst: number): void {
  if (isStrange) Object.assign(state, { strange: true, calm: 0 });
  else if (!state.strange || worst >= CLOSE_SHARE) state.calm = 0;
  else if (++state.calm >= state.line.closesAfter) Object.assign(state, { strange: false, calm: 0 });
}

/** A limit that is kept or broken; one that is only in sight was learned. */
const isOfALimit = (score: Score): boolean => score.state === 'limit' && !score.reach;

/** What is held, as people are told: critical is a warning as long as only demoted detectors say so. */
export const shownAs = ({ held, paging }: SubjectState): SubjectState['held'] =>
  held === 'critical' && !paging ? 'warning' : held;

/** How much of an open episode is still there, on the scale of values. */
function standingOf(state: SubjectState, score: Score): number {
  if (score.state !== 'ready' || score.standing === undefined) return score.value;
  return Math.min(MAX_VALUE, Math.max(0, Math.log(Math.max(Number.MIN_VALUE, score.standing)) / state.lnPage));
}

export const rank = (severity: 'ok' | 'warning' | 'critical'): number =>
  severity === 'critical' ? 2 : severity === 'warning' ? 1 : 0;
