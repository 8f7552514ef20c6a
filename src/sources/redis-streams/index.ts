import { z } from 'zod';
import { describeSignal, signalSpecsWith } from '../../domain/signal.ts';
import { defineSource, type Source } from '../../kit/component.ts';
import { duration } from '../../kit/duration.ts';
import { secretFields } from '../../kit/secret.ts';
import { Tls } from '../../kit/tls.ts';
import { type Address, connect } from './connection.ts';
import { streamsLike } from './discover.ts';
import { GROUP_SIGNALS, look, type Memory, STREAM_SIGNALS } from './read.ts';

const PLAIN_URL = /^rediss?:\/\/[^@/?#]+(\/\d*)?$/;

const specOf = signalSpecsWith([
  describeSignal('stream_records', 'records', 'both', 'Records in the stream, read or not.'),
  describeSignal('pending_records', 'records', 'up', 'Records that were given to a consumer and not acknowledged.'),
  describeSignal('pending_seconds', 'seconds', 'up', 'Age of the oldest record that is not acknowledged.'),
  describeSignal(
    'pending_idle_seconds',
    'seconds',
    'up',
    'Time since the oldest pending record was given to a consumer.',
  ),
  describeSignal('pending_deliveries', 'count', 'up', 'How often the oldest pending record was given to a consumer.'),
  describeSignal('consumers', 'count', 'down', 'Consumers that the group knows.'),
  describeSignal('dead_consumers', 'count', 'up', 'Consumers that hold pending records and ask for nothing.'),
  describeSignal('lost_records', 'records', 'up', 'Records that were removed before the group had read them.'),
]);

/** How to connect. */
export const RedisStreamsConfig = z
  .strictObject({
    url: z
      .string()
      .refine(
        (text) => PLAIN_URL.test(text),
        'want redis://host:port/database or rediss://…, without user and password',
      )
      .optional()
      .meta({ description: 'Address as redis://host:port/database; rediss:// speaks TLS.' }),
    host: z.string().min(1).default('localhost').meta({ description: 'Host of the server, instead of url.' }),
    port: z.int().min(1).max(65_535).default(6379).meta({ description: 'Port of the server, instead of url.' }),
    database: z.int().min(0).default(0).meta({ description: 'Number of the database, instead of url.' }),
    username: z.string().min(1).optional().meta({ description: 'Name of an ACL user; left out, the default user.' }),
    ...secretFields('password', 'Password of the user.'),
    tls: Tls.optional(),
    timeout: duration.prefault('5s').meta({
      description: 'Give up after this long; the connection is then cut and made anew at the next probe.',
    }),
  })
  .refine(({ url, host, port, database }) => !url || (host === 'localhost' && port === 6379 && database === 0), {
    path: ['url'],
    message: 'set either url, or host, port and database',
  });

/** What to read for one stage. */
export const RedisStreamsProbe = z.strictObject({
  stream: z
    .string()
    .min(1)
    .meta({ description: 'Key of the stream the stage reads.', examples: ['orders'] }),
  group: z.string().min(1).optional().meta({
    description: 'Consumer group of the stage. Left out, only the stream itself is looked at.',
  }),
  dlq: z.string().min(1).optional().meta({ description: 'Key of the stream that takes dead letters: dlq_depth.' }),
  dead_after: duration.prefault('5m').meta({
    description: 'A consumer that holds pending records and has asked for nothing for this long counts as dead.',
  }),
  count_up_to: z.int().min(10).max(100_000).default(1_000).meta({
    description: 'Where only counting tells the lag: count up to so many records, and estimate beyond.',
  }),
});

type Config = z.output<typeof RedisStreamsConfig>;
type Probe = z.output<typeof RedisStreamsProbe>;

export const redisStreams = defineSource({
  type: 'redis-streams',
  stability: 'stable',
  summary:
    'Reads streams and consumer groups of Redis: lag in records and time, pending, dead consumers, lost records.',
  description: `
One round trip for each probe, at most two where the group stands in the middle of its stream; nothing is written.

| signal | value |
|---|---|
| stream_records | entries in the stream |
| in_records_per_second | entries added since the last look (Redis ≥ 7.0) |
| lag_records | entries that no consumer of the group was given yet |
| lag_seconds | age of the oldest of them, by the time in its id and the clock of the server; 0 where none waits |
| out_records_per_second | entries given to consumers since the last look (Redis ≥ 7.0) |
| pending_records | given, and not acknowledged |
| pending_seconds | age of the oldest pending entry, by its id |
| pending_idle_seconds | time since the oldest pending entry was last given to a consumer |
| pending_deliveries | how often it was given: 0 or 1 as a rule, so a limit (\`above: 3\`) says more than a band; a poisonous record climbs here |
| consumers, dead_consumers | consumers of the group; those with pending records that ask for nothing for \`dead_after\` |
| lost_records | entries that were trimmed or deleted before the group had read them (Redis ≥ 7.0): data loss |
| dlq_depth | entries in the stream \`dlq\`; 0 where it does not exist, since the first dead letter makes it |

**Lag is worked out, not copied.** What Redis calls \`lag\` is nil after a deletion among the waiting entries, and stays too high
for good once MAXLEN has trimmed entries that the group had not read. Where nothing or everything waits the stream itself tells
the lag; in between it is Redis's arithmetic, corrected by what was seen to be skipped. Only where that is not known yet, and
on Redis before 7.0, are entries counted, up to \`count_up_to\` (and 5 MB); beyond it the lag is estimated from the times in the
ids: at least what was counted, at most the length of the stream.

**Not known is not zero.** Rates need two looks. After \`XGROUP SETID\` Redis has lost count: \`out_records_per_second\` and
\`lost_records\` are gaps until it has it again. Where ids are not times, neither is \`lag_seconds\`. A stream or group that
does not exist is absent.

**Versions.** 5.0 and later. Before 7.0 there are no rates and no \`lost_records\`. A cluster is asked at the node that holds the
stream; Sentinel is not asked, name the primary.

**Rights.** \`ACL SETUSER headgate on >password ~orders* resetchannels -@all +time +xinfo +xpending +xrange +xlen +select\`;
\`+scan\` as well where \`for_each: {streams: …}\` looks for streams, which reads the names of all keys (1,000,000 in about 1 s) and needs
Redis 6.0.

The first and last entry come along with every look (XINFO STREAM), so entries of many megabytes make it slow.
`.trim(),
  config: RedisStreamsConfig,
  probe: RedisStreamsProbe,
  examples: [
    {
      title: 'A consumer group and its dead letters',
      yaml: `type: redis-streams
url: redis://redis:6379
stream: orders
group: enrich
dlq: orders-dead
`,
    },
    {
      title: 'With an ACL user over TLS',
      yaml: `type: redis-streams
host: redis.internal
port: 6380
username: headgate
password_file: /run/secrets/redis
tls: { ca_file: /etc/ssl/internal.pem }
stream: payments
group: settle
dead_after: 10m
`,
    },
  ],
  signals: ({ group, dlq }) =>
    [...STREAM_SIGNALS, ...(group === undefined ? [] : GROUP_SIGNALS), ...(dlq === undefined ? [] : ['dlq_depth'])].map(
      specOf,
    ),
  discovers: ['streams'],
  create,
});

/** What is kept of a stream is kept for so many probes at most. */
const MOST_MEMORIES = 10_000;

function create(config: Config): Source<Probe> {
  const connection = connect(addressOf(config));
  const memories = new Map<string, Memory>();
  return {
    probe: async (ask, stage, abort) => {
      const key = JSON.stringify([stage, ask.stream, ask.group]);
      const { reading, memory } = await connection.use((send) => look(ask, memories.get(key), send), abort);
      if (!memory) memories.delete(key);
      else if (memories.has(key) || memories.size < MOST_MEMORIES) memories.set(key, memory);
      return reading;
    },
    discover: (_kind, pattern, abort) => connection.use((send) => streamsLike(pattern, send), abort),
    close: () => connection.close(),
  };
}

function addressOf({ url, host, port, database, tls, ...rest }: Config): Address {
  if (url === undefined) return { host, port, database, tls, ...rest };
  const parsed = new URL(url);
  return {
    ...rest,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 6379),
    database: Number(parsed.pathname.slice(1) || 0),
    tls: tls ?? (parsed.protocol === 'rediss:' ? Tls.parse({}) : undefined),
  };
}
