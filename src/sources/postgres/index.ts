import { z } from 'zod';
import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import type { Profile } from '../../domain/profile.ts';
import { SIGNAL_NAME, type Signal, type SignalSpec, signalSpec } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { EpochMs } from '../../domain/time.ts';
import { defineSource, type PluginContext, type Source } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { secretFields } from '../../kit/secret.ts';
import { Tls } from '../../kit/tls.ts';
import { tableOf } from './catalog.ts';
import { type Address, openDatabase, type Query } from './connection.ts';
import { readProfiles } from './profile.ts';
import { REPLICATION_SIGNALS, readReplication } from './replication.ts';
import { type Queue, type RowsMode, readFreshness, readQueue, readRows, readSql } from './table.ts';

/** How to connect. */
export const PostgresConfig = z
  .strictObject({
    url: z
      .string()
      .refine(
        (text) => /^postgres(ql)?:\/\/[^@/?#]+\/[^?#]+$/.test(text),
        'want postgresql://host:port/database, without user and password',
      )
      .optional()
      .meta({ description: 'Address as postgresql://host:port/database.' }),
    host: z.string().min(1).default('localhost').meta({ description: 'Host of the server, instead of url.' }),
    port: z.int().min(1).max(65_535).default(5432).meta({ description: 'Port of the server, instead of url.' }),
    database: z.string().min(1).default('postgres').meta({ description: 'Database, instead of url.' }),
    user: z.string().min(1).default('headgate').meta({ description: 'Role to connect as.' }),
    ...secretFields('password', 'Password of the role.'),
    tls: Tls.optional(),
    application_name: z.string().min(1).default('headgate').meta({
      description: 'How the connections are named in pg_stat_activity.',
    }),
    connections: z.int().min(1).max(20).default(2).meta({
      description: 'Connections at most; further probes wait for one.',
    }),
    timeout: duration.prefault('15s').meta({
      description: 'Give up after this long, from the free connection to the last row; the connection is then cut.',
    }),
    statement_timeout: duration.prefault('5s').meta({ description: 'The server ends a statement after this long.' }),
    max_cost: z
      .number()
      .min(1)
      .default(50_000)
      .meta({
        description:
          'The dearest statement that a probe may make up, in units of the planner (EXPLAIN): 50,000 reads about 200 MB. ' +
          'Does not hold for sql and rows: exact.',
      }),
  })
  .refine(
    ({ url, host, port, database }) => !url || (host === 'localhost' && port === 5432 && database === 'postgres'),
    {
      path: ['url'],
      message: 'set either url, or host, port and database',
    },
  );

const Column = z.string().min(1);
const Table = z.string().min(1);
const States = z.array(z.string()).max(50);

const QueueProbe = z
  .strictObject({
    table: Table.meta({ description: 'Table that is used as a queue.' }),
    created: Column.meta({ description: 'Column with the time at which a record was put in.' }),
    status: Column.optional().meta({ description: 'Column that says how a record stands.' }),
    waiting: States.min(1)
      .default(['queued'])
      .meta({ description: 'Statuses of records that wait: lag_records, lag_seconds.' }),
    running: States.default([]).meta({ description: 'Statuses of records that are being worked on: pending_records.' }),
    dead: States.default([]).meta({ description: 'Statuses of records that were given up: dlq_depth.' }),
    done: Column.optional().meta({ description: 'Instead of status: a column that is NULL while a record waits.' }),
  })
  .refine(({ status, done }) => !(status && done), { path: ['done'], message: 'set status or done, not both' })
  .refine(({ status, running, dead }) => status || running.length + dead.length === 0, {
    path: ['status'],
    message: 'running and dead need status',
  });

const ReplicationProbe = z.strictObject({
  standby: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'application_name of one standby; left out, the slowest counts.' }),
  slot: z.string().min(1).optional().meta({ description: 'Name of one slot; left out, the slowest counts.' }),
});

const ProfilesProbe = z.strictObject({
  columns: z
    .array(Column)
    .min(1)
    .max(50)
    .meta({ description: 'Columns of `table`, as they are spelt in the catalogue.' }),
  window: z
    .strictObject({
      column: Column.meta({ description: 'Column with the time of a row.' }),
      last: duration.meta({ description: 'Only rows that are younger than this.' }),
    })
    .optional()
    .meta({ description: 'Which rows to describe; left out, all of them.' }),
  every: duration.prefault('15m').meta({ description: 'Time between two profiles; looks in between leave them out.' }),
  sample_rows: z.int().min(1_000).max(10_000_000).default(100_000).meta({
    description: 'Describe so many rows at most, picked at random; enough to tell a quantile to half a percent.',
  }),
  top: z.int().min(1).max(1_000).default(50).meta({ description: 'How many of the most frequent values are told.' }),
});

/** What to read for one stage. */
export const PostgresProbe = z
  .strictObject({
    table: Table.optional().meta({
      description: 'Table or view, as name or schema.name, for rows, freshness and profiles.',
    }),
    rows: z
      .union([z.enum(['auto', 'exact', 'estimate']), z.literal(false)])
      .default('auto')
      .meta({
        description:
          'auto: exact while count(*) costs less than max_cost, else an estimate, under a name of its own · exact · estimate · false.',
      }),
    freshness: Column.optional().meta({ description: 'Column of `table` whose newest time gives freshness_seconds.' }),
    profiles: ProfilesProbe.optional().meta({
      description: 'Distributions of columns of `table`, for the drift detector.',
    }),
    sql: z
      .record(z.string().regex(SIGNAL_NAME, 'a signal name is snake_case'), z.string().min(1))
      .default({})
      .meta({ description: 'Signal name → one SELECT that gives one number. NULL is absent.' }),
    queue: QueueProbe.optional().meta({
      description: 'A table that is used as a queue: its depth and its oldest record.',
    }),
    replication: ReplicationProbe.optional().meta({ description: 'Lag of standbys and slots; {} for all of them.' }),
  })
  .refine(({ table, sql, queue, replication }) => table || queue || replication || Object.keys(sql).length > 0, {
    path: ['table'],
    message: 'name a table, sql, queue or replication',
  })
  .refine(({ table, freshness, profiles }) => table || (!freshness && !profiles), {
    path: ['table'],
    message: 'freshness and profiles need a table',
  });

type Config = z.output<typeof PostgresConfig>;
type Probe = z.output<typeof PostgresProbe>;

export const postgres = defineSource({
  type: 'postgres',
  stability: 'stable',
  summary:
    'Reads PostgreSQL: rows, freshness, queue tables, replication and slots, profiles of columns, numbers by SQL.',
  description: `
Every probe is one READ ONLY transaction with \`statement_timeout\` and a \`lock_timeout\` of 1 s, on one of a few connections.
Nothing is ever written, and what a probe makes up itself is first put before the planner: what costs more than \`max_cost\`
is not run, and its signals are a gap beside what else was asked.

| key | signals |
|---|---|
| table, rows | \`rows\` where they were counted. Where that is too dear, or with \`rows: estimate\`: \`rows_estimated\` by the server's statistics, and \`rows_estimate_age_seconds\`, the time since the last ANALYZE or VACUUM. The two never share a name, so that an estimate does not pass for a count |
| freshness | \`freshness_seconds\`: age of the newest time in the column. Refused, with the index to create, where no index gives it and the table is not small. Absent where the table is empty |
| queue | \`lag_records\` and \`lag_seconds\` of the records that wait, \`pending_records\` of those that run, \`dlq_depth\` of the dead ones |
| replication | on a primary \`standbys\`, \`replication_lag_bytes\`, \`replication_lag_seconds\`, \`slots\`, \`slots_inactive\`, \`slots_lost\`, \`slot_lag_bytes\`; on a standby the two lags |
| sql | one number for each signal. The text stands in brackets as a value: it can only be a SELECT |
| profiles | distributions of columns: numbers and times as 101 quantiles, moments and distinct values; everything else as its most frequent values. Of more than \`sample_rows\` rows a random sample is described; where reading them all would cost more than \`max_cost\`, a sample of whole pages (TABLESAMPLE SYSTEM). The profile then says that it is not exact |

**Times** without a zone are read as UTC. **Estimates** are as old as they say; after a mass deletion they are wrong until the
next VACUUM.

**Rights.** \`GRANT SELECT\` on what is read, \`GRANT USAGE\` on its schema; \`GRANT pg_monitor\` for replication. What is missing
is named in the gap. PgBouncer works, in the transaction mode too.

**Cost.** count(*) of 1,000,000 narrow rows takes about 0.1 s, max() over an index below 1 ms, an estimate about 3 ms; a
profile of three columns out of 1,000,000 rows about 1 s, every 15 minutes.
`.trim(),
  config: PostgresConfig,
  probe: PostgresProbe,
  examples: [
    {
      title: 'Rows, freshness and distributions of a table',
      yaml: `type: postgres
url: postgresql://warehouse:5432/shop
user: headgate
password_file: /run/secrets/postgres
table: public.orders
freshness: created_at
profiles: { columns: [amount, country], window: { column: created_at, last: 1h } }
`,
    },
    {
      title: 'A table as a queue',
      yaml: `type: postgres
host: jobs.internal
database: jobs
tls: { ca_file: /etc/ssl/internal.pem }
queue: { table: jobs, status: state, created: created_at, waiting: [queued, retry], running: [active], dead: [failed] }
`,
    },
    {
      title: 'Replication, and a number of one’s own',
      yaml: `type: postgres
url: postgresql://primary:5432/shop
replication: {}
sql:
  unpaid_orders: SELECT count(*) FROM orders WHERE paid_at IS NULL AND created_at > now() - interval '1 day'
`,
    },
  ],
  signals: (ask) => signalsOf(ask).map((name) => SPECS.get(name) ?? signalSpec(name)),
  create,
});

const spec = (
  name: string,
  unit: SignalSpec['unit'],
  direction: SignalSpec['direction'],
  description: string,
): readonly [string, SignalSpec] => [name, { name, unit, direction, description }];

const SPECS: ReadonlyMap<string, SignalSpec> = new Map([
  spec('rows_estimated', 'count', 'both', 'Rows of the table by the statistics of the server.'),
  spec('rows_estimate_age_seconds', 'seconds', 'up', 'Time since the statistics of the table were made.'),
  spec('pending_records', 'records', 'up', 'Records that are being worked on.'),
  spec('standbys', 'count', 'down', 'Standbys that are connected.'),
  spec('replication_lag_bytes', 'bytes', 'up', 'Log that the slowest standby has not replayed.'),
  spec('replication_lag_seconds', 'seconds', 'up', 'How far the slowest standby is behind.'),
  spec('slots', 'count', 'both', 'Replication slots.'),
  spec('slots_inactive', 'count', 'up', 'Replication slots that nobody reads.'),
  spec('slots_lost', 'count', 'up', 'Replication slots whose log is gone.'),
  spec('slot_lag_bytes', 'bytes', 'up', 'Log that the slowest slot has not confirmed.'),
]);

const rowSignals = (rows: RowsMode): readonly Signal[] => [
  ...(rows === 'auto' || rows === 'exact' ? ['rows'] : []),
  ...(rows === 'auto' || rows === 'estimate' ? ['rows_estimated', 'rows_estimate_age_seconds'] : []),
];

const queueSignals = ({ running, dead }: Queue): readonly Signal[] => [
  'lag_records',
  'lag_seconds',
  ...(running.length > 0 ? ['pending_records'] : []),
  ...(dead.length > 0 ? ['dlq_depth'] : []),
];

const signalsOf = ({ table, rows, freshness, sql, queue, replication }: Probe): readonly Signal[] => [
  ...(table ? rowSignals(rows) : []),
  ...(freshness ? ['freshness_seconds'] : []),
  ...(queue ? queueSignals(queue) : []),
  ...(replication ? REPLICATION_SIGNALS : []),
  ...Object.keys(sql),
];

/** When profiles were made last is kept for so many probes at most. */
const MOST_MEMORIES = 10_000;

function create(config: Config, { clock }: PluginContext): Source<Probe> {
  const address = addressOf(config);
  const database = openDatabase(address);
  const profiled = new Map<string, EpochMs>();
  return {
    probe: async (ask, stage, abort) => {
      const key = JSON.stringify([stage, ask.table, ask.profiles]);
      const due = clock.monotonic() - (profiled.get(key) ?? Number.NEGATIVE_INFINITY) >= (ask.profiles?.every ?? 0);
      const began = clock.monotonic();
      try {
        const reading = await database.read((query) => readAll(query, ask, config.max_cost, due), abort);
        if (ask.profiles && due && profiled.size < MOST_MEMORIES) profiled.set(key, began);
        return reading;
      } catch (thrown) {
        const error = asHeadgateError(thrown);
        if (error.message.startsWith('postgres ')) throw error;
        const what = `postgres ${address.host}:${address.port}/${address.database}`;
        throw new HeadgateError(error.code, `${what}: ${error.message}`, { cause: thrown });
      }
    },
    close: () => database.close(),
  };
}

/** One part of what was asked, and the signals it answers. */
type Part = readonly [signals: readonly Signal[], read: () => Promise<void>];

async function readAll(query: Query, ask: Probe, most: number, profilesAreDue: boolean): Promise<Reading> {
  const values = new Map<Signal, number>();
  const absent: Signal[] = [];
  const profiles = new Map<string, Profile>();
  const put = (signal: Signal, value: number | undefined): void => {
    if (value === undefined) absent.push(signal);
    else values.set(signal, value);
  };
  const { table: name, rows, freshness, queue, replication } = ask;
  const table = name === undefined ? undefined : await tableOf(query, name);
  const parts: Part[] = [];
  if (table && rows !== false) parts.push([rowSignals(rows), () => readRows(query, table, rows, most, values)]);
  if (table && freshness !== undefined) {
    const read = async () => put('freshness_seconds', await readFreshness(query, table, freshness, most));
    parts.push([['freshness_seconds'], read]);
  }
  const wanted = profilesAreDue ? ask.profiles : undefined;
  if (table && wanted) {
    const read = async () => {
      for (const [field, profile] of await readProfiles(query, table, wanted, most)) profiles.set(field, profile);
    };
    parts.push([[], read]);
  }
  if (queue) parts.push([queueSignals(queue), () => readQueue(query, queue, most, values)]);
  if (replication) parts.push([REPLICATION_SIGNALS, () => readReplication(query, replication, values, absent)]);
  for (const [signal, text] of Object.entries(ask.sql)) {
    parts.push([[signal], async () => put(signal, await readSql(query, signal, text))]);
  }
  const refused = await readParts(parts);
  // Where nothing else was asked the probe as a whole has failed.
  if (refused[0] && refused.length === parts.length) throw refused[0].error;
  const gaps = refused.map(({ signals, error }) => ({
    signals: signals.filter((signal) => !values.has(signal)),
    code: error.code,
    message: error.message,
  }));
  return { values, absent, gaps, ...(profiles.size > 0 && { profiles }) };
}

/** What would be too dear is left out, and the rest is read. Whatever the server itself refuses has ended the transaction. */
async function readParts(parts: readonly Part[]) {
  const refused: { readonly signals: readonly Signal[]; readonly error: HeadgateError }[] = [];
  for (const [signals, read] of parts) {
    try {
      await read();
    } catch (thrown) {
      const error = asHeadgateError(thrown);
      if (!(thrown instanceof HeadgateError) || error.code !== 'unsupported') throw thrown;
      refused.push({ signals, error });
    }
  }
  return refused;
}

function addressOf({ url, host, port, database, tls, ...rest }: Config): Address {
  if (url === undefined) return { host, port, database, tls, ...rest };
  const parsed = new URL(url);
  return {
    ...rest,
    tls,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 5432),
    database: decodeURIComponent(parsed.pathname.slice(1)),
  };
}
