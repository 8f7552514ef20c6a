import { z } from 'zod';
import { HeadgateError } from '../../domain/error.ts';

/** Id of an entry: milliseconds and a sequence number within them. */
export interface EntryId {
  readonly ms: bigint;
  readonly seq: bigint;
}

/** A stream as it stands. `added` is missing before Redis 7.0. */
export interface Stream {
  readonly length: number;
  /** Ids of the first and the last entry that are there; missing where the stream is empty. */
  readonly first: EntryId | undefined;
  readonly last: EntryId | undefined;
  /** Entries that were ever added. */
  readonly added: number | undefined;
}

/** A consumer group. `read` and `lag` are missing before Redis 7.0, and where Redis itself does not know them (nil). */
export interface Group {
  readonly delivered: EntryId;
  readonly pending: number;
  readonly read: number | undefined;
  readonly lag: number | undefined;
}

export interface Consumer {
  readonly pending: number;
  /** Milliseconds since it last asked for something. */
  readonly idle: number;
}

/** The pending entry with the lowest id. */
export interface Pending {
  readonly id: EntryId;
  /** Milliseconds since it was last delivered. */
  readonly idle: number;
  readonly deliveries: number;
}

export interface Entry {
  readonly id: EntryId;
  /** Characters of its fields and values. */
  readonly size: number;
}

const Count = z.int().min(0);
const Known = Count.nullish().transform((count) => count ?? undefined);
const Id = z
  .string()
  .regex(/^\d{1,20}-\d{1,20}$/)
  .transform((text): EntryId => {
    const [ms = '0', seq = '0'] = text.split('-');
    return { ms: BigInt(ms), seq: BigInt(seq) };
  });
const Entry = z.tuple([Id, z.array(z.string()).nullable()]).transform(
  ([id, fields]): Entry => ({
    id,
    size: (fields ?? []).reduce((size, text) => size + text.length, 0),
  }),
);

/** What came back where something else was promised is no Redis, or one that is far from those this was written for. */
function read<T>(schema: z.ZodType<T>, reply: unknown, command: string): T {
  const { success, data } = schema.safeParse(reply);
  if (success) return data;
  throw new HeadgateError('malformed', `the answer to ${command} is not the one of Redis; is another server there?`);
}

/** RESP2 spells a map as a flat list of names and values. */
function asFields(flat: unknown): unknown {
  if (!Array.isArray(flat)) return flat;
  const fields: Record<string, unknown> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = flat[i + 1];
  return fields;
}

const StreamFields = z.preprocess(
  asFields,
  z.object({
    length: Count,
    'first-entry': Entry.nullable(),
    'last-entry': Entry.nullable(),
    'entries-added': Count.optional(),
  }),
);
const GroupFields = z.preprocess(
  asFields,
  z.object({ name: z.string(), pending: Count, 'last-delivered-id': Id, 'entries-read': Known, lag: Known }),
);
const ConsumerFields = z.preprocess(asFields, z.object({ pending: Count, idle: Count }));
const PendingRow = z.tuple([Id, z.string(), Count, Count]);

export function streamOf(reply: unknown): Stream {
  const fields = read(StreamFields, reply, 'XINFO STREAM');
  return {
    length: fields.length,
    first: fields['first-entry']?.id,
    last: fields['last-entry']?.id,
    added: fields['entries-added'],
  };
}

/** `undefined` where the stream has no group of that name. */
export function groupOf(reply: unknown, name: string): Group | undefined {
  const fields = read(z.array(GroupFields), reply, 'XINFO GROUPS').find((one) => one.name === name);
  return (
    fields && {
      delivered: fields['last-delivered-id'],
      pending: fields.pending,
      read: fields['entries-read'],
      lag: fields.lag,
    }
  );
}

export const consumersOf = (reply: unknown): readonly Consumer[] =>
  read(z.array(ConsumerFields), reply, 'XINFO CONSUMERS');

export function oldestPendingOf(reply: unknown): Pending | undefined {
  const [row] = read(z.array(PendingRow), reply, 'XPENDING');
  return row && { id: row[0], idle: row[2], deliveries: row[3] };
}

export const entriesOf = (reply: unknown): readonly Entry[] => read(z.array(Entry), reply, 'XRANGE');

export const countOf = (reply: unknown): number => read(Count, reply, 'XLEN');

/** Milliseconds since 1970 by the server's own clock, which also makes the ids. */
export function timeOf(reply: unknown): number {
  const [seconds, micros] = read(z.tuple([z.coerce.number(), z.coerce.number()]), reply, 'TIME');
  return seconds * 1_000 + micros / 1_000;
}

export const isAfter = (a: EntryId, b: EntryId): boolean => (a.ms === b.ms ? a.seq > b.seq : a.ms > b.ms);

const LAST_SEQ = 2n ** 64n - 1n;

/** The first id that comes after `id`, as text. Exclusive ranges are understood from Redis 6.2 on only. */
export const after = ({ ms, seq }: EntryId): string => (seq === LAST_SEQ ? `${ms + 1n}-0` : `${ms}-${seq + 1n}`);
