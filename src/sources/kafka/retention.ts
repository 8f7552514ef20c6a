import { HeadgateError } from '../../domain/error.ts';
import type { Clock } from '../../domain/ports.ts';
import { type DurationMs, MINUTE } from '../../domain/time.ts';
import type { Choices, Client } from './client.ts';
import type { Retention } from './observation.ts';
import { codeTrouble, KAFKA_ERROR } from './trouble.ts';

interface Described {
  readonly results: readonly {
    readonly errorCode: number;
    readonly resourceName: string;
    readonly configs: readonly { readonly name: string; readonly value?: string | null | undefined }[];
  }[];
}

/** `resourceType` 2 is a topic. */
type DescribeArgs = [resources: { resourceType: 2; resourceName: string; configurationKeys: string[] }[]];
const DESCRIBE_CONFIGS: Choices<DescribeArgs, Described> = (kafka) => [
  kafka.describeConfigsV4,
  kafka.describeConfigsV3,
  kafka.describeConfigsV2,
  kafka.describeConfigsV1,
];

/** Settings of topics hardly ever change; what was not allowed may be granted meanwhile. */
const MAX_AGE: DurationMs = 5 * MINUTE;

/** How long the brokers keep records of topics; asked for every five minutes. A refusal is part of the answer. */
export function retentionOf(client: Client, clock: Clock): (topics: readonly string[]) => Promise<Retention> {
  const kept = new Map<string, { readonly value: DurationMs | HeadgateError; readonly at: DurationMs }>();
  return async (topics) => {
    const now = clock.monotonic();
    for (const [name, { at }] of kept) if (now - at >= MAX_AGE) kept.delete(name);
    const missing = topics.filter((name) => !kept.has(name));
    if (missing.length > 0) {
      const keys = ['retention.ms', 'cleanup.policy'];
      const resources = missing.map((resourceName) => ({
        resourceType: 2 as const,
        resourceName,
        configurationKeys: keys,
      }));
      const { results } = await client.request(undefined, 'DescribeConfigs', DESCRIBE_CONFIGS, resources);
      for (const one of results) kept.set(one.resourceName, { value: meaningOf(one), at: now });
    }
    return new Map(
      topics.flatMap((name) => {
        const one = kept.get(name);
        return one ? [[name, one.value] as const] : [];
      }),
    );
  };
}

function meaningOf({ errorCode, resourceName, configs }: Described['results'][number]): DurationMs | HeadgateError {
  const what = `kafka settings of topic "${resourceName}"`;
  if (errorCode === KAFKA_ERROR.TOPIC_AUTHORIZATION_FAILED) {
    const text = `${what}: not allowed; grant this user DESCRIBE_CONFIGS on the topic, or set retention: false`;
    return new HeadgateError('unauthorized', text);
  }
  if (errorCode !== 0) return codeTrouble(what, errorCode);
  const settings = new Map(configs.map(({ name, value }) => [name, value ?? '']));
  const milliseconds = Number(settings.get('retention.ms') ?? Number.NaN);
  if (Number.isNaN(milliseconds)) return new HeadgateError('malformed', `${what}: there is no retention.ms`);
  const deletes = (settings.get('cleanup.policy') ?? 'delete').split(',').some((one) => one.trim() === 'delete');
  return deletes && milliseconds >= 0 ? milliseconds : Number.POSITIVE_INFINITY;
}
