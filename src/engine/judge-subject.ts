import type { Budget } from '../domain/plan.ts';
import type { Score, Surprise } from '../domain/score.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { CLOSE_SAMPLES, CLOSE_SHARE, COUNTS_AS, type EpisodeLine, episodeLine } from './budget.ts';
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

export const elapsedOf = (state: SubjectState, at: EpochMs): DurationMs =>
  state.lastAt === undefined ? 0 : Math.max(0, at - state.lastAt);

export const newState = (grain: DurationMs): SubjectState => ({
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
export function scoreSubject(
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
  state.lnPage = state.line.lnLine(share.pagesPerWeek / COUNTS_AS);
  const ticket = state.line.lnLine(share.pagesPerWeek + share.ticketsPerWeek) / state.lnPage;
  state.ticket = Math.min(HIGHEST_TICKET_LINE, Math.max(LOWEST_TICKET_LINE, ticket));
}

/**
 * Opens at once, closes after a few quiet samples; a subject without a statement stays as it is. What is learned of a signal opens no
 * page while the whole stage is `usual`.
 */
export function hold(state: SubjectState, scores: readonly Score[], distorted: boolean, usual: boolean): void {
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
export const shownAs = ({ held, paging }: SubjectState): SubjectState['held'] =>
  held === 'critical' && !paging ? 'warning' : held;

/** How much of an open episode is still there, on the scale of values. */
function standingOf(state: SubjectState, score: Score): number {
  if (score.state !== 'ready' || score.standing === undefined) return score.value;
  return Math.min(MAX_VALUE, Math.max(0, Math.log(Math.max(Number.MIN_VALUE, score.standing)) / state.lnPage));
}

export const rank = (severity: 'ok' | 'warning' | 'critical'): number =>
  severity === 'critical' ? 2 : severity === 'warning' ? 1 : 0;
