import { HeadgateError } from '../../domain/error.ts';
import type { Signal } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { DurationMs } from '../../domain/time.ts';
import { estimated, hasMovedBack, isAnew, type Place, placeOf, waiting } from './backlog.ts';
import type { Send } from './connection.ts';
import {
  after,
  type Consumer,
  consumersOf,
  countOf,
  type Entry,
  type EntryId,
  entriesOf,
  type Group,
  groupOf,
  isAfter,
  oldestPendingOf,
  type Pending,
  type Stream,
  streamOf,
  timeOf,
} from './reply.ts';

/** What is asked of a stream. */
export interface Ask {
  readonly stream: string;
  readonly group?: string | undefined;
  readonly dlq?: string | undefined;
  readonly dead_after: DurationMs;
  readonly count_up_to: number;
}

/** What is kept between two looks. */
export interface Memory {
  /** By the clock of the server, in milliseconds. */
  readonly at: number;
  readonly added: number | undefined;
  readonly place: Place | undefined;
}

export const STREAM_SIGNALS: readonly Signal[] = ['stream_records', 'in_records_per_second'];
export const GROUP_SIGNALS: readonly Signal[] = [
  'lag_records',
  'lag_seconds',
  'out_records_per_second',
  'pending_records',
  'pending_seconds',
  'pending_idle_seconds',
  'pending_deliveries',
  'consumers',
  'dead_consumers',
  'lost_records',
];

/** Two looks closer than this, in milliseconds, tell nothing of a rate. */
const LEAST_INTERVAL = 100;
/** Ids are times only where they look like it: after 2001, and not more than a day ahead. */
const OLDEST_TIME = 1e12;
const DAY = 86_400_000;

/** Asks everything of one stream: one round trip, and a second one where the group stands in the middle of the stream. */
export async function look(
  ask: Ask,
  before: Memory | undefined,
  send: Send,
): Promise<{ reading: Reading; memory: Memory | undefined }> {
  const { stream: key, group: name, dlq } = ask;
  const [time, info, groups, consumers, pending, dead] = await Promise.all([
    send('TIME').then(timeOf),
    send('XINFO', 'STREAM', key).then(streamOf).catch(unlessMissing),
    name === undefined ? undefined : send('XINFO', 'GROUPS', key).catch(unlessMissing),
    name === undefined ? undefined : send('XINFO', 'CONSUMERS', key, name).then(consumersOf).catch(unlessMissing),
    name === undefined
      ? undefined
      : send('XPENDING', key, name, '-', '+', '1').then(oldestPendingOf).catch(unlessMissing),
    dlq === undefined ? undefined : send('XLEN', dlq).then(countOf),
  ]);
  const values = new Map<Signal, number>();
  if (dead !== undefined) values.set('dlq_depth', dead);
  const absent: Signal[] = [];
  if (!info) absent.push(...STREAM_SIGNALS);
  else ofStream(info, time, before, values);
  const found = info && name !== undefined && groups !== undefined ? groupOf(groups, name) : undefined;
  if (name !== undefined && !found) absent.push(...GROUP_SIGNALS);
  if (!info || !found) return { reading: { values, absent }, memory: info && memoryOf(info, time, undefined) };
  ofConsumers(consumers ?? [], ask, values);
  ofPending(pending, found, time, values);
  const place = await ofGroup(info, found, { ask, time, before, send, values });
  const gaps = readBy(found) === undefined ? [LOST_COUNT] : [];
  return { reading: { values, absent, gaps }, memory: memoryOf(info, time, place) };
}

/** Signals that Redis itself has no answer for, until the group has read on; before Redis 7.0 it never has one. */
const LOST_COUNT = {
  signals: ['out_records_per_second', 'lost_records'],
  code: 'unsupported',
  message: 'Redis does not know how much the group has read: entries-read is nil, or the server is older than 7.0',
} as const;

const memoryOf = ({ added }: Stream, at: number, place: Place | undefined): Memory => ({ at, added, place });

/** A stream or a group that is not there is an answer, not a failure. */
function unlessMissing(thrown: unknown): undefined {
  const text = thrown instanceof HeadgateError && thrown.code === 'rejected' ? thrown.message : '';
  if (/no such key|NOGROUP/.test(text)) return undefined;
  throw thrown;
}

function ofStream(info: Stream, time: number, before: Memory | undefined, values: Map<Signal, number>): void {
  values.set('stream_records', info.length);
  if (info.added === undefined || before?.added === undefined || time - before.at < LEAST_INTERVAL) return;
  // A stream that was made anew counts from 0.
  const grown = info.added < before.added ? info.added : info.added - before.added;
  values.set('in_records_per_second', (grown * 1_000) / (time - before.at));
}

function ofConsumers(consumers: readonly Consumer[], { dead_after }: Ask, values: Map<Signal, number>): void {
  values.set('consumers', consumers.length);
  values.set('dead_consumers', consumers.filter(({ pending, idle }) => pending > 0 && idle > dead_after).length);
}

function ofPending(oldest: Pending | undefined, group: Group, time: number, values: Map<Signal, number>): void {
  values.set('pending_records', group.pending);
  values.set('pending_idle_seconds', (oldest?.idle ?? 0) / 1_000);
  values.set('pending_deliveries', oldest?.deliveries ?? 0);
  const age = oldest ? ageOf(oldest.id, time) : 0;
  if (age !== undefined) values.set('pending_seconds', age);
}

/** Seconds since the time in an id; `undefined` where ids are not times. */
function ageOf(id: EntryId, time: number): number | undefined {
  const ms = Number(id.ms);
  return ms < OLDEST_TIME || ms > time + DAY ? undefined : Math.max(time - ms, 0) / 1_000;
}

interface Scene {
  readonly ask: Ask;
  readonly time: number;
  readonly before: Memory | undefined;
  readonly send: Send;
  readonly values: Map<Signal, number>;
}

async function ofGroup(info: Stream, group: Group, { ask, time, before, send, values }: Scene): Promise<Place> {
  const known = waiting(info, group, before?.place);
  const inside = info.first !== undefined && info.last !== undefined && !isAfter(info.first, group.delivered);
  const counted =
    known === undefined
      ? await count(send, ask, group.delivered)
      : known > 0 && inside
        ? await firstAfter(send, ask.stream, group.delivered)
        : { entries: known, complete: true, first: known > 0 ? info.first : undefined };
  const exact = known ?? (counted.complete ? counted.entries : undefined);
  values.set('lag_records', exact ?? estimated(info, group, counted.entries));
  const age = counted.first ? ageOf(counted.first, time) : 0;
  if (age !== undefined) values.set('lag_seconds', age);
  const { place, lost } = placeOf(info, group, exact, before?.place);
  if (lost !== undefined) values.set('lost_records', lost);
  ofDeliveries(info, group, { time, before, values });
  return place;
}

function ofDeliveries(
  info: Stream,
  group: Group,
  { time, before, values }: Pick<Scene, 'time' | 'before' | 'values'>,
): void {
  const place = before?.place;
  const [was, is] = [place && readBy(place), readBy(group)];
  if (!before || !place || is === undefined || was === undefined) return;
  const seconds = (time - before.at) / 1_000;
  // After a step back, or in a new stream, what was read in between cannot be told.
  if (seconds * 1_000 < LEAST_INTERVAL || hasMovedBack(group, place) || isAnew(info, place)) return;
  values.set('out_records_per_second', (is - was) / seconds);
}

/** Redis does not say how many a group has read before the first one; it is none. */
const readBy = ({ read, delivered }: Pick<Place, 'read' | 'delivered'>): number | undefined =>
  read ?? (delivered.ms === 0n && delivered.seq === 0n ? 0 : undefined);

interface Counted {
  readonly entries: number;
  /** Nothing comes after those that were counted. */
  readonly complete: boolean;
  readonly first: EntryId | undefined;
}

async function firstAfter(send: Send, stream: string, id: EntryId): Promise<Counted> {
  const [entry] = entriesOf(await send('XRANGE', stream, after(id), '+', 'COUNT', '1'));
  return { entries: entry ? 1 : 0, complete: !entry, first: entry?.id };
}

const FIRST_PAGE = 10;
const LARGEST_PAGE = 500;
/** Entries come with all they hold: pages are made to fit, and the count ends when so many characters were read. */
const PAGE_CHARACTERS = 500_000;
const MOST_CHARACTERS = 5_000_000;

/** Counts the entries after an id, in pages, up to the cap. */
async function count(send: Send, { stream, count_up_to }: Ask, id: EntryId): Promise<Counted> {
  let entries = 0;
  let characters = 0;
  let first: EntryId | undefined;
  let last = id;
  let page = FIRST_PAGE;
  while (entries < count_up_to && characters < MOST_CHARACTERS) {
    const want = Math.min(page, count_up_to - entries);
    const got: readonly Entry[] = entriesOf(await send('XRANGE', stream, after(last), '+', 'COUNT', String(want)));
    first ??= got[0]?.id;
    last = got.at(-1)?.id ?? last;
    entries += got.length;
    characters += got.reduce((sum, { size }) => sum + size, 0);
    if (got.length < want) return { entries, complete: true, first };
    page = Math.min(LARGEST_PAGE, Math.max(Math.floor((PAGE_CHARACTERS * entries) / (characters + 1)), 1));
  }
  return { entries, complete: false, first };
}
