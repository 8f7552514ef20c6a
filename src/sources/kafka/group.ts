import type { Broker } from '@platformatic/kafka';
import { HeadgateError } from '../../domain/error.ts';
import type { Choices, Client } from './client.ts';
import { judgeFailure } from './cluster.ts';
import type { GroupSeen } from './observation.ts';
import { codeTrouble, isCoordinatorMoving, KAFKA_ERROR, StaleError } from './trouble.ts';

interface FoundCoordinator extends Broker {
  readonly errorCode: number;
}

type FindArgs = [keyType: number, keys: string[]];
const FIND_COORDINATOR: Choices<FindArgs, { readonly coordinators: readonly FoundCoordinator[] }> = (kafka) => [
  kafka.findCoordinatorV6,
  kafka.findCoordinatorV5,
  kafka.findCoordinatorV4,
];
const GROUP_KEY = 0;

/** Which broker coordinates which group, kept until it turns out to be wrong. */
export interface Coordinators {
  /**
   * Asks the coordinator of `group`; `call` gives the error code that the answer holds for the group, with the answer.
   *
   * @throws StaleError where it has moved, on all but the last try; HeadgateError.
   */
  ask<Answer>(
    group: string,
    isLastTry: boolean,
    call: (broker: Broker) => Promise<{ readonly code: number; readonly answer: Answer }>,
  ): Promise<Answer>;
}

export function coordinatorsOf(client: Client): Coordinators {
  const known = new Map<string, Broker>();

  const find = async (group: string, isLastTry: boolean): Promise<Broker> => {
    const kept = known.get(group);
    if (kept) return kept;
    const answer = await client.request(undefined, 'FindCoordinator', FIND_COORDINATOR, GROUP_KEY, [group]);
    const [found] = answer.coordinators;
    if (!found) throw new HeadgateError('malformed', `kafka group "${group}": no coordinator in the answer`);
    refuse(group, found.errorCode, isLastTry);
    const broker = { host: found.host, port: found.port };
    known.set(group, broker);
    return broker;
  };

  return {
    ask: async (group, isLastTry, call) => {
      const broker = await find(group, isLastTry);
      try {
        const { code, answer } = await call(broker);
        refuse(group, code, isLastTry);
        return answer;
      } catch (thrown) {
        known.delete(group);
        throw judgeFailure(thrown, isLastTry);
      }
    },
  };
}

function refuse(group: string, code: number, isLastTry: boolean): void {
  if (code === 0) return;
  if (isCoordinatorMoving(code) && !isLastTry) throw new StaleError(group);
  throw codeTrouble(`kafka group "${group}"`, code);
}

interface Described {
  readonly groups: readonly {
    readonly errorCode: number;
    readonly groupState: string;
    readonly members: readonly unknown[];
  }[];
}

type DescribeArgs = [groups: string[], operations: boolean];
const DESCRIBE_CLASSIC: Choices<DescribeArgs, Described> = (kafka) => [
  kafka.describeGroupsV5,
  kafka.describeGroupsV4,
  kafka.describeGroupsV3,
];
/** Groups of the protocol of KIP-848, which Kafka 4 knows beside the classic one. */
const DESCRIBE_CONSUMER: Choices<DescribeArgs, Described> = (kafka) => [kafka.consumerGroupDescribeV0];

/** State and size of a group. A group that does not exist is `Dead` with no members, as the brokers put it. */
export async function describeGroup(
  client: Client,
  coordinators: Coordinators,
  group: string,
  isLastTry: boolean,
): Promise<GroupSeen> {
  const classic = await coordinators.ask(group, isLastTry, async (broker) => {
    const { groups } = await client.request(broker, 'DescribeGroups', DESCRIBE_CLASSIC, [group], false);
    return seenOf(groups[0]);
  });
  if (classic.state !== 'Dead') return classic;
  try {
    return await coordinators.ask(group, isLastTry, async (broker) => {
      const { groups } = await client.request(broker, 'ConsumerGroupDescribe', DESCRIBE_CONSUMER, [group], false);
      return seenOf(groups[0]);
    });
  } catch (thrown) {
    // Brokers before Kafka 4 know classic groups only.
    if (thrown instanceof HeadgateError && thrown.code === 'unsupported') return classic;
    throw thrown;
  }
}

function seenOf(group: Described['groups'][number] | undefined): { readonly code: number; readonly answer: GroupSeen } {
  const isUnknown = !group || group.errorCode === KAFKA_ERROR.GROUP_ID_NOT_FOUND;
  if (isUnknown) return { code: 0, answer: { state: 'Dead', members: 0 } };
  return { code: group.errorCode, answer: { state: group.groupState || 'Dead', members: group.members.length } };
}
