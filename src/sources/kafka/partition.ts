import { type DurationMs, HOUR, SECOND } from '../../domain/time.ts';
import { Timetable } from './timetable.ts';

/** One partition as one tick has found it; NaN where it is not known, and where the group has committed nothing. */
export interface Seen {
  readonly committed: number;
  /** Offset after the last record (or after the last that is not part of an open transaction). */
  readonly end: number;
  /** Offset of the oldest record that is still there. */
  readonly start: number;
}

/** Where a consumer begins in a partition without a commit. */
export type OffsetReset = 'earliest' | 'latest' | undefined;

/** How far the age of the oldest waiting record can be trusted; the numbers of the signal `lag_confidence`. */
export const CONFIDENCE = { unknown: 0, extrapolated: 1, interpolated: 2, exact: 3 } as const;

/** What was found when the record at an offset was looked at. */
export type Peeked =
  | { readonly offset: number; readonly kind: 'record' /** On the monotonic clock. */; readonly at: DurationMs }
  /** There is no record from the offset up to this one: markers of transactions, or compacted away. */
  | { readonly offset: number; readonly kind: 'nothing'; readonly through: number };

/** How a partition has moved since the tick before; NaN where that is not known. */
export interface Moved {
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** Records between where the group was and where it was set back to. */
  readonly rewound: number;
}

export interface Behind {
  readonly seconds: number;
  readonly confidence: number;
}

const STILL: Moved = { inPerSecond: Number.NaN, outPerSecond: Number.NaN, rewound: 0 };
/** Two polls closer than this tell nothing of a rate. */
const LEAST_INTERVAL: DurationMs = 100;
/** Clocks of two machines differ a little; a timestamp that is off by no more is still taken for exact. */
const CLOCK_SKEW: DurationMs = SECOND;
/** The pace at which old records are deleted is told from the last one to two of these. */
const TRIM_WINDOW: DurationMs = HOUR;

interface Anchor {
  readonly start: number;
  readonly at: DurationMs;
}

/** What is remembered of one partition from tick to tick, and what follows from it. Times are on the monotonic clock. */
export class Partition {
  readonly #table = new Timetable();
  #last: { readonly seen: Seen; readonly at: DurationMs } | undefined;
  /** Since when the commit has stood still while records were waiting. */
  #stillSince: DurationMs | undefined;
  #peeked: Peeked | undefined;
  #anchors: readonly Anchor[] = [];

  /** Takes in what a tick has found. A later answer that overtook this one makes it worthless. */
  take(seen: Seen, at: DurationMs): Moved {
    const last = this.#last;
    if (last && at <= last.at) return STILL;
    if (Number.isFinite(seen.end)) this.#table.note(seen.end, at);
    const moved = last ? movedBetween(last.seen, seen, (at - last.at) / SECOND) : STILL;
    this.#noteStill(seen, at, moved.rewound > 0);
    this.#noteStart(seen.start, at);
    if (!last || at - last.at >= LEAST_INTERVAL) this.#last = { seen, at };
    else return STILL;
    return moved;
  }

  peeked(found: Peeked): void {
    this.#peeked = found;
  }

  /** Whether the record that the group takes next was looked at already; it does not change. */
  hasPeeked(seen: Seen, reset: OffsetReset): boolean {
    const found = this.#peeked;
    if (!found || found.offset !== positionOf(seen, reset)) return false;
    return found.kind === 'record' || found.through >= seen.end;
  }

  /** Records that wait; NaN where it is not known. An upper bound: offsets without a record are counted with the others. */
  lag(seen: Seen, reset: OffsetReset): number {
    const lag = Math.max(0, seen.end - positionOf(seen, reset));
    const found = this.#peeked;
    const nothing = found?.kind === 'nothing' && this.hasPeeked(seen, reset);
    return nothing ? 0 : lag;
  }

  /**
   * Age of the oldest waiting record: 0 where none waits, NaN where it is not known. `longest` is the most it can be.
   * A record's own timestamp counts as far as polls do not contradict it: producers may set it to the time of an event
   * long ago, and their clocks may be wrong, but a record has not come before a poll that did not find it.
   */
  behind(seen: Seen, reset: OffsetReset, now: DurationMs, longest: DurationMs): Behind {
    const lag = this.lag(seen, reset);
    if (lag === 0) return { seconds: 0, confidence: CONFIDENCE.exact };
    if (Number.isNaN(lag)) return { seconds: Number.NaN, confidence: CONFIDENCE.unknown };
    const position = positionOf(seen, reset);
    const since = (at: DurationMs): number => Math.min(Math.max(now - at, 0), longest) / SECOND;
    const found = this.#peeked;
    if (found?.kind === 'record' && found.offset === position) {
      const { earliest, latest } = this.#table.boundsOf(position);
      const at = Math.min(Math.max(found.at, earliest), latest);
      const exact = Math.abs(at - found.at) <= CLOCK_SKEW;
      return { seconds: since(at), confidence: exact ? CONFIDENCE.exact : CONFIDENCE.interpolated };
    }
    const arrival = this.#table.arrivalOf(position);
    if (!arrival) return { seconds: Number.NaN, confidence: CONFIDENCE.unknown };
    const confidence = arrival.how === 'between' ? CONFIDENCE.interpolated : CONFIDENCE.extrapolated;
    return { seconds: since(arrival.at), confidence };
  }

  isStuck(now: DurationMs, after: DurationMs): boolean {
    return this.#stillSince !== undefined && now - this.#stillSince >= after;
  }

  /** Seconds until the log start reaches the group at the pace it was seen to move; infinite where it does not move. */
  secondsUntilTrimmed(seen: Seen, reset: OffsetReset, now: DurationMs): number {
    const from = this.#anchors[0];
    if (!from || !(seen.start > from.start) || now <= from.at) return Number.POSITIVE_INFINITY;
    const perSecond = (seen.start - from.start) / ((now - from.at) / SECOND);
    return Math.max(0, positionOf(seen, reset) - seen.start) / perSecond;
  }

  #noteStill(seen: Seen, at: DurationMs, rewound: boolean): void {
    const waits = seen.end > seen.committed;
    const stays = this.#last?.seen.committed === seen.committed && !rewound;
    if (!waits) this.#stillSince = undefined;
    else if (!stays || this.#stillSince === undefined) this.#stillSince = at;
  }

  #noteStart(start: number, at: DurationMs): void {
    if (!Number.isFinite(start)) return;
    const newest = this.#anchors.at(-1);
    if (newest && start < newest.start) this.#anchors = [];
    else if (newest && at - newest.at < TRIM_WINDOW) return;
    this.#anchors = [...this.#anchors.slice(-1), { start, at }];
  }
}

/** The offset of the record that the group takes next; NaN where that cannot be told. */
export function positionOf({ committed, end, start }: Seen, reset: OffsetReset): number {
  // What lies before the log start is lost and does not wait any more.
  if (!Number.isNaN(committed)) return Math.max(committed, Number.isNaN(start) ? 0 : start);
  // Whoever begins here finds nothing to do.
  if (start === end) return end;
  return reset === 'earliest' ? start : reset === 'latest' ? end : Number.NaN;
}

function movedBetween(before: Seen, now: Seen, seconds: number): Moved {
  const grown = now.end - before.end;
  const taken = now.committed - before.committed;
  return {
    // An end that goes back belongs to another log, or an unclean election has lost records.
    inPerSecond: grown >= 0 ? grown / seconds : Number.NaN,
    outPerSecond: taken >= 0 ? taken / seconds : Number.NaN,
    rewound: taken < 0 && grown >= 0 ? -taken : 0,
  };
}
