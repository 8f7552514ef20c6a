import { asHeadgateError, HeadgateError } from '../../domain/error.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Signal } from '../../domain/signal.ts';
import type { Reading } from '../../domain/snapshot.ts';
import type { EpochMs } from '../../domain/time.ts';
import { defineSource, type PluginContext, type Source } from '../../kit/component.ts';
import { tableOf, tablesLike } from './catalog.ts';
import { PostgresConfig, PostgresProbe } from './config.ts';
import { type Address, openDatabase, type Query } from './connection.ts';
import { readProfiles } from './profile.ts';
import { REPLICATION_SIGNALS, readReplication } from './replication.ts';
import { queueSignals, rowSignals, signalsOf, specOf } from './signals.ts';
import { readFreshness, readQueue, readRows, readSql } from './table.ts';

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
  signals: (ask) => signalsOf(ask).map(specOf),
  discovers: ['tables'],
  create,
});

/** When profiles were made last is kept for so many probes at most. */
const MOST_MEMORIES = 10_000;

function create(config: PostgresConfig, { clock }: PluginContext): Source<PostgresProbe> {
  const address = addressOf(config);
  const database = openDatabase(address);
  const profiled = new Map<string, EpochMs>();
  const read = async <T>(talk: (query: Query) => Promise<T>, abort: AbortSignal): Promise<T> => {
    try {
      return await database.read(talk, abort);
    } catch (thrown) {
      const error = asHeadgateError(thrown);
      if (error.message.startsWith('postgres ')) throw error;
      const what = `postgres ${address.host}:${address.port}/${address.database}`;
      throw new HeadgateError(error.code, `${what}: ${error.message}`, { cause: thrown });
    }
  };
  return {
    probe: async (ask, stage, abort) => {
      const key = JSON.stringify([stage, ask.table, ask.profiles]);
      const due = clock.monotonic() - (profiled.get(key) ?? Number.NEGATIVE_INFINITY) >= (ask.profiles?.every ?? 0);
      const began = clock.monotonic();
      const reading = await read((query) => readAll(query, ask, config.max_cost, due), abort);
      if (ask.profiles && due && profiled.size < MOST_MEMORIES) profiled.set(key, began);
      return reading;
    },
    discover: (_kind, pattern, abort) => read((query) => tablesLike(query, pattern), abort),
    close: () => database.close(),
  };
}

/** One part of what was asked, and the signals it answers. */
type Part = readonly [signals: readonly Signal[], read: () => Promise<void>];

async function readAll(query: Query, ask: PostgresProbe, most: number, profilesAreDue: boolean): Promise<Reading> {
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

function addressOf({ url, host, port, database, tls, ...rest }: PostgresConfig): Address {
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
