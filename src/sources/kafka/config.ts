import { z } from 'zod';
import { duration } from '../../kit/duration.ts';
import { OAuth } from '../../kit/oauth.ts';
import { secretFields, secretOf } from '../../kit/secret.ts';
import { Tls } from '../../kit/tls.ts';
import { TopicName, TopicPattern } from './topics.ts';

const Broker = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):\d{1,5}$/, 'a broker is written host:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535');

/** Who we are towards the brokers. */
export const Sasl = z
  .strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).meta({
      description: 'As the listener of the brokers wants it. plain sends the password as it is: use it with tls only.',
    }),
    username: z.string().min(1).optional().meta({ description: 'User name; for plain and scram.' }),
    ...secretFields('password', 'Password; for plain and scram.'),
    ...secretFields('token', 'A fixed token; for oauthbearer.'),
    oauth: OAuth.optional().meta({
      description: 'Where tokens are fetched, kept and renewed; for oauthbearer.',
    }),
  })
  .superRefine((sasl, context) => {
    const miss = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (sasl.mechanism === 'oauthbearer') {
      const given = [secretOf(sasl, 'token'), sasl.oauth].filter(Boolean).length;
      if (given !== 1) miss('oauth', 'oauthbearer needs exactly one of oauth, token and token_file');
      if (sasl.username !== undefined) miss('username', 'oauthbearer takes no username');
      return;
    }
    if (sasl.username === undefined) miss('username', `${sasl.mechanism} needs a username`);
    if (!secretOf(sasl, 'password')) miss('password', `${sasl.mechanism} needs password or password_file`);
    if (sasl.oauth || secretOf(sasl, 'token')) miss('oauth', 'tokens go with oauthbearer only');
  });

export type Sasl = z.output<typeof Sasl>;

/** How to connect. */
export const KafkaConfig = z.strictObject({
  brokers: z
    .array(Broker)
    .min(1)
    .meta({
      description: 'Some brokers of the cluster, as host:port; the others are found through them.',
      examples: [['kafka-1:9092', 'kafka-2:9092']],
    }),
  client_id: z.string().min(1).max(255).default('headgate').meta({
    description: 'Name that the brokers see in their logs and quotas.',
  }),
  tls: Tls.optional(),
  sasl: Sasl.optional().meta({ description: 'Credentials. Left out: none are sent.' }),
  timeout: duration
    .prefault('5s')
    .meta({ description: 'Give up after this long, from the question to the last answer.' }),
});

export type KafkaConfig = z.output<typeof KafkaConfig>;

/** What to read for one stage. */
export const KafkaProbe = z
  .strictObject({
    group: z.string().min(1).max(255).optional().meta({
      description: 'Consumer group of the stage. Left out, only what the topics themselves tell is read.',
    }),
    topic: z
      .union([TopicPattern, z.array(TopicPattern).min(1).max(1_000)])
      .transform((given) => (typeof given === 'string' ? [given] : given))
      .optional()
      .meta({
        description: 'Topic that the group reads; or a list; or patterns, in which * stands for any text: orders-*.',
      }),
    dlq: TopicName.optional().meta({ description: 'Topic of dead letters; gives dlq_depth.' }),
    retention: z.boolean().default(true).meta({
      description: 'Also read log start and retention: gives loss_horizon_seconds and lost_records.',
    }),
    exact: z
      .boolean()
      .default(true)
      .meta({
        description:
          'Read the record at the committed offset of the partitions that are furthest behind, for its timestamp. Needs READ ' +
          'on the topic; without it the time is told from polls.',
      }),
    isolation: z.enum(['read_uncommitted', 'read_committed']).default('read_uncommitted').meta({
      description: 'As the consumer is set: read_committed does not wait for records of open transactions.',
    }),
    offset_reset: z
      .enum(['earliest', 'latest'])
      .optional()
      .meta({
        description:
          'Where the consumer begins in a partition without a commit (its auto.offset.reset). Left out, a partition that ' +
          'holds records and has no commit makes the lag a gap.',
      }),
    stuck_after: duration.prefault('2m').meta({
      description: 'A partition with waiting records whose commit has not moved for this long is stuck.',
    }),
  })
  .refine((probe) => probe.topic || probe.dlq, { path: ['topic'], message: 'name a topic, or a dlq' })
  .refine((probe) => probe.topic || !probe.group, { path: ['topic'], message: 'a group needs the topic it reads' });

export type KafkaProbe = z.output<typeof KafkaProbe>;
