import { type EntryId, type Group, isAfter, type Stream } from './reply.ts';

/**
 * What is kept of a group from one look to the next. `skipped` is by how much Redis's own arithmetic (entries added minus
 * entries read) overstates what still waits: entries that went away before the group had read them.
 */
export interface Place {
  readonly delivered: EntryId;
  readonly added: number | undefined;
  readonly read: number | undefined;
  readonly skipped: number | undefined;
  /** `skipped` as it was before entries in front of the group began to go missing. */
  readonly settled: number | undefined;
}

/**
 * How many entries wait, where it is known without counting:
 * - nothing after the last delivered id: 0 · the whole stream is after it: its length;
 * - nothing was ever removed from the stream: added minus read;
 * - else added minus read minus what was skipped, as far as that is known from an earlier look and cannot have changed since.
 *
 * The `lag` that Redis gives is not used as it stands: until a group has caught up by an estimate, MAXLEN and MINID trims of
 * entries it had not read stay in it for good (seen on 7.0.15: 100 added, 10 read, trimmed to 50, all read: lag 40).
 *
 * @returns `undefined` where only counting tells.
 */
export function waiting(stream: Stream, group: Group, before: Place | undefined): number | undefined {
  const { first, last, length, added } = stream;
  if (!first || !last || !isAfter(last, group.delivered)) return 0;
  if (isAfter(first, group.delivered)) return length;
  if (added === undefined || group.read === undefined || group.lag === undefined) return undefined;
  if (added === length) return within(added - group.read, length);
  if (before?.skipped === undefined || before.read === undefined || hasMovedBack(group, before)) return undefined;
  // Whether a trim has overtaken the group since the last look: then more was skipped than is known.
  if (added - length > before.read + before.skipped) return undefined;
  return within(added - group.read - before.skipped, length);
}

/** Some entries wait and some were delivered. */
const within = (count: number, length: number): number => Math.min(Math.max(count, 1), Math.max(length - 1, 1));

/** The group was set to an earlier id, or made anew. */
export const hasMovedBack = (group: Group, before: Place): boolean =>
  isAfter(before.delivered, group.delivered) ||
  (group.read !== undefined && before.read !== undefined && group.read < before.read);

/**
 * What to remember, and how many entries are known to have gone unread: in front of the group now, or since the last look.
 *
 * @param count how many wait; `undefined` where it is only an estimate.
 */
export function placeOf(
  stream: Stream,
  group: Group,
  count: number | undefined,
  before: Place | undefined,
): { readonly place: Place; readonly lost: number | undefined } {
  const { added, first } = stream;
  const { delivered, read } = group;
  const known = added !== undefined && read !== undefined && count !== undefined;
  const skipped = known ? Math.max(added - read - count, 0) : undefined;
  const kept = before && !hasMovedBack(group, before) && !isAnew(stream, before) ? before : undefined;
  const isBehindFirst = first !== undefined && isAfter(first, delivered);
  // A group that has not moved since shows the same loss again, until it reads on.
  const stands = kept !== undefined && !isAfter(delivered, kept.delivered);
  const base = stands ? kept.settled : kept?.skipped;
  const settled = base ?? (isBehindFirst ? 0 : skipped);
  const lost = skipped === undefined || settled === undefined ? undefined : Math.max(skipped - settled, 0);
  return { place: { delivered, added, read, skipped, settled }, lost };
}

/** The stream was deleted and made anew. */
export const isAnew = (stream: Stream, before: Place): boolean =>
  stream.added !== undefined && before.added !== undefined && stream.added < before.added;

/**
 * How many wait by the times in the ids, as if entries came evenly; for backlogs that are too long to be counted.
 *
 * @param least how many were counted before the count was given up.
 */
export function estimated(stream: Stream, group: Group, least: number): number {
  const { first, last, length } = stream;
  if (!first || !last || last.ms <= first.ms) return Math.min(least, length);
  const share = Number(last.ms - group.delivered.ms) / Number(last.ms - first.ms);
  return Math.min(Math.max(Math.round(length * share), least), Math.max(length - 1, least));
}
