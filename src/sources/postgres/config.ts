import { z } from 'zod';
import { SIGNAL_NAME } from '../../domain/signal.ts';
import { duration } from '../../kit/duration.ts';
import { secretFields } from '../../kit/secret.ts';
import { Tls } from '../../kit/tls.ts';

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

export type PostgresConfig = z.output<typeof PostgresConfig>;
export type PostgresProbe = z.output<typeof PostgresProbe>;
